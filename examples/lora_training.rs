//! A LoRA adapter learns to reply as a person does, behind two of their sessions, and is
//! saved as PEFT reads it.

use std::ops::ControlFlow;
use std::path::Path;

use idl_corpora::embedded;
use idl_dialogue::{BoxError, Session};
use idl_lm::{CausalLm, ChatTokenizer, LoadOptions, LoraConfig};
use idl_train::schedule::ScheduleConfig;
use idl_train::{Conversation, ExampleBuilder, Objective, Reference, Step, TrainConfig, train};

/// The replies of `target`, to be learnt behind `references`.
fn conversation(target: &Session, references: &[Session]) -> Conversation {
    let reference = |session: &Session| Reference {
        messages: session.messages.clone(),
        distance: 0.0, // The farthest would go first where there is no room for all.
    };
    Conversation {
        id: target.id.clone(),
        references: references.iter().map(reference).collect(),
        target: target.messages.clone(),
        replies: target.replies().collect(),
        leading_context: None,
    }
}

fn main() -> Result<(), BoxError> {
    // Any folder of a LLaMA, Mistral or Qwen2 of Hugging Face's will do.
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/mini-llama"));
    let mut model = CausalLm::from_dir(base, LoadOptions::default())?;
    let tokenizer = ChatTokenizer::from_dir(base)?;

    // Prompts are what the person was seen to say before, and the dialogue up to the
    // reply: which sessions those are is the matter of `choose_sessions`.
    let ada = &embedded()?[0].person;
    let builder = ExampleBuilder { tokenizer: &tokenizer, max_tokens: 1024, reserve: 320 };
    let examples = ada.sessions[2..4]
        .iter()
        .map(|target| builder.supervised(&conversation(target, &ada.sessions[..2])))
        .collect::<Result<Vec<_>, _>>()?;

    let rank_and_alpha = LoraConfig::all_linear(8, 16.0);
    model.add_adapter("ada", &rank_and_alpha, 0)?;
    let config = TrainConfig {
        batch_size: 1,
        epochs: 3,
        schedule: ScheduleConfig { learning_rate: 3e-3, ..ScheduleConfig::default() },
        ..TrainConfig::default()
    };
    let mut watch = |step: &Step<'_>| {
        let loss = step.record.get("loss").unwrap_or(f64::NAN);
        println!("step {} of {}: loss {loss:.3}", step.record.step, step.total);
        Ok(ControlFlow::Continue(())) // Break ends the training here.
    };
    train(&mut model, "ada", &examples, Objective::Supervised, &config, &mut watch)?;

    let folder = tempfile::tempdir()?;
    let adapter = folder.path().join("ada");
    model.save_adapter("ada", &adapter, "mini-llama")?;
    let file = adapter.join("adapter_model.safetensors");
    let size = std::fs::metadata(&file)?.len() / 1024;
    let millions = model.parameter_count() as f64 / 1e6;
    println!("\nthe adapter has {size} KiB, its base {millions:.1} million parameters");
    Ok(())
}

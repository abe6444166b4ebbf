//! The same questions to two people: a language model answers behind the sessions of each.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use idl_dialogue::{BoxError, Utterance};
use idl_lm::{CausalLm, ChatTokenizer, Conversation, DecodingParams, Generator, LoadOptions};

/// What the model knows of each person: two sessions, and no profile.
const PEOPLE: [(&str, [[&str; 4]; 2]); 2] = [
    (
        "ada",
        [
            ["where do you work ?", "at the museum .", "is it far ?", "the museum is close ."],
            ["any pets ?", "i have a cat .", "is it old ?", "my cat is very old ."],
        ],
    ),
    (
        "zeno",
        [
            ["where do you work ?", "at the zoo .", "do you like it ?", "i love the zoo ."],
            ["any pets ?", "i have a parrot .", "does it talk ?", "my parrot never stops ."],
        ],
    ),
];

fn main() -> Result<(), BoxError> {
    // The base is small: it shows the way. Any LLaMA, Mistral or Qwen2 goes here, and
    // `model.load_adapter` brings in what `lora_training` saves.
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/mini-llama"));
    let model = CausalLm::from_dir(base, LoadOptions::default())?;
    let tokenizer = ChatTokenizer::from_dir(base)?;
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let params = DecodingParams { max_new_tokens: 24, ..DecodingParams::default() };

    for (name, sessions) in PEOPLE {
        let session = |[asked, answered, next, last]: [&str; 4]| {
            vec![
                Utterance::user(asked),
                Utterance::assistant(answered),
                Utterance::user(next),
                Utterance::assistant(last),
            ]
        };
        let mut person = Conversation::new(generator, sessions.map(session).into())?;
        println!("{name}, behind {} tokens:", person.prepare()?);
        for question in ["where do you work ?", "any pets ?"] {
            // A partner of its own for each question; the sessions are not computed again.
            let mut conversation = person.fork()?;
            print!("  {question:<21}");
            conversation.say(question, &params, &mut |piece| {
                print!("{}", piece.text);
                // Break ends the reply, as where nobody listens anymore.
                let listens = io::stdout().flush().is_ok();
                if listens { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            println!();
        }
    }
    Ok(())
}

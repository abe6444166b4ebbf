//! The model card of a pretrained model.

use std::fmt::Write;

use idl::train::log::LogRecord;
use idl_pretrain::DocumentKind;

use crate::pretrain::{Init, Material, PretrainConfig};

use crate::commands::train::run::name;

/// A card as the Hugging Face hub shows it: YAML in front, then what one must
/// know to use the model or to make it again, with the last record of the run
/// where it has ended.
pub(super) fn text(
    config: &PretrainConfig,
    material: &Material,
    parameters: usize,
    last: Option<&LogRecord>,
) -> String {
    let (train, documents) = (&config.train, &config.documents);
    let model = config.model.display();
    let from = match config.init {
        Init::Random => format!("from random weights, with the tokenizer of `{model}`"),
        Init::Weights => format!("from the weights of `{model}`"),
    };
    let base = match config.init {
        Init::Random => String::new(),
        Init::Weights => {
            format!("base_model: {}\n", serde_json::Value::from(config.model.to_string_lossy()))
        }
    };
    let mut text = format!(
        "---\n{base}library_name: transformers\npipeline_tag: text-generation\n\
         tags: [idl, pretraining]\n---\n\n# {}\n\nA base model of {:.1} million parameters, \
         pretrained {from} on documents that teach dialogue and the use of earlier sessions in the \
         context. It is no assistant: it continues small talk.\n\n\
         ## Training\n\n| | |\n|---|---|\n",
        name(&config.out),
        parameters as f64 / 1e6,
    );
    let mut row = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {value} |");
    };
    let corpora: Vec<&str> = config.corpora.iter().map(|c| c.corpus.as_str()).collect();
    row(
        "real conversations",
        format!("{} ({} persons)", corpora.join(", "), material.learnt.len()),
    );
    let mixture: Vec<String> = DocumentKind::ALL
        .iter()
        .map(|&kind| format!("{} {:.0} %", kind.as_str(), 100.0 * documents.mixture.share(kind)))
        .collect();
    row("documents", mixture.join(", "));
    row("window", format!("{} tokens", documents.context));
    row("steps", format!("{} of {} documents", train.max_steps.unwrap_or(0), train.batch_size));
    let schedule = &train.schedule;
    row("learning rate", format!("{}", schedule.learning_rate));
    row("weight decay", format!("{}", train.optimizer.weight_decay));
    row("seed", format!("{}, of the documents {}", train.seed, documents.seed));
    row("versions", format!("idl {}, tch 0.24", env!("CARGO_PKG_VERSION")));
    let measured_on = match &config.check.split {
        Some(split) => format!("the split `{split}` of {}", corpora[0]),
        None => format!("{} persons held out of {}", material.held_out.len(), corpora[0]),
    };
    if let Some(last) = last {
        let _ = write!(
            text,
            "\n## After step {}\n\nMeasured on {measured_on}.\n\n| metric | value |\n|---|---|\n",
            last.step
        );
        for (name, value) in &last.metrics {
            let _ = writeln!(text, "| {name} | {value:.6} |");
        }
    }
    text.push_str("\nThe data have terms of their own.\n");
    text
}

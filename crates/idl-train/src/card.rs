//! `README.md` of what was trained: what it is, and how it was made.

use std::fmt::Write;

use idl_lm::LoraConfig;

use crate::data::Example;
use crate::log::LogRecord;
use crate::objective::Objective;
use crate::trainer::TrainConfig;

/// A model card as the Hugging Face hub shows it: YAML in front, then what one
/// must know to use the adapter or to make it again.
///
/// ```
/// use idl_lm::LoraConfig;
/// use idl_train::{ModelCard, Objective, TrainConfig};
///
/// let (lora, train) = (LoraConfig::default(), TrainConfig::default());
/// let card = ModelCard {
///     name: "ada".into(),
///     base: "my-llama".into(),
///     objective: Objective::Supervised,
///     data: "12 sessions".into(),
///     lora: Some(&lora),
///     train: &train,
/// };
/// let text = card.text(&[], None);
/// assert!(text.starts_with("---\nbase_model: \"my-llama\"\nlibrary_name: peft\n"));
/// assert!(text.contains("| learning rate | 0.00005, cosine |"));
/// ```
#[derive(Clone, Debug)]
pub struct ModelCard<'a> {
    /// What the adapter is called.
    pub name: String,
    /// The base model: a name on a hub, or a folder.
    pub base: String,
    /// What was minimised.
    pub objective: Objective<'a>,
    /// Where the data are from, in words.
    pub data: String,
    /// The adapter's shape; `None` where all parameters were trained.
    pub lora: Option<&'a LoraConfig>,
    /// The settings.
    pub train: &'a TrainConfig,
}

impl ModelCard<'_> {
    /// The card. `examples` are what was learnt; `last`, where the run has
    /// ended, its last record.
    #[must_use]
    pub fn text(&self, examples: &[Example], last: Option<&LogRecord>) -> String {
        let ModelCard { name, base, data, lora, train, .. } = self;
        let (tag, method) = match self.objective {
            Objective::Supervised => ("sft", "mutual supervised learning (MSL)".to_owned()),
            Objective::Preference { loss, .. } => {
                ("dpo", format!("deep personalised alignment (DPA): {:?}", loss.config().loss))
            }
        };
        let quoted = serde_json::Value::from(base.as_str());
        let tokens: usize = examples.iter().map(|e| e.tree.tokens()).sum();
        let replies: usize = examples.iter().map(|e| e.replies.len()).sum();
        let schedule = &train.schedule;
        let shape = serde_json::to_value(schedule.lr_scheduler_type)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default();
        let (library, form, what) = match lora {
            Some(_) => ("peft", "lora, ", "A LoRA adapter of"),
            None => ("transformers", "", "All parameters of"),
        };
        let mut text = format!(
            "---\nbase_model: {quoted}\nlibrary_name: {library}\npipeline_tag: text-generation\n\
             tags: [idl, {tag}, {form}generated_from_trainer]\n---\n\n# {name}\n\n{what} \
             `{base}`, trained by {method}. It expects a person's earlier sessions in front of \
             the conversation, in the base model's chat template, the person as `assistant`.\n\n\
             ## Training\n\n| | |\n|---|---|\n| data | {data} |\n"
        );
        let mut row = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {name} | {value} |");
        };
        if !examples.is_empty() {
            row("dialogues", examples.len().to_string());
            row("replies", replies.to_string());
            row("tokens in one pass", tokens.to_string());
        }
        if let Some(lora) = lora {
            row("rank, alpha", format!("{}, {}", lora.r, lora.alpha));
            row("layers", lora.target_modules.join(", "));
        }
        row("learning rate", format!("{}, {shape}", schedule.learning_rate));
        row("batch size", format!("{} dialogues", train.batch_size));
        row("epochs", train.epochs.to_string());
        if let Some(steps) = train.max_steps {
            row("steps at most", steps.to_string());
        }
        row("seed", train.seed.to_string());
        row("versions", format!("idl-train {}, tch 0.24", env!("CARGO_PKG_VERSION")));
        if let Some(last) = last {
            let _ =
                write!(text, "\n## After step {}\n\n| metric | value |\n|---|---|\n", last.step);
            for (name, value) in &last.metrics {
                let _ = writeln!(text, "| {name} | {value:.6} |");
            }
        }
        text.push_str(
            "\n## Method\n\nCheng et al., *\"In Dialogues We Learn\": Towards Personalized Dialogue \
             Without Pre-defined Profiles through In-Dialogue Learning*, EMNLP 2024.\n",
        );
        text
    }
}

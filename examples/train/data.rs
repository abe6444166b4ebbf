//! Rows to examples, and what an example looks like.

use std::fmt::Write;
use std::path::Path;

use idl::dialogue::BoxError;
use idl::lm::{ChatTokenizer, LlamaConfig};
use idl::train::rows::{self, Dialogue};
use idl::train::{Error, Example, ExampleBuilder};

use idl_examples::run_config::{RunConfig, Stage};

/// Reads the rows of `path` and makes examples of them. Dialogues that do not
/// fit are left out and counted.
pub(crate) fn examples(
    path: &Path,
    config: &RunConfig,
    tokenizer: &ChatTokenizer,
) -> Result<Vec<Example>, BoxError> {
    let (max_tokens, reserve) = (config.max_tokens, config.reserve);
    let positions = LlamaConfig::from_dir(&config.model)?.max_position_embeddings;
    if max_tokens > positions {
        return Err(format!(
            "`max_tokens` is {max_tokens}, but the model has {positions} positions"
        )
        .into());
    }
    let builder = ExampleBuilder { tokenizer, max_tokens, reserve };
    let dialogues = rows::open(path)?;
    let (mut examples, mut left_out) = (Vec::with_capacity(dialogues.len()), Vec::new());
    for dialogue in &dialogues {
        match example(&builder, dialogue, config.stage) {
            Ok(example) => examples.push(example),
            Err(error @ Error::Conversation { .. }) => left_out.push(error),
            Err(error) => return Err(error.into()),
        }
    }
    let file = path.display();
    if let Some(first) = left_out.first() {
        eprintln!(
            "{file}: {} of {} dialogues are left out, first {first}",
            left_out.len(),
            dialogues.len()
        );
    }
    // A branch may reach beyond the trunk that it leaves.
    let before = examples.len();
    examples.retain(|example| longest(example) <= positions);
    if examples.len() < before {
        let out = before - examples.len();
        eprintln!("{file}: {out} dialogues need more than the model's {positions} positions");
    }
    let kept: usize = examples.iter().map(|e| e.references).sum();
    let given: usize = dialogues.iter().map(|d| d.conversation.references.len()).sum();
    let mean = |sum: usize, n: usize| sum as f64 / n.max(1) as f64;
    eprintln!(
        "{file}: {} dialogues, behind {:.1} of {:.1} sessions each",
        examples.len(),
        mean(kept, examples.len()),
        mean(given, dialogues.len())
    );
    let cut: usize = examples.iter().map(|e| e.dropped_replies).sum();
    if cut > 0 {
        eprintln!("{file}: {cut} replies do not fit into {max_tokens} tokens and are left out");
    }
    if examples.is_empty() {
        return Err(format!("{file}: there is no dialogue to learn from").into());
    }
    Ok(examples)
}

/// The number of positions that an example takes.
fn longest(example: &Example) -> usize {
    let lengths = example.tree.branch_lengths();
    let ends = example
        .tree
        .spans()
        .iter()
        .zip(lengths.chunks(2))
        .map(|(span, branches)| span.start + branches.iter().copied().max().unwrap_or(0));
    ends.fold(example.tree.trunk().len(), usize::max)
}

fn example(
    builder: &ExampleBuilder<'_>,
    dialogue: &Dialogue,
    stage: Stage,
) -> Result<Example, Error> {
    match stage {
        // Preference rows are replies, too.
        Stage::Msl => builder.supervised(&dialogue.conversation),
        Stage::Dpoc if dialogue.alternatives.is_empty() => Err(Error::Conversation {
            id: dialogue.conversation.id.clone(),
            message: "it has no rejected and criterion replies: was it prepared with `--stage \
                      dpoc`?"
                .to_owned(),
        }),
        Stage::Dpoc => builder.preference(&dialogue.conversation, &dialogue.alternatives),
    }
}

/// An example in text, what is learnt between `[[` and `]]`.
pub(crate) fn masked(example: &Example, tokenizer: &ChatTokenizer) -> Result<String, BoxError> {
    let trunk = example.tree.trunk();
    let mut text = format!(
        "{}: {} tokens, {} of them learnt, behind {} sessions; {} turns of context and {} replies \
         dropped\n",
        example.id,
        trunk.len(),
        example.completion_tokens(),
        example.references,
        example.dropped_messages,
        example.dropped_replies,
    );
    let mut at = 0;
    for span in example.tree.spans() {
        text.push_str(&tokenizer.decode_with_special(&trunk[at..span.start])?);
        write!(text, "[[{}]]", tokenizer.decode_with_special(&trunk[span.clone()])?)?;
        at = span.end;
    }
    text.push_str(&tokenizer.decode_with_special(&trunk[at..])?);
    for a in &example.alternatives {
        write!(
            text,
            "\n  in place of reply {}: rejected [[{}]], criterion ({}) [[{}]]",
            a.reply,
            a.rejected,
            a.criterion_kind.as_str(),
            a.criterion
        )?;
    }
    Ok(text)
}

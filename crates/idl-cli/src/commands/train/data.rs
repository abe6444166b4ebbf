//! Rows to examples, and what an example looks like.

use std::fmt::Write;
use std::path::Path;

use idl::dialogue::BoxError;
use idl::lm::{ChatTokenizer, LlamaConfig};
use idl::train::rows::{self, Dialogue};
use idl::train::{Alternatives, CriterionReply, Error, Example, ExampleBuilder};

use crate::run_config::{RunConfig, Stage};

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
        match example(&builder, dialogue, config.stage, positions) {
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
    let useless: usize = examples.iter().map(|e| e.dropped_alternatives).sum();
    if useless > 0 {
        eprintln!(
            "{file}: {useless} replies are left out for their alternatives: empty, equal, or \
             beyond the model's {positions} positions"
        );
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

/// A preference example. A branch may reach beyond the trunk that it leaves:
/// replies whose alternatives need more than `positions` are left out, too.
fn preference(
    builder: &ExampleBuilder<'_>,
    dialogue: &Dialogue,
    positions: usize,
) -> Result<Example, Error> {
    let conversation = &dialogue.conversation;
    let whole = builder.preference(conversation, &dialogue.alternatives)?;
    let lengths = whole.tree.branch_lengths();
    let ends = whole
        .tree
        .spans()
        .iter()
        .zip(lengths.chunks(if whole.has_criterion() { 2 } else { 1 }))
        .map(|(span, branches)| span.start + branches.iter().copied().max().unwrap_or(0));
    let fitting: Vec<Alternatives> = ends
        .zip(&whole.alternatives)
        .filter(|&(end, _)| end <= positions)
        .map(|(_, alternatives)| alternatives.clone())
        .collect();
    let out = whole.alternatives.len() - fitting.len();
    if out == 0 {
        return Ok(whole);
    }
    if fitting.is_empty() {
        return Err(Error::Conversation {
            id: conversation.id.clone(),
            message: format!("its alternatives need more than the model's {positions} positions"),
        });
    }
    let example = builder.preference(conversation, &fitting)?;
    Ok(Example {
        dropped_replies: whole.dropped_replies,
        dropped_alternatives: whole.dropped_alternatives + out,
        ..example
    })
}

fn example(
    builder: &ExampleBuilder<'_>,
    dialogue: &Dialogue,
    stage: Stage,
    positions: usize,
) -> Result<Example, Error> {
    match stage {
        // Preference rows are replies, too.
        Stage::Msl => builder.supervised(&dialogue.conversation),
        Stage::Dpoc if dialogue.alternatives.is_empty() => Err(Error::Conversation {
            id: dialogue.conversation.id.clone(),
            message: "it has no rejected replies: was it prepared with `--stage \
                      dpoc`?"
                .to_owned(),
        }),
        Stage::Dpoc => preference(builder, dialogue, positions),
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
        write!(text, "\n  in place of reply {}: rejected [[{}]]", a.reply, a.rejected)?;
        if let Some(CriterionReply { text: said, kind }) = &a.criterion {
            write!(text, ", criterion ({}) [[{said}]]", kind.as_str())?;
        }
    }
    Ok(text)
}

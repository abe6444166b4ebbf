//! The cut found by halves is the cut found step by step, at a fraction of the
//! tokens.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use idl_dialogue::{BoxError, GenerationParams, Role, TextGenerator};

use super::*;
use crate::data::ExampleBuilder;
use crate::error::Error;
use crate::rejected::PersonaBlind;

thread_local! {
    /// Calls of the tokenizer, and the tokens that they gave.
    static ENCODED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

pub(super) fn count(tokens: usize) {
    ENCODED.with(|e| e.set((e.get().0 + 1, e.get().1 + tokens)));
}

/// What `f` encodes: calls and tokens.
fn encoded<T>(f: impl FnOnce() -> T) -> (T, (usize, usize)) {
    ENCODED.with(|e| e.set((0, 0)));
    let result = f();
    (result, ENCODED.with(Cell::get))
}

/// Every step in its turn.
fn naive(
    last: usize,
    room: usize,
    mut tokens: impl FnMut(usize) -> Result<usize>,
) -> Result<Result<usize, usize>> {
    let mut count = 0;
    for gone in 0..=last {
        count = tokens(gone)?;
        if count <= room {
            return Ok(Ok(gone));
        }
    }
    Ok(Err(count))
}

#[test]
fn halves_find_what_every_step_in_its_turn_finds() {
    for last in 0..40usize {
        // What is left after each step, with steps that take nothing.
        let left = |gone: usize| (last - gone) / 3 * 7 + 5;
        for room in 0..=left(0) + 1 {
            let mut calls = 0;
            let found = first_that_fits(last, room, |gone| {
                calls += 1;
                Ok(left(gone))
            });
            let expected = naive(last, room, |gone| Ok(left(gone))).unwrap();
            assert_eq!(found.unwrap(), expected, "{last} {room}");
            let most = 2 + (last.max(1) as f64).log2().ceil() as usize;
            assert!(calls <= most, "{calls} of {most} for {last} steps");
        }
    }
}

#[test]
fn a_step_that_is_refused_on_the_way_is_passed_by() {
    let refuse = |_| Error::Data("the template wants a user first".to_owned());
    // Those that are tried one by one from there on come to a fit before it.
    let found = first_that_fits(8, 10, |gone| match gone {
        4 => Err(refuse(())),
        gone => Ok(12 - gone),
    });
    assert_eq!(found.unwrap(), Ok(2));
    let found = first_that_fits(8, 6, |gone| match gone {
        4 => Err(refuse(())),
        gone => Ok(12 - gone),
    });
    assert!(found.is_err());
}

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/assets/mini-llama")
}

/// The embedded tokenizer with another template.
fn with_template(template: &str) -> ChatTokenizer {
    let dir = tempfile::tempdir().unwrap();
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        fs::copy(assets().join(name), dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("chat_template.jinja"), template).unwrap();
    ChatTokenizer::from_dir(dir.path()).unwrap()
}

/// A template whose text is not that of its messages one after the other: the
/// number of messages stands in front and is part of the first one's token, the
/// first has a sign, and replies are joined to what is before them.
const TANGLED: &str = "{{ bos_token }}{{ messages | length }}\
    {% for m in messages %}{% if loop.first %}in the beginning {% endif %}\
    {% if m.role == 'assistant' %}{{ m.content }}{{ eos_token }}{% else %}{{ m.content }}\
    {% endif %}{% endfor %}{% if add_generation_prompt %}so {% endif %}";

fn said(at: usize, words: usize) -> Utterance {
    let text: Vec<String> = (0..words).map(|w| format!("word{}", (7 * at + 3 * w) % 23)).collect();
    let role = if at.is_multiple_of(2) { Role::User } else { Role::Assistant };
    Utterance::new(role, text.join(" "))
}

fn references(count: usize) -> Vec<Reference> {
    (0..count)
        .map(|r| Reference {
            messages: (0..4).map(|m| said(m, 2 + (r + m) % 5)).collect(),
            // With ties.
            distance: ((r * 5) % 7) as f64 / 7.0,
        })
        .collect()
}

/// As the cut was made before: one session or turn after the other.
fn cut_one_by_one(
    builder: &ExampleBuilder<'_>,
    references: &[Reference],
    context: &[Utterance],
) -> Option<Vec<i64>> {
    let room = builder.max_tokens.saturating_sub(builder.reserve);
    let mut kept: Vec<&Reference> = references.iter().collect();
    let mut dropped = 0;
    loop {
        let prompt: Vec<Utterance> =
            kept.iter().flat_map(|r| &r.messages).chain(&context[dropped..]).cloned().collect();
        let ids = builder.tokenizer.encode_chat(&prompt, true).unwrap();
        if ids.len() <= room {
            return Some(ids);
        }
        let farthest = (0..kept.len())
            .max_by(|&a, &b| kept[a].distance.total_cmp(&kept[b].distance).then(b.cmp(&a)));
        match farthest {
            Some(index) => drop(kept.remove(index)),
            None if dropped + 1 < context.len() => dropped += 1,
            None => return None,
        }
    }
}

#[test]
fn the_cut_is_that_of_one_step_after_the_other() {
    let references = references(9);
    let context: Vec<Utterance> = (0..7).map(|m| said(m, 3 + m % 4)).collect();
    for tokenizer in [ChatTokenizer::from_dir(&assets()).unwrap(), with_template(TANGLED)] {
        let whole = ExampleBuilder { tokenizer: &tokenizer, max_tokens: 1 << 20, reserve: 0 };
        let whole = whole.prompt("p", &references, &context).unwrap().len();
        let mut cuts = 0;
        for max_tokens in (0..whole + 10).step_by(3) {
            let builder =
                ExampleBuilder { tokenizer: &tokenizer, max_tokens, reserve: max_tokens / 8 };
            let expected = cut_one_by_one(&builder, &references, &context);
            let found = builder.prompt("p", &references, &context).ok();
            assert_eq!(found, expected, "{max_tokens} of {whole}");
            cuts += usize::from(found.is_some_and(|ids| ids.len() < whole));
        }
        assert!(cuts > 20, "{cuts}");
    }
}

/// Encoding everything again for each of n sessions takes n / 2 times all
/// tokens.
#[test]
fn a_cut_encodes_a_few_times_what_there_is() {
    let tokenizer = ChatTokenizer::from_dir(&assets()).unwrap();
    let (references, context) = (references(200), [said(0, 5)]);
    let whole = ExampleBuilder { tokenizer: &tokenizer, max_tokens: 1 << 20, reserve: 0 };
    let (whole, _) = encoded(|| whole.prompt("p", &references, &context).unwrap().len());
    for max_tokens in [whole / 100, whole / 10, whole / 2, whole - 1] {
        let builder = ExampleBuilder { tokenizer: &tokenizer, max_tokens, reserve: 0 };
        let (prompt, (calls, tokens)) =
            encoded(|| builder.prompt("p", &references, &context).unwrap());
        assert!(prompt.len() <= max_tokens);
        assert!(calls <= 10, "{calls} calls for 200 sessions");
        assert!(tokens <= 10 * whole, "{tokens} tokens of {whole}");
    }
}

struct Mute;

impl TextGenerator for Mute {
    fn generate(&self, _: &[&str], _: &GenerationParams) -> Result<Vec<String>, BoxError> {
        Ok(Vec::new())
    }
}

#[test]
fn so_does_the_cut_of_a_model_that_is_shown_no_session() {
    for tokenizer in [ChatTokenizer::from_dir(&assets()).unwrap(), with_template(TANGLED)] {
        let context: Vec<Utterance> = (0..120).map(|m| said(m, 2 + m % 5)).collect();
        let whole = tokenizer.encode_chat(&context, true).unwrap().len();
        for max_prompt_tokens in [0, 9, whole / 50, whole / 3, whole - 1, whole] {
            let params = GenerationParams::default();
            let blind =
                PersonaBlind { generator: &Mute, tokenizer: &tokenizer, max_prompt_tokens, params };
            let (prompt, (calls, tokens)) = encoded(|| blind.prompt(&context).unwrap());
            let mut left = &context[..];
            while left.len() > 1
                && tokenizer.encode_chat(left, true).unwrap().len() > max_prompt_tokens
            {
                left = &left[1..];
            }
            assert_eq!(prompt, tokenizer.render(left, true).unwrap(), "{max_prompt_tokens}");
            assert!(calls <= 9 && tokens <= 9 * whole, "{calls} calls, {tokens} of {whole}");
        }
    }
}

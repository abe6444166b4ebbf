use std::cell::RefCell;

use super::*;

/// Answers each line of a prompt that holds "owl" or "boat" with a triple, one
/// that holds "noise" with something else; remembers what it was given.
#[derive(Default)]
struct Script {
    given: RefCell<Vec<(Vec<String>, usize)>>,
}

impl TextGenerator for &Script {
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> std::result::Result<Vec<String>, BoxError> {
        assert_eq!(params.temperature, 0.0);
        let prompts: Vec<String> = prompts.iter().map(|&p| p.to_owned()).collect();
        let replies = prompts.iter().map(|p| answer(p)).collect();
        self.given.borrow_mut().push((prompts, params.max_new_tokens));
        Ok(replies)
    }
}

fn answer(prompt: &str) -> String {
    let mut lines = Vec::new();
    for line in prompt.lines() {
        lines.extend(line.contains("owl").then_some("<i, have_pet, owl>"));
        lines.extend(line.contains("boat").then_some("<boat, own, my>"));
        lines.extend(line.contains("noise").then_some("as i said : noise"));
    }
    if lines.is_empty() { " None\n".to_owned() } else { lines.join("\n") }
}

impl Script {
    /// The prompts so far, and the most tokens of their replies.
    fn given(&self) -> Vec<(Vec<String>, usize)> {
        self.given.take()
    }
}

#[test]
fn every_utterance_is_a_prompt_of_its_own() {
    let script = Script::default();
    let extractor = LmExtractor::new(&script).batch(2).max_new_tokens(9);
    let found = extractor.extract(&["i have an owl\nand a boat", "hi !", "owl owl", ""]).unwrap();
    let printed: Vec<String> =
        found.iter().map(|t| t.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(printed, ["<i, have_pet, owl><my, own, boat>", "", "<i, have_pet, owl>", ""]);
    let first = vec!["i have an owl and a boat".to_owned(), "hi !".to_owned()];
    // Of nothing nobody is asked.
    assert_eq!(script.given(), [(first, 9), (vec!["owl owl".to_owned()], 9)]);
    let tally = extractor.tally();
    assert_eq!((tally.prompts, tally.triples, tally.nothing, tally.unparsable), (3, 3, 1, 0));
}

#[test]
fn a_stack_is_one_prompt_if_it_fits() {
    let script = Script::default();
    let extractor = LmExtractor::new(&script).max_bytes(24);
    let stacks: [&[&str]; 2] = [&["an owl .", "so .", "one boat and no noise", "hm"], &[]];
    let found = extractor.extract_stacks(&stacks).unwrap();
    assert_eq!((found[0].triples.len(), found[0].malformed), (2, 1));
    assert_eq!(found[1], ParsedTriples::default());
    let (prompts, tokens) = script.given().remove(0);
    assert_eq!(prompts, ["an owl .\nso .", "one boat and no noise\nhm"]);
    assert_eq!(tokens, 2 * 64, "for each line of the longest");
}

#[test]
fn a_long_utterance_is_asked_about_in_pieces() {
    let script = Script::default();
    let extractor = LmExtractor::new(&script).max_bytes(16);
    let long = "i have an owl . it is old . my boat is new , and the owl loves the boat";
    let found = extractor.extract(&[long, "x"]).unwrap();
    assert_eq!(found[0].len(), 2, "each triple once: {found:?}");
    let (prompts, _) = script.given().remove(0);
    assert!(prompts.len() > 4 && prompts.iter().all(|prompt| prompt.len() <= 16), "{prompts:?}");
    assert_eq!(prompts[..5].join(" "), long);
    assert_eq!(extractor.tally().cut, 1);
}

#[test]
fn the_template_goes_around_each_prompt() {
    let script = Script::default();
    let extractor = LmExtractor::new(&script).template(|prompt| Ok(format!("[{prompt}]")));
    extractor.extract(&["an owl"]).unwrap();
    assert_eq!(script.given()[0].0, ["[an owl]"]);
    let refusing = LmExtractor::new(&script).template(|_| Err("no template".into()));
    let error = refusing.extract_stacks(&[&["an owl"]]).unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(cause.as_deref(), Some("no template"));
}

#[test]
fn answers_that_cannot_be_read_are_counted() {
    let script = Script::default();
    let extractor = LmExtractor::new(&script);
    extractor.extract(&["noise", "noise and an owl", "hi"]).unwrap();
    let tally = extractor.tally();
    assert_eq!((tally.unparsable, tally.malformed_lines, tally.nothing), (1, 2, 1));
    assert!(tally.to_string().starts_with("3 prompts: 1 triples"), "{tally}");
}

/// A model that answers once, whatever it is asked.
struct Terse;

impl TextGenerator for Terse {
    fn generate(
        &self,
        _: &[&str],
        _: &GenerationParams,
    ) -> std::result::Result<Vec<String>, BoxError> {
        Ok(vec!["none".to_owned()])
    }
}

#[test]
fn a_reply_too_few_is_a_typed_error() {
    let error = LmExtractor::new(Terse).extract_stacks(&[&["a"], &["b"]]).unwrap_err();
    assert!(matches!(error, Error::Replies { replies: 1, prompts: 2 }));
}

//! What evaluation draws depends on what is drawn and for whom, and on nothing
//! else: not on the ablation, the token budget, or how much is drawn besides.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;

use idl::choice::ChoiceParams;
use idl::conved::ConvEd;
use idl::corpora::embedded;
use idl::dialogue::Person;
use idl::encoder::TfIdfEncoder;
use idl::evaluate::{
    EvaluationConfig, EvaluationTarget, EvaluationTargets, References, evaluation_targets,
};
use idl::learn::QueryPoint;
use idl::lm::ChatTokenizer;
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::{ConvEdDistance, Pipeline, Rule};

/// More than any of these dialogues has: nothing is cut.
const ROOM: usize = 1 << 20;

fn persons() -> Vec<Person> {
    embedded().unwrap().iter().map(|e| e.person.clone()).take(5).collect()
}

fn tokenizer() -> ChatTokenizer {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ChatTokenizer::from_dir(&root.join("examples/assets/mini-llama")).unwrap()
}

/// Two targets of each of five persons, whatever else `config` says.
fn targets(references: usize, config: &EvaluationConfig) -> EvaluationTargets {
    let (encoder, extractor) = (TfIdfEncoder::default(), RuleExtractor::default());
    let distance = ConvEdDistance {
        conved: ConvEd::params().lambda(1.0).check().unwrap(),
        encoder: encoder.clone(),
    };
    let pipeline = Pipeline {
        encoder: &encoder,
        extractor: &extractor,
        rule: Rule::Evidence(ChoiceParams::default().check().unwrap()),
        distance: &distance,
        policy: Policy::Free,
        references,
    };
    evaluation_targets(&persons(), &pipeline, &tokenizer(), config).unwrap()
}

fn config(max_tokens: usize, references: References) -> EvaluationConfig {
    let point = QueryPoint::Opening;
    EvaluationConfig {
        max_tokens,
        references,
        point,
        distractors: 3,
        seed: 4,
        ..Default::default()
    }
}

fn who(targets: &[EvaluationTarget]) -> Vec<(usize, usize, usize)> {
    targets.iter().map(|t| (t.person, t.session, t.other)).collect()
}

#[test]
fn ablations_and_budgets_leave_the_other_draws_as_they_are() {
    let whole = targets(4, &config(ROOM, References::Selected)).targets;
    assert_eq!(whole.len(), 10);
    let mut cut = 0;
    for references in [References::Selected, References::Shuffled, References::Random] {
        let unbounded = targets(4, &config(ROOM, references)).targets;
        for max_tokens in [ROOM, 400, 260, 220] {
            let small = EvaluationConfig { reserve: 80, ..config(max_tokens, references) };
            let found = targets(4, &small).targets;
            assert_eq!(who(&found), who(&whole), "{references:?}, {max_tokens}");
            for (found, whole) in found.iter().zip(&unbounded) {
                // Before the cut.
                assert_eq!(found.selection, whole.selection);
            }
            for (found, whole) in found.iter().zip(&whole) {
                if found.replies() == whole.replies() {
                    assert_eq!(found.ranked_replies(), whole.ranked_replies());
                } else {
                    // Those that are still there are still ranked.
                    cut += 1;
                    let (now, then) = (found.ranked_replies(), whole.ranked_replies());
                    let last = now.iter().max().unwrap();
                    assert!(then.iter().filter(|r| *r <= last).all(|r| now.contains(r)));
                }
            }
        }
    }
    assert!(cut > 5, "{cut} targets were cut");
}

#[test]
fn more_of_one_kind_takes_nothing_from_another() {
    let config = config(ROOM, References::Random);
    let few = targets(2, &EvaluationConfig { targets: 1, ranked_replies: 1, ..config }).targets;
    let many = targets(5, &EvaluationConfig { targets: 3, ranked_replies: 3, ..config }).targets;
    for one in &few {
        let same = |t: &&EvaluationTarget| (t.person, t.session) == (one.person, one.session);
        let other = many.iter().find(same).unwrap();
        assert_eq!(one.other, other.other);
        assert!(other.ranked_replies().contains(&one.ranked_replies()[0]));
        assert_eq!(one.selection.references[..], other.selection.references[..2]);
    }
    assert_eq!((few.len(), many.len()), (5, 15));
}

#[test]
fn a_target_that_is_too_long_is_left_out_and_named() {
    let whole = targets(2, &config(ROOM, References::Selected));
    assert!(whole.left_out.is_empty());
    let long = whole.targets.len();
    // What is in front of the first reply has room, but not every dialogue.
    let small = EvaluationConfig { reserve: 10, ..config(40, References::Selected) };
    let found = targets(2, &small);
    assert!(!found.left_out.is_empty() && !found.targets.is_empty());
    assert_eq!(found.left_out.len() + found.targets.len(), long);
    let persons = persons();
    for target in &found.left_out {
        let person = persons.iter().find(|p| p.id == target.person).unwrap();
        assert!(person.sessions.iter().any(|s| s.id == target.dialogue));
        assert!(target.reason.to_string().contains("tokens"), "{}", target.reason);
    }
    // Nor one of which an alternative reaches beyond the model's positions.
    let few = EvaluationConfig { positions: 80, reserve: 40, ..config(80, References::Selected) };
    let found = targets(2, &few);
    assert!(!found.left_out.is_empty() && !found.targets.is_empty());
    assert!(found.left_out.iter().all(|t| t.reason.to_string().contains("has 80 positions")));
}

//! Examples of the embedded people, and runs over them.

use std::ops::ControlFlow;

use idl::corpora::embedded;
use idl::dialogue::Person;
use idl::encoder::TfIdfEncoder;
use idl::lm::{CausalLm, ChatTokenizer};
use idl::persona_ext::RuleExtractor;
use idl::train::log::LogRecord;
use idl::train::{
    BuildStats, Conversation, Example, ExampleBuilder, Objective, PreferenceCorpus, Step,
    TrainConfig, train,
};

pub(crate) fn persons() -> Vec<Person> {
    embedded().unwrap().iter().take(4).map(|e| e.person.clone()).collect()
}

/// The first dialogue of each of four persons, alone.
pub(crate) fn dialogues() -> Vec<Conversation> {
    let conversation = |p: &Person| Conversation {
        id: p.sessions[0].id.clone(),
        references: Vec::new(),
        target: p.sessions[0].messages.clone(),
        replies: p.sessions[0].replies().collect(),
        leading_context: None,
    };
    persons().iter().map(conversation).collect()
}

pub(crate) fn supervised_examples(tokenizer: &ChatTokenizer) -> Vec<Example> {
    let builder = ExampleBuilder { tokenizer, max_tokens: 512, reserve: 128 };
    dialogues().iter().map(|c| builder.supervised(c).unwrap()).collect()
}

pub(crate) fn preference_examples(tokenizer: &ChatTokenizer) -> Vec<Example> {
    let builder = ExampleBuilder { tokenizer, max_tokens: 512, reserve: 128 };
    let (persons, extractor, encoder) =
        (persons(), RuleExtractor::default(), TfIdfEncoder::default());
    let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, 1).unwrap();
    let mut coverage = BuildStats::default();
    dialogues()
        .iter()
        .enumerate()
        .map(|(p, c)| {
            let mut found = corpus.alternatives(p, 0, &c.replies, &mut coverage).unwrap();
            found.truncate(2);
            builder.preference(c, &found).unwrap()
        })
        .collect()
}

/// Trains to the end and returns the log.
pub(crate) fn run(
    model: &mut CausalLm,
    adapter: &str,
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
) -> Vec<LogRecord> {
    let mut records = Vec::new();
    let steps = train(model, adapter, examples, objective, config, &mut |step: &Step<'_>| {
        records.push(step.record.clone());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(steps, records.len() as u64);
    records
}

pub(crate) fn value(record: &LogRecord, name: &str) -> f64 {
    record.get(name).unwrap_or_else(|| panic!("{name} is not in {record:?}"))
}

pub(crate) fn logprobs(model: &CausalLm, examples: &[Example]) -> Vec<Vec<f32>> {
    tch::no_grad(|| {
        examples
            .iter()
            .flat_map(|e| {
                let scored = e.tree.logprobs(model).unwrap();
                scored.spans.into_iter().chain(scored.branches)
            })
            .map(|t| Vec::try_from(&t).unwrap())
            .collect()
    })
}

/// Frozen, and the model as it was found.
#[track_caller]
pub(crate) fn assert_left_in_order(model: &CausalLm, adapter: &str) {
    assert_eq!(model.active(), None);
    for (name, parameter) in model.adapter_parameters(adapter).unwrap() {
        assert!(!parameter.requires_grad(), "{name}");
    }
}

//! What is kept from one prompt for the next, and when it no longer holds: a
//! conversation after an error and where positions run short, a cache once the
//! model has changed.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use idl_dialogue::{Role, Utterance};
use idl_lm::{
    CausalLm, ChatTokenizer, Conversation, DecodingParams, Error, Generator, LoadOptions,
    LoraConfig, Piece, PromptCache, Request,
};
use tch::Tensor;

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/assets/mini-llama")
}

fn load() -> (CausalLm, ChatTokenizer) {
    let model = CausalLm::from_dir(&base(), LoadOptions::default()).unwrap();
    (model, ChatTokenizer::from_dir(&base()).unwrap())
}

fn greedy(max_new_tokens: usize) -> DecodingParams {
    DecodingParams { max_new_tokens, ..DecodingParams::default() }
}

fn go_on(_: Piece<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn session(said: &[&str]) -> Vec<Utterance> {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    said.iter().zip(roles).map(|(text, role)| Utterance::new(role, *text)).collect()
}

fn sessions() -> Vec<Vec<Utterance>> {
    vec![
        session(&["what do you do ?", "i repair violins in a small workshop ."]),
        session(&["any pets ?", "two owls live in my attic .", "wow !"]),
    ]
}

/// A prompt of a person's sessions and one message.
fn prompt(tokenizer: &ChatTokenizer) -> Vec<i64> {
    let mut said = sessions().concat();
    said.push(Utterance::user("where do you live ?"));
    tokenizer.encode_chat(&said, true).unwrap()
}

/// Changes a tensor in place, as an optimiser does.
fn step(tensor: &Tensor, by: f64) {
    let noise = Tensor::arange(tensor.numel() as i64, (tch::Kind::Float, tensor.device()));
    let noise = (noise * 0.7).sin() * by;
    let _ =
        tch::no_grad(|| tensor.shallow_clone().f_add_(&noise.view(&tensor.size()[..]))).unwrap();
}

/// A model whose active adapter, one of two, says something of its own.
fn adapted() -> (CausalLm, ChatTokenizer) {
    let (mut model, tokenizer) = load();
    for (name, by) in [("a", 0.05), ("b", -0.05)] {
        model.add_adapter(name, &LoraConfig::all_linear(4, 8.0), 1).unwrap();
        for (_, factor) in model.adapter_parameters(name).unwrap() {
            step(&factor, by);
        }
    }
    model.set_active(Some("a")).unwrap();
    (model, tokenizer)
}

type Change = fn(&mut CausalLm, &Path);

/// All that changes what the model computes, and does not change the names of
/// the adapters that are active and merged.
const CHANGES: [(&str, Change); 9] = [
    ("replaced by a fresh one", |model, _| {
        model.add_adapter("a", &LoraConfig::default(), 3).unwrap();
    }),
    ("replaced by a copy", |model, _| model.copy_adapter("b", "a").unwrap()),
    ("loaded anew", |model, folder| {
        model.save_adapter("b", folder, "base").unwrap();
        model.load_adapter("a", folder).unwrap();
    }),
    ("removed and added", |model, _| {
        model.remove_adapter("a").unwrap();
        model.copy_adapter("b", "a").unwrap();
        model.set_active(Some("a")).unwrap();
    }),
    ("trained a step", |model, _| {
        for (_, factor) in model.adapter_parameters("a").unwrap() {
            step(&factor, 0.05);
        }
    }),
    ("merged for good", |model, _| {
        model.merge_and_unload("b").unwrap();
        model.set_active(Some("a")).unwrap();
    }),
    ("merged, the copy", |model, _| {
        model.merge_adapter("b").unwrap();
        model.unmerge_adapter().unwrap();
        model.copy_adapter("b", "a").unwrap();
        model.set_active(Some("a")).unwrap();
    }),
    ("the base trained a step", |model, _| {
        for (_, parameter) in model.parameters() {
            step(&parameter, 0.02);
        }
    }),
    ("the base loaded anew", |model, folder| {
        model.save(folder, usize::MAX).unwrap();
        for (_, parameter) in model.parameters() {
            step(&parameter, 0.02);
        }
        let other = folder.with_extension("other");
        model.save(&other, usize::MAX).unwrap();
        model.load_parameters(folder).unwrap();
        model.load_parameters(&other).unwrap();
    }),
];

/// Both ways of generating from `cache` must be as without one.
fn assert_fresh(cache: &PromptCache, model: &CausalLm, tokenizer: &ChatTokenizer, what: &str) {
    let generator = Generator { model, tokenizer };
    let prompt = prompt(tokenizer);
    let expected = generator.generate_ids(&prompt, greedy(12)).unwrap();
    let mut own = cache.fork().unwrap();
    let found = generator.generate_cached(&mut own, &prompt, &greedy(12), &mut go_on).unwrap();
    assert_eq!(found, expected, "{what}");
    let mut own = cache.fork().unwrap();
    let request = Request { prompt: prompt.clone(), params: greedy(12) };
    let found = generator.generate_batch_cached(&mut own, &[request], &mut go_on).unwrap();
    assert_eq!(found, [expected], "{what}");
    assert_eq!(cache.fork().unwrap().fill(model, &prompt).unwrap(), prompt.len(), "{what}");
}

#[test]
fn a_cache_does_not_outlive_what_the_model_computed() {
    for (what, change) in CHANGES {
        let (mut model, tokenizer) = adapted();
        let mut cache = PromptCache::new(&model).unwrap();
        cache.fill(&model, &prompt(&tokenizer)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        change(&mut model, &folder.path().join("saved"));
        assert_fresh(&cache, &model, &tokenizer, what);
    }
}

#[test]
fn a_cache_does_not_outlive_what_was_merged() {
    let (mut model, tokenizer) = adapted();
    model.merge_adapter("a").unwrap();
    let mut cache = PromptCache::new(&model).unwrap();
    cache.fill(&model, &prompt(&tokenizer)).unwrap();
    model.unmerge_adapter().unwrap();
    for (_, factor) in model.adapter_parameters("a").unwrap() {
        step(&factor, 0.05);
    }
    model.merge_adapter("a").unwrap();
    assert_fresh(&cache, &model, &tokenizer, "another under the merged name");
    // What is active comes and goes.
    model.unmerge_adapter().unwrap();
    cache.fill(&model, &prompt(&tokenizer)).unwrap();
    model.set_active(Some("b")).unwrap();
    assert_fresh(&cache, &model, &tokenizer, "another is active");
    model.set_active(None).unwrap();
    assert_eq!(cache.fill(&model, &prompt(&tokenizer)).unwrap(), 0, "the base as it was");
}

#[test]
fn a_conversation_hears_that_its_model_was_trained() {
    let (model, tokenizer) = adapted();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    for parameters in [model.adapter_parameters("a").unwrap(), model.parameters()] {
        let mut person = Conversation::new(generator, sessions()).unwrap();
        person.prepare().unwrap();
        for (_, parameter) in parameters {
            step(&parameter, 0.02);
        }
        let reply = person.say("where do you live ?", &greedy(12), &mut go_on).unwrap();
        assert_eq!(reply, generator.generate_ids(&prompt(&tokenizer), greedy(12)).unwrap());
    }
}

#[test]
fn a_cache_of_another_model_is_emptied() {
    let (model, tokenizer) = load();
    let mut cache = PromptCache::new(&model).unwrap();
    cache.fill(&model, &prompt(&tokenizer)).unwrap();
    let (same, _) = load();
    assert_fresh(&cache, &same, &tokenizer, "another of the same folder");
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/full_untied");
    let tiny = CausalLm::from_dir(&tiny, LoadOptions::default()).unwrap();
    assert_eq!(cache.fill(&tiny, &[1, 2, 3]).unwrap(), 3);
    assert_eq!(cache.fill(&tiny, &[1, 2, 3]).unwrap(), 0);
    assert_eq!(cache.fill(&model, &[1, 2, 3]).unwrap(), 3);
}

#[test]
fn a_pass_refuses_a_cache_that_does_not_belong_to_it() {
    let (model, _) = adapted();
    let ids = |rows: i64| Tensor::from_slice(&[1i64, 5, 7]).unsqueeze(0).repeat([rows, 1]);
    let refused = |result: idl_lm::Result<Tensor>, what: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Input(_)), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    };
    let mut cache = model.new_cache(2, 12).unwrap();
    refused(model.forward(&ids(1), None, Some(&mut cache)), "1 sequences for a cache of 2");
    let _ = model.forward(&ids(2), None, Some(&mut cache)).unwrap();
    let _ = model.forward(&ids(2), None, Some(&mut cache)).unwrap();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/full_untied");
    let tiny = CausalLm::from_dir(&tiny, LoadOptions::default()).unwrap();
    refused(tiny.forward(&ids(2), None, Some(&mut cache)), "another shape");
    step(&model.adapter_parameters("a").unwrap()[0].1, 0.1);
    refused(model.forward(&ids(2), None, Some(&mut cache)), "before it changed");
    assert_eq!(cache.len(), 6, "what is refused leaves no trace");
    cache.truncate(0);
    let _ = model.forward(&ids(2), None, Some(&mut cache)).unwrap();
    assert_eq!(cache.len(), 3);
}

#[test]
fn what_a_cache_cannot_hold_leaves_it_as_it_was() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompt = prompt(&tokenizer);
    let mut cache = PromptCache::new(&model).unwrap();
    cache.fill(&model, &prompt).unwrap();
    for (wrong, what) in [(vec![5; 2049], "2049"), (vec![1, -1], "-1"), (vec![1, 9000], "9000")] {
        let error = cache.fill(&model, &wrong).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        generator.generate_cached(&mut cache, &wrong, &greedy(2), &mut go_on).unwrap_err();
    }
    assert!(generator.generate_batch_cached(&mut cache, &[], &mut go_on).unwrap().is_empty());
    assert_eq!(cache.ids(), prompt);
}

#[test]
fn after_an_error_nothing_has_been_said_and_nothing_is_forgotten() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let mut person = Conversation::new(generator, sessions()).unwrap();
    person.prepare().unwrap();
    person.say("hi , how are you ?", &greedy(8), &mut go_on).unwrap();
    let (messages, cached) = (person.messages().to_vec(), person.cached_tokens());
    let mut undisturbed = person.fork().unwrap();

    let endless = "word ".repeat(3000);
    let error = person.say(&endless, &greedy(8), &mut go_on).unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error}");
    let wrong = DecodingParams { top_p: 2.0, ..greedy(8) };
    person.say("one", &wrong, &mut go_on).unwrap_err();
    assert_eq!(person.sessions(), sessions());
    assert_eq!(person.messages(), messages);
    assert_eq!(person.cached_tokens(), cached, "nor is it computed anew");
    assert_eq!(
        person.say("any pets ?", &greedy(8), &mut go_on).unwrap(),
        undisturbed.say("any pets ?", &greedy(8), &mut go_on).unwrap(),
    );
}

#[test]
fn a_reply_that_fails_on_its_way_was_not_said() {
    let (mut model, tokenizer) = load();
    model.add_adapter("a", &LoraConfig::default(), 1).unwrap();
    model.set_active(Some("a")).unwrap();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let long = "a b c d e f g h i j ".repeat(45);
    let many = vec![session(&["tell me !", long.trim()]); 5];
    let mut person = Conversation::new(generator, many.clone()).unwrap();
    let factor = model.adapter_parameters("a").unwrap().remove(0).1;
    let good = factor.copy();
    let overwrite = |value: &Tensor| tch::no_grad(|| factor.shallow_clone().copy_(value));
    overwrite(&(&good * f64::NAN));
    // Too much for the positions, so that something has to go.
    let error = person.say(long.trim(), &greedy(4), &mut go_on).unwrap_err();
    assert!(matches!(error, Error::Generation { .. }), "{error}");
    assert_eq!((person.sessions(), person.messages()), (&many[..], &[][..]));
    overwrite(&good);
    person.say(long.trim(), &greedy(4), &mut go_on).unwrap();
    assert_eq!(person.messages().len(), 2);
}

/// What the conversation stands on now, as the model is given it.
fn tokens(person: &Conversation<'_>, tokenizer: &ChatTokenizer, next: &str) -> Vec<i64> {
    let mut said = person.sessions().concat();
    said.extend_from_slice(person.messages());
    said.push(Utterance::user(next));
    tokenizer.encode_chat(&said, true).unwrap()
}

#[test]
fn what_is_forgotten_is_forgotten_for_several_turns() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let long = "a b c d e f g h i j ".repeat(8);
    let many = vec![session(&["tell me !", long.trim()]); 6];
    let mut person = Conversation::new(generator, many).unwrap();
    person.prepare().unwrap();
    let limit = 2048 - 4;
    let (mut forgot, mut turns) = (Vec::new(), 0);
    while forgot.len() < 3 {
        turns += 1;
        assert!(turns < 100);
        let whole = tokens(&person, &tokenizer, long.trim()).len();
        let before = (person.sessions().len(), person.messages().len());
        let reply = person.say(long.trim(), &greedy(4), &mut go_on).unwrap();
        let after = (person.sessions().len(), person.messages().len());
        let forgets = after != (before.0, before.1 + 2);
        assert_eq!(forgets, whole > limit, "turn {turns}: {whole} tokens");
        let last = person.messages().len() - 2;
        assert_eq!(person.messages()[0].role, Role::User, "an exchange goes whole");
        if forgets {
            forgot.push(turns);
            let mut said = person.sessions().concat();
            said.extend_from_slice(&person.messages()[..=last]);
            let prompt = tokenizer.encode_chat(&said, true).unwrap();
            assert!(prompt.len() <= limit - limit / 4, "{}", prompt.len());
            assert!(prompt.len() > limit / 2, "no more than need be: {}", prompt.len());
            assert_eq!(reply, generator.generate_ids(&prompt, greedy(4)).unwrap());
        }
    }
    // Sessions first, and then exchanges; a quarter of the room is several turns.
    assert!(person.sessions().is_empty());
    assert!(forgot.windows(2).all(|pair| pair[1] - pair[0] >= 3), "{forgot:?}");
}

/// Words, as many as make `tokens` tokens of what is said next.
fn filling(person: &Conversation<'_>, tokenizer: &ChatTokenizer, size: usize) -> String {
    let words = |n: usize| vec!["a"; n].join(" ");
    let one = tokens(person, tokenizer, "a").len();
    let each = tokens(person, tokenizer, "a a a").len() - tokens(person, tokenizer, "a a").len();
    let text = words(1 + (size - one) / each);
    assert_eq!(tokens(person, tokenizer, &text).len(), size);
    text
}

#[test]
fn positions_are_used_to_the_last() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let begin = || Conversation::new(generator, sessions()).unwrap();
    for (max_new_tokens, fits) in [(0, 2047), (1, 2047), (4, 2044), (4000, 1536)] {
        for more in [0, 1] {
            let mut person = begin();
            let text = filling(&person, &tokenizer, fits + more);
            let reply = person.say(&text, &greedy(max_new_tokens), &mut |piece| {
                // The longest reply need not be waited for.
                if max_new_tokens > 4 { ControlFlow::Break(()) } else { go_on(piece) }
            });
            let reply = reply.unwrap();
            assert!(reply.token_ids.len() <= max_new_tokens);
            // The message alone is more than three quarters: what fits beside it stays.
            assert_eq!(person.sessions().len(), 2 - more, "{max_new_tokens} {more}");
            assert_eq!(person.messages().len(), 2);
        }
    }
    // Alone, a message may fill all positions but one.
    let mut person = Conversation::new(generator, Vec::new()).unwrap();
    let text = filling(&person, &tokenizer, 2047);
    let reply = person.say(&text, &greedy(64), &mut go_on).unwrap();
    assert!(reply.token_ids.len() <= 1);
    let mut person = Conversation::new(generator, Vec::new()).unwrap();
    let text = filling(&person, &tokenizer, 2048);
    let error = person.say(&text, &greedy(64), &mut go_on).unwrap_err();
    assert!(matches!(error, Error::TooLong { tokens: 2049, positions: 2048 }), "{error}");
}

#[test]
fn a_conversation_that_has_filled_up_can_be_prepared() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let mut person = Conversation::new(generator, sessions()).unwrap();
    let text = filling(&person, &tokenizer, 2040);
    person.say(&text, &greedy(8), &mut go_on).unwrap();
    person.prepare().unwrap();
    assert_eq!(person.messages().len(), 2, "the last exchange stays");
    person.say("and you ?", &greedy(4), &mut go_on).unwrap();
    assert_eq!(person.messages().last().map(|m| m.role), Some(Role::Assistant));
    assert!(person.cached_tokens() <= 2048);
}

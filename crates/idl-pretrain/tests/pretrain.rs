//! Documents, what is measured on them, and a run from random weights.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use idl_corpora::embedded;
use idl_dialogue::{Person, Session, Utterance};
use idl_lm::{CausalLm, ChatTokenizer, LoadOptions};
use idl_pretrain::{
    CopyCheck, CopyCheckConfig, DocumentConfig, DocumentKind, Documents, Error, Measure, Measuring,
    Mixture, ProceduralParams, Renderer, SessionCheck, SessionCheckConfig, pack,
};
use idl_train::checkpoint::Checkpoints;
use idl_train::log::LogRecord;
use idl_train::optim::AdamWConfig;
use idl_train::schedule::{ScheduleConfig, SchedulerType};
use idl_train::{
    Callback, Example, ExampleStream, Objective, Result, Step, TrainConfig, TrainTarget, Trainer,
};

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/assets/mini-llama")
}

fn tokenizer() -> ChatTokenizer {
    ChatTokenizer::from_dir(&base()).unwrap()
}

fn people() -> Vec<Person> {
    embedded().unwrap().iter().map(|e| e.person.clone()).collect()
}

fn config(context: usize, mixture: Mixture) -> DocumentConfig {
    DocumentConfig { context, mixture, seed: 5 }
}

fn only(kind: DocumentKind) -> Mixture {
    let share = |k| if k == kind { 1.0 } else { 0.0 };
    Mixture {
        plain: share(DocumentKind::Plain),
        persona: share(DocumentKind::Persona),
        returning: share(DocumentKind::Returning),
        random: share(DocumentKind::Random),
    }
}

#[test]
fn a_document_follows_from_seed_and_number() {
    let (tokenizer, people) = (tokenizer(), people());
    let make = |config, length| Documents::new(&tokenizer, &people, config, length).unwrap();
    let settings = config(256, Mixture::default());
    let (one, two) = (make(settings, 50), make(settings, 9));
    // Whatever was asked for before.
    for index in [7, 0, 49, 7] {
        assert_eq!(one.document(index).unwrap(), two.document(index).unwrap());
        assert_eq!(one.example(index).unwrap(), two.example(index).unwrap());
    }
    assert_eq!((one.len(), two.len()), (50, 9));
    assert_eq!(one.description(), two.description());
    let other = make(DocumentConfig { seed: 6, ..settings }, 9);
    assert_ne!(one.document(0).unwrap(), other.document(0).unwrap());
    assert_ne!(one.description(), other.description());
    let fewer = Documents::new(&tokenizer, &people[1..], settings, 9).unwrap();
    assert_ne!(one.description(), fewer.description());
}

#[test]
fn documents_fill_their_window_and_every_token_counts() {
    let (tokenizer, people) = (tokenizer(), people());
    let opening = Renderer::new(&tokenizer).unwrap().opening().to_vec();
    assert_eq!(tokenizer.decode_with_special(&opening).unwrap(), "<s>");
    for context in [64, 500] {
        let settings = config(context, Mixture::default());
        let documents = Documents::new(&tokenizer, &people, settings, 40).unwrap();
        for index in 0..documents.len() {
            let document = documents.document(index).unwrap();
            assert_eq!(document.ids.len(), context, "{index}");
            assert!(document.ids.starts_with(&opening));
            // Only once.
            assert!(!document.ids[1..].contains(&opening[0]));
            let example = documents.example(index).unwrap();
            assert_eq!(example.completion_tokens(), context - 1);
            assert!(example.id.starts_with(document.kind.as_str()), "{}", example.id);
        }
    }
}

#[test]
fn kinds_come_as_often_as_they_weigh() {
    let (tokenizer, people) = (tokenizer(), people());
    let mixture = Mixture { plain: 5.0, persona: 3.0, returning: 0.0, random: 2.0 };
    let documents = Documents::new(&tokenizer, &people, config(64, mixture), 1000).unwrap();
    let mut counts: HashMap<DocumentKind, f64> = HashMap::new();
    for index in 0..documents.len() {
        *counts.entry(documents.document(index).unwrap().kind).or_default() += 1.0;
    }
    for kind in DocumentKind::ALL {
        let (share, n) = (mixture.share(kind), documents.len() as f64);
        let found = counts.get(&kind).copied().unwrap_or(0.0) / n;
        let deviation = (share * (1.0 - share) / n).sqrt();
        assert!((found - share).abs() <= 4.0 * deviation, "{kind:?}: {found} for {share}");
    }
}

#[test]
fn segments_return_where_it_is_recorded_at_any_distance() {
    let (tokenizer, people) = (tokenizer(), people());
    for kind in [DocumentKind::Returning, DocumentKind::Random] {
        let context = 600;
        let documents =
            Documents::new(&tokenizer, &people, config(context, only(kind)), 40).unwrap();
        let mut distances = Vec::new();
        let mut again = 0;
        for index in 0..documents.len() {
            let document = documents.document(index).unwrap();
            assert_eq!(document.kind, kind);
            for r in &document.returns {
                assert_eq!(document.ids[r.first.clone()], document.ids[r.again.clone()]);
                assert!(r.first.end <= r.again.start);
                distances.push(r.distance());
                again += r.again.len();
            }
        }
        let share = again as f64 / (documents.len() * context) as f64;
        assert!((0.2..0.6).contains(&share), "{kind:?}: {share} of the tokens come again");
        let beyond = |d: usize| distances.iter().filter(|&&distance| distance >= d).count();
        assert!(distances.contains(&0) && beyond(100) > 20 && beyond(300) > 5, "{distances:?}");
    }
    // Plain and persona documents copy nothing on purpose.
    for kind in [DocumentKind::Plain, DocumentKind::Persona] {
        let documents = Documents::new(&tokenizer, &people, config(300, only(kind)), 5).unwrap();
        assert!((0..5).all(|i| documents.document(i).unwrap().returns.is_empty()));
    }
}

#[test]
fn a_persona_document_holds_real_exchanges_where_there_are_some() {
    let tokenizer = tokenizer();
    let real = Session {
        id: "real".to_owned(),
        messages: vec![Utterance::user("quite unheard of ?"), Utterance::assistant("quite .")],
        ..Session::default()
    };
    let one = [Person { id: "one".to_owned(), sessions: vec![real] }];
    let settings = config(400, only(DocumentKind::Persona));
    for (persons, there) in [(&one[..], true), (&[], false)] {
        let documents = Documents::new(&tokenizer, persons, settings, 5).unwrap();
        for index in 0..5 {
            let text = tokenizer.decode_with_special(&documents.document(index).unwrap().ids);
            let text = text.unwrap();
            let holds = text.contains("<|user|>quite unheard of ?<|assistant|>quite .</s>");
            assert_eq!(holds, there, "{text}");
        }
    }
}

#[test]
fn what_cannot_be_made_is_refused() {
    let tokenizer = tokenizer();
    let make = |config| Documents::new(&tokenizer, &[], config, 1).map(drop).unwrap_err();
    let needs = make(config(100, Mixture::default()));
    assert!(matches!(&needs, Error::Data(text) if text.contains("real conversations")), "{needs}");
    let none = Mixture { plain: 0.0, persona: 0.0, returning: 0.0, random: 0.0 };
    assert!(make(config(100, none)).to_string().contains("empty"));
    let wrong = Mixture { plain: f64::NAN, ..Mixture::default() };
    assert!(make(config(100, wrong)).to_string().contains("plain"));
    assert!(make(config(63, Mixture::default())).to_string().contains("context"));
    let renderer = Renderer::new(&tokenizer).unwrap();
    let check = CopyCheck::new(&renderer, &[], 100, &CopyCheckConfig::default());
    assert!(check.unwrap_err().to_string().contains("two dialogues"));
    let check = SessionCheck::new(&tokenizer, &[], 100, &SessionCheckConfig::default());
    assert!(check.unwrap_err().to_string().contains("2 persons"));
    let people = people();
    let short = SessionCheck::new(&tokenizer, &people, 40, &SessionCheckConfig::default());
    assert!(short.unwrap_err().to_string().contains("fits"));
}

#[test]
fn packing_loses_no_token() {
    let (tokenizer, people) = (tokenizer(), people());
    let renderer = Renderer::new(&tokenizer).unwrap();
    let windows = pack(&renderer, &people[..2], 200, usize::MAX).unwrap();
    let sessions = people[..2].iter().flat_map(|p| &p.sessions);
    let all: Vec<Utterance> = sessions.flat_map(|s| s.messages.clone()).collect();
    let tokens = renderer.tokens(&all).unwrap();
    let packed: Vec<i64> =
        windows.iter().flat_map(|w| w.tree.trunk()[renderer.opening().len()..].to_vec()).collect();
    assert_eq!(packed, tokens);
    assert!(windows.iter().all(|w| w.tree.trunk().len() <= 200));
    assert_eq!(pack(&renderer, &people, 200, 3).unwrap().len(), 3);
}

/// A random model of two small blocks that knows the tokenizer's words.
fn tiny(seed: u64) -> CausalLm {
    tch::set_num_threads(1); // tests run side by side
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(base().join("config.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("hidden_size", 32),
        ("intermediate_size", 64),
        ("num_hidden_layers", 2),
        ("num_attention_heads", 2),
        ("num_key_value_heads", 1),
        ("head_dim", 16),
    ] {
        json[key] = value.into();
    }
    fs::write(dir.path().join("config.json"), json.to_string()).unwrap();
    CausalLm::random(dir.path(), LoadOptions::default(), seed).unwrap()
}

fn settings(steps: u64) -> TrainConfig {
    TrainConfig {
        batch_size: 2,
        epochs: 1,
        max_steps: Some(steps),
        schedule: ScheduleConfig {
            lr_scheduler_type: SchedulerType::Constant,
            learning_rate: 1e-2,
            ..ScheduleConfig::default()
        },
        optimizer: AdamWConfig { beta2: 0.95, ..AdamWConfig::default() },
        eval_steps: Some(steps),
        ..TrainConfig::default()
    }
}

#[derive(Default)]
struct Watch {
    evaluations: Vec<LogRecord>,
    stop_after: Option<u64>,
}

impl Callback for Watch {
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>> {
        let stop = self.stop_after == Some(step.record.step);
        Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn on_evaluation(&mut self, record: &LogRecord, _: bool) -> Result<ControlFlow<()>> {
        self.evaluations.push(record.clone());
        Ok(ControlFlow::Continue(()))
    }
}

fn nll(model: &CausalLm, windows: &[Example]) -> f64 {
    let _guard = tch::no_grad_guard();
    let sum: f64 = windows
        .iter()
        .map(|w| w.tree.logprobs(model).unwrap().spans[0].sum(tch::Kind::Double).double_value(&[]))
        .sum();
    -sum / windows.iter().map(Example::completion_tokens).sum::<usize>() as f64
}

#[test]
fn thirty_steps_teach_a_random_model_something() {
    let (tokenizer, people) = (tokenizer(), people());
    let (held_out, learnt) = people.split_at(4);
    let settings = settings(30);
    let documents =
        Documents::new(&tokenizer, learnt, config(128, Mixture::default()), 60).unwrap();
    let renderer = Renderer::new(&tokenizer).unwrap();
    let windows = pack(&renderer, held_out, 128, 8).unwrap();
    let copy = CopyCheckConfig { distances: vec![0, 20, 9999], segments: 4, seed: 1 };
    let copy = CopyCheck::new(&renderer, held_out, 256, &copy).unwrap();
    let sessions = SessionCheckConfig { targets: 1, references: 2, ..Default::default() };
    let sessions = SessionCheck::new(&tokenizer, held_out, 768, &sessions).unwrap();
    assert_eq!(sessions.targets(), 4);
    let mut model = tiny(3);
    let before = nll(&model, &windows);
    assert!((before - 8192f64.ln()).abs() < 0.5, "{before}");
    let mut watch = Watch::default();
    let measures: [&dyn Measure; 2] = [&copy, &sessions];
    Trainer::streaming(&documents, Objective::Supervised, &settings)
        .evaluate_on(&windows)
        .run(&mut model, TrainTarget::Base, &mut Measuring::new(&mut watch, &measures))
        .unwrap();
    let after = nll(&model, &windows);
    assert!(after < before - 2.0, "{before} to {after}");

    // What was measured at the end is what is measured now.
    let record = watch.evaluations.last().unwrap();
    assert!((record.get("eval_loss").unwrap() - after).abs() < 1e-5);
    let found: HashMap<String, f64> =
        measures.iter().flat_map(|m| m.measure(&model).unwrap()).collect();
    for name in [
        "copy/first",
        "copy/after_0",
        "copy/after_20",
        "copy_random/first",
        "copy_random/again",
        "nll/own",
        "nll/other",
        "nll/none",
    ] {
        assert!(found.get(name).is_some_and(|v| v.is_finite() && *v > 0.0), "{name}: {found:?}");
        assert_eq!(record.get(&format!("eval_{name}")), found.get(name).copied(), "{name}");
    }
    assert!(!found.contains_key("copy/after_9999"), "it does not fit");
    let gain = found["nll/none"] - found["nll/own"];
    assert!((found["gain"] - gain).abs() < 1e-9);
}

#[test]
fn a_run_that_is_stopped_goes_on_as_if_it_were_not() {
    let (tokenizer, people) = (tokenizer(), people());
    let settings = TrainConfig { eval_steps: None, ..settings(6) };
    let documents =
        Documents::new(&tokenizer, &people, config(64, Mixture::default()), 12).unwrap();
    let trainer = Trainer::streaming(&documents, Objective::Supervised, &settings);
    let bits = |model: &CausalLm| -> Vec<Vec<u32>> {
        let floats = |t: &tch::Tensor| Vec::<f32>::try_from(t.detach().flatten(0, -1)).unwrap();
        let all = model.parameters();
        all.iter().map(|(_, t)| floats(t).iter().map(|x| x.to_bits()).collect()).collect()
    };
    let mut whole = tiny(3);
    trainer.run(&mut whole, TrainTarget::Base, &mut Watch::default()).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), "tiny");
    let mut stopped = Watch { stop_after: Some(4), ..Watch::default() };
    trainer.save_to(&checkpoints).run(&mut tiny(3), TrainTarget::Base, &mut stopped).unwrap();
    let found = checkpoints.latest().unwrap().checkpoint.unwrap();
    assert_eq!(found.state.global_step, 4);
    let mut resumed = tiny(3);
    let again = trainer.save_to(&checkpoints).resume_from(Some(&found));
    again.run(&mut resumed, TrainTarget::Base, &mut Watch::default()).unwrap();
    assert!(bits(&whole) == bits(&resumed), "the resumed run has learnt something else");

    // Documents of a longer row begin as those of a shorter one, and so does
    // what is learnt from them.
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), "tiny");
    let shorter = TrainConfig { max_steps: Some(3), ..settings.clone() };
    let first = Documents::new(&tokenizer, &people, config(64, Mixture::default()), 6).unwrap();
    Trainer::streaming(&first, Objective::Supervised, &shorter)
        .save_to(&checkpoints)
        .run(&mut tiny(3), TrainTarget::Base, &mut Watch::default())
        .unwrap();
    let short = checkpoints.latest().unwrap().checkpoint.unwrap();
    let mut longer = tiny(3);
    trainer
        .save_to(&checkpoints)
        .resume_from(Some(&short))
        .run(&mut longer, TrainTarget::Base, &mut Watch::default())
        .unwrap();
    assert!(bits(&whole) == bits(&longer), "the longer run has learnt something else");

    // Other documents are another run.
    let other = DocumentConfig { seed: 6, ..config(64, Mixture::default()) };
    let other = Documents::new(&tokenizer, &people, other, 12).unwrap();
    let trainer = Trainer::streaming(&other, Objective::Supervised, &settings);
    let refused = trainer.resume_from(Some(&found)).check_resume(&tiny(3), TrainTarget::Base);
    assert!(matches!(refused, Err(idl_train::Error::Resume { .. })), "{refused:?}");
}

#[test]
fn invented_persons_serve_as_held_out_ones() {
    let tokenizer = tokenizer();
    let params = ProceduralParams { coined: 2, ..ProceduralParams::default() };
    let persons: Vec<Person> = (0..3).map(|i| params.person(1, i).unwrap().person).collect();
    let check = SessionCheck::new(&tokenizer, &persons, 1024, &SessionCheckConfig::default());
    let check = check.unwrap();
    assert_eq!(check.targets(), 6);
    let found = check.persons(&tiny(1)).unwrap();
    let names: Vec<&str> = found.iter().map(|p| p.person.as_str()).collect();
    assert_eq!(names, ["procedural-1-0", "procedural-1-1", "procedural-1-2"]);
    // A random model makes nothing of any session.
    assert!(found.iter().all(|p| p.nll.iter().all(|n| (n - 8192f64.ln()).abs() < 0.5)));
}

//! What lies in the folder, whole, damaged or in the way.

use std::fs;
use std::path::Path;

use idl::train::checkpoint::{Checkpoint, Checkpoints, OPTIMIZER, STATE};
use idl::train::{Error, Objective, TrainConfig, Trainer};

use crate::support::{bits, config, go_on, tiny, tiny_examples};
use crate::watch::{Watch, names, saved_run, saved_steps};

#[test]
fn a_checkpoint_is_an_adapter_that_loads() {
    let dir = tempfile::tempdir().unwrap();
    let (model, checkpoints) = saved_run(dir.path(), 5);
    assert_eq!(names(&checkpoints), [2, 4, 5]);
    let mut read = tiny();
    read.load_adapter("read", &dir.path().join("checkpoint-5")).unwrap();
    assert_eq!(bits(&read, "read"), bits(&model, "a"));

    let latest = checkpoints.latest().unwrap().checkpoint.unwrap();
    assert_eq!(latest.state.global_step, 5);
    assert_eq!(latest.state.max_steps, 5);
    assert_eq!(latest.state.epoch, 2.5);
}

#[test]
fn damaged_checkpoints_are_told_and_the_one_before_is_used() {
    type Damage = fn(&Path);
    let damages: [(Damage, &str); 5] = [
        (|dir| fs::remove_file(dir.join(OPTIMIZER)).unwrap(), OPTIMIZER),
        (
            |dir| {
                let path = dir.join("adapter_model.safetensors");
                let mut bytes = fs::read(&path).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(&path, bytes).unwrap();
            },
            "adapter_model.safetensors: is not what was written",
        ),
        (
            |dir| {
                let path = dir.join(OPTIMIZER);
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            },
            "bytes, expected",
        ),
        (|dir| fs::write(dir.join(STATE), "{\"global_step\": 4").unwrap(), STATE),
        (
            |dir| {
                let path = dir.join(STATE);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replace(OPTIMIZER, "../../elsewhere")).unwrap();
            },
            OPTIMIZER,
        ),
    ];
    for (damage, named) in damages {
        let dir = tempfile::tempdir().unwrap();
        let (_, checkpoints) = saved_run(dir.path(), 4);
        damage(&dir.path().join("checkpoint-4"));
        let latest = checkpoints.latest().unwrap();
        assert_eq!(latest.checkpoint.unwrap().state.global_step, 2);
        let [error] = &latest.damaged[..] else { panic!("{:?}", latest.damaged) };
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(error.to_string().contains("checkpoint-4"), "{error}");
    }
}

#[test]
fn a_folder_with_checkpoints_is_not_silently_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 2);
    let error = Trainer::new(&tiny_examples(), Objective::Supervised, &config(2, 2, 1e-2))
        .save_to(&checkpoints)
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap_err();
    assert!(error.to_string().contains("checkpoint-2"), "{error}");
}

#[test]
fn no_limit_removes_what_a_run_may_go_on_from() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 6);
    // The newest is damaged: the run goes on from 4, and what it saves is not
    // the oldest of two.
    fs::remove_file(dir.path().join("checkpoint-6").join(OPTIMIZER)).unwrap();
    let found = checkpoints.latest().unwrap();
    assert_eq!(found.checkpoint.as_ref().unwrap().state.global_step, 4);
    let config =
        TrainConfig { save_steps: Some(1), save_total_limit: Some(1), ..config(2, 6, 1e-2) };
    let mut watch = Watch { last: Some(5), ..Watch::default() };
    Trainer::new(&tiny_examples(), Objective::Supervised, &config)
        .save_to(&checkpoints)
        .resume_from(found.checkpoint.as_ref())
        .run(&mut tiny(), "a", &mut watch)
        .unwrap();
    assert_eq!(names(&checkpoints), [5, 6]);
    assert_eq!(checkpoints.latest().unwrap().checkpoint.unwrap().state.global_step, 5);
}

#[test]
fn old_checkpoints_go_but_the_best_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = tiny();
    // What is learnt does not help what is held out, at such a rate even less.
    let config = TrainConfig {
        save_steps: Some(1),
        eval_steps: Some(1),
        save_total_limit: Some(2),
        load_best_model_at_end: true,
        ..config(2, 6, 0.5)
    };
    let checkpoints = Checkpoints::new(dir.path(), "base");
    let examples = tiny_examples();
    let mut watch = Watch::default();
    let outcome = Trainer::new(&examples[2..], Objective::Supervised, &config)
        .evaluate_on(&examples[..2])
        .save_to(&checkpoints)
        .run(&mut model, "a", &mut watch)
        .unwrap();
    let (best, loss) = outcome.best.unwrap();
    let lowest = watch
        .evaluations
        .iter()
        .min_by(|(a, _), (b, _)| a.get("eval_loss").partial_cmp(&b.get("eval_loss")).unwrap())
        .unwrap();
    assert_eq!((best, Some(loss)), (lowest.0.step, lowest.0.get("eval_loss")));
    assert!(best < 5, "the test needs a best step that would be pruned: {best}");
    assert_eq!(names(&checkpoints), [best, 5, 6]);
    // The best parameters are back in the model.
    let mut read = tiny();
    read.load_adapter("best", &dir.path().join(format!("checkpoint-{best}"))).unwrap();
    assert_eq!(bits(&model, "a"), bits(&read, "best"));
    // And they are found again by a run that has nothing left to do.
    let found = checkpoints.latest().unwrap();
    let mut again = tiny();
    let resumed = Trainer::new(&examples[2..], Objective::Supervised, &config)
        .evaluate_on(&examples[..2])
        .resume_from(found.checkpoint.as_ref())
        .run(&mut again, "a", &mut go_on)
        .unwrap();
    assert_eq!(resumed, outcome);
    assert_eq!(bits(&again, "a"), bits(&model, "a"));
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_steps(dir.path(), 2, 4);
    // A file where the next folder should be made stands for a disk that
    // refuses.
    fs::write(dir.path().join(format!(".checkpoint-4.{}.tmp", std::process::id())), "").unwrap();
    let config = TrainConfig { save_steps: Some(2), ..config(2, 4, 1e-2) };
    let examples = tiny_examples();
    let trainer = Trainer::new(&examples, Objective::Supervised, &config).save_to(&checkpoints);
    let found = checkpoints.latest().unwrap();
    let error = trainer
        .resume_from(found.checkpoint.as_ref())
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    let latest = checkpoints.latest().unwrap();
    assert!(latest.damaged.is_empty());
    assert_eq!(latest.checkpoint.unwrap().state.global_step, 2);
}

#[test]
fn what_a_killed_save_has_left_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let left = [".checkpoint-2.1.tmp", "..checkpoint-2.1.tmp.new"].map(|n| dir.path().join(n));
    for left in &left {
        fs::create_dir_all(left).unwrap();
        fs::write(left.join("adapter_model.safetensors"), "half").unwrap();
    }
    let (_, checkpoints) = saved_run(dir.path(), 2);
    assert!(!left.iter().any(|left| left.exists()));
    assert_eq!(names(&checkpoints), [2]);
}

#[test]
fn an_open_checkpoint_says_where_the_run_stood() {
    let dir = tempfile::tempdir().unwrap();
    saved_run(dir.path(), 2);
    let checkpoint = Checkpoint::open(dir.path().join("checkpoint-2")).unwrap();
    let tokens: usize = tiny_examples().iter().map(|e| e.tree.tokens()).sum();
    assert_eq!(checkpoint.state.num_tokens, tokens as u64);
    assert!(checkpoint.state.files.contains_key("adapter_config.json"));
}

//! `prepare` and `train` as people start them, a kill in the middle included.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{program, stderr, stdout};

/// A few short dialogues, prepared.
fn prepared(dir: &Path, stage: &str) {
    let output = program("prepare")
        .args(["--corpus", "embedded", "--dialogues", "5", "--stage", stage])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    fs::write(dir.join("data.jsonl"), &output.stdout).unwrap();
}

const SETTINGS: &str = r#"{
    "stage": "msl", "data": "data.jsonl", "out": "out", "max_tokens": 384, "reserve": 192,
    "lora": {"r": 2, "dropout": 0.1, "target_modules": ["q_proj", "down_proj"]},
    "train": {"batch_size": 1, "epochs": 2, "save_steps": 2, "save_total_limit": 2,
              "schedule": {"learning_rate": 1e-3}}
}"#;

fn train(dir: &Path) -> std::process::Command {
    let mut command = program("train");
    // Other numbers of threads give other last bits.
    command.current_dir(dir).env("OMP_NUM_THREADS", "1").args(["--config", "run.json"]);
    command
}

fn adapter(out: &Path) -> Vec<u8> {
    fs::read(out.join("adapter_model.safetensors")).unwrap()
}

/// The log without what clocks say.
fn losses(out: &Path) -> Vec<(u64, f64)> {
    fs::read_to_string(out.join("train_log.jsonl"))
        .unwrap()
        .lines()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            (json["step"].as_u64().unwrap(), json["loss"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepared(dir, "msl");
    fs::write(dir.join("run.json"), SETTINGS).unwrap();

    let output = train(dir).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let out = dir.join("out");
    for file in ["adapter_config.json", "README.md", "run.json", "trainer_state.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    assert!(fs::read(out.join("training_loss.png")).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(losses(&out).len(), 10);
    let checkpoints = ["checkpoint-8", "checkpoint-10"].map(|c| out.join(c).is_dir());
    assert_eq!(checkpoints, [true, true]);

    // Another run, killed when its first checkpoint is there.
    let mut killed = train(dir).args(["--set", "out=again"]).stderr(Stdio::null()).spawn().unwrap();
    let again = dir.join("again");
    let start = Instant::now();
    while !again.join("checkpoint-2").is_dir() {
        assert!(start.elapsed() < Duration::from_secs(120), "no checkpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    assert!(!killed.wait().unwrap().success());
    assert!(!again.join("adapter_model.safetensors").exists(), "it was killed too late");

    // A finished result is not overwritten, though its checkpoints be gone.
    for step in [8, 10] {
        fs::remove_dir_all(out.join(format!("checkpoint-{step}"))).unwrap();
    }
    let refused = train(dir).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("adapter_model"), "{}", stderr(&refused));

    // A start without --resume touches nothing.
    let refused = train(dir).args(["--set", "out=again"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--resume"), "{}", stderr(&refused));

    let resumed = train(dir).args(["--set", "out=again", "--resume"]).output().unwrap();
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    assert!(stderr(&resumed).contains("going on from"), "{}", stderr(&resumed));
    assert!(adapter(&out) == adapter(&again), "the resumed run has learnt something else");
    assert_eq!(losses(&out), losses(&again));
}

/// A folder of the embedded model whose chat template says what time it is, to
/// the second: another second is what midnight is to a template that says the
/// day.
fn model_with_a_clock(dir: &Path) {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/assets/mini-llama");
    fs::create_dir(dir).unwrap();
    for entry in fs::read_dir(assets).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.join(path.file_name().unwrap())).unwrap();
    }
    let path = dir.join("tokenizer_config.json");
    let mut config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let template = config["chat_template"].as_str().unwrap();
    let clock = "{{ bos_token }}It is {{ strftime_now('%F %T') }}.";
    let told = template.replacen("{{ bos_token }}", clock, 1);
    assert_ne!(told, template);
    config["chat_template"] = told.into();
    fs::write(&path, config.to_string()).unwrap();
}

#[test]
fn a_run_goes_on_at_another_time_and_longer() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepared(dir, "msl");
    model_with_a_clock(&dir.join("model"));
    fs::write(dir.join("run.json"), SETTINGS).unwrap();
    let set = |settings: &[&str], resume: bool| {
        let mut command = train(dir);
        command.args(["--set", "model=model"]);
        command.args(settings.iter().flat_map(|s| ["--set", s]));
        command.args(resume.then_some("--resume"));
        command.output().unwrap()
    };
    let short = "train.max_steps=2";
    let output = set(&[short], false);
    assert!(output.status.success(), "{}", stderr(&output));
    let settings = |path: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(dir.join(path)).unwrap()).unwrap()
    };
    let began = settings("out/run.json")["now"].as_u64().unwrap();
    assert_eq!(settings("out/checkpoint-2/run.json")["now"], began);
    std::thread::sleep(Duration::from_millis(1100));

    // Nothing has changed but the time.
    let output = set(&[short], true);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains("changed since"), "{}", stderr(&output));
    assert_eq!(settings("out/run.json")["now"], began);

    // Longer: what has changed is said, and is in the log.
    let output = set(&["train.max_steps=4", "train.epochs=3"], true);
    let text = stderr(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("changed since the checkpoint: epochs: 2 -> 3; max_steps: 2 -> 4"));
    assert!(text.contains("learning rate is 0") && text.contains("total_steps"), "{text}");
    let log = fs::read_to_string(dir.join("out/train_log.jsonl")).unwrap();
    assert!(log.contains(r#""changed":{"epochs":[2,3],"max_steps":[2,4]}"#), "{log}");
    assert!(dir.join("out/checkpoint-4").is_dir());

    // Another run is refused, by the names of what differs.
    let output = set(&["train.max_steps=4", "train.epochs=3", "train.seed=7"], true);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("seed: 0 -> 7"), "{}", stderr(&output));
    let output = set(&["train.max_steps=4", "train.epochs=3", "max_tokens=300"], true);
    let text = stderr(&output);
    assert!(text.contains("max_tokens: 384 -> 300"), "{text}");
    // Another time is another prompt.
    let output = set(&["train.max_steps=4", "train.epochs=3", "now=86400"], true);
    let text = stderr(&output);
    assert!(text.contains("examples.sha256") && text.contains("now: "), "{text}");
}

#[test]
fn preference_learning_starts_from_an_adapter() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    prepared(dir, "dpoc");
    fs::write(dir.join("run.json"), SETTINGS).unwrap();
    let short = ["--set", "train.max_steps=2"];
    // Rows with alternatives serve supervised learning, too.
    let output = train(dir).args(short).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let dpoc = |extra: &[&str]| {
        let settings = ["stage=dpoc", "adapter=out", "lora=null", "out=dpoc"];
        let set = settings.iter().flat_map(|s| ["--set", s]);
        train(dir).args(short).args(set).args(extra).output().unwrap()
    };
    let dry = dpoc(&["--dry-run"]);
    assert!(dry.status.success(), "{}", stderr(&dry));
    let text = stdout(&dry);
    assert!(text.contains("[[") && text.contains("criterion ("), "{text}");
    assert!(!dir.join("dpoc").exists());

    let output = dpoc(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(dir.join("dpoc/rewards.png").is_file());
    let log = fs::read_to_string(dir.join("dpoc/train_log.jsonl")).unwrap();
    assert!(log.contains("rewards/margins"), "{log}");
    // At the start policy and reference are one.
    assert!((losses(&dir.join("dpoc"))[0].1 - std::f64::consts::LN_2).abs() < 1e-4, "{log}");

    // TRL's preference rows know chosen and rejected only, as does DPO.
    let rows = fs::read_to_string(dir.join("data.jsonl")).unwrap();
    let pairs = rows.lines().map(|line| {
        let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
        row.as_object_mut().unwrap().retain(|key, _| !key.starts_with("criterion"));
        format!("{row}\n")
    });
    fs::write(dir.join("pairs.jsonl"), pairs.collect::<String>()).unwrap();
    let pairs = ["--set", "data=pairs.jsonl", "--set", "out=dpo"];
    let refused = dpoc(&pairs);
    assert_eq!(refused.status.code(), Some(2));
    let text = stderr(&refused);
    assert!(text.contains("dpoc_paper") && text.contains("criterion"), "{text}");
    let output = dpoc(&[&pairs[..], &["--set", "loss={\"loss\": {\"type\": \"dpo\"}}"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let log = fs::read_to_string(dir.join("dpo/train_log.jsonl")).unwrap();
    assert!(log.contains("rewards/margins") && !log.contains("criterion"), "{log}");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("data.jsonl"), "{\"prompt\": []}\n").unwrap();
    fs::write(dir.join("run.json"), SETTINGS).unwrap();
    for (set, named) in [
        ("out=out", "data.jsonl:1: "),
        ("data=nowhere.jsonl", "nowhere.jsonl"),
        ("train.learning_rate=1", "learning_rate"),
        ("model=nowhere", "nowhere"),
        ("dtype=f16", "dtype"),
        ("max_tokens=9999", "positions"),
    ] {
        let output = train(dir).args(["--set", set]).output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{set}: {text}");
        assert!(text.starts_with("error: ") && text.contains(named), "{set}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let output = program("prepare").args(["--corpus", "embedded"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--stage"), "{}", stderr(&output));

    // One person with one session, and a line that is wrong.
    let chat = "{\"person\":\"ada\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},\
                {\"role\":\"assistant\",\"content\":\"hello\"}]}\nnot a chat\n";
    fs::write(dir.join("chats.jsonl"), chat).unwrap();
    let prepare = |extra: &[&str]| {
        let arguments = ["--corpus", "jsonl", "--data", "chats.jsonl", "--stage", "msl"];
        let mut command = program("prepare");
        let output = command.current_dir(dir).args(arguments).args(extra).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        stderr(&output)
    };
    assert!(prepare(&[]).contains("chats.jsonl:2"));
    let lone = prepare(&["--lenient"]);
    assert!(
        lone.contains("1 skipped") && lone.contains("no other dialogue of their person"),
        "{lone}"
    );
    let nobody = prepare(&["--lenient", "--eval-share", "0.5", "--eval", "held-out.jsonl"]);
    assert!(nobody.contains("held out"), "{nobody}");
}

#[test]
fn a_base_model_from_random_weights() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let settings = r#"{
        "stage": "pretrain", "init": "random", "out": "base",
        "shape": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
                  "num_attention_heads": 2, "num_key_value_heads": 1},
        "documents": {"context": 512},
        "check": {"persons": 3, "windows": 2, "copy": {"segments": 1},
                  "sessions": {"targets": 1, "references": 1}},
        "train": {"batch_size": 1, "max_steps": 3, "eval_steps": 2, "save_steps": 2,
                  "schedule": {"learning_rate": 1e-3}}
    }"#;
    fs::write(dir.join("run.json"), settings).unwrap();
    let dry = train(dir).arg("--dry-run").output().unwrap();
    let text = stdout(&dry);
    for kind in ["plain-", "persona-", "returning-", "random-"] {
        assert!(text.contains(kind), "{kind}: {text}");
    }
    assert!(text.ends_with("3 documents, 3 steps of 1\n") && !dir.join("base").exists(), "{text}");

    let output = train(dir).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let base = dir.join("base");
    for file in ["tokenizer.json", "run.json", "checkpoint-2", "copying.png", "sessions.png"] {
        assert!(base.join(file).exists(), "{file}");
    }
    let card = fs::read_to_string(base.join("README.md")).unwrap();
    assert!(card.contains("plain 30 %") && card.contains("eval_copy/after_100"), "{card}");
    let log = fs::read_to_string(base.join("train_log.jsonl")).unwrap();
    assert!(log.contains("eval_nll/own") && log.contains("eval_copy_random/again"), "{log}");

    // What it has become is a model like any other.
    let again = ["--set", "init=weights", "--set", "shape={}", "--set", "model=base"];
    let output = train(dir).args(again).arg("--measure").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(found["plain"].as_f64().unwrap() > 1.0, "{found}");
    assert_eq!(found["sensitivity"].as_array().unwrap().len(), 3, "{found}");
    let output = train(dir).args(again).args(["--set", "out=more"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));

    for (set, named) in [
        ("documents.context=9999", "positions"),
        ("train.max_steps=null", "max_steps"),
        ("data=msl.jsonl", "data"),
        ("corpora=[]", "corpora"),
    ] {
        let output = train(dir).args(["--set", "out=wrong", "--set", set]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{set}");
        assert!(stderr(&output).contains(named), "{set}: {}", stderr(&output));
    }
    fs::write(dir.join("run.json"), SETTINGS).unwrap();
    let output = train(dir).arg("--measure").output().unwrap();
    assert!(stderr(&output).contains("pretrain"), "{}", stderr(&output));
}

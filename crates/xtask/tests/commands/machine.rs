//! A machine of its own for each test, with stand-ins for what is on the path.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use zip::write::{SimpleFileOptions, ZipWriter};

/// A machine with nothing on it but what a test puts there.
pub(crate) struct Machine {
    pub(crate) dir: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        // A space in every path: they must work.
        let dir = tempfile::Builder::new().prefix("x task ").tempdir().unwrap();
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        fs::create_dir_all(dir.path().join("repo/crates/xtask")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    pub(crate) fn toml(&self) -> Option<String> {
        fs::read_to_string(self.path("repo/.cargo/libtorch.toml")).ok()
    }

    /// Puts a shell script on the path.
    pub(crate) fn program(&self, name: &str, script: &str) {
        // By a process of its own: a test beside this one that starts a program
        // just now would hand it our open file, and a file that is open for
        // writing cannot be run.
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(self.path("bin").join(name));
        let mut shell = shell.stdin(Stdio::piped()).spawn().unwrap();
        let script = format!("#!/bin/sh\n{script}\n");
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
    }

    /// Puts the machine's own program of that name on the path.
    pub(crate) fn own_program(&self, name: &str) {
        let path = std::env::var("PATH").unwrap();
        self.program(name, &format!("PATH='{path}'; export PATH\nexec {name} \"$@\""));
    }

    /// Everything that a build needs, before any set-up: all but a python3.
    pub(crate) fn programs(&self) {
        self.program("rustc", "echo rustc 1.99.0");
        self.program("cargo", "echo cargo 1.99.0");
        self.program("c++", "PATH=/usr/bin:/bin\n[ \"$1\" = --version ] && echo c++ 14 && exit 0\nfor last; do :; done\n: > \"$last\"");
        fs::create_dir_all(self.path("repo/.cargo")).unwrap();
        let include = "include = [{ path = \"libtorch.toml\", optional = true }]\n";
        fs::write(self.path("repo/.cargo/config.toml"), include).unwrap();
    }

    /// A machine on which all is well.
    pub(crate) fn sound() -> Self {
        let machine = Self::new();
        machine.programs();
        let pip = "[ \"$1\" = --version ] && echo Python 3.12.1 && exit 0\n\
                   [ \"$3\" = --version ] && echo pip 25.0 && exit 0\nexit 1";
        machine.program("python3", pip);
        let zip = machine.archive("2.11.0+cpu");
        let mut setup = machine.xtask(&["setup", "--libtorch-url", zip.to_str().unwrap()]);
        ok(&setup.env("IDL_ENCODER", machine.encoder()).output().unwrap());
        machine
    }

    /// A python3 whose pip begins a download and never ends it.
    pub(crate) fn endless_pip(&self) {
        self.program(
            "python3",
            "PATH=/usr/bin:/bin\n[ \"$3\" = --version ] && exit 0\n\
             for last; do :; done\nhead -c 1000 /dev/zero > \"$last/part\"\nexec sleep 20",
        );
    }

    /// Starts a set-up and waits until such a download has begun.
    pub(crate) fn begin_download(&self) -> Child {
        let mut child = self.xtask(&["setup", "--no-encoder"]).spawn().unwrap();
        let begun = || {
            fs::read_dir(self.cache())
                .is_ok_and(|entries| entries.flatten().any(|e| e.path().join("part").exists()))
        };
        while !begun() {
            std::thread::sleep(Duration::from_millis(20));
            assert!(child.try_wait().unwrap().is_none(), "ended by itself");
        }
        child
    }

    pub(crate) fn libtorch(&self) -> PathBuf {
        self.cache().join("libtorch-2.11.0-cpu")
    }

    pub(crate) fn xtask(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(args).env_clear().current_dir(self.path("repo"));
        command.env("PATH", self.path("bin")).env("IDL_CACHE_DIR", self.cache());
        command.env("CARGO_MANIFEST_DIR", self.path("repo/crates/xtask"));
        command.env("CARGO", self.path("bin/cargo"));
        command.env("CARGO_HOME", self.path("cargo home"));
        command.env("CARGO_TARGET_DIR", self.path("target folder"));
        command
    }

    /// A zip file laid out as libtorch's own archive.
    pub(crate) fn archive(&self, version: &str) -> PathBuf {
        self.archive_with(version, b"cpu")
    }

    /// As [`Self::archive`], with the contents of its largest library.
    pub(crate) fn archive_with(&self, version: &str, cpu: &[u8]) -> PathBuf {
        let path = self.path("libtorch.zip");
        let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, text) in [
            ("libtorch/build-version", version.as_bytes()),
            ("libtorch/lib/libtorch.so", b"torch"),
            ("libtorch/lib/libtorch_cpu.so", cpu),
            // By such a symbol the doctor tells the C++11 ABI.
            ("libtorch/lib/libc10.so", b"St7__cxx1112basic_string"),
            ("libtorch/lib/libgomp-98b21ff3.so.1", b"gomp"),
            ("libtorch/lib/libXNNPACK.a", b"static, not needed"),
            ("libtorch/share/cmake/x.cmake", b"not needed"),
            ("libtorch/include/torch/csrc/api/include/torch/torch.h", b"header"),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    /// Set up from a small archive, with stand-ins for the rest.
    pub(crate) fn set_up(&self) {
        let zip = self.archive("2.11.0+cpu");
        let url = format!("file://{}", zip.display());
        ok(&self.xtask(&["setup", "--no-encoder", "--libtorch-url", &url]).output().unwrap());
    }

    pub(crate) fn leftovers(&self) -> usize {
        let entries = fs::read_dir(self.cache()).unwrap().flatten();
        entries.filter(|e| e.file_name().to_string_lossy().starts_with("tmp-")).count()
    }

    pub(crate) fn encoder(&self) -> PathBuf {
        let dir = self.path("encoder");
        fs::create_dir_all(&dir).unwrap();
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            fs::write(dir.join(file), "").unwrap();
        }
        dir
    }
}

pub(crate) fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

pub(crate) fn ok(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

/// The one sentence that the user is left with.
pub(crate) fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let stderr = String::from_utf8(output.stderr).unwrap();
    stderr.lines().last().unwrap_or_default().to_owned()
}

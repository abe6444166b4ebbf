//! Drills: what happens to `setup` on other people's machines. After each the
//! cache holds no leftovers and running again mends it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::machine::{Machine, ok, refusal, text};

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
    machine.endless_pip();
    let mut child = machine.begin_download();
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
fn a_cache_folder_that_cannot_be_written() {
    let machine = Machine::new();
    fs::write(machine.cache(), "a file").unwrap();
    let said = refusal(&mut machine.xtask(&["setup"]));
    assert!(said.contains("set IDL_CACHE_DIR"), "{said}");
}

/// A set-up from an archive with a library of 1 MiB, begun by a shell that runs
/// `first` and then `exec "$0" "$@"`.
fn through_shell(machine: &Machine, first: &str) -> Command {
    let zip = machine.archive_with("2.11.0+cpu", &vec![0; 1 << 20]);
    let xtask = machine.xtask(&["setup", "--no-encoder", "--libtorch-url"]);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{first}\nexec \"$0\" \"$@\""));
    command.arg(xtask.get_program()).args(xtask.get_args()).arg(zip);
    command.env_clear().envs(xtask.get_envs().filter_map(|(k, v)| Some((k, v?))));
    command.current_dir(machine.path("repo"));
    command
}

#[test]
fn death_in_the_middle_of_unpacking_is_mended_by_running_again() {
    const SIGXFSZ: i32 = 25;
    let machine = Machine::new();
    // The kernel ends the program without a word while the library is written:
    // no race, as there would be with a kill from here.
    let output = through_shell(&machine, "ulimit -c 0; ulimit -f 512").output().unwrap();
    assert_eq!(output.status.signal(), Some(SIGXFSZ), "{}", text(&output));
    assert_eq!(machine.leftovers(), 1);
    assert!(!machine.libtorch().exists() && machine.toml().is_none());
    ok(&through_shell(&machine, ":").output().unwrap());
    assert_eq!(machine.leftovers(), 0);
    let lib = machine.libtorch().join("lib/libtorch_cpu.so");
    assert_eq!(fs::metadata(lib).unwrap().len(), 1 << 20);
}

#[test]
fn a_limit_met_while_unpacking_is_said_and_cleaned_up() {
    let machine = Machine::new();
    let said = refusal(&mut through_shell(&machine, "trap '' XFSZ; ulimit -f 512"));
    assert!(said.contains("not enough space") && said.contains("ulimit -f"), "{said}");
    assert_eq!(machine.leftovers(), 0);
    assert!(!machine.libtorch().exists() && machine.toml().is_none());
    ok(&through_shell(&machine, ":").output().unwrap());
}

/// As `command`, with a small file system of its own on the cache folder; none
/// where the kernel lets only root mount things.
fn mounted(machine: &Machine, command: &Command, options: &str) -> Option<Command> {
    fs::create_dir_all(machine.cache()).unwrap();
    let mut mount = Command::new("unshare");
    mount.args(["-rm", "mount", "-t", "tmpfs", "none"]).arg(machine.cache());
    let allowed = mount.stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !allowed {
        eprintln!("SKIPPED: no file system can be mounted here without being root");
        return None;
    }
    let mut inside = Command::new("unshare");
    inside.args(["-rm", "sh", "-c"]);
    inside.arg(format!(
        "PATH=/usr/bin:/bin:/usr/sbin:/sbin mount -t tmpfs -o '{options}' none \"$IDL_CACHE_DIR\" \
         || exit 99\nexec \"$0\" \"$@\""
    ));
    inside.arg(command.get_program()).args(command.get_args());
    inside.env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    inside.env("PATH", std::env::var_os("PATH").unwrap());
    inside.current_dir(machine.path("repo"));
    Some(inside)
}

#[test]
fn a_disk_that_fills_up_while_unpacking() {
    let machine = Machine::new();
    // No `df` that would tell beforehand: the disk is fuller than it seemed.
    machine.program("df", "exit 1");
    let command = through_shell(&machine, &format!("PATH='{}'", machine.path("bin").display()));
    let Some(mut inside) = mounted(&machine, &command, "size=512k") else { return };
    let said = refusal(&mut inside);
    assert!(said.contains("not enough space in") && said.contains("IDL_CACHE_DIR"), "{said}");
    assert!(machine.toml().is_none());
}

#[test]
fn a_read_only_disk() {
    let machine = Machine::new();
    let command = through_shell(&machine, ":");
    let Some(mut inside) = mounted(&machine, &command, "ro") else { return };
    let said = refusal(&mut inside);
    assert!(said.contains("cannot write to the cache folder"), "{said}");
    assert!(said.contains("Read-only") && said.contains("set IDL_CACHE_DIR"), "{said}");

    let doctor = machine.xtask(&["doctor"]);
    let output = mounted(&machine, &doctor, "ro").unwrap().output().unwrap();
    let said = text(&output);
    assert!(said.contains("MISSING cache folder") && said.contains("Read-only"), "{said}");
    assert!(said.contains("-> make it writable, or set IDL_CACHE_DIR"), "{said}");
}

#[test]
fn too_full_a_disk_is_said_before_the_download() {
    let machine = Machine::new();
    machine.program("df", "echo Filesystem\necho /dev/x 9000 8000 1000 88% /");
    let said = refusal(&mut machine.xtask(&["setup", "--no-encoder"]));
    assert!(said.contains("MB needed, 0 MB free"), "{said}");
    assert_eq!(machine.leftovers(), 0);
}

#[test]
fn a_set_up_that_waits_goes_on_when_the_other_is_killed() {
    let machine = Machine::new();
    machine.endless_pip();
    let zip = machine.archive("2.11.0+cpu");
    let mut first = machine.begin_download();
    let mut setup = machine.xtask(&["setup", "--no-encoder", "--libtorch-url"]);
    let mut second = setup.arg(zip).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("waiting for another set-up"), "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    // Reads to the end, so that the second never writes to a closed pipe.
    std::io::copy(&mut stderr, &mut std::io::sink()).unwrap();
    assert!(second.wait().unwrap().success());
    assert_eq!(machine.leftovers(), 0);
    assert!(machine.libtorch().exists());
}

/// Answers one request after the other with the bodies given, each under the
/// length it should have, and returns the port.
fn serve(bodies: Vec<Vec<u8>>, length: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for body in bodies {
            let (mut stream, _) = listener.accept().unwrap();
            let request = BufReader::new(stream.try_clone().unwrap());
            request.lines().map_while(Result::ok).take_while(|l| !l.is_empty()).for_each(drop);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    port
}

#[test]
fn cut_and_damaged_downloads_are_mended_by_running_again() {
    if !Command::new("curl").arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: there is no curl here");
        return;
    }
    let machine = Machine::new();
    machine.own_program("curl");
    let whole = fs::read(machine.archive("2.11.0+cpu")).unwrap();
    let hash: String = Sha256::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
    let cut = whole[..whole.len() / 2].to_vec();
    let mut damaged = whole.clone();
    // In the first file's contents, after its header and name.
    damaged[54] ^= 0xff;
    let length = whole.len();
    let port = serve(vec![cut, damaged.clone(), damaged, whole], length);

    let url = format!("http://127.0.0.1:{port}/libtorch.zip");
    let pinned = format!("{url}#sha256={hash}");
    let setup = |url: &str| machine.xtask(&["setup", "--no-encoder", "--libtorch-url", url]);
    let clean = || assert!(machine.leftovers() == 0 && !machine.libtorch().exists());
    let said = refusal(&mut setup(&pinned));
    assert!(said.contains("no connection") && said.contains("run this again"), "{said}");
    clean();
    let said = refusal(&mut setup(&pinned));
    assert!(said.contains("wrong SHA-256") && said.contains(&hash), "{said}");
    clean();
    // Without a pinned hash the archive's own checksums tell.
    let said = refusal(&mut setup(&url));
    assert!(said.contains("as a zip archive") && said.contains("run this again"), "{said}");
    clean();
    ok(&setup(&pinned).output().unwrap());
    assert_eq!(fs::read(machine.libtorch().join("lib/libtorch_cpu.so")).unwrap(), b"cpu");
    // And nobody answers any longer.
    fs::remove_dir_all(machine.libtorch()).unwrap();
    let said = refusal(&mut setup(&pinned));
    assert!(said.contains("no connection"), "{said}");
}

#[test]
fn what_this_machines_own_pip_says_is_understood() {
    let mut pip = Command::new("python3");
    if !pip.args(["-m", "pip", "--version"]).output().is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: there is no python3 with pip here");
        return;
    }
    let machine = Machine::new();
    machine.own_program("python3");
    // pip takes a space for the end of a folder's name here.
    let shelf = tempfile::tempdir().unwrap();
    let wheel = shelf.path().join("torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl");
    fs::write(wheel, "not the wheel that is pinned").unwrap();
    let setup = || {
        let mut command = machine.xtask(&["setup", "--no-encoder"]);
        command.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_RETRIES", "1");
        command
    };
    let mut other_bytes = setup();
    other_bytes.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", shelf.path());
    let said = refusal(&mut other_bytes);
    assert!(said.contains("wrong SHA-256") && said.contains("expected 0f68f4ac"), "{said}");

    // Nothing listens there.
    let said = refusal(setup().env("PIP_INDEX_URL", "http://127.0.0.1:1/simple"));
    assert!(said.contains("no connection") && said.contains("set LIBTORCH"), "{said}");
    assert_eq!(machine.leftovers(), 0);
}

#[test]
fn a_damaged_encoder_is_not_taken_for_a_sound_one() {
    let machine = Machine::new();
    machine.set_up();
    let dir = machine.cache().join("all-MiniLM-L6-v2");
    fs::rename(machine.encoder(), &dir).unwrap();
    let manifest = "0 config.json\n0 model.safetensors\n0 tokenizer.json\n";
    fs::write(dir.join("xtask-manifest"), manifest).unwrap();
    // Cargo hands the recorded folder to every later run.
    let setup = || {
        let mut command = machine.xtask(&["setup"]);
        command.env("IDL_ENCODER", &dir);
        command
    };
    ok(&setup().output().unwrap());
    fs::write(dir.join("model.safetensors"), "longer").unwrap();
    // It would be fetched anew, if there were anything to fetch it with.
    let said = refusal(&mut setup());
    assert!(said.contains("there is no python3 with pip"), "{said}");
}

#[test]
fn a_folder_the_linker_cannot_take_is_refused_before_the_download() {
    let machine = Machine::new();
    machine.program("python3", "[ \"$3\" = --version ] && exit 0\necho fetched >&2\nexit 1");
    let mut setup = machine.xtask(&["setup", "--no-encoder"]);
    let said = refusal(setup.env("IDL_CACHE_DIR", machine.path("a,b")));
    assert!(said.contains("the linker takes no comma"), "{said}");
    assert!(!machine.path("a,b").exists());
}

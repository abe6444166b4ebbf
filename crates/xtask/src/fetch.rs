//! Downloads: from PyPI through the machine's own pip, whose settings (index,
//! proxy, certificates) count; else by curl.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::progress::Progress;

/// A file on PyPI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wheel {
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
    pub(crate) file: &'static str,
    pub(crate) sha256: &'static str,
    pub(crate) bytes: u64,
}

/// What a download is, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    pub(crate) what: &'static str,
    /// What the user can do if it cannot be fetched.
    pub(crate) instead: &'static str,
}

/// The first python that has pip.
pub(crate) fn python_with_pip() -> Option<OsString> {
    ["python3", "python"].into_iter().map(OsString::from).find(|python| {
        let mut command = Command::new(python);
        command.args(["-m", "pip", "--version"]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|s| s.success())
    })
}

/// Fetches wheels with pip into `dir` and returns their paths, in order.
///
/// Python version and platforms are fixed, so that one SHA-256 can be pinned
/// whatever python the machine has.
pub(crate) fn wheels(
    python: &OsString,
    wheels: &[Wheel],
    dir: &Path,
    purpose: Purpose,
) -> Result<Vec<PathBuf>> {
    // pip unpacks in TMPDIR: ours is on the right disk and is swept out.
    let scratch = dir.join("scratch");
    fs::create_dir_all(&scratch).map_err(Error::io("make", &scratch))?;
    let requirements = dir.join("requirements.txt");
    let pins: String = wheels
        .iter()
        .map(|w| format!("{}=={} --hash=sha256:{}\n", w.package, w.version, w.sha256))
        .collect();
    fs::write(&requirements, pins).map_err(Error::io("write", &requirements))?;

    let mut command = Command::new(python);
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"]);
    command.args(["--implementation", "cp", "--python-version", "3.12"]);
    for tag in ["2_28", "2_25", "2_17"] {
        command.args(["--platform", &format!("manylinux_{tag}_x86_64")]);
    }
    command.args(["--platform", "manylinux2014_x86_64"]);
    command.args(["--no-cache-dir", "--no-input", "--disable-pip-version-check"]);
    command.args(["--progress-bar", "off", "--require-hashes", "--requirement"]);
    command.arg(&requirements).arg("--dest").arg(dir);
    command.env("TMPDIR", &scratch).env("PIP_REQUIRE_VIRTUALENV", "0");

    let total: u64 = wheels.iter().map(|w| w.bytes).sum();
    eprintln!("xtask: fetching {} ({} MB) with pip", purpose.what, total / 1_000_000);
    let said = run(command, dir, Some(total), purpose)?;
    if let Some(said) = said {
        return Err(pip_error(&said, dir, purpose));
    }

    wheels
        .iter()
        .map(|wheel| {
            let path = dir.join(wheel.file);
            check(&path, wheel.sha256, wheel.file)?;
            Ok(path)
        })
        .collect()
}

/// Fetches `url` (http, https, `file:` or a path) with curl into `dir`; a path
/// of this machine is returned as it is. `#sha256=HEX` at the end is checked.
pub(crate) fn url(url: &str, dir: &Path, purpose: Purpose) -> Result<PathBuf> {
    let (location, hash) = match url.split_once("#sha256=") {
        Some((location, hash)) => (location, Some(hash)),
        None => (url, None),
    };
    let remote = ["http://", "https://"].iter().any(|scheme| location.starts_with(scheme));
    let path = if remote {
        let path = dir.join("download.zip");
        let mut command = Command::new("curl");
        command.args(["--location", "--fail", "--silent", "--show-error"]);
        command.args(["--connect-timeout", "5", "--retry", "2", "--output"]);
        command.arg(&path).arg("--").arg(location);
        eprintln!("xtask: fetching {} from {location}", purpose.what);
        if let Some(said) = run(command, dir, None, purpose)? {
            return Err(curl_error(&said, dir, purpose));
        }
        path
    } else {
        let path = location.strip_prefix("file:").unwrap_or(location);
        // file:///a/b and file:/a/b are both written.
        let path = path.strip_prefix("//").filter(|p| p.starts_with('/')).unwrap_or(path);
        PathBuf::from(path)
    };
    if let Some(hash) = hash {
        verify(&path, &hash.to_ascii_lowercase(), location)?;
    }
    Ok(path)
}

/// Runs a downloader while showing how `dir` grows. Returns what it said on
/// stderr if it failed.
fn run(
    mut command: Command,
    dir: &Path,
    total: Option<u64>,
    purpose: Purpose,
) -> Result<Option<String>> {
    let program = command.get_program().display().to_string();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| Error::Spawn { program, source })?;
    let stderr = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            // What could be read before an error is still worth having.
            let _ = stderr.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let status = watch(&mut child, dir, Progress::new(purpose.what, total))
        .map_err(Error::io("watch the download in", dir))?;
    let said = reader.join().unwrap_or_default();
    Ok((!status.success()).then_some(said))
}

fn watch(
    child: &mut Child,
    dir: &Path,
    mut progress: Progress,
) -> io::Result<std::process::ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        progress.at(size_of(dir));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Bytes under a folder, as far as they can be seen.
fn size_of(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

fn pip_error(said: &str, dir: &Path, purpose: Purpose) -> Error {
    const OFFLINE: [&str; 10] = [
        "newconnectionerror",
        "name resolution",
        "failed to establish a new connection",
        "connection refused",
        "network is unreachable",
        "connection broken",
        "timed out",
        "max retries exceeded",
        "proxyerror",
        "connection reset",
    ];
    let lower = said.to_lowercase();
    let what = purpose.what.to_owned();
    if lower.contains("no space left on device") || lower.contains("disk quota exceeded") {
        return Error::NoSpace { path: dir.to_path_buf(), detail: String::new() };
    }
    if lower.contains("do not match the hashes") {
        let found = word_after(said, "Got").unwrap_or("unknown").to_owned();
        let expected = word_after(said, "Expected sha256").unwrap_or("the pinned one").to_owned();
        return Error::WrongHash { what, expected, found };
    }
    if let Some(detail) = OFFLINE.iter().find(|sign| lower.contains(*sign)) {
        return Error::Offline { what, detail: (*detail).into(), instead: purpose.instead };
    }
    let detail = said.lines().rev().find(|line| line.starts_with("ERROR"));
    let detail = detail.or(said.trim().lines().last()).unwrap_or("nothing").trim().to_owned();
    Error::FetchFailed { what, program: "pip".into(), detail, instead: purpose.instead }
}

fn curl_error(said: &str, dir: &Path, purpose: Purpose) -> Error {
    // curl's messages begin with its exit code: `curl: (6) Could not resolve..`.
    let what = purpose.what.to_owned();
    let line = said.trim().lines().last().unwrap_or("nothing").to_owned();
    let code =
        line.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(code, _)| code);
    match code {
        // 18: the other side has hung up in the middle.
        Some("5" | "6" | "7" | "18" | "28" | "35" | "52" | "56") => {
            Error::Offline { what, detail: line, instead: purpose.instead }
        }
        Some("23") => Error::NoSpace { path: dir.to_path_buf(), detail: String::new() },
        _ => Error::FetchFailed {
            what,
            program: "curl".into(),
            detail: line,
            instead: purpose.instead,
        },
    }
}

fn word_after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split_once(word)?.1.split_whitespace().next()
}

/// As [`verify`], and deletes a file that is wrong.
fn check(path: &Path, sha256: &str, what: &str) -> Result<()> {
    verify(path, sha256, what).inspect_err(|error| {
        if matches!(error, Error::WrongHash { .. }) {
            let _ = fs::remove_file(path);
        }
    })
}

fn verify(path: &Path, sha256: &str, what: &str) -> Result<()> {
    let found = hash(path).map_err(Error::io("read", path))?;
    if found == sha256 {
        return Ok(());
    }
    Err(Error::WrongHash { what: what.to_owned(), expected: sha256.to_owned(), found })
}

/// SHA-256 of a file, in hexadecimal.
fn hash(path: &Path) -> io::Result<String> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut HashWriter(&mut hasher))?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: Purpose = Purpose { what: "it", instead: "do that" };

    #[test]
    fn sha256_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("abc");
        fs::write(&path, "abc").unwrap();
        // The first example of FIPS 180-4.
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash(&path).unwrap(), wanted);
        let url_ok = format!("file://{}#sha256={wanted}", path.display());
        assert_eq!(url(&url_ok, dir.path(), PURPOSE).unwrap(), path);
        let wrong = format!("{}#sha256=00", path.display());
        assert!(matches!(url(&wrong, dir.path(), PURPOSE), Err(Error::WrongHash { .. })));
        // The user's own file is left alone.
        assert!(path.exists());
        assert!(matches!(check(&path, "00", "it"), Err(Error::WrongHash { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn what_pip_says_is_understood() {
        let error = |said| pip_error(said, Path::new("/x"), PURPOSE).to_string();
        let offline = "WARNING: Retrying (Retry(total=0)) after connection broken by \
            'NewConnectionError(': Failed to establish a new connection: [Errno -3] Temporary \
            failure in name resolution')'\nERROR: No matching distribution found for torch==2.11.0";
        assert!(error(offline).contains("no connection"), "{}", error(offline));
        let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";
        assert!(error(full).contains("not enough space in /x"));
        let hashes = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n    torch==2.11.0:\n        \
            Expected sha256 aa\n             Got        bb\n";
        assert!(error(hashes).contains("(bb, expected aa)"), "{}", error(hashes));
        let other =
            "Looking\nERROR: No matching distribution found for torch==2.11.0\n\n[notice] x";
        assert!(
            error(other).contains("No matching distribution") && error(other).contains("do that")
        );
    }

    #[test]
    fn what_curl_says_is_understood() {
        let error = |said| curl_error(said, Path::new("/x"), PURPOSE);
        assert!(matches!(error("curl: (6) Could not resolve host: x"), Error::Offline { .. }));
        assert!(matches!(error("curl: (23) Failed writing body"), Error::NoSpace { .. }));
        let gone = error("curl: (22) The requested URL returned error: 404").to_string();
        assert!(gone.contains("404"), "{gone}");
    }
}

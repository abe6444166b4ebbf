//! The cache folder: where it is, and how something gets into it whole or not
//! at all.
//!
//! An entry is made in a temporary folder beside its final place, listed in a
//! manifest, and renamed. A lock keeps a second process from fetching the same
//! thing; where the file system has no locks, the rename alone keeps the cache
//! sound.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Lists each file of an entry with its size, so that an entry somebody has
/// deleted from, or a disk has truncated, is noticed.
const MANIFEST: &str = "xtask-manifest";
const TEMP_PREFIX: &str = "tmp-";

/// The folder that holds what was fetched.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `IDL_CACHE_DIR`, else `XDG_CACHE_HOME/in-dialogue-learning`, else
    /// `~/.cache/in-dialogue-learning`.
    pub(crate) fn locate() -> Result<Self> {
        Self::locate_with(|name| std::env::var_os(name))
    }

    fn locate_with(var: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let set = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = set("IDL_CACHE_DIR")
            // The XDG specification: a relative path is to be ignored.
            .or_else(|| {
                let xdg = set("XDG_CACHE_HOME").filter(|p| p.is_absolute());
                Some(xdg?.join("in-dialogue-learning"))
            })
            .or_else(|| Some(set("HOME")?.join(".cache/in-dialogue-learning")))
            .ok_or(Error::NoCacheFolder)?;
        let root = std::path::absolute(&root).map_err(Error::io("find", &root))?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The final place of an entry.
    pub(crate) fn entry(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The entry, if every file of it is there.
    pub(crate) fn complete(&self, name: &str) -> Option<PathBuf> {
        let dir = self.entry(name);
        is_complete(&dir).then_some(dir)
    }

    /// Makes the folder if need be, waits for another set-up that is at work,
    /// and sweeps out what interrupted ones have left.
    pub(crate) fn lock(&self) -> Result<Lock<'_>> {
        let unusable = |source| Error::CacheUnusable { path: self.root.clone(), source };
        fs::create_dir_all(&self.root).map_err(unusable)?;
        let file = File::create(self.root.join(".lock")).map_err(unusable)?;
        let locked = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                eprintln!("xtask: waiting for another set-up to finish");
                file.lock().is_ok()
            }
            // No locks on this file system.
            Err(TryLockError::Error(_)) => false,
        };
        if locked {
            self.sweep();
        }
        Ok(Lock { cache: self, _file: file })
    }

    /// Removes temporary folders. Only the holder of the lock may: nobody else
    /// is using one then. What cannot be removed does no harm.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.root) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMP_PREFIX) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The right to add entries; released when dropped.
#[derive(Debug)]
pub(crate) struct Lock<'a> {
    cache: &'a Cache,
    _file: File,
}

impl Lock<'_> {
    /// A new folder of our own in the cache, for at least `bytes`.
    pub(crate) fn temp(&self, bytes: u64) -> Result<Temp> {
        let root = &self.cache.root;
        if let Some(free) = free_bytes(root).filter(|&free| free < bytes) {
            let detail = format!(": {} MB needed, {} MB free", bytes.div_ceil(1 << 20), free >> 20);
            return Err(Error::NoSpace { path: root.clone(), detail });
        }
        for n in 0_u32.. {
            let dir = root.join(format!("{TEMP_PREFIX}{}-{n}", std::process::id()));
            match fs::create_dir(&dir) {
                Ok(()) => return Ok(Temp { dir }),
                // Another machine's process of the same number, on a shared disk.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => {
                    return Err(Error::CacheUnusable { path: root.clone(), source });
                }
            }
        }
        Err(Error::NoCacheFolder)
    }

    /// Gives the folder `made`, which lies in a [`Temp`], its final name.
    pub(crate) fn publish(&self, made: &Path, name: &str) -> Result<PathBuf> {
        write_manifest(made)?;
        let place = self.cache.entry(name);
        if place.exists() {
            // Incomplete, or out of date: a good one would have been used.
            fs::remove_dir_all(&place).map_err(Error::io("replace", &place))?;
        }
        match fs::rename(made, &place) {
            Ok(()) => Ok(place),
            // Without locks another process may have been first.
            Err(_) if is_complete(&place) => Ok(place),
            Err(source) => Err(Error::io("rename to", &place)(source)),
        }
    }
}

/// A temporary folder, removed when dropped.
#[derive(Debug)]
pub(crate) struct Temp {
    dir: PathBuf,
}

impl Temp {
    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Free space of the disk that holds `dir`, where `df` can tell.
pub(crate) fn free_bytes(dir: &Path) -> Option<u64> {
    let there = dir.ancestors().find(|d| d.exists())?;
    let out =
        Command::new("df").arg("-Pk").arg("--").arg(there).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout);
    let kib: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib * 1024)
}

fn write_manifest(dir: &Path) -> Result<()> {
    let mut files = Vec::new();
    list(dir, dir, &mut files)?;
    files.sort();
    let text: String = files.iter().map(|(path, size)| format!("{size} {path}\n")).collect();
    let path = dir.join(MANIFEST);
    fs::write(&path, text).map_err(Error::io("write", &path))
}

fn list(root: &Path, dir: &Path, files: &mut Vec<(String, u64)>) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let path = entry.map_err(Error::io("read", dir))?.path();
        let meta = fs::metadata(&path).map_err(Error::io("read", &path))?;
        if meta.is_dir() {
            list(root, &path, files)?;
        } else {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            files.push((relative.to_string_lossy().into_owned(), meta.len()));
        }
    }
    Ok(())
}

fn is_complete(dir: &Path) -> bool {
    dir.join(MANIFEST).exists() && damage(dir).is_none()
}

/// What is wrong with a folder that has a manifest, as those made here do; none
/// for any other folder.
pub(crate) fn damage(dir: &Path) -> Option<String> {
    let manifest = dir.join(MANIFEST);
    if !manifest.exists() {
        return None;
    }
    let text = fs::read_to_string(manifest).unwrap_or_default();
    if text.is_empty() {
        return Some(format!("its {MANIFEST} is empty or cannot be read"));
    }
    text.lines().find_map(|line| {
        let Some((size, path)) = line.split_once(' ') else {
            return Some(format!("its {MANIFEST} is cut off"));
        };
        match fs::metadata(dir.join(path)) {
            Err(_) => Some(format!("{path} is gone")),
            Ok(meta) if size.parse() != Ok(meta.len()) => {
                Some(format!("{path} has {} bytes instead of {size}", meta.len()))
            }
            Ok(_) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(vars: &[(&str, &str)]) -> Result<PathBuf> {
        let var =
            |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
        Cache::locate_with(var).map(|c| c.root)
    }

    #[test]
    fn the_folder_follows_the_variables() {
        let all = [("IDL_CACHE_DIR", "/a"), ("XDG_CACHE_HOME", "/b"), ("HOME", "/c")];
        assert_eq!(located(&all).unwrap(), Path::new("/a"));
        assert_eq!(located(&all[1..]).unwrap(), Path::new("/b/in-dialogue-learning"));
        assert_eq!(located(&all[2..]).unwrap(), Path::new("/c/.cache/in-dialogue-learning"));
        assert_eq!(
            located(&[("XDG_CACHE_HOME", "b"), ("HOME", "/c")]).unwrap(),
            Path::new("/c/.cache/in-dialogue-learning")
        );
        assert!(matches!(located(&[("HOME", "")]), Err(Error::NoCacheFolder)));
    }

    #[test]
    fn an_entry_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache { root: dir.path().join("new/cache") };
        let lock = cache.lock().unwrap();
        let temp = lock.temp(1).unwrap();
        let made = temp.path().join("made");
        fs::create_dir_all(made.join("sub dir")).unwrap();
        fs::write(made.join("sub dir/file"), "12345").unwrap();
        assert!(cache.complete("entry").is_none());
        let place = lock.publish(&made, "entry").unwrap();
        assert_eq!(cache.complete("entry"), Some(place.clone()));
        let temp_dir = temp.path().to_path_buf();
        drop(temp);
        assert!(!temp_dir.exists());

        fs::write(place.join("sub dir/file"), "1234").unwrap();
        assert!(cache.complete("entry").is_none(), "truncated");

        // And an incomplete entry is replaced.
        let temp = lock.temp(1).unwrap();
        let made = temp.path().join("made");
        fs::create_dir(&made).unwrap();
        fs::write(made.join("file"), "1").unwrap();
        lock.publish(&made, "entry").unwrap();
        assert!(cache.complete("entry").is_some());
        assert!(!place.join("sub dir").exists());
    }

    #[test]
    fn leftovers_are_swept_out_but_only_under_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache { root: dir.path().to_path_buf() };
        fs::create_dir_all(dir.path().join("tmp-1-0/deep")).unwrap();
        fs::create_dir_all(dir.path().join("entry")).unwrap();
        let lock = cache.lock().unwrap();
        assert!(!dir.path().join("tmp-1-0").exists());
        assert!(dir.path().join("entry").exists());
        assert_ne!(lock.temp(1).unwrap().path(), lock.temp(1).unwrap().path().join("x"));
    }

    #[test]
    fn too_little_space_is_said_before_the_download() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache { root: dir.path().to_path_buf() };
        let error = cache.lock().unwrap().temp(u64::MAX).unwrap_err();
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    }

    #[test]
    fn a_file_in_place_of_the_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = Cache { root: file.path().to_path_buf() };
        let error = cache.lock().unwrap_err();
        assert!(error.to_string().contains("IDL_CACHE_DIR"), "{error}");
    }
}

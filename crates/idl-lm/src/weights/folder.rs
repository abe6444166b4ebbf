//! Folders that are replaced whole: after a crash there is the old one or the
//! new one, never half of either.
//!
//! A folder cannot be renamed over another. So the new one is written beside
//! its place (`.name.new`), the old one is set aside (`.name.old`), the new one
//! takes its place, and the old one is removed. A crash between the renames
//! leaves the old folder aside, where [`resolve`] finds it; the next
//! [`replace`] tidies up. Two processes must not write the same folder at once.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};

/// Lets `write` fill a folder that then takes the place of `dir`. A folder that
/// is there already must hold `mark`, or be empty: nothing else is replaced.
pub(crate) fn replace(
    dir: &Path,
    mark: &str,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let [new, old] = beside(dir)?;
    recover(dir, &old)?;
    if dir.exists() && !dir.join(mark).exists() && !is_empty(dir)? {
        return Err(Error::Config {
            path: dir.to_owned(),
            message: format!("is there and holds no {mark}: it is not replaced"),
        });
    }
    remove(&new)?;
    fs::create_dir_all(&new).map_err(Error::io(&new))?;
    let written = write(&new).and_then(|()| exchange(dir, &new, &old));
    if written.is_err() {
        // The first error is the one to tell; what is left is under a name
        // that nothing reads, and the next save removes it.
        let _ = fs::remove_dir_all(&new);
    }
    written
}

fn exchange(dir: &Path, new: &Path, old: &Path) -> Result<()> {
    if dir.exists() {
        fs::rename(dir, old).map_err(Error::io(dir))?;
    }
    fs::rename(new, dir).map_err(Error::io(dir))?;
    remove(old)
}

/// Where the folder `dir` lies: there, or aside, where a crash left it.
pub(crate) fn resolve(dir: &Path) -> PathBuf {
    match beside(dir) {
        Ok([_, old]) if !dir.exists() && old.exists() => old,
        _ => dir.to_owned(),
    }
}

/// Puts an old folder back, or removes it where the new one has its place.
fn recover(dir: &Path, old: &Path) -> Result<()> {
    if !old.exists() {
        return Ok(());
    }
    if dir.exists() {
        return remove(old);
    }
    fs::rename(old, dir).map_err(Error::io(dir))
}

/// The names that `dir` has while it is written, and while it is replaced.
fn beside(dir: &Path) -> Result<[PathBuf; 2]> {
    let name = dir.file_name().ok_or_else(|| Error::Config {
        path: dir.to_owned(),
        message: "is no name of a folder to write".to_owned(),
    })?;
    Ok([".new", ".old"].map(|end| {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(end);
        dir.with_file_name(hidden)
    }))
}

fn is_empty(dir: &Path) -> Result<bool> {
    Ok(fs::read_dir(dir).map_err(Error::io(dir))?.next().is_none())
}

fn remove(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(Error::io(dir))?;
    }
    Ok(())
}

/// Writes `value` as JSON, down to the disk.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|source| Error::Json { path: path.to_owned(), source })?;
    text.push('\n');
    let mut file = File::create(path).map_err(Error::io(path))?;
    file.write_all(text.as_bytes()).map_err(Error::io(path))?;
    file.sync_all().map_err(Error::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(dir: &Path) -> String {
        fs::read_to_string(resolve(dir).join("mark")).unwrap()
    }

    fn save(dir: &Path, text: &str) -> Result<()> {
        replace(dir, "mark", |new| fs::write(new.join("mark"), text).map_err(Error::io(new)))
    }

    fn names(dir: &Path) -> Vec<OsString> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_crash_at_any_step_leaves_the_old_or_the_new() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a");
        let [new, old] = beside(&dir).unwrap();
        save(&dir, "1").unwrap();
        // Killed while it was written.
        fs::create_dir(&new).unwrap();
        fs::write(new.join("half"), "").unwrap();
        assert_eq!(content(&dir), "1");
        // Killed between the two renames.
        fs::rename(&dir, &old).unwrap();
        assert_eq!(content(&dir), "1");
        save(&dir, "2").unwrap();
        assert_eq!(content(&dir), "2");
        assert_eq!(names(parent.path()), ["a"]);
        // Killed before the old one was removed.
        fs::create_dir(&old).unwrap();
        assert_eq!(content(&dir), "2");
        save(&dir, "3").unwrap();
        assert_eq!((content(&dir).as_str(), names(parent.path()).len()), ("3", 1));
    }

    #[test]
    fn a_failed_save_leaves_what_was_there() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a");
        save(&dir, "1").unwrap();
        let failed = replace(&dir, "mark", |_| Err(Error::Input("no".to_owned())));
        assert!(failed.is_err());
        assert_eq!((content(&dir).as_str(), names(parent.path()).len()), ("1", 1));
    }

    #[test]
    fn a_folder_of_something_else_is_not_replaced() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("letter"), "dear").unwrap();
        let error = save(parent.path(), "1").unwrap_err();
        assert!(error.to_string().contains("not replaced"), "{error}");
        assert!(parent.path().join("letter").exists());
        assert!(save(Path::new("/"), "1").is_err());
        assert!(save(Path::new(".."), "1").is_err());
    }
}

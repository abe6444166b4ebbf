//! Taking chosen files out of a zip archive, without reading it into memory.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::error::{Error, Result};
use crate::progress::Progress;

/// Writes every file for which `choose` gives a relative path to that path
/// under `into`, and returns how many there were.
pub(crate) fn extract(
    archive: &Path,
    into: &Path,
    choose: impl Fn(&str) -> Option<String>,
) -> Result<usize> {
    let bad = |source| Error::Archive { path: archive.to_path_buf(), source };
    let file = File::open(archive).map_err(Error::io("read", archive))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(bad)?;

    let mut chosen = Vec::new();
    let mut total = 0;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(bad)?;
        // `enclosed_name` is none for names that would leave `into`.
        if entry.is_dir() || entry.enclosed_name().is_none() {
            continue;
        }
        if let Some(place) = choose(&entry.name().map_err(bad)?) {
            total += entry.size();
            chosen.push((index, PathBuf::from(place)));
        }
    }

    let name = archive.file_name().unwrap_or_default().display().to_string();
    let mut progress = Progress::new(format!("unpacking {name}"), Some(total));
    let mut done = 0;
    for (index, place) in &chosen {
        let mut entry = zip.by_index(*index).map_err(bad)?;
        let path = into.join(place);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
        }
        let mut file = File::create(&path).map_err(Error::io("write", &path))?;
        // In pieces, so that the one big library does not silence the progress.
        loop {
            let piece = io::copy(&mut io::Read::take(&mut entry, 8 << 20), &mut file);
            let piece = piece.map_err(|e| match e.kind() {
                // A damaged archive, not a damaged disk.
                io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::UnexpectedEof => bad(e.into()),
                _ => Error::io("write", &path)(e),
            })?;
            if piece == 0 {
                break;
            }
            done += piece;
            progress.at(done);
        }
    }
    Ok(chosen.len())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn archive(path: &Path, files: &[(&str, &str)]) {
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    #[test]
    fn only_the_chosen_and_never_outside() {
        let dir = tempfile::tempdir().unwrap();
        let zip = dir.path().join("a.zip");
        archive(&zip, &[("torch/lib/a.so", "aa"), ("torch/b.py", "b"), ("torch/../../evil", "e")]);
        let into = dir.path().join("into");
        let n = extract(&zip, &into, |name| {
            (!name.ends_with(".py")).then(|| name.replacen("torch/", "", 1))
        });
        assert_eq!(n.unwrap(), 1);
        assert_eq!(fs::read_to_string(into.join("lib/a.so")).unwrap(), "aa");
        assert!(!dir.path().join("evil").exists());
    }

    #[test]
    fn a_full_disk_is_told_from_a_damaged_archive() {
        let dir = tempfile::tempdir().unwrap();
        let zip = dir.path().join("a.zip");
        archive(&zip, &[("a", "some text")]);
        // Every write to it fails as on a full disk.
        std::os::unix::fs::symlink("/dev/full", dir.path().join("full")).unwrap();
        let error = extract(&zip, dir.path(), |_| Some("full".into())).unwrap_err();
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    }

    #[test]
    fn a_cut_off_archive_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let zip = dir.path().join("a.zip");
        archive(&zip, &[("a", "some text")]);
        let bytes = fs::read(&zip).unwrap();
        fs::write(&zip, &bytes[..bytes.len() / 2]).unwrap();
        let error = extract(&zip, dir.path(), |n| Some(n.into())).unwrap_err();
        assert!(matches!(error, Error::Archive { .. }), "{error}");
        // A damaged body under a sound directory: the checksum tells.
        let mut bytes = bytes;
        bytes[32] ^= 0xff;
        fs::write(&zip, &bytes).unwrap();
        let error = extract(&zip, dir.path(), |n| Some(n.into())).unwrap_err();
        assert!(matches!(error, Error::Archive { .. }), "{error}");
    }
}

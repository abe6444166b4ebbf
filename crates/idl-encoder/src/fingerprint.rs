//! What tells one model folder from another.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How files end that decide about a vector: configurations, vocabularies,
/// weights. Not a model card.
const DECIDING: [&str; 5] = ["json", "txt", "model", "safetensors", "ot"];

/// SHA-256, in hexadecimal, of the names and contents of a folder's files
/// (`.json`, `.txt`, `.model`, `.safetensors`, `.ot`), those of its subfolders
/// included: a key for [`CachedEncoder::open_keyed`](crate::CachedEncoder::open_keyed).
/// Reads all of them.
///
/// # Errors
/// [`Error::Io`] names a folder or file that cannot be read.
pub fn fingerprint(dir: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(dir, &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let name = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().into_owned();
        let content = digest(&path).map_err(Error::io(&path))?;
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update(content);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(dir).map_err(Error::io(dir))? {
        let path = entry.map_err(Error::io(dir))?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| DECIDING.iter().any(|&d| e == d)) {
            files.push(path);
        }
    }
    Ok(())
}

/// SHA-256 of a file, read piece by piece.
fn digest(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(n) => hash.update(&piece[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_byte_of_a_model_counts_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("1_Pooling")).unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let print = || fingerprint(dir.path()).unwrap();
        put("model.safetensors", "weights");
        put("1_Pooling/config.json", "{}");
        let first = print();
        assert_eq!((first.len(), print()), (64, first.clone()));
        put("README.md", "about it");
        assert_eq!(print(), first);
        put("1_Pooling/config.json", "[]");
        let second = print();
        assert_ne!(second, first);
        put("vocab.txt", "");
        assert_ne!(print(), second);
        let error = fingerprint(&dir.path().join("nowhere")).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}

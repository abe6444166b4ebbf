//! Vectors in a file that is only ever appended to.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::identity::Identity;
use super::record::{self, Key};
use crate::error::{Error, Result};

/// How much is read at once when a file is opened.
const BUFFER: usize = 1 << 20;

/// A head that says whose vectors these are, then records of one length.
///
/// Everything is written under the file's lock, which the system takes back
/// from a process that dies. Reading needs no lock: a record is appended before
/// anyone knows of it and never changes.
#[derive(Debug)]
pub(super) struct VectorFile {
    path: PathBuf,
    file: File,
    head: Vec<u8>,
    record: usize,
    /// Where the last known record ends.
    end: u64,
    /// Where each text's record begins.
    index: HashMap<Key, u64>,
}

impl VectorFile {
    /// The file of this encoder in the folder `dir`; both are made if need be.
    pub(super) fn open_in(dir: &Path, identity: &Identity) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
        let (path, head) = match find(dir, identity).map_err(Error::io(dir))? {
            Some(found) => found,
            None => {
                let head = identity.head()?;
                (dir.join(identity.file_name(&head)), head)
            }
        };
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut this = VectorFile {
            file: file.map_err(Error::io(&path))?,
            record: record::len(identity.dim),
            end: 0,
            index: HashMap::new(),
            path,
            head,
        };
        this.locked(VectorFile::catch_up)?;
        Ok(this)
    }

    /// The vector of a text, if the file has it whole.
    pub(super) fn get(&mut self, key: &Key) -> Result<Option<Vec<f32>>> {
        let Some(&at) = self.index.get(key) else { return Ok(None) };
        let mut bytes = vec![0; self.record];
        match self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes)) {
            Ok(()) if record::key(&bytes) == Some(*key) => Ok(Some(record::vector(&bytes))),
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
                Err(Error::io(&self.path)(error))
            }
            // Damaged or cut since it was indexed.
            _ => {
                self.index.remove(key);
                Ok(None)
            }
        }
    }

    /// Appends records behind those of whoever else writes here.
    pub(super) fn append(&mut self, vectors: impl Iterator<Item = (Key, Vec<f32>)>) -> Result<()> {
        let mut bytes = Vec::new();
        let mut keys = Vec::new();
        for (key, vector) in vectors {
            record::write(&mut bytes, key, &vector);
            keys.push(key);
        }
        self.locked(|this| {
            this.catch_up()?;
            this.file.seek(SeekFrom::Start(this.end))?;
            this.file.write_all(&bytes)?;
            for key in keys {
                this.index.insert(key, this.end);
                this.end += this.record as u64;
            }
            Ok(())
        })
    }

    fn locked(&mut self, work: impl FnOnce(&mut Self) -> io::Result<()>) -> Result<()> {
        self.file.lock().map_err(Error::io(&self.path))?;
        let done = work(self);
        let done = self.file.unlock().and(done);
        done.map_err(Error::io(&self.path))
    }

    /// Learns what was appended since; cuts off what a kill left half written.
    fn catch_up(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut head = Vec::new();
        (&self.file).take(self.head.len() as u64).read_to_end(&mut head)?;
        let mut len = self.file.metadata()?.len();
        if head != self.head {
            // New, or a head that was not written to its end.
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&self.head)?;
            len = self.head.len() as u64;
        }
        if self.end == 0 || len < self.end {
            self.end = self.head.len() as u64;
            self.index.clear();
        }
        self.file.seek(SeekFrom::Start(self.end))?;
        let mut reader = BufReader::with_capacity(BUFFER, &self.file);
        let mut bytes = vec![0; self.record];
        while self.end + self.record as u64 <= len {
            reader.read_exact(&mut bytes)?;
            // A damaged one is stepped over: the next begins where it should.
            if let Some(key) = record::key(&bytes) {
                self.index.insert(key, self.end);
            }
            self.end += self.record as u64;
        }
        if self.end < len {
            self.file.set_len(self.end)?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl VectorFile {
    pub(super) fn head_len(&self) -> u64 {
        self.head.len() as u64
    }

    pub(super) fn known(&self) -> usize {
        self.index.len()
    }
}

/// The file in `dir` that this encoder has made, with its head.
fn find(dir: &Path, identity: &Identity) -> io::Result<Option<(PathBuf, Vec<u8>)>> {
    let stem = identity.stem();
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&stem) && name.ends_with(".vectors") {
            paths.push(path);
        }
    }
    // Of several that would do always the same.
    paths.sort();
    for path in paths {
        let mut file = BufReader::new(File::open(&path)?);
        if let Some((found, head)) = Identity::read(&mut file)?
            && found.is(identity)
        {
            return Ok(Some((path, head)));
        }
    }
    Ok(None)
}

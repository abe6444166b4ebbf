//! The log file: whole lines only, and none twice after a resume.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::log::LogRecord;

/// Appends records to a JSONL file.
///
/// A record is in the file when [`log`](TrainLog::log) returns: it is handed to
/// the operating system in one write, unbuffered, so killing the process loses
/// nothing. Where the write fails half-way (a full disk), what was written of
/// the line is taken back. [`sync`](TrainLog::sync) also survives a power cut.
///
/// ```
/// use idl_train::log::{LogRecord, TrainLog, metric};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("train_log.jsonl");
/// let mut log = TrainLog::create(&path)?;
/// for step in 1..=4 {
///     log.log(&LogRecord::new(step, 0.1 * step as f64).with(metric::LOSS, 1.0 / step as f64))?;
/// }
/// // Killed, and resumed from the checkpoint of step 2:
/// let (mut log, before) = TrainLog::resume(&path, 2)?;
/// assert_eq!(before.len(), 2);
/// assert_eq!(before[1].get(metric::LOSS), Some(0.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TrainLog {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
}

impl TrainLog {
    /// Starts an empty log, in place of one that may be there.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be created.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let file = File::create(&path).map_err(io_error(&path))?;
        Ok(Self { path, file, length: 0 })
    }

    /// Goes on with the log of a run that is resumed from `step`, and returns
    /// what it holds. Records of later steps, and of what an earlier resume from
    /// `step` has changed, which the run is about to repeat, are taken out, as is a last line that was cut off; the file is replaced
    /// in one move. A log that is not there is started.
    ///
    /// # Errors
    /// [`Error::Io`] for what the operating system refuses, [`Error::LogLine`]
    /// for a line in the middle that is not a record.
    pub fn resume(path: impl Into<PathBuf>, step: u64) -> Result<(Self, Vec<LogRecord>)> {
        let path = path.into();
        let (mut records, whole) = match parse(&path) {
            Ok(parsed) => parsed,
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok((Self::create(path)?, Vec::new()));
            }
            Err(error) => return Err(error),
        };
        let before = records.len();
        let stays = |r: &LogRecord| r.step < step || (r.step == step && r.changed.is_empty());
        records.retain(stays);
        if records.len() < before || !whole {
            replace(&path, &records).map_err(io_error(&path))?;
        }
        let open = || -> io::Result<(File, u64)> {
            let file = OpenOptions::new().append(true).open(&path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(io_error(&path))?;
        Ok((Self { path, file, length }, records))
    }

    /// Where it is written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one record.
    ///
    /// # Errors
    /// [`Error::Io`] where it could not be written; then it is not in the file.
    pub fn log(&mut self, record: &LogRecord) -> Result<()> {
        let failed = io_error(&self.path);
        let line = line(record).map_err(&failed)?;
        if let Err(error) = self.file.write_all(&line) {
            // Best effort: on a disk that refuses this, too, `resume` drops the
            // cut-off line.
            let _ = self.file.set_len(self.length);
            return Err(failed(error));
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Waits until everything logged has reached the disk.
    ///
    /// # Errors
    /// [`Error::Io`] where the disk refuses.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(io_error(&self.path))
    }
}

/// Reads a log, for plots. A last line that was cut off is left out.
///
/// # Errors
/// As [`TrainLog::resume`]; and [`Error::Io`] for a file that is not there.
pub fn read_log(path: impl AsRef<Path>) -> Result<Vec<LogRecord>> {
    parse(path.as_ref()).map(|(records, _)| records)
}

/// The records, and whether the file consists of whole lines.
fn parse(path: &Path) -> Result<(Vec<LogRecord>, bool)> {
    let bytes = std::fs::read(path).map_err(io_error(path))?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let mut records = Vec::new();
    for (number, line) in bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        records.push(serde_json::from_slice(line).map_err(|source| Error::LogLine {
            path: path.into(),
            line: number + 1,
            source,
        })?);
    }
    Ok((records, whole == bytes.len()))
}

fn line(record: &LogRecord) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}

/// Writes `records` beside `path`, then moves them there.
fn replace(path: &Path, records: &[LogRecord]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    for record in records {
        file.write_all(&line(record)?)?;
    }
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path: path.clone(), source }
}

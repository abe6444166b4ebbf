//! Checkpoints: `checkpoint-<step>/` folders that are whole or not there.
//!
//! | file | holds |
//! |---|---|
//! | `adapter_config.json`, `adapter_model.safetensors` | the adapter as PEFT reads it; or the files of the model, where all of it is trained |
//! | `optimizer.safetensors` | AdamW's moments and step counts |
//! | what [`Checkpoints::with_file`] gave | settings, model card |
//! | `trainer_state.json` | [`TrainerState`]: where the run stood, and the hash of every other file |
//!
//! A folder is written under a name that nothing reads, brought to the disk,
//! then renamed. A kill at any moment leaves the checkpoints before it.

mod change;
mod record;
mod state;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::digest;
pub use crate::digest::FileDigest;
use crate::error::{Error, Result};

pub(crate) use change::flatten;
pub use change::{Change, Named, changes, named, one_line};
pub(crate) use record::RUN_VERSION;
pub use record::RunRecord;
pub use state::TrainerState;

/// The file of [`TrainerState`].
pub const STATE: &str = "trainer_state.json";

/// The file of the optimiser's state.
pub const OPTIMIZER: &str = "optimizer.safetensors";

const PREFIX: &str = "checkpoint-";

/// The checkpoints of one run, in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    dir: PathBuf,
    base: String,
    files: Vec<(String, String)>,
}

/// A checkpoint whose files have been found to be what they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Its folder.
    pub path: PathBuf,
    /// Where the run stood.
    pub state: TrainerState,
}

/// What [`Checkpoints::latest`] finds.
#[derive(Debug)]
pub struct Latest {
    /// The newest checkpoint that is whole.
    pub checkpoint: Option<Checkpoint>,
    /// Newer ones that are not, newest first, and what is wrong with them.
    pub damaged: Vec<Error>,
}

impl Checkpoints {
    /// The checkpoints in the folder `dir`, which need not exist yet. `base` is
    /// what their `base_model_name_or_path` shall say.
    pub fn new(dir: impl Into<PathBuf>, base: impl Into<String>) -> Self {
        let dir = dir.into();
        // An empty path is the folder one is in, as for the shell.
        let dir = if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir };
        Checkpoints { dir, base: base.into(), files: Vec::new() }
    }

    /// Puts a file of this text into every checkpoint: the run's settings, a
    /// [`ModelCard`](crate::ModelCard).
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the adapters say they adapt.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Steps and folders, oldest first. Nothing is opened.
    ///
    /// # Errors
    /// [`Error::Io`] where the folder cannot be read. One that is not there has
    /// no checkpoints.
    pub fn list(&self) -> Result<Vec<(u64, PathBuf)>> {
        let io = |source| Error::Io { path: self.dir.clone(), source };
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io)?;
            let name = entry.file_name();
            let step = name.to_str().and_then(|n| n.strip_prefix(PREFIX)?.parse().ok());
            let Some(step) = step else { continue };
            if name.to_str() == Some(&folder_name(step)) && entry.path().is_dir() {
                found.push((step, entry.path()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The newest checkpoint whose files are what was written. Damaged ones are
    /// passed over and told, so that the caller can say so.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn latest(&self) -> Result<Latest> {
        let mut damaged = Vec::new();
        for (_, path) in self.list()?.into_iter().rev() {
            match Checkpoint::open(path) {
                Ok(checkpoint) => return Ok(Latest { checkpoint: Some(checkpoint), damaged }),
                Err(error) => damaged.push(error),
            }
        }
        Ok(Latest { checkpoint: None, damaged })
    }

    /// Writes the checkpoint of `state.global_step`: `fill` puts the files into
    /// the folder it is given (which does not exist yet).
    pub(crate) fn write(
        &self,
        mut state: TrainerState,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        fs::create_dir_all(&self.dir).map_err(io_error(&self.dir))?;
        self.sweep()?;
        let path = self.dir.join(folder_name(state.global_step));
        let temporary =
            self.dir.join(format!(".{PREFIX}{}.{}.tmp", state.global_step, std::process::id()));
        let written = fill(&temporary).and_then(|()| {
            for (name, text) in &self.files {
                let path = temporary.join(name);
                fs::write(&path, text).map_err(io_error(&path))?;
            }
            seal(&temporary, &mut state)?;
            if path.exists() {
                fs::remove_dir_all(&path).map_err(io_error(&path))?;
            }
            fs::rename(&temporary, &path).map_err(io_error(&path))?;
            sync(&self.dir)
        });
        if let Err(error) = written {
            // The first error is the one to tell; what is left has a name that
            // nothing reads and is swept away by the next save.
            let _ = fs::remove_dir_all(&temporary);
            return Err(error);
        }
        Ok(path)
    }

    /// Removes all but the newest `keep` checkpoints of steps up to `step`, and
    /// those that hold the best evaluation of one that is kept: whichever of
    /// them a run goes on from, its best parameters are there. Newer folders
    /// are damaged or another run's, and are left alone.
    pub(crate) fn prune(&self, keep: usize, step: u64) -> Result<()> {
        let mut found = self.list()?;
        found.retain(|&(s, _)| s <= step);
        let kept = found.split_off(found.len().saturating_sub(keep));
        let best: Vec<Option<u64>> =
            kept.iter().map(|(_, path)| read_state(path).ok()?.best_global_step).collect();
        for (step, path) in &found {
            if !best.contains(&Some(*step)) {
                fs::remove_dir_all(path).map_err(io_error(path))?;
            }
        }
        Ok(())
    }

    /// Removes what killed saves have left.
    fn sweep(&self) -> Result<()> {
        for entry in fs::read_dir(&self.dir).map_err(io_error(&self.dir))? {
            let entry = entry.map_err(io_error(&self.dir))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // The dots and ends that saving a folder inside this one adds.
            let left = name.starts_with('.')
                && name.trim_start_matches('.').starts_with(PREFIX)
                && [".tmp", ".tmp.new", ".tmp.old"].iter().any(|end| name.ends_with(end));
            if left {
                let path = entry.path();
                fs::remove_dir_all(&path).map_err(io_error(&path))?;
            }
        }
        Ok(())
    }
}

/// The name of a step's folder.
pub(crate) fn folder_name(step: u64) -> String {
    format!("{PREFIX}{step}")
}

impl Checkpoint {
    /// Opens a checkpoint and reads every file once, to compare it with its
    /// hash.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] names the file that is missing, cut off or
    /// altered.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let damaged = |file: &str, problem: String| Error::Checkpoint {
            path: path.clone(),
            file: file.to_owned(),
            problem,
        };
        let state = read_state(&path)?;
        let named = path.file_name().and_then(|n| n.to_str()?.strip_prefix(PREFIX)?.parse().ok());
        if named.is_some_and(|step: u64| step != state.global_step) {
            return Err(damaged(STATE, format!("is of step {}", state.global_step)));
        }
        if !state.files.contains_key(OPTIMIZER) {
            return Err(damaged(OPTIMIZER, "is not listed".to_owned()));
        }
        for (name, expected) in &state.files {
            // A name is one of a file of this folder, whatever the JSON says.
            if Path::new(name).file_name() != Some(name.as_ref()) {
                return Err(damaged(STATE, format!("lists {name:?}, which is no file name")));
            }
            let found = digest::of_file(&path.join(name))
                .map_err(|error| damaged(name, error.to_string()))?;
            if found.bytes != expected.bytes {
                let problem = format!("has {} bytes, expected {}", found.bytes, expected.bytes);
                return Err(damaged(name, problem));
            }
            if found != *expected {
                return Err(damaged(name, "is not what was written: its hash differs".to_owned()));
            }
        }
        Ok(Checkpoint { path, state })
    }
}

fn read_state(path: &Path) -> Result<TrainerState> {
    let damaged = |problem: String| Error::Checkpoint {
        path: path.to_owned(),
        file: STATE.to_owned(),
        problem,
    };
    let text = fs::read_to_string(path.join(STATE)).map_err(|e| damaged(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))
}

/// Hashes the files of `dir`, writes the state, and waits for the disk.
fn seal(dir: &Path, state: &mut TrainerState) -> Result<()> {
    state.files.clear();
    for entry in fs::read_dir(dir).map_err(io_error(dir))? {
        let path = entry.map_err(io_error(dir))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let digest = digest::of_file(&path).map_err(io_error(&path))?;
        sync(&path)?;
        state.files.insert(name, digest);
    }
    let path = dir.join(STATE);
    let json = serde_json::to_string_pretty(state)
        .map_err(|source| Error::Io { path: path.clone(), source: source.into() })?;
    fs::write(&path, json).map_err(io_error(&path))?;
    sync(&path)?;
    sync(dir)
}

/// Waits until a file or a folder's list has reached the disk.
fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_error(path))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path: path.clone(), source }
}

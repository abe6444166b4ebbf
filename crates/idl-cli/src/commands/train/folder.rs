//! The output folder: one run at a time, and nothing in it overwritten.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::curves;
use idl::dialogue::BoxError;
use idl::lm::CausalLm;
use idl::train::checkpoint::{Change, Checkpoint, Checkpoints, STATE, changes, named};
use idl::train::log::{LogRecord, TrainLog, read_log};
use idl::train::{Outcome, StopReason, TrainTarget};
use serde_json::Value;

const LOG: &str = "train_log.jsonl";
const SETTINGS: &str = "run.json";
const CARD: &str = "README.md";

/// The user has ended a run before its end; its last checkpoint stands.
#[derive(Debug, thiserror::Error)]
#[error("stopped after step {steps}: --resume goes on")]
pub(crate) struct Stopped {
    pub(crate) steps: u64,
}

/// The folder of a run, locked while this value lives.
#[derive(Debug)]
pub(crate) struct Folder {
    out: PathBuf,
    /// What the run starts from, as cards and adapters name it.
    pub(crate) base: String,
    /// The checkpoint that the run goes on from.
    pub(crate) start: Option<Checkpoint>,
    _lock: File,
}

impl Folder {
    /// Makes the folder `out` where there is none, for a run that starts from
    /// `base`. A folder that has checkpoints or a result is neither overwritten
    /// nor silently gone on with.
    pub(crate) fn open(out: &Path, base: &Path, resume: bool) -> Result<Self, BoxError> {
        fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
        let lock = lock(out)?;
        let base = base.display().to_string();
        let checkpoints = Checkpoints::new(out, base.as_str());
        let start = if resume { newest(&checkpoints)? } else { nothing_in(&checkpoints)? };
        Ok(Folder { out: out.to_owned(), base, start, _lock: lock })
    }

    /// The time that templates are told, in seconds since 1970: `set` where the
    /// settings name one, else that at which the run began, which is kept among
    /// its settings.
    pub(crate) fn now(&self, set: Option<u64>) -> u64 {
        let began = || self.then()?.get("now")?.as_u64();
        let system = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        };
        set.or_else(began).unwrap_or_else(system)
    }

    /// The settings with which the checkpoint was written.
    fn then(&self) -> Option<Value> {
        let text = fs::read_to_string(self.start.as_ref()?.path.join(SETTINGS)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// What the settings have changed since the checkpoint was written, but for
    /// those of the trainer, which it compares itself.
    pub(crate) fn changes(&self, settings: &str) -> Vec<Change> {
        let now: Value = serde_json::from_str(settings).unwrap_or_default();
        let then = self.then().unwrap_or_else(|| now.clone());
        let mut all = changes(&named(&then), &named(&now));
        all.retain(|change| !change.setting.starts_with("train."));
        all
    }

    /// The run's checkpoints, each with its settings and a card.
    pub(crate) fn checkpoints(&self, settings: &str, card: String) -> Checkpoints {
        Checkpoints::new(&self.out, self.base.as_str())
            .with_file(SETTINGS, settings)
            .with_file(CARD, card)
    }

    /// Writes the settings, and opens the log where the run goes on.
    pub(crate) fn log(&self, settings: &str) -> Result<TrainLog, BoxError> {
        let step = self.start.as_ref().map_or(0, |c| c.state.global_step);
        let (log, _) = TrainLog::resume(self.out.join(LOG), step)?;
        write_whole(&self.out.join(SETTINGS), settings)?;
        Ok(log)
    }

    /// Puts the result into the folder: adapter or model, the card of its last
    /// record, state, curves. With `best` the parameters are those of the best
    /// step, where there was an evaluation.
    pub(crate) fn finish(
        &self,
        model: &CausalLm,
        trained: TrainTarget<'_>,
        outcome: &Outcome,
        best: bool,
        card: &dyn Fn(Option<&LogRecord>) -> String,
    ) -> Result<(), BoxError> {
        if outcome.stop == StopReason::Cancelled {
            return Err(Stopped { steps: outcome.steps }.into());
        }
        self.put(model, trained)?;
        let records = read_log(self.out.join(LOG))?;
        let best = outcome.best.filter(|_| best);
        let shown = best.map_or(outcome.steps, |(step, _)| step);
        // What a resume has changed has no metrics.
        let of_step = |r: &&LogRecord| r.step == shown && !r.metrics.is_empty();
        let record = records.iter().rfind(of_step);
        write_whole(&self.out.join(CARD), &card(record))?;
        let last = self.out.join(format!("checkpoint-{}", outcome.steps));
        write_whole(&self.out.join(STATE), &fs::read_to_string(last.join(STATE))?)?;
        // The result stands, whatever becomes of its pictures.
        let drawn = curves::draw(&records, &self.out).unwrap_or_else(|error| {
            eprintln!("the curves could not be drawn: {error}");
            Vec::new()
        });
        let early = outcome.stop == StopReason::EarlyStopping;
        let why = if early { ", no longer getting better" } else { "" };
        eprintln!("{} steps{why}", outcome.steps);
        if let Some((step, loss)) = outcome.best {
            eprintln!("lowest eval_loss {loss:.4}, at step {step}");
        }
        eprintln!("the result, its log and {} pictures are in {}", drawn.len(), self.out.display());
        Ok(())
    }

    /// The files of adapter or model, one by one into a folder that holds more.
    fn put(&self, model: &CausalLm, trained: TrainTarget<'_>) -> Result<(), BoxError> {
        // What an earlier end that was killed has left is no folder of ours.
        let whole = self.out.join(".result");
        if whole.exists() {
            fs::remove_dir_all(&whole)?;
        }
        trained.save(model, &whole, &self.base)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&whole)? {
            names.push(entry?.file_name());
        }
        // The file by which others know the folder comes last.
        names.sort_by_key(|name| name == "adapter_config.json" || name == "config.json");
        for name in names {
            fs::rename(whole.join(&name), self.out.join(&name))?;
        }
        Ok(fs::remove_dir(&whole)?)
    }
}

/// One process at a time in an output folder; the lock goes with the process.
fn lock(out: &Path) -> Result<File, BoxError> {
    let path = out.join(".lock");
    let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("{}: another run is writing here", out.display()).into())
        }
        Err(TryLockError::Error(error)) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// The checkpoint to go on from, if there is one yet.
fn newest(checkpoints: &Checkpoints) -> Result<Option<Checkpoint>, BoxError> {
    let dir = checkpoints.dir().display();
    let found = checkpoints.latest()?;
    for error in &found.damaged {
        eprintln!("passed over: {error}");
    }
    match &found.checkpoint {
        Some(checkpoint) => {
            eprintln!("going on from {}", checkpoint.path.display());
            let (then, now) = (checkpoint.state.threads, i64::from(tch::get_num_threads()));
            if then != now {
                eprintln!(
                    "it was written with {then} threads, here are {now}: last bits may differ"
                );
            }
        }
        None if !found.damaged.is_empty() => {
            return Err(format!("{dir}: no checkpoint is whole; another `out` starts anew").into());
        }
        None => eprintln!("{dir}: no checkpoint yet, starting anew"),
    }
    Ok(found.checkpoint)
}

/// Makes sure that there is nothing to overwrite; a result whose checkpoints
/// are gone is no folder to start in, either.
fn nothing_in(checkpoints: &Checkpoints) -> Result<Option<Checkpoint>, BoxError> {
    if let Some((_, path)) = checkpoints.list()?.last() {
        return Err(format!(
            "{}: is there already: --resume goes on from it, another `out` starts anew",
            path.display()
        )
        .into());
    }
    let results =
        ["adapter_model.safetensors", "model.safetensors", "model.safetensors.index.json"];
    match results.iter().map(|name| checkpoints.dir().join(name)).find(|path| path.exists()) {
        None => Ok(None),
        Some(path) => {
            Err(format!("{}: is there already: another `out` starts anew", path.display()).into())
        }
    }
}

/// Writes a file beside its place, then moves it there.
fn write_whole(path: &Path, text: &str) -> Result<(), BoxError> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path))?;
    Ok(())
}

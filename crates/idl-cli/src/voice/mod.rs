//! A voice: a folder with a person's sessions, what was learnt from them, and how
//! sessions are chosen.
//!
//! ```text
//! ada/voice.json         settings; written anew by every change
//! ada/sessions.sqlite    the sessions with facts and vectors (idl-store)
//! ada/msl, ada/dpa       what was learnt: adapters, logs, checkpoints
//! ada/work               what is learnt from, while it is learnt
//! ```

mod import;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use idl::choice::{Ask, ChoiceParams, Reader};
use idl::conved::ConvEd;
use idl::dialogue::{BoxError, Person, Session};
use idl::store::{OnConflict, Outcome, Record, SessionStore, SqliteStore};
use idl_dialogue::SentenceEncoder;
use serde::{Deserialize, Serialize};

use crate::lm::Dtype;
use crate::{encoder, trained_on};

pub(crate) use import::ImportArgs;

const SETTINGS: &str = "voice.json";
const WORK: &str = "work";

/// The stages of learning, by their folders.
pub(crate) const MSL: &str = "msl";
pub(crate) const DPA: &str = "dpa";
const STAGES: [&str; 2] = [MSL, DPA];

/// The file of a stage that is written last.
const ADAPTER: &str = "adapter_config.json";

/// Sessions that are read and stored at once: a kill loses no more.
const BATCH: usize = 64;

/// What a voice is made with, and must be used with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoiceSettings {
    /// The person's id in the store.
    pub person: String,
    /// The base model, a Hugging Face folder.
    pub model: PathBuf,
    /// The precision of its weights.
    #[serde(default)]
    pub dtype: Dtype,
    /// A sentence-transformers folder; TF-IDF where there is none.
    pub encoder: Option<PathBuf>,
    /// convED's scale of substitutions.
    pub lambda: f64,
    /// How sessions are chosen.
    pub choice: ChoiceParams,
    /// The adapter's folder in the voice's, once something was learnt.
    #[serde(default)]
    pub adapter: Option<String>,
    /// How many sessions there were when it was learnt.
    #[serde(default)]
    pub learnt_from: usize,
}

/// A voice's folder.
#[derive(Debug)]
pub(crate) struct Voice {
    dir: PathBuf,
    pub(crate) settings: VoiceSettings,
}

impl Voice {
    /// Keeps other processes from changing the voice until what is returned is
    /// dropped, or the process ends.
    ///
    /// # Errors
    /// Where another one is changing it.
    pub(crate) fn lock(&self) -> Result<File, BoxError> {
        let path = self.dir.join(".lock");
        let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                Err(format!("{}: another process is changing this voice", self.dir.display())
                    .into())
            }
            Err(TryLockError::Error(error)) => Err(format!("{}: {error}", path.display()).into()),
        }
    }

    /// Refuses a voice that has learnt from sessions which are gone: a file that was
    /// lost is no empty store.
    ///
    /// # Errors
    /// Where it is so; the store's.
    pub(crate) fn check_sessions(&self, store: &dyn SessionStore) -> Result<(), BoxError> {
        if self.settings.learnt_from > 0 && store.len(&self.settings.person)? == 0 {
            let file = self.dir.join("sessions.sqlite");
            let learnt = self.settings.learnt_from;
            return Err(format!(
                "{}: holds no session, and {learnt} were learnt from: was it lost? (`idl add` \
                 reads chats anew)",
                file.display()
            )
            .into());
        }
        Ok(())
    }

    /// The voice in `dir`.
    ///
    /// # Errors
    /// Where there is none, or its settings cannot be read.
    pub(crate) fn open(dir: &Path) -> Result<Self, BoxError> {
        Self::find(dir)?.ok_or_else(|| {
            format!("{}: no voice is there (`idl learn` makes one)", dir.display()).into()
        })
    }

    /// The same, or `None` where there is none yet.
    ///
    /// # Errors
    /// Settings that cannot be read.
    pub(crate) fn find(dir: &Path) -> Result<Option<Self>, BoxError> {
        let path = dir.join(SETTINGS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let settings =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Some(Voice { dir: dir.to_owned(), settings }))
    }

    /// A new voice in `dir`, which is made.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn create(dir: &Path, settings: VoiceSettings) -> Result<Self, BoxError> {
        fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let voice = Voice { dir: dir.to_owned(), settings };
        voice.save()?;
        Ok(voice)
    }

    /// Writes the settings, whole or not at all.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn save(&self) -> Result<(), BoxError> {
        let path = self.dir.join(SETTINGS);
        let temporary = self.dir.join("voice.json.tmp");
        let text = serde_json::to_string_pretty(&self.settings)? + "\n";
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|e| format!("{}: {e}", path.display()).into())
    }

    /// A folder or file of the voice.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The adapter's folder, where something was learnt.
    #[must_use]
    pub(crate) fn adapter(&self) -> Option<PathBuf> {
        self.settings.adapter.as_ref().map(|name| self.dir.join(name))
    }

    /// The store of its sessions.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn store(&self) -> Result<SqliteStore, BoxError> {
        Ok(SqliteStore::open(&self.dir)?)
    }

    /// What turns its texts into vectors.
    ///
    /// # Errors
    /// What is wrong with the encoder's folder.
    pub(crate) fn encoder(&self) -> Result<Box<dyn SentenceEncoder>, BoxError> {
        let tfidf = Path::new(encoder::TFIDF);
        encoder::open(self.settings.encoder.as_deref().unwrap_or(tfidf), None)
    }

    /// Its convED.
    ///
    /// # Errors
    /// A scale that is none.
    pub(crate) fn conved(&self) -> Result<ConvEd, BoxError> {
        Ok(ConvEd::params().lambda(self.settings.lambda).check()?)
    }

    /// Reads sessions and puts them into the store, those that are there already
    /// aside. `progress` is told how many are done.
    ///
    /// # Errors
    /// The reader's and the store's; what was stored before stays stored.
    pub(crate) fn add(
        &self,
        store: &mut dyn SessionStore,
        reader: &Reader<'_>,
        sessions: &[Session],
        mut progress: impl FnMut(usize),
    ) -> Result<Added, BoxError> {
        let mut added = Added::default();
        for (batch, part) in sessions.chunks(BATCH).enumerate() {
            // What is there as it is need not be encoded again.
            let mut new: Vec<&Session> = Vec::new();
            for session in part {
                match store.load(&self.settings.person, &session.id)? {
                    Some(r) if r.messages == session.messages => added.known += 1,
                    // A session that has grown; another one under its id is not it.
                    Some(r) if !session.messages.starts_with(&r.messages) => {
                        added.refused += 1;
                    }
                    _ => new.push(session),
                }
            }
            let records = reader.records(&new)?;
            for outcome in store.add(&self.settings.person, &records, OnConflict::Replace)? {
                match outcome {
                    Outcome::Added => added.new += 1,
                    Outcome::Replaced => added.replaced += 1,
                    _ => added.known += 1,
                }
            }
            progress((batch * BATCH + part.len()).min(sessions.len()));
        }
        Ok(added)
    }

    /// The person with all sessions, and their records in the same order.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn person(
        &self,
        store: &dyn SessionStore,
    ) -> Result<(Person, Vec<Record>), BoxError> {
        let mut records = Vec::new();
        store.visit(&self.settings.person, &mut |record| records.push(record))?;
        let session = |r: &Record| Session {
            id: r.id.clone(),
            messages: r.messages.clone(),
            time: r.time,
            ..Session::default()
        };
        let sessions = records.iter().map(session).collect();
        Ok((Person { id: self.settings.person.clone(), sessions }, records))
    }

    /// The reader of its sessions.
    #[must_use]
    pub(crate) fn reader<'a>(
        &self,
        encoder: &'a dyn SentenceEncoder,
        extractor: &'a dyn idl_dialogue::PersonaExtractor,
    ) -> Reader<'a> {
        Reader { encoder, extractor, ask: self.settings.choice.ask }
    }

    /// A place for what is learnt from, while it is learnt.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn work(&self) -> Result<PathBuf, BoxError> {
        let dir = self.path(WORK);
        fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        Ok(dir)
    }

    /// Removes it, and what is half learnt from it: sessions stand in it.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn clear_work(&self) -> Result<(), BoxError> {
        remove(&self.path(WORK))?;
        for stage in STAGES {
            if !self.done(stage) {
                remove(&self.path(stage))?;
            }
        }
        Ok(())
    }

    /// What must be done before a session is forgotten: rows that are learnt from hold
    /// sessions, and so does what is half learnt.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn before_forgetting(&mut self) -> Result<(), BoxError> {
        if self.settings.adapter.is_none() { self.unlearn() } else { self.clear_work() }
    }

    /// Whether a stage has ended: its adapter is there.
    #[must_use]
    pub(crate) fn done(&self, stage: &str) -> bool {
        self.path(stage).join(ADAPTER).is_file()
    }

    /// Removes all that was learnt.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn unlearn(&mut self) -> Result<(), BoxError> {
        self.settings.adapter = None;
        self.save()?;
        // The later stage first, and of each what makes it whole: a kill in between
        // leaves nothing that would be gone on with.
        for stage in STAGES.into_iter().rev() {
            match fs::remove_file(self.path(stage).join(ADAPTER)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(format!("{stage}: {error}").into());
                }
                _ => remove(&self.path(stage))?,
            }
        }
        self.clear_work()
    }

    /// Leaves of a stage that has ended what is used: not its checkpoints, nor the
    /// hashes of what it was trained on.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn tidy(&self, stage: &str) -> Result<(), BoxError> {
        let dir = self.path(stage);
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("checkpoint-") {
                remove(&path)?;
            }
        }
        let path = dir.join("run.json");
        let mut run: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        if let Some(run) = run.as_object_mut() {
            run.remove(trained_on::KEY);
        }
        fs::write(&path, serde_json::to_string_pretty(&run)? + "\n")?;
        Ok(())
    }
}

/// Removes a folder, if it is there.
fn remove(dir: &Path) -> Result<(), BoxError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", dir.display()).into())
        }
        _ => Ok(()),
    }
}

/// What became of sessions that were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Added {
    pub new: usize,
    pub known: usize,
    pub replaced: usize,
    pub refused: usize,
}

impl std::fmt::Display for Added {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Added { new, known, replaced, refused } = self;
        write!(f, "{new} sessions are new, {replaced} have grown, {known} were there already")?;
        match refused {
            0 => Ok(()),
            n => write!(f, ", {n} are left out: others have their ids"),
        }
    }
}

/// Which utterances ask in a conversation with a model: the person's own ones are
/// the model's, and what is to be answered asks, too.
pub(crate) const ASK: Ask = Ask::Answer;

//! An encoder that encodes no text twice, not even in another run.

mod checked;
mod file;
mod identity;
mod memory;
mod record;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use idl_dialogue::{BoxError, SentenceEncoder};
use ndarray::{Array2, ArrayView1};

use crate::error::Result;
use checked::encode;
use file::VectorFile;
use identity::Identity;
use memory::Recent;
use record::Key;

/// Texts that are encoded before their vectors are written.
const CHUNK: usize = 512;

/// Memory of [`CachedEncoder::in_memory`], in bytes.
const MEMORY: usize = 256 << 20;

/// A [`SentenceEncoder`] that remembers: a text that it has seen costs a
/// look-up, in this process or, with [`open`](Self::open), in a later one.
///
/// ```
/// use idl_dialogue::SentenceEncoder;
/// use idl_encoder::{CachedEncoder, TfIdfEncoder};
///
/// # let folder = tempfile::tempdir()?;
/// # let dir = folder.path();
/// let texts = ["the kettle is on .", "who moved my ladder ?"];
/// let first = CachedEncoder::open(TfIdfEncoder::default(), dir)?;
/// let rows = first.embed(&texts, |done, of| eprintln!("{done}/{of}"))?;
/// assert_eq!((first.hits(), first.misses()), (0, 2));
///
/// // The program is started again.
/// let second = CachedEncoder::open(TfIdfEncoder::default(), dir)?;
/// assert_eq!(second.encode(&texts)?, rows);
/// assert_eq!((second.hits(), second.misses()), (2, 0));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// New texts are encoded in chunks, and each chunk is kept before the next
/// begins: a program that is killed loses one chunk at most, and its next run
/// goes on from there, with the same chunks. A boxed encoder is cached by
/// reference: `CachedEncoder::open(&*boxed, dir)`.
///
/// # The file
/// `open` keeps a file for each encoder, `NAME-HASH.vectors`. It is only ever
/// appended to, `4 dim + 24` bytes for each text: a hash of the text, a
/// checksum, the vector. Every record is checked when the file is opened and
/// again when it is read; one that does not hold is as good as absent, and its
/// text is encoded anew. What a kill left half written at the end is cut off.
/// Writers take turns by a lock on the file, and each learns what the others
/// have appended. No file is ever deleted; anyone may delete one.
///
/// # Which vectors are whose
/// An encoder finds its file again by its name, its dimension and what it makes
/// of a few probe texts, which it is asked to encode at each start: the same
/// model in another precision, with another limit of tokens or with other
/// weights has a file of its own. Weights that differ only in words that the
/// probes lack, or a fitted [`TfIdfEncoder`](crate::TfIdfEncoder), want
/// [`open_keyed`](Self::open_keyed) with, say,
/// [`fingerprint`](crate::fingerprint) of the model's folder.
///
/// # Memory
/// With a file about 50 bytes for each text in it, vectors stay on disk;
/// without one 256 MiB at most, or what
/// [`with_memory`](Self::with_memory) says. Beside the encoder's own.
pub struct CachedEncoder<E> {
    encoder: E,
    store: Mutex<Store>,
    chunk: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<E: SentenceEncoder> std::fmt::Debug for CachedEncoder<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedEncoder")
            .field("encoder", &self.encoder.name())
            .field("store", &self.store)
            .field("chunk", &self.chunk)
            .field("hits", &self.hits)
            .field("misses", &self.misses)
            .finish()
    }
}

#[derive(Debug)]
enum Store {
    Memory(Recent),
    File(VectorFile),
}

impl Store {
    fn get(&mut self, key: &Key) -> Result<Option<Vec<f32>>> {
        match self {
            Store::Memory(recent) => Ok(recent.get(key)),
            Store::File(file) => file.get(key),
        }
    }

    fn insert(&mut self, keys: &[Key], rows: &Array2<f32>) -> Result<()> {
        match self {
            Store::Memory(recent) => {
                for (&key, row) in keys.iter().zip(rows.rows()) {
                    recent.insert(key, row.to_vec());
                }
                Ok(())
            }
            Store::File(file) => {
                file.append(keys.iter().zip(rows.rows()).map(|(&key, row)| (key, row.to_vec())))
            }
        }
    }
}

impl<E: SentenceEncoder> CachedEncoder<E> {
    /// Remembers in a file in the folder `dir`, which is made if need be.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) for the folder or the file, [`Error::Encoder`](crate::Error::Encoder) and
    /// [`Error::EncoderShape`](crate::Error::EncoderShape) where the encoder fails on the probe texts.
    pub fn open(encoder: E, dir: &Path) -> Result<Self> {
        Self::open_keyed(encoder, dir, "")
    }

    /// As [`open`](Self::open), where the file must have been made with this
    /// `key`, too.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_keyed(encoder: E, dir: &Path, key: &str) -> Result<Self> {
        let identity = Identity::of(&encoder, key)?;
        let file = VectorFile::open_in(dir, &identity)?;
        Ok(Self::new(encoder, Store::File(file)))
    }

    /// Remembers as long as it lives, in 256 MiB at most.
    #[must_use]
    pub fn in_memory(encoder: E) -> Self {
        Self::with_memory(encoder, MEMORY)
    }

    /// Remembers as long as it lives, in about `bytes` at most: the texts that
    /// were asked for longest ago are forgotten first, many at once.
    #[must_use]
    pub fn with_memory(encoder: E, bytes: usize) -> Self {
        let recent = Recent::new(encoder.dim(), bytes);
        Self::new(encoder, Store::Memory(recent))
    }

    fn new(encoder: E, store: Store) -> Self {
        let (hits, misses) = Default::default();
        CachedEncoder { encoder, store: Mutex::new(store), chunk: CHUNK, hits, misses }
    }

    /// Encodes `texts` new texts, at least 1, before it keeps them; 512 unless
    /// told.
    #[must_use]
    pub fn with_chunk(self, texts: usize) -> Self {
        CachedEncoder { chunk: texts.max(1), ..self }
    }

    /// The encoder itself.
    #[must_use]
    pub fn encoder(&self) -> &E {
        &self.encoder
    }

    /// How many texts have been answered without the encoder so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// How many texts the encoder has encoded so far, the probes not counted.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// One row for each text, `[texts, dim]`; `on_progress` hears after the
    /// look-up, and after each chunk, how many texts are done, and of how many.
    ///
    /// # Errors
    /// [`Error::Encoder`](crate::Error::Encoder) with the encoder's own error, [`Error::EncoderShape`](crate::Error::EncoderShape)
    /// where it breaks the trait's promise, [`Error::Io`](crate::Error::Io) for the file.
    pub fn embed(
        &self,
        texts: &[&str],
        mut on_progress: impl FnMut(usize, usize),
    ) -> Result<Array2<f32>> {
        let mut rows = Array2::zeros((texts.len(), self.encoder.dim()));
        // New texts, each where it stands first, and where they are said again.
        let mut new: Vec<(Key, usize)> = Vec::new();
        let mut again: Vec<(usize, usize)> = Vec::new();
        let mut first: HashMap<Key, usize> = HashMap::new();
        let mut store = self.store();
        for (i, text) in texts.iter().enumerate() {
            let key = Key::of(text);
            if let Some(&earlier) = first.get(&key) {
                again.push((i, earlier));
            } else if let Some(vector) = store.get(&key)? {
                rows.row_mut(i).assign(&ArrayView1::from(&vector));
            } else {
                first.insert(key, i);
                new.push((key, i));
            }
        }
        // Others may look up while we encode.
        drop(store);
        let mut done = texts.len() - new.len();
        self.hits.fetch_add(done as u64, Ordering::Relaxed);
        on_progress(done, texts.len());

        for chunk in new.chunks(self.chunk) {
            let inputs: Vec<&str> = chunk.iter().map(|&(_, i)| texts[i]).collect();
            let keys: Vec<Key> = chunk.iter().map(|&(key, _)| key).collect();
            let vectors = encode(&self.encoder, &inputs)?;
            self.misses.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            self.store().insert(&keys, &vectors)?;
            for (&(_, i), vector) in chunk.iter().zip(vectors.rows()) {
                rows.row_mut(i).assign(&vector);
            }
            done += chunk.len();
            on_progress(done, texts.len());
        }
        for (i, earlier) in again {
            let vector = rows.row(earlier).to_owned();
            rows.row_mut(i).assign(&vector);
        }
        Ok(rows)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic elsewhere leaves the store whole: it is checked when read.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: SentenceEncoder> SentenceEncoder for CachedEncoder<E> {
    fn dim(&self) -> usize {
        self.encoder.dim()
    }

    fn name(&self) -> &str {
        self.encoder.name()
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        Ok(self.embed(texts, |_, _| ())?)
    }
}

#[cfg(test)]
mod tests;

//! SHA-256 of files, tensors and examples.
//!
//! Everything is hashed field by field, each text and list behind its length:
//! neither how a type prints itself nor how many threads sum a tensor has a say.

use std::collections::VecDeque;
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

use crate::data::Example;
use crate::error::{Error, Result};

/// Bytes of a tensor that are copied at a time.
const CHUNK: usize = 1 << 24;

/// No more threads than that: the disk and the memory are shared.
const MOST_THREADS: usize = 8;

/// What a file of a checkpoint must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// Length and hash of a file, read once.
pub(crate) fn of_file(path: &Path) -> io::Result<FileDigest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(FileDigest { bytes, sha256: hex(&hash.finalize()) }),
            n => {
                bytes += n as u64;
                hash.update(&buffer[..n]);
            }
        }
    }
}

/// A hash of parts, each behind its length.
pub(crate) struct Parts(Sha256);

impl Parts {
    pub(crate) fn new(what: &str) -> Self {
        let mut parts = Parts(Sha256::new());
        parts.text(what);
        parts
    }

    pub(crate) fn text(&mut self, part: &str) {
        self.length(part.len());
        self.0.update(part);
    }

    fn length(&mut self, length: usize) {
        self.0.update((length as u64).to_le_bytes());
    }

    fn numbers(&mut self, numbers: &[i64]) {
        self.length(numbers.len());
        for number in numbers {
            self.0.update(number.to_le_bytes());
        }
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Ids and tokens of the examples, in their order: trunks, spans and branches
/// are all that is computed with.
pub(crate) fn of_examples(examples: &[Example]) -> String {
    let mut parts = Parts::new("examples 2");
    parts.length(examples.len());
    for example in examples {
        parts.text(&example.id);
        parts.numbers(example.tree.trunk());
        parts.length(example.tree.spans().len());
        for span in example.tree.spans() {
            parts.length(span.start);
            parts.length(span.end);
        }
        parts.length(example.tree.branches().count());
        for (at, ids) in example.tree.branches() {
            parts.length(at);
            parts.numbers(ids);
        }
    }
    parts.finish()
}

/// Names, kinds, shapes and every bit of tensors, whatever device they are on
/// and in whatever order they come. One pass over the bytes, shared out among
/// threads; `CHUNK` bytes a thread are copied at a time.
pub(crate) fn of_tensors(tensors: &[(String, Tensor)]) -> Result<String> {
    let queue: VecDeque<(&str, Tensor)> =
        tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shallow_clone())).collect();
    let queue = Mutex::new(queue);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> Result<Vec<(&str, Sha256Bytes)>> {
        let mut done = Vec::new();
        while let Some((name, tensor)) = next() {
            done.push((name, of_tensor(&tensor)?));
        }
        Ok(done)
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let found: Result<Vec<_>> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut found: Vec<(&str, Sha256Bytes)> = work()?;
        for other in others {
            match other.join() {
                Ok(done) => found.extend(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(found)
    });
    let mut found = found?;
    found.sort_unstable();
    let mut parts = Parts::new("tensors 2");
    parts.length(found.len());
    for (name, digest) in found {
        parts.text(name);
        parts.0.update(digest);
    }
    Ok(parts.finish())
}

type Sha256Bytes = [u8; 32];

fn of_tensor(tensor: &Tensor) -> Result<Sha256Bytes> {
    let kind = tensor.f_kind()?;
    let mut parts = Parts::new(precision(kind)?);
    parts.numbers(&tensor.size());
    let flat = tensor.f_detach()?.f_contiguous()?.f_view([-1i64])?;
    let (size, count) = (kind.elt_size_in_bytes(), tensor.numel());
    let chunk = CHUNK / size;
    let mut bytes = vec![0; chunk.min(count) * size];
    for start in (0..count).step_by(chunk) {
        let length = chunk.min(count - start);
        let part = flat.f_narrow(0, start as i64, length as i64)?.f_to_device(Device::Cpu)?;
        let bytes = &mut bytes[..length * size];
        part.f_copy_data_u8(bytes, length)?;
        parts.0.update(bytes);
    }
    Ok(parts.0.finalize().into())
}

/// The name of a number type, as in safetensors files.
pub(crate) fn precision(kind: Kind) -> Result<&'static str> {
    match kind {
        Kind::Float => Ok("F32"),
        Kind::BFloat16 => Ok("BF16"),
        Kind::Half => Ok("F16"),
        Kind::Double => Ok("F64"),
        other => Err(Error::Data(format!("weights of kind {other:?} are no weights"))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> Vec<(String, Tensor)> {
        let wave = |n: i64| (Tensor::arange(n, (Kind::Float, Device::Cpu)) * 0.37).sin() * 1e3;
        vec![
            ("b".to_owned(), wave(6_000_000).view([2000, 3000])),
            ("a".to_owned(), wave(70)),
            ("c".to_owned(), wave(9).to_kind(Kind::BFloat16)),
            ("one".to_owned(), wave(1).view([0i64; 0])),
            ("none".to_owned(), wave(0)),
        ]
    }

    #[test]
    fn tensors_hash_alike_at_any_number_of_threads_and_in_any_order() {
        let expected = of_tensors(&tensors()).unwrap();
        let before = tch::get_num_threads();
        for threads in [1, 2, 3, 7] {
            tch::set_num_threads(threads);
            assert_eq!(of_tensors(&tensors()).unwrap(), expected);
        }
        tch::set_num_threads(before);
        let mut turned = tensors();
        turned.reverse();
        assert_eq!(of_tensors(&turned).unwrap(), expected);
        // The same values, in memory by columns.
        let mut columns = tensors();
        columns[0].1 = columns[0].1.tr().contiguous().tr();
        assert!(!columns[0].1.is_contiguous());
        assert_eq!(of_tensors(&columns).unwrap(), expected);
    }

    #[test]
    fn every_bit_counts_and_so_do_name_kind_and_shape() {
        type Change = fn(&mut Vec<(String, Tensor)>);
        let expected = of_tensors(&tensors()).unwrap();
        let changes: [Change; 7] = [
            // Two values change places: the sum is the same, to the bit.
            |t| {
                let flat = t[0].1.view(-1);
                let (first, last) = (flat.get(0).copy(), flat.get(5_999_999).copy());
                flat.get(0).copy_(&last);
                flat.get(5_999_999).copy_(&first);
            },
            |t| drop(t[1].1.get(69).neg_()),
            |t| t[1].0 = "d".to_owned(),
            |t| t[2].1 = t[2].1.to_kind(Kind::Float),
            |t| t[1].1 = t[1].1.view([7, 10]),
            |t| drop(t.pop()),
            |t| t[3].1 = t[3].1.view([1]),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut changed = tensors();
            change(&mut changed);
            assert_ne!(of_tensors(&changed).unwrap(), expected, "change {at}");
        }
    }
}

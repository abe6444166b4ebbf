//! Tensors from safetensors files, read by position.
//!
//! A file is never held whole in memory and never mapped: the header is read,
//! then each tensor from its own range, so that no `unsafe` is needed and the
//! peak is one tensor above the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};

/// The largest header that safetensors allows.
const MAX_HEADER: u64 = 100_000_000;

/// Where a tensor lies.
#[derive(Debug)]
struct Entry {
    file: PathBuf,
    dtype: Dtype,
    shape: Vec<i64>,
    offset: u64,
    bytes: usize,
}

/// The tensors of a checkpoint, by name, not yet read.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Opens `model.safetensors` of a folder, or the shards that its
    /// `model.safetensors.index.json` names (and no other file).
    pub(crate) fn open_model(dir: &Path) -> Result<Self> {
        let single = dir.join("model.safetensors");
        let index = dir.join("model.safetensors.index.json");
        if single.exists() || !index.exists() {
            return Self::open_file(&single);
        }
        let text = std::fs::read_to_string(&index).map_err(Error::io(&index))?;
        let map: Index = serde_json::from_str(&text)
            .map_err(|source| Error::Json { path: index.clone(), source })?;
        let mut entries = BTreeMap::new();
        for shard in map.weight_map.values().collect::<BTreeSet<_>>() {
            let file = dir.join(shard);
            for (name, entry) in read_header(&file)? {
                // A tensor belongs to the shard that the index names for it.
                if map.weight_map.get(&name) == Some(shard) {
                    entries.insert(name, entry);
                }
            }
        }
        let missing: Vec<_> =
            map.weight_map.keys().filter(|n| !entries.contains_key(*n)).cloned().collect();
        if !missing.is_empty() {
            return Err(Error::Tensors { path: index, missing, extra: vec![], misshapen: vec![] });
        }
        Ok(Weights { path: index, entries })
    }

    /// Opens one safetensors file.
    pub(crate) fn open_file(file: &Path) -> Result<Self> {
        Ok(Weights { path: file.to_owned(), entries: read_header(file)? })
    }

    /// Checks that the tensors are those of `expected`, by name and shape.
    pub(crate) fn check(&self, expected: &BTreeMap<String, Vec<i64>>) -> Result<()> {
        let missing: Vec<_> =
            expected.keys().filter(|n| !self.entries.contains_key(*n)).cloned().collect();
        let extra: Vec<_> =
            self.entries.keys().filter(|n| !expected.contains_key(*n)).cloned().collect();
        let misshapen: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(name, entry)| {
                let shape = expected.get(name)?;
                (*shape != entry.shape).then(|| (name.clone(), entry.shape.clone(), shape.clone()))
            })
            .collect();
        if missing.is_empty() && extra.is_empty() && misshapen.is_empty() {
            return Ok(());
        }
        Err(Error::Tensors { path: self.path.clone(), missing, extra, misshapen })
    }

    /// Forgets tensors that a model of this kind never needs.
    pub(crate) fn ignore(&mut self, unused: impl Fn(&str) -> bool) {
        self.entries.retain(|name, _| !unused(name));
    }

    /// Reads one tensor, cast and moved.
    pub(crate) fn read(&self, name: &str, kind: Kind, device: Device) -> Result<Tensor> {
        let entry = self.entries.get(name).ok_or_else(|| Error::Tensors {
            path: self.path.clone(),
            missing: vec![name.to_owned()],
            extra: vec![],
            misshapen: vec![],
        })?;
        let stored = kind_of(entry.dtype).ok_or_else(|| Error::Safetensors {
            path: entry.file.clone(),
            message: format!("{name} has dtype {:?}, which is not supported", entry.dtype),
        })?;
        let mut bytes = vec![0; entry.bytes];
        let mut file = File::open(&entry.file).map_err(Error::io(&entry.file))?;
        file.seek(SeekFrom::Start(entry.offset)).map_err(Error::io(&entry.file))?;
        file.read_exact(&mut bytes).map_err(Error::io(&entry.file))?;
        let tensor = Tensor::f_from_data_size(&bytes, &entry.shape, stored)?;
        Ok(tensor.f_to_device(device)?.f_to_kind(kind)?)
    }
}

fn kind_of(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F32 => Some(Kind::Float),
        Dtype::F16 => Some(Kind::Half),
        Dtype::BF16 => Some(Kind::BFloat16),
        Dtype::F64 => Some(Kind::Double),
        _ => None,
    }
}

/// Reads the header and checks that each tensor lies within the file.
fn read_header(path: &Path) -> Result<BTreeMap<String, Entry>> {
    let damaged = |message: String| Error::Safetensors { path: path.to_owned(), message };
    let mut file = File::open(path).map_err(Error::io(path))?;
    let length = file.metadata().map_err(Error::io(path))?.len();
    let mut size = [0; 8];
    if length < 8 {
        return Err(damaged(format!("{length} bytes, less than a header")));
    }
    file.read_exact(&mut size).map_err(Error::io(path))?;
    let size = u64::from_le_bytes(size);
    if size > MAX_HEADER || size > length - 8 {
        return Err(damaged(format!("a header of {size} bytes in a file of {length}")));
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header).map_err(Error::io(path))?;
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(|source| Error::Json { path: path.to_owned(), source })?;
    let data = 8 + size;
    let mut entries = BTreeMap::new();
    for (name, info) in header.tensors() {
        let (start, end) = info.data_offsets;
        let elements = info.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let bytes = elements.and_then(|n| n.checked_mul(info.dtype.bitsize())).map(|b| b / 8);
        if end < start || bytes != Some(end - start) {
            return Err(damaged(format!(
                "{name}: bytes {start}..{end} for shape {:?} of {:?}",
                info.shape, info.dtype
            )));
        }
        if end as u64 > length - data {
            return Err(damaged(format!(
                "truncated: {name} ends at byte {end} of the data, the data at {}",
                length - data
            )));
        }
        let shape = info.shape.iter().map(|&d| d as i64).collect();
        entries.insert(
            name,
            Entry {
                file: path.to_owned(),
                dtype: info.dtype,
                shape,
                offset: data + start as u64,
                bytes: end - start,
            },
        );
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn one_tensor() -> Vec<u8> {
        let header = br#"{"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(1.5f32.to_le_bytes());
        bytes.extend((-2f32).to_le_bytes());
        bytes
    }

    #[test]
    fn a_tensor_is_read_and_cast() {
        let file = file(&one_tensor());
        let weights = Weights::open_file(file.path()).unwrap();
        let w = weights.read("w", Kind::Double, Device::Cpu).unwrap();
        assert_eq!(w.size(), [2, 1]);
        assert_eq!(Vec::<f64>::try_from(w.flatten(0, -1)).unwrap(), [1.5, -2.0]);
    }

    #[test]
    fn all_that_does_not_fit_is_named_at_once() {
        let file = file(&one_tensor());
        let weights = Weights::open_file(file.path()).unwrap();
        let expected = BTreeMap::from([("v".to_owned(), vec![1])]);
        let text = weights.check(&expected).unwrap_err().to_string();
        assert!(text.contains("missing: v") && text.contains("extra: w"), "{text}");
        let expected = BTreeMap::from([("w".to_owned(), vec![1, 2])]);
        let text = weights.check(&expected).unwrap_err().to_string();
        assert!(text.contains("w is [2, 1], expected [1, 2]"), "{text}");
    }

    #[test]
    fn truncation_is_found_before_anything_is_read() {
        let bytes = one_tensor();
        for cut in [0, 4, 8, 20, bytes.len() - 1] {
            let file = file(&bytes[..cut]);
            assert!(Weights::open_file(file.path()).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(at in 0usize..70, value in any::<u8>()) {
            let mut bytes = one_tensor();
            let at = at % bytes.len();
            bytes[at] = value;
            let file = file(&bytes);
            if let Ok(weights) = Weights::open_file(file.path()) {
                for name in weights.entries.keys() {
                    let _ = weights.read(name, Kind::Float, Device::Cpu);
                }
            }
        }
    }
}

//! Tensors from safetensors files, read by position.
//!
//! A file is never held whole in memory and never mapped: the header is read,
//! then each tensor from its own range, so that no `unsafe` is needed and the
//! peak is one tensor above the model.

pub(crate) mod folder;
mod header;
pub(crate) mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use header::Entry;

pub(crate) const SINGLE: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";

/// The tensors of a checkpoint, by name, not yet read.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    /// In a shard other than the one the index names.
    duplicates: BTreeSet<String>,
    /// Not in the shard that the index names.
    lost: BTreeSet<String>,
}

/// `model.safetensors.index.json`.
#[derive(Serialize, Deserialize)]
struct Index {
    #[serde(default)]
    metadata: serde_json::Map<String, serde_json::Value>,
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Opens `model.safetensors` of a folder, or the shards that its
    /// `model.safetensors.index.json` names (and no other file).
    pub(crate) fn open_model(dir: &Path) -> Result<Self> {
        let single = dir.join(SINGLE);
        let index = dir.join(INDEX);
        if single.exists() || !index.exists() {
            return Self::open_file(&single);
        }
        let text = std::fs::read_to_string(&index).map_err(Error::io(&index))?;
        let map: Index = serde_json::from_str(&text)
            .map_err(|source| Error::Json { path: index.clone(), source })?;
        let map = map.weight_map;
        let mut entries = BTreeMap::new();
        let mut duplicates = BTreeSet::new();
        for shard in map.values().collect::<BTreeSet<_>>() {
            if Path::new(shard).file_name().is_none_or(|name| name != shard.as_str()) {
                return Err(Error::Config {
                    path: index,
                    message: format!("shard {shard:?} is not the name of a file beside it"),
                });
            }
            for (name, entry) in header::read(&dir.join(shard))? {
                // A tensor belongs to the shard that the index names for it;
                // one that it does not know is extra.
                match map.get(&name) {
                    Some(other) if other != shard => {
                        duplicates.insert(name);
                    }
                    _ => {
                        if entries.insert(name.clone(), entry).is_some() {
                            duplicates.insert(name);
                        }
                    }
                }
            }
        }
        let lost = map.into_keys().filter(|name| !entries.contains_key(name)).collect();
        Ok(Weights { path: index, entries, duplicates, lost })
    }

    /// Opens one safetensors file.
    pub(crate) fn open_file(file: &Path) -> Result<Self> {
        Ok(Weights {
            path: file.to_owned(),
            entries: header::read(file)?,
            duplicates: BTreeSet::new(),
            lost: BTreeSet::new(),
        })
    }

    /// Checks that the tensors are those of `expected`, by name, shape and
    /// number type.
    pub(crate) fn check(&self, expected: &BTreeMap<String, Vec<i64>>) -> Result<()> {
        let absent = expected.keys().filter(|name| !self.entries.contains_key(*name));
        let missing: BTreeSet<_> = absent.chain(&self.lost).cloned().collect();
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
        let complete = missing.is_empty() && extra.is_empty() && misshapen.is_empty();
        if !complete || !self.duplicates.is_empty() {
            return Err(Error::Tensors {
                path: self.path.clone(),
                missing: missing.into_iter().collect(),
                extra,
                duplicate: self.duplicates.iter().cloned().collect(),
                misshapen,
            });
        }
        self.entries.iter().try_for_each(|(name, entry)| entry.kind(name).map(|_| ()))
    }

    /// Forgets tensors that a model of this kind never needs.
    pub(crate) fn ignore(&mut self, unused: impl Fn(&str) -> bool) {
        self.entries.retain(|name, _| !unused(name));
        self.duplicates.retain(|name| !unused(name));
        self.lost.retain(|name| !unused(name));
    }

    /// Reads one tensor, cast and moved.
    pub(crate) fn read(&self, name: &str, kind: Kind, device: Device) -> Result<Tensor> {
        let entry = self.entries.get(name).ok_or_else(|| Error::Tensors {
            path: self.path.clone(),
            missing: vec![name.to_owned()],
            extra: vec![],
            duplicate: vec![],
            misshapen: vec![],
        })?;
        let stored = entry.kind(name)?;
        let mut bytes = vec![0; entry.bytes];
        let mut file = File::open(&entry.file).map_err(Error::io(&entry.file))?;
        file.seek(SeekFrom::Start(entry.offset)).map_err(Error::io(&entry.file))?;
        file.read_exact(&mut bytes).map_err(Error::io(&entry.file))?;
        let tensor = Tensor::f_from_data_size(&bytes, &entry.shape, stored)?;
        Ok(tensor.f_to_device(device)?.f_to_kind(kind)?)
    }
}

impl Entry {
    /// The number type, where it is one of weights.
    fn kind(&self, name: &str) -> Result<Kind> {
        match self.dtype {
            Dtype::F32 => Ok(Kind::Float),
            Dtype::F16 => Ok(Kind::Half),
            Dtype::BF16 => Ok(Kind::BFloat16),
            Dtype::F64 => Ok(Kind::Double),
            other => Err(Error::Safetensors {
                path: self.file.clone(),
                message: format!(
                    "{name} is stored as {other:?}; supported: F32, F16, BF16, F64 (quantised \
                     weights are not)"
                ),
            }),
        }
    }
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
    fn half_precision_is_cast_and_integers_are_no_weights() {
        let header = br#"{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend([0x00, 0x3e]); // 1.5
        let half = file(&bytes);
        let weights = Weights::open_file(half.path()).unwrap();
        let w = weights.read("w", Kind::Float, Device::Cpu).unwrap();
        assert_eq!((w.kind(), w.double_value(&[0])), (Kind::Float, 1.5));

        let integers = String::from_utf8_lossy(&bytes[8..8 + header.len()]).replace("F16", "I16");
        bytes.splice(8..8 + header.len(), integers.bytes());
        let file = file(&bytes);
        let weights = Weights::open_file(file.path()).unwrap();
        let expected = BTreeMap::from([("w".to_owned(), vec![1])]);
        let text = weights.check(&expected).unwrap_err().to_string();
        assert!(text.contains("w is stored as I16"), "{text}");
    }

    #[test]
    fn headers_that_lie_are_damaged() {
        let of = |header: &[u8], data: usize| {
            let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
            bytes.extend(header);
            bytes.extend(vec![0; data]);
            Weights::open_file(file(&bytes).path()).unwrap_err()
        };
        let overlap = br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
            "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
        assert!(matches!(of(overlap, 12), Error::Json { .. }));
        let beyond = br#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;
        assert!(of(beyond, 8).to_string().contains("truncated"));
        let short = br#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#;
        assert!(matches!(of(short, 8), Error::Json { .. } | Error::Safetensors { .. }));
        assert!(matches!(of(b"{\"\xff\xfe\": 1}", 8), Error::Json { .. }));
        assert!(matches!(of(b"", 0), Error::Json { .. }));
    }

    /// A folder with an index that maps names to shards, and shards that hold
    /// one number under each of their names.
    fn sharded(index: &[(&str, &str)], shards: &[(&str, &[&str])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let map: BTreeMap<_, _> = index.iter().copied().collect();
        let json = serde_json::json!({"weight_map": map});
        std::fs::write(dir.path().join(INDEX), json.to_string()).unwrap();
        for (shard, names) in shards {
            let one = Tensor::from_slice(&[1f32]);
            let named = names.iter().map(|n| ((*n).to_owned(), one.shallow_clone())).collect();
            write::file(&dir.path().join(shard), &named).unwrap();
        }
        dir
    }

    #[test]
    fn shards_and_index_that_disagree_are_named_together() {
        let dir = sharded(
            &[("a", "1"), ("b", "2"), ("c", "2")],
            &[("1", &["a", "b"]), ("2", &["b", "d"])],
        );
        let weights = Weights::open_model(dir.path()).unwrap();
        let expected = ["a", "b", "c"].map(|n| (n.to_owned(), vec![1])).into();
        let error = weights.check(&expected).unwrap_err();
        let Error::Tensors { missing, extra, duplicate, misshapen, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!((&missing[..], &extra[..]), (&["c".to_owned()][..], &["d".to_owned()][..]));
        assert_eq!(duplicate, &["b"]);
        assert!(misshapen.is_empty());
        let text = error.to_string();
        assert!(text.contains("duplicate: b") && text.contains("missing: c"), "{text}");
    }

    #[test]
    fn a_name_in_two_shards_that_the_index_does_not_know_is_a_duplicate() {
        let dir = sharded(&[("a", "1"), ("b", "2")], &[("1", &["a", "x"]), ("2", &["b", "x"])]);
        let weights = Weights::open_model(dir.path()).unwrap();
        let expected = ["a", "b"].map(|n| (n.to_owned(), vec![1])).into();
        let text = weights.check(&expected).unwrap_err().to_string();
        assert!(text.contains("duplicate: x"), "{text}");
    }

    #[test]
    fn an_index_does_not_lead_out_of_its_folder() {
        for shard in ["../other.safetensors", "/etc/passwd", "", "a/b"] {
            let dir = sharded(&[("a", shard)], &[]);
            let error = Weights::open_model(dir.path()).unwrap_err();
            assert!(matches!(error, Error::Config { .. }), "{error}");
        }
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

        #[test]
        fn hostile_headers_never_panic(
            size in prop_oneof![Just(u64::MAX), Just(1u64 << 62), Just(99_999_999), 0u64..90],
            dtype in prop_oneof!["F32", "F16", "I64", "BOOL", "F4", "Q8"],
            shape in proptest::collection::vec(prop_oneof![0u64..4, Just(u64::MAX), Just(1 << 33)], 0..4),
            start in prop_oneof![0u64..9, Just(u64::MAX)],
            end in prop_oneof![0u64..9, Just(u64::MAX)],
            honest in any::<bool>(),
        ) {
            let header = format!(
                r#"{{"w":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}}}"#
            );
            let size = if honest { header.len() as u64 } else { size };
            let mut bytes = size.to_le_bytes().to_vec();
            bytes.extend(header.as_bytes());
            bytes.extend([0; 8]);
            let file = file(&bytes);
            if let Ok(weights) = Weights::open_file(file.path()) {
                for (name, entry) in &weights.entries {
                    prop_assert!(entry.bytes <= 8);
                    let _ = weights.read(name, Kind::Float, Device::Cpu);
                }
            }
        }
    }
}

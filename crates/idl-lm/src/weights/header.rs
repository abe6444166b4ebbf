//! The header of a safetensors file, which nobody vouches for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use crate::error::{Error, Result};

/// The largest header that safetensors allows.
const MAX_HEADER: u64 = 100_000_000;

/// Where a tensor lies.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) file: PathBuf,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<i64>,
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

/// Reads the header and checks that each tensor lies within the file.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Entry>> {
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

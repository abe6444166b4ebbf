//! Tensors to safetensors files, one after the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;
use tch::{Device, Kind, Tensor};

use super::{INDEX, Index, SINGLE};
use crate::error::{Error, Result};

/// The name of a number type in a safetensors header.
fn dtype(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Float => Some("F32"),
        Kind::BFloat16 => Some("BF16"),
        Kind::Half => Some("F16"),
        Kind::Double => Some("F64"),
        _ => None,
    }
}

fn bytes(tensor: &Tensor) -> usize {
    tensor.numel() * tensor.kind().elt_size_in_bytes()
}

/// Writes `tensors` in the order of their names. One tensor at a time is copied
/// to the CPU.
pub(crate) fn file(path: &Path, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut header = serde_json::Map::new();
    // What transformers and PEFT look for.
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut end = 0;
    for (name, tensor) in tensors {
        let dtype = dtype(tensor.kind()).ok_or_else(|| Error::Precision { kind: tensor.kind() })?;
        let start = end;
        end += bytes(tensor);
        let info = json!({"dtype": dtype, "shape": tensor.size(), "data_offsets": [start, end]});
        header.insert(name.clone(), info);
    }
    let mut header = serde_json::Value::Object(header).to_string();
    // Data begin at a multiple of eight bytes.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let io = || Error::io(path);
    let mut out = BufWriter::new(File::create(path).map_err(io())?);
    out.write_all(&(header.len() as u64).to_le_bytes()).map_err(io())?;
    out.write_all(header.as_bytes()).map_err(io())?;
    for tensor in tensors.values() {
        let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
        let mut data = vec![0; bytes(&tensor)];
        tensor.f_copy_data_u8(&mut data, tensor.numel())?;
        out.write_all(&data).map_err(io())?;
    }
    let file = out.into_inner().map_err(|error| io()(error.into_error()))?;
    file.sync_all().map_err(io())
}

/// Writes a model's tensors into `dir`: one file, or shards of at most
/// `max_bytes` with their index. A tensor is never cut.
pub(crate) fn model(dir: &Path, tensors: BTreeMap<String, Tensor>, max_bytes: usize) -> Result<()> {
    let total: usize = tensors.values().map(bytes).sum();
    if total <= max_bytes {
        return file(&dir.join(SINGLE), &tensors);
    }
    let mut shards: Vec<BTreeMap<String, Tensor>> = Vec::new();
    let mut room = 0;
    for (name, tensor) in tensors {
        let size = bytes(&tensor);
        if size > room || shards.is_empty() {
            shards.push(BTreeMap::new());
            room = max_bytes;
        }
        room = room.saturating_sub(size);
        if let Some(shard) = shards.last_mut() {
            shard.insert(name, tensor);
        }
    }
    let count = shards.len();
    let mut index = Index { metadata: serde_json::Map::new(), weight_map: BTreeMap::new() };
    index.metadata.insert("total_size".to_owned(), total.into());
    for (i, shard) in shards.iter().enumerate() {
        let name = format!("model-{:05}-of-{count:05}.safetensors", i + 1);
        file(&dir.join(&name), shard)?;
        index.weight_map.extend(shard.keys().map(|tensor| (tensor.clone(), name.clone())));
    }
    crate::weights::folder::write_json(&dir.join(INDEX), &index)
}

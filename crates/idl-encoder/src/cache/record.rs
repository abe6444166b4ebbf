//! A text's vector as bytes that vouch for themselves.

use sha2::{Digest, Sha256};

/// Bytes of a key and of a checksum.
const KEY: usize = 16;
const SUM: usize = 8;

/// What stands for a text: half of its SHA-256. Two of `n` texts share one with
/// a probability of `n^2 / 2^129`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; KEY]);

impl Key {
    pub(super) fn of(text: &str) -> Self {
        Key(prefix(&Sha256::digest(text.as_bytes())))
    }
}

/// The first bytes of a digest.
fn prefix<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest[..N]);
    bytes
}

/// A checksum of what stands in front of it in the file, in other words 64 bits
/// of SHA-256.
pub(super) fn checksum(parts: &[&[u8]]) -> [u8; SUM] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    prefix(&hash.finalize())
}

/// Bytes of a record of `dim` components.
pub(super) fn len(dim: usize) -> usize {
    KEY + SUM + 4 * dim
}

/// Appends a record to `out`: key, checksum of key and vector, vector (IEEE 754
/// single precision, little-endian).
pub(super) fn write(out: &mut Vec<u8>, key: Key, vector: &[f32]) {
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    out.extend(key.0);
    out.extend(checksum(&[&key.0, &bytes]));
    out.extend(bytes);
}

/// The key of a record, if the record is whole.
pub(super) fn key(record: &[u8]) -> Option<Key> {
    let (key, rest) = record.split_first_chunk::<KEY>()?;
    let (sum, vector) = rest.split_first_chunk::<SUM>()?;
    (checksum(&[key, vector]) == *sum).then_some(Key(*key))
}

/// The vector of a record.
pub(super) fn vector(record: &[u8]) -> Vec<f32> {
    let bytes = record.get(KEY + SUM..).unwrap_or_default();
    bytes.chunks_exact(4).map(|x| f32::from_le_bytes(prefix(x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_and_no_bit_of_it_may_change() {
        let (text, values) = (Key::of("a boat"), [0.6, -0.8, f32::MIN_POSITIVE]);
        let mut record = Vec::new();
        write(&mut record, text, &values);
        assert_eq!(record.len(), len(3));
        assert_eq!((key(&record), vector(&record)), (Some(text), values.to_vec()));
        for bit in 0..8 * record.len() {
            record[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key(&record), None, "bit {bit}");
            record[bit / 8] ^= 1 << (bit % 8);
        }
        for cut in 0..record.len() {
            assert_eq!(key(&record[..cut]), None);
        }
    }
}

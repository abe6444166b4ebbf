//! Who an encoder is: what it is called, and what it makes of some texts.

use std::io::{self, Read};

use idl_dialogue::SentenceEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::checked::encode;
use super::record::checksum;
use crate::error::Result;

/// How a file of vectors begins; the number is the format's.
const MAGIC: &[u8] = b"idl-vectors 1\n";

/// How far apart the vectors of a probe may be. Another number of threads or
/// another processor moves one by less than 1e-5, bfloat16 by about 1e-2.
const TOLERANCE: f64 = 1e-4;

/// Everyday words, for an encoder that weighs words; letters that normalisation
/// touches. A third is longer than any encoder here reads, so that another
/// limit of tokens shows.
const PROBES: [&str; 2] = [
    "yes, i was at home with my mother and two small dogs when you called about the old car; \
     it is not for sale, but we like to play music, read books, cook good food and work in the \
     garden on sundays, and what do you do for a living?",
    "Zoë’s naïve CAFÉ in Łódź sold 1,234.56 kg of ½-price crème brûlée — 👍 我有一只猫。",
];

/// An encoder, as the head of its file tells of it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Identity {
    name: String,
    pub(super) dim: usize,
    key: String,
    probes: Vec<Vec<f32>>,
}

impl Identity {
    pub(super) fn of(encoder: &impl SentenceEncoder, key: &str) -> Result<Self> {
        let long: Vec<String> =
            (1..=100).map(|day| format!("on day {day} the boat was late .")).collect();
        let long = long.join(" ");
        let rows = encode(encoder, &[PROBES[0], PROBES[1], &long])?;
        Ok(Identity {
            name: encoder.name().to_owned(),
            dim: encoder.dim(),
            key: key.to_owned(),
            probes: rows.rows().into_iter().map(|row| row.to_vec()).collect(),
        })
    }

    /// Whether the same encoder may have made both.
    pub(super) fn is(&self, other: &Identity) -> bool {
        let near = |a: &Vec<f32>, b: &Vec<f32>| {
            let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
            a.len() == b.len() && a.iter().zip(b).map(square).sum::<f64>().sqrt() <= TOLERANCE
        };
        (&self.name, self.dim, &self.key) == (&other.name, other.dim, &other.key)
            && self.probes.len() == other.probes.len()
            && self.probes.iter().zip(&other.probes).all(|(a, b)| near(a, b))
    }

    /// The head of a file: magic, length of what follows, JSON, checksum.
    pub(super) fn head(&self) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(self).map_err(io::Error::from);
        let json = json.map_err(crate::Error::io("the head of a file of vectors"))?;
        let mut head = MAGIC.to_vec();
        head.extend((json.len() as u32).to_le_bytes());
        head.extend(&json);
        head.extend(checksum(&[&json]));
        Ok(head)
    }

    /// The identity in the head of a file, and the head, if it is whole.
    pub(super) fn read(file: &mut impl Read) -> io::Result<Option<(Self, Vec<u8>)>> {
        let mut head = Vec::new();
        let fixed = MAGIC.len() as u64 + 4;
        file.by_ref().take(fixed).read_to_end(&mut head)?;
        let Some(len) = head.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>()) else {
            return Ok(None);
        };
        let len = u32::from_le_bytes(*len) as usize;
        file.take(len as u64 + 8).read_to_end(&mut head)?;
        let rest = head.get(fixed as usize..).unwrap_or_default();
        let Some((json, sum)) = rest.split_last_chunk::<8>() else { return Ok(None) };
        if json.len() != len || checksum(&[json]) != *sum {
            return Ok(None);
        }
        Ok(serde_json::from_slice(json).ok().map(|identity| (identity, head)))
    }

    /// Names of files of encoders that are called so begin with this.
    pub(super) fn stem(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        format!("{}-", self.name.chars().map(safe).collect::<String>())
    }

    /// The name of the file that begins with `head`.
    pub(super) fn file_name(&self, head: &[u8]) -> String {
        let hash: String =
            Sha256::digest(head).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{}{hash}.vectors", self.stem())
    }
}

//! SHA-256 of files and of what a run is made of.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::checkpoint::state::FileDigest;
use crate::data::Example;
use crate::error::Result;
use crate::objective::Objective;
use crate::trainer::TrainConfig;

/// Length and hash of a file, read once.
pub(super) fn of_file(path: &Path) -> io::Result<FileDigest> {
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

/// One number for everything that decides what a run computes, but for the
/// weights it starts from: settings, objective, and every token of every
/// example in its order.
pub(crate) fn of_run(
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
) -> Result<String> {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add("run 1");
    add(&format!("{:?}", config.essence()));
    add(&format!("{objective:?}"));
    for example in examples {
        add(&example.id);
        // Trunk, spans and branches: all that is computed with.
        add(&format!("{:?}", example.tree));
    }
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

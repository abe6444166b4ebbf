//! SHA-256 of files and of what a run is made of.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use idl_lm::CausalLm;
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use crate::checkpoint::state::FileDigest;
use crate::data::Example;
use crate::error::Result;
use crate::objective::Objective;
use crate::trainer::{TrainConfig, Trained};

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

/// One number for everything that decides what a run computes, but for what it
/// trains: the model and the reference it compares with, the settings, the
/// objective, and every token of every example in its order.
///
/// Of the base, the sum of each tensor is looked at: one pass over the weights.
pub(crate) fn of_run(
    model: &CausalLm,
    trained: Trained<'_>,
    examples: &[Example],
    held_out: &[Example],
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
    add(&format!("{:?} {:?}", model.config(), model.options().kind));
    for (name, tensor) in model.parameters() {
        add(&name);
        add(&format!("{:?}", sum(&tensor)?.to_bits()));
    }
    if let Trained::Adapter(name) = trained {
        add(&format!("{:?}", model.adapter_config(name)?));
    }
    match objective {
        Objective::Supervised => add("supervised"),
        Objective::Preference { loss, reference } => {
            add(&format!("{:?}", loss.config()));
            if let Some(reference) = reference {
                add(&format!("{:?}", model.adapter_config(reference)?));
                for (name, tensor) in model.adapter_parameters(reference)? {
                    add(&name);
                    let values: Vec<f32> = Vec::try_from(
                        tensor.f_detach()?.f_to_kind(Kind::Float)?.f_flatten(0, -1)?,
                    )?;
                    add(&format!("{:?}", values.iter().map(|x| x.to_bits()).collect::<Vec<_>>()));
                }
            }
        }
    }
    for examples in [examples, held_out] {
        add(&examples.len().to_string());
        for example in examples {
            add(&example.id);
            // Trunk, spans and branches: all that is computed with.
            add(&format!("{:?}", example.tree));
        }
    }
    Ok(hex(&hash.finalize()))
}

fn sum(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.f_detach()?.f_sum(Kind::Double)?.f_double_value(&[])?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

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
use crate::trainer::{Source, TrainConfig, Trained};

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
    examples: Source<'_>,
    held_out: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
) -> Result<String> {
    let mut parts = Parts::new("run 1");
    let mut essence = config.essence();
    // Recomputed layers change no bit, but for these.
    essence.activation_checkpointing &= trained == Trained::Base || trained.drops_out(model)?;
    parts.add(&format!("{essence:?}"));
    parts.add_base(model)?;
    if let Trained::Adapter(name) = trained {
        parts.add(&format!("{:?}", model.adapter_config(name)?));
    }
    match objective {
        Objective::Supervised => parts.add("supervised"),
        Objective::Preference { loss, reference } => {
            parts.add(&format!("{:?}", loss.config()));
            parts.add_adapter(model, reference)?;
        }
    }
    match examples {
        Source::Slice(examples) => parts.add_examples(examples),
        Source::Stream(stream) => {
            parts.add(&stream.len().to_string());
            parts.add(&stream.description());
        }
    }
    parts.add_examples(held_out);
    Ok(parts.finish())
}

/// One number for everything that decides what a reference says of examples.
pub(crate) fn of_reference(
    model: &CausalLm,
    reference: Option<&str>,
    examples: &[Example],
) -> Result<String> {
    let mut parts = Parts::new("reference 1");
    parts.add_base(model)?;
    parts.add_adapter(model, reference)?;
    parts.add_examples(examples);
    Ok(parts.finish())
}

/// A hash of parts, each behind its length.
struct Parts(Sha256);

impl Parts {
    fn new(what: &str) -> Self {
        let mut parts = Parts(Sha256::new());
        parts.add(what);
        parts
    }

    fn add(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    fn add_base(&mut self, model: &CausalLm) -> Result<()> {
        self.add(&format!("{:?} {:?}", model.config(), model.options().kind));
        for (name, tensor) in model.parameters() {
            self.add(&name);
            self.add(&format!("{:?}", sum(&tensor)?.to_bits()));
        }
        Ok(())
    }

    /// Settings and every bit of an adapter; nothing for the bare base.
    fn add_adapter(&mut self, model: &CausalLm, adapter: Option<&str>) -> Result<()> {
        let Some(adapter) = adapter else { return Ok(()) };
        self.add(&format!("{:?}", model.adapter_config(adapter)?));
        for (name, tensor) in model.adapter_parameters(adapter)? {
            self.add(&name);
            let values: Vec<f32> =
                Vec::try_from(tensor.f_detach()?.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?;
            self.add(&format!("{:?}", values.iter().map(|x| x.to_bits()).collect::<Vec<_>>()));
        }
        Ok(())
    }

    fn add_examples(&mut self, examples: &[Example]) {
        self.add(&examples.len().to_string());
        for example in examples {
            self.add(&example.id);
            // Trunk, spans and branches: all that is computed with.
            self.add(&format!("{:?}", example.tree));
        }
    }

    fn finish(self) -> String {
        hex(&self.0.finalize())
    }
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

//! Where and how an encoder runs.

use tch::{Device, Kind};

/// Where an encoder lives, in which precision, and how much it takes at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EncoderOptions {
    /// The device of the weights.
    pub device: Device,
    /// Their precision: [`Kind::Float`] or [`Kind::BFloat16`].
    pub kind: Kind,
    /// Texts in a batch, at least 1.
    pub batch_size: usize,
}

impl Default for EncoderOptions {
    /// The CPU, in 32 bits, 32 texts at once.
    fn default() -> Self {
        EncoderOptions { device: Device::Cpu, kind: Kind::Float, batch_size: 32 }
    }
}

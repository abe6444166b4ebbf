//! Where a model lives and in which precision.

use tch::{Device, Kind};

use crate::error::{Error, Result};

/// Where a model lives and in which precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadOptions {
    /// The device of the weights.
    pub device: Device,
    /// Their precision: [`Kind::Float`] or [`Kind::BFloat16`].
    pub kind: Kind,
}

impl Default for LoadOptions {
    /// The CPU, in 32 bits.
    fn default() -> Self {
        LoadOptions { device: Device::Cpu, kind: Kind::Float }
    }
}

impl LoadOptions {
    /// Refuses a device that is not there, and a precision that is not meant.
    pub(crate) fn check(self) -> Result<()> {
        let present = match self.device {
            Device::Cpu => true,
            Device::Cuda(index) => {
                tch::Cuda::is_available() && (index as i64) < tch::Cuda::device_count()
            }
            Device::Mps => tch::utils::has_mps(),
            Device::Vulkan => tch::utils::has_vulkan(),
        };
        if !present {
            return Err(Error::Device { device: self.device });
        }
        match self.kind {
            Kind::Float | Kind::BFloat16 => Ok(()),
            kind => Err(Error::Precision { kind }),
        }
    }
}

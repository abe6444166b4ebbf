//! Optimiser state as a safetensors file.
//!
//! For every parameter NAME: `step.NAME` (i64, no dimensions),
//! `exp_avg.NAME`, `exp_avg_sq.NAME` and, for parameters of half precision,
//! `master.NAME`, all bit for bit.

use std::collections::HashMap;
use std::path::Path;

use tch::{Device, Kind, Tensor, no_grad};

use crate::error::{Error, Result};
use crate::optim::adamw::AdamW;

impl AdamW {
    /// Writes the state to `path`. The parameters themselves are not in it,
    /// they belong to the model's checkpoint; the f32 copies of half-precision
    /// parameters are.
    ///
    /// The file is written in place: for a save that a kill cannot spoil, write
    /// into a temporary folder and rename it.
    ///
    /// # Errors
    /// [`Error::OptimizerFile`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut tensors = Vec::new();
        for ((name, _), moments) in self.params.iter().zip(&self.moments) {
            tensors.push((
                format!("step.{name}"),
                Tensor::f_from_slice(&[moments.step])?.f_reshape([0i64; 0])?,
            ));
            for (part, tensor) in moments.parts() {
                let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
                tensors.push((format!("{part}.{name}"), tensor));
            }
        }
        Tensor::write_safetensors(&tensors, path)
            .map_err(|source| Error::OptimizerFile { path: path.into(), source })
    }

    /// Replaces the state by that in `path`, which must hold exactly the state
    /// of parameters with these names, shapes and kinds. Nothing is changed
    /// unless all of it fits.
    ///
    /// Load the parameters of the same checkpoint, too: where they are of half
    /// precision they are set from the f32 copies, which round to them.
    ///
    /// # Errors
    /// [`Error::OptimizerFile`] where the file cannot be read,
    /// [`Error::OptimizerState`] for the first tensor that is missing, left
    /// over, or of another shape or kind.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let read = Tensor::read_safetensors(path)
            .map_err(|source| Error::OptimizerFile { path: path.into(), source })?;
        let mut saved: HashMap<String, Tensor> = read.into_iter().collect();
        let refuse = |tensor: &str, problem: String| Error::OptimizerState {
            path: path.into(),
            tensor: tensor.into(),
            problem,
        };
        let mut take = |key: String, kind: Kind, shape: &[i64]| -> Result<Tensor> {
            let tensor = saved.remove(&key).ok_or_else(|| refuse(&key, "is missing".into()))?;
            if tensor.size() != shape || tensor.f_kind()? != kind {
                let (found, size) = (tensor.f_kind()?, tensor.size());
                let problem = format!("is {found:?} {size:?}, expected {kind:?} {shape:?}");
                return Err(refuse(&key, problem));
            }
            Ok(tensor)
        };

        let mut loaded = Vec::new();
        for ((name, _), moments) in self.params.iter().zip(&self.moments) {
            let step = take(format!("step.{name}"), Kind::Int64, &[])?.f_int64_value(&[])?;
            if step < 0 {
                return Err(refuse(&format!("step.{name}"), format!("is {step}")));
            }
            let parts = moments
                .parts()
                .map(|(part, now)| take(format!("{part}.{name}"), now.f_kind()?, &now.size()))
                .collect::<Result<Vec<_>>>()?;
            loaded.push((step, parts));
        }
        if let Some(left_over) = saved.keys().min() {
            return Err(refuse(left_over, "belongs to no parameter".into()));
        }

        no_grad(|| {
            for (((_, param), moments), (step, parts)) in
                self.params.iter_mut().zip(&mut self.moments).zip(loaded)
            {
                moments.step = step;
                for (now, part) in moments.parts_mut().zip(&parts) {
                    now.f_copy_(part)?;
                }
                if let Some(master) = &moments.master {
                    param.f_copy_(master)?;
                }
            }
            Ok(())
        })
    }
}

impl super::adamw::Moments {
    /// The tensors to save, by the prefix of their name.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        let moments = [("exp_avg", &self.exp_avg), ("exp_avg_sq", &self.exp_avg_sq)];
        moments.into_iter().chain(self.master.as_ref().map(|master| ("master", master)))
    }

    /// The same, in the same order, to be overwritten.
    fn parts_mut(&mut self) -> impl Iterator<Item = &mut Tensor> {
        [&mut self.exp_avg, &mut self.exp_avg_sq].into_iter().chain(self.master.as_mut())
    }
}

//! The base's own tensors: fresh, listed, overwritten.

use std::path::Path;

use rand::SeedableRng;
use rand::distributions::Distribution;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Tensor;

use crate::error::{Error, Result};
use crate::model::config::LlamaConfig;
use crate::model::tensors;
use crate::model::{CausalLm, LoadOptions};
use crate::weights::Weights;

/// Training from scratch, and of all parameters.
impl CausalLm {
    /// A model with random weights, of the shape that the `config.json` in
    /// `dir` describes: matrices normal with its `initializer_range` (0.02),
    /// gains one, biases zero, as transformers begins. A tokenizer in the
    /// folder goes along when the model is [saved](Self::save).
    ///
    /// A seed gives the same weights on the same machine.
    ///
    /// # Errors
    /// As [`from_dir`](Self::from_dir) for options and `config.json`.
    pub fn random(dir: &Path, options: LoadOptions, seed: u64) -> Result<Self> {
        options.check()?;
        let (config, json) = LlamaConfig::with_json(dir)?;
        let deviation = json.get("initializer_range").and_then(serde_json::Value::as_f64);
        let deviation = deviation.unwrap_or(0.02) as f32;
        let shapes = tensors::expected(&config);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        // All drawn in the order of their names, whatever order they are asked
        // for in.
        let mut drawn = std::collections::BTreeMap::new();
        for (name, shape) in shapes {
            let count = shape.iter().product::<i64>() as usize;
            let values: Vec<f32> = if name.ends_with(".bias") {
                vec![0.0; count]
            } else if shape.len() == 1 {
                vec![1.0; count]
            } else {
                let normal = StandardNormal;
                (0..count).map(|_| deviation * normal.sample(&mut rng)).collect()
            };
            let tensor = Tensor::f_from_slice(&values)?.f_reshape(&shape)?;
            drawn.insert(name, tensor.f_to_kind(options.kind)?.f_to_device(options.device)?);
        }
        Self::assemble(config, json, dir, options, |name| {
            // Every expected tensor was drawn.
            Ok(drawn.get(name).map_or_else(Tensor::new, Tensor::shallow_clone))
        })
    }

    /// The base's tensors under their Hugging Face names, sharing storage with
    /// the model: what an optimiser of all parameters steps. A tied head is the
    /// embedding.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, Tensor)> {
        self.named_tensors().into_iter().collect()
    }

    /// Overwrites the base's tensors by those of a folder of the same shape,
    /// such as a checkpoint; adapters stay. Names and shapes are all compared
    /// before anything is changed; a disk that fails in the middle leaves a mixture.
    ///
    /// # Errors
    /// As [`from_dir`](Self::from_dir) for the weights; [`Error::Lora`] while
    /// an adapter is merged: taking it out would bring the old weights back.
    pub fn load_parameters(&mut self, dir: &Path) -> Result<()> {
        if let Some(name) = self.merged() {
            return Err(Error::Lora(format!(
                "cannot load parameters: {name:?} is merged into them; unmerge it first"
            )));
        }
        let mut weights = Weights::open_model(dir)?;
        let tied = self.config.tie_word_embeddings;
        weights.ignore(|n| n.ends_with("rotary_emb.inv_freq") || (tied && n == tensors::HEAD));
        weights.check(&tensors::expected(&self.config))?;
        let _guard = tch::no_grad_guard();
        for (name, mut tensor) in self.parameters() {
            tensor.f_copy_(&weights.read(&name, self.options.kind, self.options.device)?)?;
        }
        Ok(())
    }
}

/// Box and Muller's normal numbers.
struct StandardNormal;

impl Distribution<f32> for StandardNormal {
    fn sample<R: rand::Rng + ?Sized>(&self, rng: &mut R) -> f32 {
        // In (0, 1], so that the logarithm is finite.
        let u = 1.0 - rng.r#gen::<f64>();
        let v = rng.r#gen::<f64>();
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    fn dir() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/full_untied")
    }

    #[test]
    fn a_random_model_is_normal_and_follows_its_seed() {
        let make = |seed| CausalLm::random(&dir(), LoadOptions::default(), seed).unwrap();
        let (one, same, other) = (make(1), make(1), make(2));
        let mut differ = 0;
        for (((name, a), (_, b)), (_, c)) in
            one.parameters().iter().zip(same.parameters()).zip(other.parameters())
        {
            assert_eq!(a, &b, "{name}");
            if a.dim() == 2 {
                differ += i32::from(a != &c);
                let std = a.std(true).double_value(&[]);
                // This config's initializer_range.
                assert!((std - 0.3).abs() < 0.03, "{name}: {std}");
                assert!(a.mean(Kind::Float).double_value(&[]).abs() < 0.05, "{name}");
            } else {
                assert_eq!(a.min().double_value(&[]), 1.0, "{name}");
            }
        }
        assert!(differ > 2);
        let ids = Tensor::from_slice(&[1i64, 2, 3]).unsqueeze(0);
        let hidden = one.forward(&ids, None, None).unwrap();
        assert!(hidden.isfinite().all().int64_value(&[]) == 1);
    }

    #[test]
    fn parameters_are_the_models_own_and_can_be_loaded_again() {
        let load = || CausalLm::from_dir(&dir(), LoadOptions::default()).unwrap();
        let (untouched, mut model) = (load(), load());
        for (_, mut parameter) in model.parameters() {
            let _ = parameter.f_zero_().unwrap();
        }
        assert_ne!(model.parameters(), untouched.parameters());
        model.load_parameters(&dir()).unwrap();
        assert_eq!(model.parameters(), untouched.parameters());
    }

    #[test]
    fn parameters_are_not_loaded_beneath_a_merged_adapter() {
        let mut model = CausalLm::from_dir(&dir(), LoadOptions::default()).unwrap();
        model.add_adapter("a", &crate::LoraConfig::default(), 1).unwrap();
        model.merge_adapter("a").unwrap();
        let error = model.load_parameters(&dir()).unwrap_err();
        assert!(matches!(error, Error::Lora(_)), "{error}");
        model.unmerge_adapter().unwrap();
        model.load_parameters(&dir()).unwrap();
    }
}

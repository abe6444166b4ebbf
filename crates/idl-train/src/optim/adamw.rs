//! The update rule.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

use crate::error::{Error, Result, require};
use crate::optim::clip::clip;

/// The settings of [`AdamW`]; the learning rate comes with every step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWConfig {
    /// Decay of the first moment (0.9).
    pub beta1: f64,
    /// Decay of the second moment (0.999).
    pub beta2: f64,
    /// Added to the denominator (1e-8).
    pub epsilon: f64,
    /// Decoupled weight decay (0; PyTorch's own default is 0.01).
    pub weight_decay: f64,
    /// Whether tensors of fewer than two dimensions, the gains of norms and
    /// biases, decay too: `true` as in PyTorch, `false` as in Hugging Face's
    /// trainer.
    pub decay_vectors: bool,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decay_vectors: true }
    }
}

impl AdamWConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`], with the first setting out of range.
    pub fn check(&self) -> Result<()> {
        let beta = |beta: f64| (0.0..1.0).contains(&beta);
        require(beta(self.beta1), "beta1", self.beta1, "in [0, 1)")?;
        require(beta(self.beta2), "beta2", self.beta2, "in [0, 1)")?;
        let positive = self.epsilon.is_finite() && self.epsilon > 0.0;
        require(positive, "epsilon", self.epsilon, "finite and above 0")?;
        let decay = self.weight_decay;
        let not_negative = decay.is_finite() && decay >= 0.0;
        require(not_negative, "weight_decay", decay, "finite and not below 0")
    }
}

/// What is remembered about one parameter.
#[derive(Debug)]
pub(super) struct Moments {
    /// Updates so far.
    pub(super) step: i64,
    /// Running mean of the gradient, m.
    pub(super) exp_avg: Tensor,
    /// Running mean of its square, v.
    pub(super) exp_avg_sq: Tensor,
    /// The parameter in f32, where it is bf16 or f16 itself.
    pub(super) master: Option<Tensor>,
    /// The sum of its gradients in f32, once there was more than one to add:
    /// see [`AdamW::accumulate`].
    sum: Option<Tensor>,
    /// Whether the sum holds something that no update has used.
    summed: bool,
}

/// Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it:
///
/// ```text
/// p <- p - lr wd p
/// m <- m + (1 - beta1) (g - m)
/// v <- beta2 v + (1 - beta2) g g
/// p <- p - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
/// ```
///
/// Each parameter counts its own updates t, and one without a gradient is left
/// alone. Parameters in bf16 or f16 are updated through a copy in f32: steps of
/// 1e-5 times a weight would otherwise round to nothing. State takes 2 times
/// the parameters' size in f32 (3 times with the copy). Gradients that are
/// added up over several backward passes are added in f32, too, where the caller
/// says when ([`AdamW::accumulate`]); that takes the parameters' size in f32 once
/// more, for parameters in half precision only.
///
/// Given the same state, gradients and number of threads, updates on a CPU are
/// the same bit for bit.
///
/// ```
/// use idl_train::optim::{AdamW, AdamWConfig};
/// use tch::{Kind, Tensor};
///
/// let x = Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
/// let mut adamw = AdamW::new(vec![("x".into(), x.shallow_clone())], AdamWConfig::default())?;
/// for _ in 0..200 {
///     (&x * &x).sum(Kind::Float).backward();
///     let norm = adamw.clip_grad_norm(Some(1.0))?;
///     assert!(norm.is_finite());
///     adamw.step(0.05)?;
///     adamw.zero_grad()?;
/// }
/// assert!(x.double_value(&[0]).abs() < 0.01);
/// # Ok::<(), idl_train::Error>(())
/// ```
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    pub(super) params: Vec<(String, Tensor)>,
    pub(super) moments: Vec<Moments>,
}

impl AdamW {
    /// An optimiser of `params`, which it shares with the model (tensors are
    /// handles). Names must be unique: state is saved under them.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for settings out of range,
    /// [`Error::Trainable`] for a name that comes twice and for a tensor that
    /// is not floating-point or takes no gradient.
    pub fn new(params: Vec<(String, Tensor)>, config: AdamWConfig) -> Result<Self> {
        config.check()?;
        let mut names = HashSet::new();
        for (name, param) in &params {
            let refuse =
                |problem: &str| Error::Trainable { name: name.clone(), problem: problem.into() };
            if !names.insert(name.as_str()) {
                return Err(refuse("comes twice"));
            }
            if !param.defined() || !param.requires_grad() || !param.f_is_leaf()? {
                return Err(refuse("is not a leaf that requires a gradient"));
            }
        }
        let moments = params.iter().map(Moments::new).collect::<Result<_>>()?;
        Ok(Self { config, params, moments })
    }

    /// The settings.
    pub fn config(&self) -> &AdamWConfig {
        &self.config
    }

    /// The parameters, with their names.
    pub fn params(&self) -> &[(String, Tensor)] {
        &self.params
    }

    /// The most updates any parameter has had.
    pub fn steps(&self) -> i64 {
        self.moments.iter().map(|moments| moments.step).max().unwrap_or(0)
    }

    /// One update of every parameter that has a gradient. O(parameters).
    ///
    /// The gradient is used as it is: where NaN would be possible, ask
    /// [`AdamW::clip_grad_norm`] first.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for a learning rate that is negative or not
    /// finite, and what libtorch refuses.
    pub fn step(&mut self, learning_rate: f64) -> Result<()> {
        let ok = learning_rate.is_finite() && learning_rate >= 0.0;
        require(ok, "learning_rate", learning_rate, "finite and not below 0")?;
        no_grad(|| {
            for ((_, param), moments) in self.params.iter_mut().zip(&mut self.moments) {
                if let Some(grad) = moments.gradient(param)? {
                    moments.update(param, &grad, learning_rate, &self.config)?;
                }
            }
            Ok(())
        })
    }

    /// Adds the gradients that stand now to sums in f32 and sets them to zero:
    /// call it after each of several backward passes whose gradients make one
    /// step. libtorch adds a parameter's gradients in the parameter's own
    /// precision, of which bf16 has 8 bits: of two gradients that differ by a
    /// factor of 512 the smaller one would be lost. For parameters in f32
    /// nothing is done: they are added so already. Once there are sums, the step
    /// is made of these alone.
    ///
    /// O(parameters). Memory: the first call takes 4 bytes for each parameter in
    /// half precision. A step from a single backward pass does without.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn accumulate(&mut self) -> Result<()> {
        no_grad(|| {
            for ((_, param), moments) in self.params.iter().zip(&mut self.moments) {
                moments.accumulate(param)?;
            }
            Ok(())
        })
    }

    /// Sets all gradients to zero, in place.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn zero_grad(&mut self) -> Result<()> {
        no_grad(|| {
            for ((_, param), moments) in self.params.iter().zip(&mut self.moments) {
                let mut grad = param.f_grad()?;
                if grad.defined() {
                    let _ = grad.f_zero_()?;
                }
                moments.clear()?;
            }
            Ok(())
        })
    }

    /// [`clip_grad_norm`](crate::optim::clip_grad_norm) of these parameters, the
    /// sums of [`accumulate`](Self::accumulate) where there are some.
    ///
    /// # Errors
    /// As [`clip_grad_norm`](crate::optim::clip_grad_norm).
    pub fn clip_grad_norm(&self, max_norm: Option<f64>) -> Result<f64> {
        let mut gradients = Vec::with_capacity(self.params.len());
        for ((name, param), moments) in self.params.iter().zip(&self.moments) {
            if let Some(gradient) = moments.gradient(param)? {
                gradients.push((name.as_str(), gradient));
            }
        }
        clip(gradients, max_norm)
    }
}

impl Moments {
    fn new((name, param): &(String, Tensor)) -> Result<Self> {
        let kind = match param.f_kind()? {
            Kind::Double => Kind::Double,
            Kind::Float | Kind::BFloat16 | Kind::Half => Kind::Float,
            other => {
                let problem = format!("is of kind {other:?}, not floating-point");
                return Err(Error::Trainable { name: name.clone(), problem });
            }
        };
        no_grad(|| {
            let wide = param.f_detach()?.f_to_kind(kind)?;
            let zeros = || wide.f_zeros_like();
            let (exp_avg, exp_avg_sq) = (zeros()?, zeros()?);
            let master = if param.f_kind()? == kind { None } else { Some(wide) };
            Ok(Self { step: 0, exp_avg, exp_avg_sq, master, sum: None, summed: false })
        })
    }

    /// Adds the parameter's gradient to the sum, under `no_grad`.
    fn accumulate(&mut self, param: &Tensor) -> Result<()> {
        let mut grad = param.f_grad()?;
        if self.master.is_none() || !grad.defined() {
            return Ok(());
        }
        match &mut self.sum {
            Some(sum) => drop(sum.f_add_(&grad.f_to_kind(sum.f_kind()?)?)?),
            // A copy: of another kind.
            None => self.sum = Some(grad.f_to_kind(self.exp_avg.f_kind()?)?),
        }
        self.summed = true;
        let _ = grad.f_zero_()?;
        Ok(())
    }

    /// What the next update is from: the sum, or the parameter's own gradient, if
    /// there is one.
    fn gradient(&self, param: &Tensor) -> Result<Option<Tensor>> {
        let grad = param.f_grad()?;
        let sum = self.sum.as_ref().filter(|_| self.summed);
        Ok(sum.map(Tensor::shallow_clone).or(grad.defined().then_some(grad)))
    }

    /// Empties the sum, in place.
    fn clear(&mut self) -> Result<()> {
        self.summed = false;
        if let Some(sum) = &mut self.sum {
            let _ = sum.f_zero_()?;
        }
        Ok(())
    }

    /// One update, under `no_grad`.
    fn update(
        &mut self,
        param: &mut Tensor,
        grad: &Tensor,
        learning_rate: f64,
        config: &AdamWConfig,
    ) -> Result<()> {
        let AdamWConfig { beta1, beta2, epsilon, weight_decay, decay_vectors } = *config;
        let grad = grad.f_to_kind(self.exp_avg.f_kind()?)?;
        self.step += 1;
        let t = self.step as f64;
        let (correction1, correction2) = (1.0 - beta1.powf(t), 1.0 - beta2.powf(t));

        let _ = self.exp_avg.f_lerp_(&grad, 1.0 - beta1)?;
        let squared = grad.f_square()?.f_mul_scalar_(1.0 - beta2)?;
        let _ = self.exp_avg_sq.f_mul_scalar_(beta2)?.f_add_(&squared)?;
        let mut denominator = self.exp_avg_sq.f_sqrt()?;
        let denominator = denominator.f_div_scalar_(correction2.sqrt())?.f_add_scalar_(epsilon)?;
        let step = self.exp_avg.f_div(&denominator)?.f_mul_scalar_(-learning_rate / correction1)?;

        let decays = decay_vectors || param.dim() >= 2;
        let weights = self.master.as_mut().unwrap_or(&mut *param);
        if decays && weight_decay > 0.0 {
            let _ = weights.f_mul_scalar_(1.0 - learning_rate * weight_decay)?;
        }
        let _ = weights.f_add_(&step)?;
        if let Some(master) = &self.master {
            param.f_copy_(master)?;
        }
        Ok(())
    }
}

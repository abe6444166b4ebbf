//! Gradients with the activations of one layer at a time.
//!
//! A pass that records gradients keeps what every layer computes on its way. A
//! pass of this module keeps only what every layer is given, and the gradient
//! computes each layer a second time when its turn has come: what others call
//! activation or gradient checkpointing. (libtorch has it in Python only, and
//! tch no functions whose gradient one writes oneself. So the gradient is in two
//! parts: that of the caller's loss ends at the last layer, and
//! [`Recomputation::backward`] takes it from there.)

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::model::{CausalLm, Pass};
use crate::score::tree::{TokenTree, TreeLogProbs};

/// The part of a gradient that is still to be computed once the loss has gone
/// backward; see [`TokenTree::logprobs_recomputing`].
#[derive(Debug)]
#[must_use = "without `backward` no layer gets a gradient"]
pub struct Recomputation {
    ids: Tensor,
    pass: Pass,
    /// What each layer was given, `[1, tokens, hidden]`, without its graph.
    inputs: Vec<Tensor>,
    /// Whether a gradient goes into that.
    differentiable: Vec<bool>,
    /// What the last layer gave: where the loss's own gradient ends.
    output: Tensor,
    /// What dropout draws from, by layer, where there is some.
    seed: Option<i64>,
}

impl TokenTree {
    /// As [`logprobs`](Self::logprobs), with less memory where a gradient is
    /// wanted: of each layer only the input is kept, and the layer is computed
    /// again for its gradient. That is one more forward pass for every gradient.
    ///
    /// After `backward` of the loss call [`Recomputation::backward`] with the
    /// same model in the same state; only then the gradients are whole. They
    /// are those of `logprobs`, in 32 bits on a CPU bit for bit (but for an
    /// embedding that is the head, too, and collects gradients of several
    /// passes: its summands come in another order). Dropout drops the same in
    /// both passes over a layer; what it drops is another draw than that of
    /// `logprobs`.
    ///
    /// # Errors
    /// As [`logprobs`](Self::logprobs).
    pub fn logprobs_recomputing(&self, model: &CausalLm) -> Result<(TreeLogProbs, Recomputation)> {
        let (ids, layout) = self.inputs(model)?;
        let pass = model.pass(self.tokens(), layout.as_ref(), 0)?;
        let seed = if model.drops_out() {
            Some(Tensor::f_randint(i64::MAX, [1], (Kind::Int64, tch::Device::Cpu))?)
        } else {
            None
        };
        let seed = seed.map(|seed| seed.f_int64_value(&[0])).transpose()?;
        let (mut inputs, mut differentiable) = (Vec::new(), Vec::new());
        let mut x = model.embed(&ids)?;
        for layer in 0..model.config().num_hidden_layers {
            differentiable.push(x.requires_grad());
            inputs.push(x.f_detach()?);
            // With gradients recorded, though they are thrown away: without,
            // libtorch may take other kernels, and dropout would drop nothing.
            x = apply(model, layer, leaf(&x)?, &pass, seed)?;
        }
        let output = leaf(&x)?;
        drop(x);
        let scored = self.score(model, &model.normed(&output)?)?;
        Ok((scored, Recomputation { ids, pass, inputs, differentiable, output, seed }))
    }
}

impl Recomputation {
    /// Adds the layers' part of the gradient of everything that has gone
    /// backward from the log-probabilities so far.
    ///
    /// # Errors
    /// [`Error::Torch`](crate::Error::Torch) for what libtorch refuses.
    pub fn backward(self, model: &CausalLm) -> Result<()> {
        let Recomputation { ids, pass, mut inputs, differentiable, output, seed } = self;
        let mut gradient = output.f_grad()?;
        drop(output);
        while let Some(input) = inputs.pop() {
            if !gradient.defined() {
                // Nothing that is trained comes before.
                return Ok(());
            }
            let layer = inputs.len();
            let wanted = differentiable[layer];
            // The embedding has its graph; between layers there is none.
            let x = if wanted && layer == 0 {
                model.embed(&ids)?
            } else {
                input.f_set_requires_grad(wanted)?
            };
            let y = apply(model, layer, x.shallow_clone(), &pass, seed)?;
            if !y.requires_grad() {
                return Ok(());
            }
            // The gradient of this sum with respect to y is `gradient`, exactly.
            y.f_mul(&gradient)?.f_sum(y.kind())?.f_backward()?;
            gradient = if wanted && layer > 0 { x.f_grad()? } else { Tensor::new() };
        }
        Ok(())
    }
}

/// One layer; its dropout is the same whenever it is computed.
fn apply(
    model: &CausalLm,
    layer: usize,
    x: Tensor,
    pass: &Pass,
    seed: Option<i64>,
) -> Result<Tensor> {
    if let Some(seed) = seed {
        tch::manual_seed(seed.wrapping_add(layer as i64));
    }
    model.layers(layer..layer + 1, x, pass, None)
}

/// The same values, the end of every gradient that comes to them.
fn leaf(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_detach()?.f_set_requires_grad(x.requires_grad())?)
}

//! Linear layers, and what an adapter adds to them.

use tch::Tensor;

use crate::error::Result;
use crate::lora::Adapter;
use crate::product;

/// `W x + b`, under the name of the checkpoint.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) name: String,
    pub(crate) weight: Tensor,
    pub(crate) bias: Option<Tensor>,
}

/// The adapter that speaks in a pass, and whether its dropout does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Active<'a> {
    pub(crate) adapter: &'a Adapter,
    pub(crate) dropout: bool,
}

impl Linear {
    /// `W x + b`, and the active adapter's `scale * B A dropout(x)` on top.
    pub(crate) fn apply(&self, x: &Tensor, active: Option<Active<'_>>) -> Result<Tensor> {
        let y = product::linear(x, &self.weight, self.bias.as_ref())?;
        let Some(Active { adapter, dropout }) = active else { return Ok(y) };
        let Some(f) = adapter.factors.get(&self.name) else { return Ok(y) };
        let kind = x.kind();
        // A view requires a gradient where one is recorded: a frozen adapter
        // and a pass without gradients drop nothing.
        let dropped =
            if dropout && adapter.config.dropout > 0.0 && f.a.f_view_as(&f.a)?.requires_grad() {
                x.f_dropout(adapter.config.dropout, true)?
            } else {
                x.shallow_clone()
            };
        let down = dropped.f_linear(&f.a.f_to_kind(kind)?, None::<&Tensor>)?;
        let up = down.f_linear(&f.b.f_to_kind(kind)?, None::<&Tensor>)?;
        Ok(y.f_add(&up.f_mul_scalar(adapter.config.scale())?)?)
    }
}

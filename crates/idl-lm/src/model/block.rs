//! One layer of the transformer: attention, then the gated network.

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::model::cache::KvCache;
use crate::model::config::LlamaConfig;
use crate::model::layout::{AttentionMask, AttentionMasks};
use crate::model::linear::{Active, FusedLinear, Linear, is_recorded};
use crate::model::options::LoadOptions;
use crate::model::rotary;
use crate::model::tensors;

/// So many rows at a time go through the gated network on a CPU. What lies
/// between its products is several times as wide as the model: of a long
/// prompt it would leave the processor's caches, and be memory that the system
/// hands out page by page and takes back.
const ROWS: i64 = 512;

#[derive(Debug)]
pub(crate) struct Block {
    /// Which of the model's layers it is.
    index: usize,
    input_norm: Tensor,
    qkv: FusedLinear,
    o: Linear,
    post_norm: Tensor,
    gate_up: FusedLinear,
    down: Linear,
}

/// What the layers of one pass share.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) cos: Tensor,
    pub(crate) sin: Tensor,
    pub(crate) masks: AttentionMasks,
}

impl Block {
    /// The layer `index`, of tensors that `read` gives, asked for one by one.
    pub(crate) fn read(
        config: &LlamaConfig,
        index: usize,
        options: LoadOptions,
        read: &impl Fn(&str) -> Result<Tensor>,
    ) -> Result<Self> {
        let prefix = format!("model.layers.{index}");
        let [q, k, v, o, gate, up, down] = tensors::block_layers(config);
        let linear = |(name, _, bias): (&str, (i64, i64), bool)| -> Result<Linear> {
            let name = format!("{prefix}.{name}");
            let weight = read(&format!("{name}.weight"))?;
            let bias = if bias { Some(read(&format!("{name}.bias"))?) } else { None };
            Ok(Linear { name, weight, bias })
        };
        let norm = |part: &str| read(&format!("{prefix}.{part}.weight"));
        Ok(Block {
            index,
            input_norm: norm("input_layernorm")?,
            qkv: FusedLinear::read(&prefix, &[q, k, v], options, read)?,
            o: linear(o)?,
            post_norm: norm("post_attention_layernorm")?,
            gate_up: FusedLinear::read(&prefix, &[gate, up], options, read)?,
            down: linear(down)?,
        })
    }

    /// Its gains, by the last parts of their names.
    pub(crate) fn norms(&self) -> [(&'static str, &Tensor); 2] {
        [("input_layernorm", &self.input_norm), ("post_attention_layernorm", &self.post_norm)]
    }

    /// Its linear layers.
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear> {
        let attention = self.qkv.parts().iter().chain([&self.o]);
        attention.chain(self.gate_up.parts()).chain([&self.down])
    }

    /// Its tensors, in no order.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        let linears = self.linears().flat_map(|l| [Some(&l.weight), l.bias.as_ref()]).flatten();
        [&self.input_norm, &self.post_norm].into_iter().chain(linears)
    }

    /// `[batch, tokens, hidden]` to the same. The cache is not advanced.
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        config: &LlamaConfig,
        pass: &Pass,
        active: Option<Active<'_>>,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        let h = rms_norm(x, &self.input_norm, config.rms_norm_eps)?;
        let x = add(self.attention(&h, config, pass, active, cache)?, x)?;
        let h = rms_norm(&x, &self.post_norm, config.rms_norm_eps)?;
        add(self.mlp(&h, active)?, &x)
    }

    fn attention(
        &self,
        h: &Tensor,
        config: &LlamaConfig,
        pass: &Pass,
        active: Option<Active<'_>>,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        let (batch, tokens, _) = h.size3()?;
        let heads = |y: &Tensor| -> Result<Tensor> {
            Ok(y.f_view([batch, tokens, -1, config.head_dim])?.f_transpose(1, 2)?)
        };
        let projected = self.qkv.apply(h, active)?;
        let q = rotary::rotate(&heads(&projected[0])?, &pass.cos, &pass.sin)?;
        let mut k = rotary::rotate(&heads(&projected[1])?, &pass.cos, &pass.sin)?;
        let mut v = heads(&projected[2])?;
        if let Some(cache) = cache {
            (k, v) = cache.extend(self.index, &k, &v)?;
        }
        let grouped = config.num_key_value_heads != config.num_attention_heads;
        let attended = attend(&q, &k, &v, pass.masks.of(config.windows[self.index]), grouped)?;
        self.o.apply(&attended.f_transpose(1, 2)?.f_reshape([batch, tokens, -1])?, active)
    }

    /// The gated network, `down(silu(gate(h)) * up(h))`.
    fn mlp(&self, h: &Tensor, active: Option<Active<'_>>) -> Result<Tensor> {
        let (batch, tokens, hidden) = h.size3()?;
        let total = batch * tokens;
        if total <= ROWS || h.device() != Device::Cpu || self.mlp_is_recorded(h, active)? {
            return self.gated(h, active);
        }
        let rows = h.f_reshape([total, hidden])?;
        let out = rows.f_empty_like()?;
        for start in (0..total).step_by(ROWS as usize) {
            let some = |t: &Tensor| t.f_narrow(0, start, ROWS.min(total - start));
            some(&out)?.f_copy_(&self.gated(&some(&rows)?, active)?)?;
        }
        Ok(out.f_view([batch, tokens, hidden])?)
    }

    fn mlp_is_recorded(&self, h: &Tensor, active: Option<Active<'_>>) -> Result<bool> {
        for linear in self.gate_up.parts().iter().chain([&self.down]) {
            if linear.is_recorded(active)? {
                return Ok(true);
            }
        }
        is_recorded(h)
    }

    fn gated(&self, h: &Tensor, active: Option<Active<'_>>) -> Result<Tensor> {
        let mut projected = self.gate_up.apply(h, active)?;
        let (gate, up) = projected.split_at_mut(1);
        let (gate, up) = (&mut gate[0], &up[0]);
        let gated = if gate.requires_grad() || up.requires_grad() {
            gate.f_silu()?.f_mul(up)?
        } else {
            gate.f_silu_()?.f_mul_(up)?
        };
        self.down.apply(&gated, active)
    }
}

/// The sum, in the place of `fresh` where no gradient needs what it was.
fn add(mut fresh: Tensor, x: &Tensor) -> Result<Tensor> {
    Ok(if fresh.requires_grad() || x.requires_grad() {
        fresh.f_add(x)?
    } else {
        fresh.f_add_(x)?
    })
}

/// Scaled dot-product attention, `[batch, heads, tokens, head_dim]`.
fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: &AttentionMask,
    grouped: bool,
) -> Result<Tensor> {
    let (k, v) = match mask.last {
        Some(last) => {
            let start = k.size4()?.2 - last;
            (k.f_narrow(2, start, last)?, v.f_narrow(2, start, last)?)
        }
        None => (k.shallow_clone(), v.shallow_clone()),
    };
    let (allowed, causal) = (mask.allowed.as_ref(), mask.causal);
    Ok(Tensor::f_scaled_dot_product_attention(q, &k, &v, allowed, 0.0, causal, None, grouped)?)
}

/// `w x / sqrt(mean(x^2) + eps)`, the mean in 32 bits.
pub(crate) fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    if x.kind() == Kind::Float {
        return Ok(x.f_rms_norm(weight.size(), Some(weight), eps)?);
    }
    let wide = x.f_to_kind(Kind::Float)?;
    let mean = wide.f_square()?.f_mean_dim(&[-1i64][..], true, None)?;
    let scale = mean.f_add_scalar(eps)?.f_rsqrt()?;
    Ok(wide.f_mul(&scale)?.f_to_kind(x.kind())?.f_mul(weight)?)
}

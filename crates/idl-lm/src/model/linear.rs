//! Linear layers, and what an adapter adds to them.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::model::lora::Adapter;
use crate::model::options::LoadOptions;
use crate::model::product;

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
        self.adapted(product::linear(x, &self.weight, self.bias.as_ref())?, x, active)
    }

    /// What the active adapter makes of `y = W x + b`. As in PEFT the factors
    /// are in 32 bits whatever the weights are in, and so is their product with
    /// `x`; only the sum is rounded.
    fn adapted(&self, y: Tensor, x: &Tensor, active: Option<Active<'_>>) -> Result<Tensor> {
        let Some(Active { adapter, dropout }) = active else { return Ok(y) };
        let Some(f) = adapter.factors.get(&self.name) else { return Ok(y) };
        let mut wide = x.f_to_kind(Kind::Float)?;
        // A frozen adapter and a pass without gradients drop nothing.
        if dropout && adapter.config.dropout > 0.0 && is_recorded(&f.a)? {
            wide = wide.f_dropout(adapter.config.dropout, true)?;
        }
        let update = wide.f_linear(&f.a, None::<&Tensor>)?.f_linear(&f.b, None::<&Tensor>)?;
        let sum = y.f_add(&update.f_mul_scalar(adapter.config.scale())?)?;
        Ok(sum.f_to_kind(y.kind())?)
    }

    /// Overwrites the weight; whoever holds it sees the new one.
    pub(crate) fn overwrite(&self, weight: &Tensor) -> Result<()> {
        self.weight.shallow_clone().f_copy_(weight)?;
        Ok(())
    }

    /// Whether its own parameters want a gradient.
    fn is_trained(&self) -> bool {
        self.weight.requires_grad() || self.bias.as_ref().is_some_and(Tensor::requires_grad)
    }

    /// Whether a pass over it records a gradient that its input does not ask
    /// for.
    pub(crate) fn is_recorded(&self, active: Option<Active<'_>>) -> Result<bool> {
        let factors = active.and_then(|active| active.adapter.factors.get(&self.name));
        let own = [Some(&self.weight), self.bias.as_ref()];
        let added = [factors.map(|f| &f.a), factors.map(|f| &f.b)];
        for t in own.into_iter().chain(added).flatten() {
            if is_recorded(t)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether what is computed of `t` records a gradient: `t` asks for one, and
/// torch is not told to record none, which shows in a view.
pub(crate) fn is_recorded(t: &Tensor) -> Result<bool> {
    Ok(t.requires_grad() && t.f_view_as(t)?.requires_grad())
}

/// A linear layer of a checkpoint: its name, (outputs, inputs), and whether it
/// adds a bias.
pub(crate) type Shape<'s> = (&'s str, (i64, i64), bool);

/// Linear layers that are given the same input, computed as one product: the
/// weights stand one below the other in one matrix, and each layer's own is a
/// view of its rows.
#[derive(Debug)]
pub(crate) struct FusedLinear {
    weight: Tensor,
    bias: Option<Tensor>,
    parts: Vec<Linear>,
    /// The outputs of each part.
    outputs: Vec<i64>,
}

impl FusedLinear {
    /// Reads the parts one by one; all have a bias or none.
    pub(crate) fn read(
        prefix: &str,
        parts: &[Shape<'_>],
        options: LoadOptions,
        read: &impl Fn(&str) -> Result<Tensor>,
    ) -> Result<Self> {
        let outputs: Vec<i64> = parts.iter().map(|&(_, (out, _), _)| out).collect();
        let total = outputs.iter().sum();
        let input = parts.first().map_or(0, |&(_, (_, input), _)| input);
        let place = (options.kind, options.device);
        let weight = Tensor::f_empty([total, input], place)?;
        let biased = parts.iter().any(|&(_, _, bias)| bias);
        let bias = if biased { Some(Tensor::f_empty([total], place)?) } else { None };
        let mut start = 0;
        let mut linears = Vec::with_capacity(parts.len());
        for &(name, (rows, _), _) in parts {
            let name = format!("{prefix}.{name}");
            // Detached, so that a part may ask for a gradient of its own.
            let part = |of: &Tensor, what: &str| -> Result<Tensor> {
                let mut view = of.f_narrow(0, start, rows)?.f_detach()?;
                view.f_copy_(&read(&format!("{name}.{what}"))?)?;
                Ok(view)
            };
            let weight = part(&weight, "weight")?;
            let bias = bias.as_ref().map(|bias| part(bias, "bias")).transpose()?;
            linears.push(Linear { name, weight, bias });
            start += rows;
        }
        Ok(FusedLinear { weight, bias, parts: linears, outputs })
    }

    /// What each part gives, the active adapter's updates on top.
    pub(crate) fn apply(&self, x: &Tensor, active: Option<Active<'_>>) -> Result<Vec<Tensor>> {
        // The fused matrix has no gradient: where parts want theirs, they are
        // multiplied one by one.
        if self.parts.iter().any(Linear::is_trained) {
            return self.parts.iter().map(|part| part.apply(x, active)).collect();
        }
        let all = product::linear(x, &self.weight, self.bias.as_ref())?;
        let outputs = all.f_split_with_sizes(&self.outputs[..], -1)?;
        self.parts.iter().zip(outputs).map(|(part, y)| part.adapted(y, x, active)).collect()
    }

    /// The layers.
    pub(crate) fn parts(&self) -> &[Linear] {
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    const PARTS: [Shape<'static>; 3] =
        [("a", (24, 8), true), ("b", (16, 8), true), ("c", (3, 8), true)];

    fn layer() -> FusedLinear {
        tch::manual_seed(5);
        let read = |name: &str| -> Result<Tensor> {
            let (_, (out, input), _) =
                PARTS.into_iter().find(|(part, ..)| name.contains(&format!(".{part}."))).unwrap();
            let float = (Kind::Float, Device::Cpu);
            Ok(if name.ends_with("bias") {
                Tensor::randn([out], float)
            } else {
                Tensor::randn([out, input], float)
            })
        };
        FusedLinear::read("layer", &PARTS, LoadOptions::default(), &read).unwrap()
    }

    fn close(a: &Tensor, b: &Tensor) {
        assert_eq!(a.size(), b.size());
        assert!(a.allclose(b, 1e-5, 1e-5, false), "{a} {b}");
    }

    /// What PEFT gives for the first adapted layer of tiny models in bf16:
    /// `tests/reference/lm_bf16.py`.
    #[test]
    fn an_adapter_of_weights_in_bf16_is_pefts() {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let text = std::fs::read_to_string(data.join("lm_bf16.json")).unwrap();
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        for name in ["grouped_tied", "full_untied"] {
            let kind = Kind::BFloat16;
            let options = LoadOptions { kind, ..LoadOptions::default() };
            let mut model = crate::CausalLm::from_dir(&data.join(name), options).unwrap();
            model.load_adapter("peft", &data.join(name).join("adapter")).unwrap();
            let rows = |key: &str| {
                let rows: Vec<Vec<f32>> =
                    serde_json::from_value(vectors[name][key].clone()).unwrap();
                Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
            };
            let active = Active { adapter: model.adapter("peft").unwrap(), dropout: false };
            let q = model.blocks[0].linears().next().unwrap();
            let got = q.apply(&rows("x").to_kind(kind), Some(active)).unwrap();
            assert_eq!(got.kind(), kind);
            let error = (got.to_kind(Kind::Float) - rows("q_proj")).abs();
            // Bit for bit, but for a product that its kernel rounds apart.
            assert!(error.eq(0.0).to_kind(Kind::Float).mean(Kind::Float).double_value(&[]) > 0.9);
            assert!((error / rows("q_proj").abs()).max().double_value(&[]) < 0.01);
        }
    }

    #[test]
    fn together_is_one_by_one() {
        let fused = layer();
        for rows in [1, 40] {
            let x = Tensor::randn([2, rows, 8], (Kind::Float, Device::Cpu));
            for (part, y) in fused.parts().iter().zip(fused.apply(&x, None).unwrap()) {
                close(&y, &part.apply(&x, None).unwrap());
            }
        }
    }

    #[test]
    fn an_overwritten_part_is_overwritten_in_the_whole() {
        let fused = layer();
        let x = Tensor::randn([1, 30, 8], (Kind::Float, Device::Cpu));
        let before = fused.apply(&x, None).unwrap();
        let (parts, _guard) = (fused.parts(), tch::no_grad_guard());
        parts[1].overwrite(&(&parts[1].weight * 2.0)).unwrap();
        let after = fused.apply(&x, None).unwrap();
        close(&after[0], &before[0]);
        close(&after[1], &parts[1].apply(&x, None).unwrap());
        assert_ne!(after[1], before[1]);
    }

    #[test]
    fn a_part_that_is_trained_gets_its_gradient() {
        let fused = layer();
        let _ = fused.parts()[0].weight.set_requires_grad(true);
        let x = Tensor::randn([1, 4, 8], (Kind::Float, Device::Cpu));
        let outputs = fused.apply(&x, None).unwrap();
        (outputs[0].sum(Kind::Float) + outputs[2].sum(Kind::Float)).backward();
        let expected = x.sum_dim_intlist(&[0i64, 1][..], false, Kind::Float).expand([24, 8], false);
        close(&fused.parts()[0].weight.grad(), &expected);
        assert!(!fused.parts()[2].weight.grad().defined());
    }
}

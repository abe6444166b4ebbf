//! Products of few rows with a matrix.

use tch::{Device, Kind, Tensor};

use crate::error::Result;

/// Up to so many rows a product is split. Beyond, libtorch uses all threads.
const FEW: i64 = 16;

/// `x W^T + b`: `x` `[.., in]`, `weight` `[out, in]`.
///
/// On a CPU, libtorch multiplies a row with a matrix in 32 bits on one thread,
/// and reads the matrix at a fraction of the memory's speed; decoding is little
/// else. As a batch of products, each with some rows of the matrix, it takes
/// all threads.
pub(crate) fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let Some(parts) = parts(x, weight) else { return Ok(x.f_linear(weight, bias)?) };
    let mut shape = x.size();
    let (out, input) = weight.size2()?;
    let rows = x.f_reshape([1, -1, input])?;
    let few = rows.size3()?.1;
    let blocks = weight.f_view([parts, out / parts, input])?.f_transpose(1, 2)?;
    let mut y = rows.f_expand([parts, few, input], false)?.f_bmm(&blocks)?;
    if few > 1 {
        y = y.f_transpose(0, 1)?;
    }
    if let Some(last) = shape.last_mut() {
        *last = out;
    }
    let y = y.f_reshape(&shape)?;
    Ok(match bias {
        Some(bias) => y.f_add(bias)?,
        None => y,
    })
}

/// Into how many parts to split the rows of `weight`, if it is worth while.
fn parts(x: &Tensor, weight: &Tensor) -> Option<i64> {
    let threads = i64::from(tch::get_num_threads());
    let (out, input) = weight.size2().ok()?;
    let small = x.numel() as i64 <= FEW * input;
    if threads == 1 || !small || x.kind() != Kind::Float || weight.device() != Device::Cpu {
        return None;
    }
    // Of one size, and a few for each thread, should one of them be late.
    (threads..=4 * threads).rev().find(|parts| out % parts == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_product_is_the_product() {
        tch::manual_seed(1);
        let float = (Kind::Float, Device::Cpu);
        for (out, input) in [(24, 16), (7, 5), (640, 384)] {
            let weight = Tensor::randn([out, input], float);
            let bias = Tensor::randn([out], float);
            for shape in
                [&[1, 1, input][..], &[3, 1, input], &[2, 5, input], &[input], &[40, input]]
            {
                let x = Tensor::randn(shape, float);
                for bias in [None, Some(&bias)] {
                    let got = linear(&x, &weight, bias).unwrap();
                    let expected = x.linear(&weight, bias);
                    assert_eq!(got.size(), expected.size());
                    let error = (got - expected).abs().max().double_value(&[]);
                    assert!(error < 1e-4, "{out} {input} {shape:?}: {error}");
                }
            }
        }
    }
}

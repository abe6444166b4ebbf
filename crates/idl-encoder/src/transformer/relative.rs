//! MPNet's attention bias: one number per head for each kind of distance
//! between two tokens, the same in all layers.

use tch::Tensor;

use super::config::MPNET_BUCKETS;
use crate::error::Result;

/// Buckets for each direction, of which half hold one distance each.
const HALF: i64 = MPNET_BUCKETS / 2;
const EXACT: i64 = HALF / 2;

/// The bucket of a key that stands `distance` tokens after the query (T5's
/// function, with 32 buckets up to 128 tokens).
///
/// Beyond 7 tokens a bucket spans half an octave: `8 + floor(2 log2(n / 8))`,
/// here in whole numbers, so that no rounding decides about 16, 32 or 64.
fn bucket(distance: i64) -> i64 {
    let n = distance.abs();
    let within = match n {
        0..EXACT => n,
        // Beyond 128 all are alike; the square must not overflow before that.
        _ => {
            let n = n.min(128);
            (EXACT + i64::from((n * n / (EXACT * EXACT)).ilog2())).min(HALF - 1)
        }
    };
    if distance > 0 { within + HALF } else { within }
}

/// The bias of all pairs of `tokens` tokens, `[1, heads, tokens, tokens]`, from
/// the weights of the buckets, `[32, heads]`.
pub(crate) fn bias(buckets: &Tensor, tokens: i64) -> Result<Tensor> {
    let pairs: Vec<i64> =
        (0..tokens).flat_map(|query| (0..tokens).map(move |key| bucket(key - query))).collect();
    let pairs = Tensor::f_from_slice(&pairs)?.f_view([tokens, tokens])?;
    let values = buckets.f_index_select(0, &pairs.f_view(-1i64)?.f_to_device(buckets.device())?)?;
    let values = values.f_view([tokens, tokens, -1])?.f_permute([2, 0, 1])?;
    Ok(values.f_contiguous()?.f_unsqueeze(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_transformers() {
        // MPNetEncoder.relative_position_bucket(torch.arange(..)) of transformers 5.
        let upward = [
            (0, 0),
            (1, 17),
            (2, 18),
            (7, 23),
            (8, 24),
            (11, 24),
            (12, 25),
            (15, 25),
            (16, 26),
            (22, 26),
            (23, 27),
            (31, 27),
            (32, 28),
            (45, 28),
            (46, 29),
            (63, 29),
            (64, 30),
            (90, 30),
            (91, 31),
            (127, 31),
            (128, 31),
            (500, 31),
        ];
        for (distance, expected) in upward {
            assert_eq!(bucket(distance), expected, "{distance}");
            assert_eq!(bucket(-distance), expected % 16, "-{distance}");
        }
        assert_eq!((bucket(i64::MAX), bucket(-i64::MAX)), (31, 15));
    }

    #[test]
    fn a_bias_is_that_of_its_bucket_and_head() {
        let heads = Tensor::arange(2 * MPNET_BUCKETS, (tch::Kind::Float, tch::Device::Cpu));
        let bias = bias(&heads.view([MPNET_BUCKETS, 2]), 3).unwrap();
        assert_eq!(bias.size(), [1, 2, 3, 3]);
        assert_eq!(bias.double_value(&[0, 1, 0, 2]), f64::from(18 * 2 + 1));
        assert_eq!(bias.double_value(&[0, 0, 2, 1]), 2.0);
    }
}

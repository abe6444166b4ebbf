//! Vectors of unit length in a byte a component.

use crate::error::{Error, Result};

/// How far from 1 a vector's length may be.
const TOLERANCE: f32 = 1e-3;

/// The greatest quantised value.
const LEVELS: f32 = 127.0;

/// Components that are multiplied side by side.
const LANES: usize = 16;

/// The vectors of one session: its own, and one for each utterance of the
/// person.
///
/// Each is held as a scale and `dim` bytes. With `m` the greatest magnitude of
/// a vector's components, each component is off by at most `m / 254`, and so is
/// the product with a unit vector by at most `sqrt(dim) m / 254`, and about
/// `m / 440` as a rule (a uniform error in each component); both apart from
/// `f32`'s own rounding. For sentence encoders of 384 components `m` is near
/// 0.2.
///
/// ```
/// use idl_store::Embeddings;
///
/// let made = Embeddings::new("tiny", &[0.6, 0.8], [&[1.0, 0.0][..], &[0.0, -1.0]])?;
/// assert_eq!((made.encoder(), made.dim(), made.len()), ("tiny", 2, 2));
/// assert!((made.session().dot(&[0.8, 0.6])? - 0.96).abs() < 0.01);
/// assert_eq!(made.utterance(1).map(|v| v.to_vec()), Some(vec![0.0, -1.0]));
/// # Ok::<(), idl_store::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    encoder: String,
    dim: usize,
    /// The session's, then the utterances'.
    scales: Vec<f32>,
    values: Vec<i8>,
}

impl Embeddings {
    /// The vectors that the encoder called `encoder` has made of a session and
    /// of the person's utterances in it.
    ///
    /// # Errors
    /// [`Error::Dimensions`] where one has another number of components than
    /// the session's, or none; [`Error::Length`] where one is not of unit
    /// length.
    pub fn new<'a>(
        encoder: impl Into<String>,
        session: &[f32],
        utterances: impl IntoIterator<Item = &'a [f32]>,
    ) -> Result<Self> {
        let dim = session.len();
        if dim == 0 {
            return Err(Error::Dimensions { found: 0, expected: 1 });
        }
        let mut made =
            Embeddings { encoder: encoder.into(), dim, scales: Vec::new(), values: Vec::new() };
        made.push(session)?;
        for utterance in utterances {
            made.push(utterance)?;
        }
        Ok(made)
    }

    fn push(&mut self, vector: &[f32]) -> Result<()> {
        if vector.len() != self.dim {
            return Err(Error::Dimensions { found: vector.len(), expected: self.dim });
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !(1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&length) {
            return Err(Error::Length { length });
        }
        let scale = vector.iter().fold(0.0_f32, |m, x| m.max(x.abs())) / LEVELS;
        self.scales.push(scale);
        // A cast of a float saturates.
        self.values.extend(vector.iter().map(|x| (x / scale).round() as i8));
        Ok(())
    }

    /// The name of the encoder.
    #[must_use]
    pub fn encoder(&self) -> &str {
        &self.encoder
    }

    /// The number of components of each vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The number of utterances.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scales.len().saturating_sub(1)
    }

    /// Whether there are no utterances; the session's own vector is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The session's vector.
    #[must_use]
    pub fn session(&self) -> Quantized<'_> {
        self.row(0).unwrap_or_default()
    }

    /// The vector of the person's utterance `i`.
    #[must_use]
    pub fn utterance(&self, i: usize) -> Option<Quantized<'_>> {
        self.row(i.checked_add(1)?)
    }

    /// The vectors of the person's utterances, in order.
    pub fn utterances(&self) -> impl ExactSizeIterator<Item = Quantized<'_>> {
        let rows = self.scales.iter().zip(self.values.chunks_exact(self.dim));
        rows.skip(1).map(|(&scale, values)| Quantized { scale, values })
    }

    fn row(&self, i: usize) -> Option<Quantized<'_>> {
        let values = self.values.chunks_exact(self.dim).nth(i)?;
        Some(Quantized { scale: *self.scales.get(i)?, values })
    }

    /// Each vector as its scale, little-endian, and its bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.scales.len() * (self.dim + 4));
        for (scale, values) in self.scales.iter().zip(self.values.chunks_exact(self.dim)) {
            bytes.extend(scale.to_le_bytes());
            bytes.extend(values.iter().map(|&value| value.cast_unsigned()));
        }
        bytes
    }

    /// The inverse; `None` where the bytes are no such vectors.
    pub(crate) fn from_bytes(encoder: String, dim: usize, bytes: &[u8]) -> Option<Self> {
        let size =
            dim.checked_add(4).filter(|size| dim > 0 && bytes.len().is_multiple_of(*size))?;
        let rows = bytes.len() / size;
        let mut scales = Vec::with_capacity(rows);
        let mut values = Vec::with_capacity(rows * dim);
        for row in bytes.chunks_exact(size) {
            let (scale, row) = row.split_first_chunk::<4>()?;
            scales.push(f32::from_le_bytes(*scale));
            values.extend(row.iter().map(|&value| value.cast_signed()));
        }
        (rows > 0).then_some(Embeddings { encoder, dim, scales, values })
    }
}

/// A vector of [`Embeddings`]: `scale` times each of the values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantized<'a> {
    /// What a value of 1 stands for.
    pub scale: f32,
    /// The components, -127 to 127.
    pub values: &'a [i8],
}

impl Quantized<'_> {
    /// The product with `query`: the cosine, where that has unit length.
    /// `O(dim)`.
    ///
    /// # Errors
    /// [`Error::Dimensions`] where `query` has another number of components.
    pub fn dot(&self, query: &[f32]) -> Result<f32> {
        if query.len() != self.values.len() {
            return Err(Error::Dimensions { found: query.len(), expected: self.values.len() });
        }
        let mut lanes = [0.0_f32; LANES];
        let (a, b) = (self.values.chunks_exact(LANES), query.chunks_exact(LANES));
        let rest = a.remainder().iter().zip(b.remainder());
        let mut sum = rest.map(|(&a, b)| f32::from(a) * b).sum::<f32>();
        for (a, b) in a.zip(b) {
            for ((lane, &a), b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += f32::from(a) * b;
            }
        }
        sum += lanes.iter().sum::<f32>();
        Ok(self.scale * sum)
    }

    /// The components. `O(dim)`.
    #[must_use]
    pub fn to_vec(&self) -> Vec<f32> {
        self.values.iter().map(|&value| self.scale * f32::from(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_that_are_no_vectors_are_refused() {
        let read = |dim, bytes: &[u8]| Embeddings::from_bytes("e".into(), dim, bytes);
        assert!(read(2, &[0; 12]).is_some());
        for (dim, len) in [(0, 0), (0, 4), (2, 0), (2, 11), (usize::MAX, 8)] {
            assert!(read(dim, &vec![0; len]).is_none(), "{dim} {len}");
        }
    }

    fn unit(dim: usize) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-1.0_f32..1.0, dim).prop_filter_map("zero", |v| {
            let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
            (length > 1e-2).then(|| v.iter().map(|x| x / length).collect())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The bound of the documentation; f32's rounding of at most 127 steps
        /// and of a sum is far below the 1e-6 and 1e-5 added.
        #[test]
        fn quantising_is_off_by_no_more_than_promised(
            (v, q) in (1_usize..100).prop_flat_map(|dim| (unit(dim), unit(dim))),
        ) {
            let made = Embeddings::new("e", &v, [&q[..]]).unwrap();
            let most = v.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
            for (was, is) in v.iter().zip(made.session().to_vec()) {
                prop_assert!((was - is).abs() <= most / 254.0 + 1e-6);
            }
            let exact: f64 = v.iter().zip(&q).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let off = f64::from(made.session().dot(&q).unwrap()) - exact;
            prop_assert!(off.abs() <= (v.len() as f64).sqrt() * f64::from(most) / 254.0 + 1e-5);

            let read = Embeddings::from_bytes("e".into(), v.len(), &made.to_bytes());
            prop_assert_eq!(read, Some(made));
        }
    }
}

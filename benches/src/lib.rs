//! What the benches and the comparison with peers share: invented data, and
//! the arithmetic that no implementation can do without.

use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use idl_conved::{Error, SessionView};
use ndarray::{Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Sessions of the same number of utterances, whose two participants take
/// turns; the first to speak changes from session to session.
#[derive(Clone, Debug)]
pub struct Corpus {
    len: usize,
    roles: Vec<u8>,
    embeddings: Array2<f32>,
}

impl Corpus {
    /// `sessions` sessions of `len` utterances, embedded at random.
    #[must_use]
    pub fn random(sessions: usize, len: usize, dim: usize, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let embeddings = Array2::from_shape_simple_fn((sessions * len, dim), || {
            // Nearly normal, and not centred: cosines spread around 0.6.
            (0..4).map(|_| rng.r#gen::<f32>()).sum::<f32>() - 1.3
        });
        Self::new(len, embeddings)
    }

    /// Sessions of `len` utterances, one row of `embeddings` each.
    #[must_use]
    pub fn new(len: usize, embeddings: Array2<f32>) -> Self {
        let rows = 0..embeddings.nrows();
        let roles = rows.map(|i| u8::from((i / len + i % len) % 2 == 1)).collect();
        Corpus { len, roles, embeddings }
    }

    /// The sessions.
    ///
    /// # Errors
    /// As [`SessionView::new`].
    pub fn views(&self) -> Result<Vec<SessionView<'_>>, Error> {
        let rows = self.embeddings.axis_chunks_iter(Axis(0), self.len);
        self.roles.chunks(self.len).zip(rows).map(|(roles, e)| SessionView::new(roles, e)).collect()
    }

    /// The products that cannot be avoided: within each role, every session's
    /// utterances times those of the sessions after it, cut into squares and
    /// computed in parallel by the library that the kernels use.
    #[must_use]
    pub fn products(&self) -> SameRole {
        let dim = self.embeddings.ncols();
        let role = |role| {
            let rows = self.embeddings.rows().into_iter().zip(&self.roles);
            let values = rows.filter(|&(_, &r)| r == role).flat_map(|(row, _)| row.to_vec());
            values.collect()
        };
        SameRole { dim, rows_per_session: self.len / 2, matrices: [role(0), role(1)] }
    }
}

/// Utterances sorted by role.
#[derive(Clone, Debug)]
pub struct SameRole {
    dim: usize,
    rows_per_session: usize,
    /// Row-major, `dim` columns.
    matrices: [Vec<f32>; 2],
}

impl SameRole {
    /// Computes the upper triangle of products, `side` by `side` sessions at a
    /// time, and drops it; returns something that depends on all.
    #[must_use]
    pub fn compute(&self, side: usize) -> f32 {
        let rows = side * self.rows_per_session;
        let total = |matrix: &Vec<f32>| -> f32 {
            let chunks: Vec<MatRef<'_, f32>> = matrix
                .chunks(rows * self.dim)
                .map(|part| MatRef::from_row_major_slice(part, part.len() / self.dim, self.dim))
                .collect();
            let row = |out: &mut Mat<f32>, first: usize| -> f32 {
                let a = chunks[first];
                let product = |b: &MatRef<'_, f32>| {
                    // Row-major, as the kernels have it: the transpose of b a^T.
                    let out = out.as_mut().submatrix_mut(0, 0, b.nrows(), a.nrows());
                    matmul(out, Accum::Replace, b, a.transpose(), 1.0, Par::Seq);
                };
                chunks[first..].iter().for_each(product);
                out[(0, 0)]
            };
            let scratch = || Mat::zeros(rows, rows);
            (0..chunks.len()).into_par_iter().map_init(scratch, row).sum()
        };
        self.matrices.iter().map(total).sum()
    }
}

/// The least number of seconds that `work` takes in `times` runs.
pub fn least_seconds<T>(times: usize, mut work: impl FnMut() -> T) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..times {
        let start = Instant::now();
        std::hint::black_box(work());
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}

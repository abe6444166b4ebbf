//! Sessions as tensors.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::error::TensorError;
use super::scores::Block;
use crate::SessionView;
use crate::session::common_dim;

/// What stands for a role where there is no utterance.
const ABSENT: i64 = -1;

/// Sessions on a device.
///
/// ```
/// use idl_conved::{ConvEd, TensorSessions};
/// use tch::{Device, Tensor};
///
/// // Two sessions, of two utterances and of one; -1 says that there is none.
/// let embeddings = Tensor::from_slice(&[1.0_f32, 0.0, 0.0, 1.0, 0.8, 0.6, 0.0, 0.0]);
/// let embeddings = embeddings.view([2, 2, 2]).to_device(Device::cuda_if_available());
/// let roles = Tensor::from_slice(&[0_i64, 1, 0, -1]).view([2, 2]);
///
/// let sessions = TensorSessions::new(&embeddings, &roles)?;
/// let distances = ConvEd::default().pairwise_tensor(&sessions, 1 << 20)?;
/// // Substitute the first utterance, 5 * (1 - 0.8), and delete the second.
/// assert!((distances.double_value(&[0, 1]) - 2.0).abs() < 1e-5);
/// # Ok::<(), idl_conved::TensorError>(())
/// ```
#[derive(Debug)]
pub struct TensorSessions {
    /// All utterances of all sessions, in the order that they came in, `[t, d]`:
    /// nothing is padded, so one long session costs no more than its own length.
    embeddings: Tensor,
    /// `[t]`, not negative.
    roles: Tensor,
    /// The numbers of utterances of the sessions, ascending.
    sizes: Vec<i64>,
    /// The same, `[n]`.
    extents: Tensor,
    /// The first utterance of the sessions in that order, `[n]`.
    starts: Tensor,
    /// Where each session stands in that order; `None` if where it stood.
    rank: Option<Tensor>,
    /// The number of utterances of each session, in the order that they came
    /// in, `[n]`.
    lengths: Tensor,
}

impl TensorSessions {
    /// Checks sessions and arranges them by length, on the device of
    /// `embeddings`.
    ///
    /// `embeddings`, `[n, l, d]` of any floating kind, need not have unit length.
    /// `roles`, `[n, l]` of any integer kind: only whether two are equal matters,
    /// and a negative one says that there is no utterance at this place,
    /// whatever its embedding is.
    ///
    /// `O(n l d)`; keeps a copy of the utterances' embeddings, without padding.
    ///
    /// # Errors
    /// [`TensorError::Shape`], [`TensorError::RoleKind`];
    /// [`TensorError::Embedding`] for an embedding whose cosine is undefined, or
    /// whose components `f32` cannot hold.
    pub fn new(embeddings: &Tensor, roles: &Tensor) -> Result<Self, TensorError> {
        let (shape, role_shape) = (embeddings.size(), roles.size());
        let fits = shape.len() == 3 && shape[..2] == role_shape[..] && shape[1] > 0 && shape[2] > 0;
        if !fits {
            return Err(TensorError::Shape { embeddings: shape, roles: role_shape });
        }
        let kind = roles.f_kind()?;
        if !matches!(kind, Kind::Uint8 | Kind::Int8 | Kind::Int16 | Kind::Int | Kind::Int64) {
            return Err(TensorError::RoleKind(kind));
        }
        let device = embeddings.device();
        let (n, l, d) = (shape[0], shape[1], shape[2]);
        let roles = roles.f_to_device(device)?.f_to_kind(Kind::Int64)?.f_reshape([n * l])?;
        let present = roles.f_ge(0)?;
        let places = present.f_nonzero()?.f_reshape([-1])?;
        let embeddings =
            embeddings.f_detach()?.f_reshape([n * l, d])?.f_index_select(0, &places)?;
        if let Some(bad) = without_direction(&embeddings)? {
            let place = places.f_int64_value(&[bad])?;
            return Err(TensorError::Embedding { session: place / l, utterance: place % l });
        }
        let roles = roles.f_index_select(0, &places)?;
        let sizes = present.f_reshape([n, l])?.f_sum_dim_intlist(1_i64, false, Kind::Int64)?;
        let sizes = Vec::<i64>::try_from(&sizes.f_to_device(Device::Cpu)?)?;
        Self::packed(embeddings, roles, &sizes)
    }

    /// Sessions of these numbers of utterances, one after the other.
    fn packed(embeddings: Tensor, roles: Tensor, sizes: &[i64]) -> Result<Self, TensorError> {
        let device = embeddings.device();
        let on_device = |values: &[i64]| Tensor::f_from_slice(values)?.f_to_device(device);
        let starts = sizes.iter().scan(0, |next, size| {
            *next += size;
            Some(*next - size)
        });
        let mut order: Vec<(i64, i64, i64)> = (0_i64..)
            .zip(sizes.iter().zip(starts))
            .map(|(session, (&size, start))| (size, session, start))
            .collect();
        let sorted = sizes.is_sorted();
        order.sort_unstable();
        let old: Vec<i64> = order.iter().map(|&(_, session, _)| session).collect();
        let rank = if sorted { None } else { Some(on_device(&old)?.f_argsort(0, false)?) };
        let starts: Vec<i64> = order.iter().map(|&(_, _, start)| start).collect();
        let (starts, lengths) = (on_device(&starts)?, on_device(sizes)?.f_to_kind(Kind::Double)?);
        let sizes: Vec<i64> = order.iter().map(|&(size, _, _)| size).collect();
        let extents = on_device(&sizes)?;
        Ok(TensorSessions { embeddings, roles, sizes, extents, starts, rank, lengths })
    }

    /// Copies sessions to `device`: their utterances, without padding.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch) in
    /// [`TensorError::Sessions`]; [`TensorError::Tch`].
    pub fn from_views(sessions: &[SessionView<'_>], device: Device) -> Result<Self, TensorError> {
        let dim = common_dim(sessions.iter().map(SessionView::shape))?.max(1);
        let total = sessions.iter().map(SessionView::len).sum();
        let mut roles = Vec::with_capacity(total);
        let mut embeddings = Vec::with_capacity(total * dim);
        for session in sessions {
            roles.extend(session.roles().iter().map(|&role| i64::from(role)));
            embeddings.extend(session.embeddings().iter().copied());
        }
        let sizes: Vec<i64> = sessions.iter().map(|session| session.len() as i64).collect();
        let embeddings = Tensor::f_from_slice(&embeddings)?;
        let embeddings = embeddings.f_reshape([total as i64, dim as i64])?.f_to_device(device)?;
        let roles = Tensor::f_from_slice(&roles)?.f_to_device(device)?;
        Self::packed(embeddings, roles, &sizes)
    }

    /// The number of sessions.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.sizes.len() as i64
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Where the sessions are.
    #[must_use]
    pub fn device(&self) -> Device {
        self.embeddings.device()
    }

    /// The number of components of an embedding.
    #[must_use]
    pub fn dim(&self) -> i64 {
        self.embeddings.size().last().copied().unwrap_or(0)
    }

    /// The numbers of utterances, `[n]` in [`Kind::Double`].
    pub(super) fn lengths(&self) -> &Tensor {
        &self.lengths
    }

    /// Neighbours in the order of length, as many as have at most `side`
    /// positions together when they are padded to the longest, but at least
    /// one.
    pub(super) fn blocks(&self, side: i64) -> impl Iterator<Item = Range<i64>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rest = self.sizes.get(start..).filter(|rest| !rest.is_empty())?;
            let fits = |&(i, &extent): &(usize, &i64)| (i as i64 + 1) * extent <= side;
            let count = rest.iter().enumerate().take_while(fits).count().max(1);
            start += count;
            Some((start - count) as i64..start as i64)
        })
    }

    /// Some neighbours, their embeddings at unit length.
    pub(super) fn block(&self, range: &Range<i64>, kind: Kind) -> Result<Block, TensorError> {
        let extent = self.sizes[range.start as usize..range.end as usize].last();
        let (count, extent) = (range.end - range.start, extent.copied().unwrap_or(0));
        if extent == 0 {
            let vectors = Tensor::f_zeros([count, 0, self.dim()], (kind, self.device()))?;
            return Ok(Block {
                vectors,
                roles: self.roles.f_new_zeros([count, 0], (Kind::Int64, self.device()))?,
            });
        }
        // The utterances, and any where there is none.
        let cut = |tensor: &Tensor| tensor.f_narrow(0, range.start, count)?.f_unsqueeze(1);
        let positions = Tensor::f_arange(extent, (Kind::Int64, self.device()))?;
        let absent = positions.f_ge_tensor(&cut(&self.extents)?)?;
        let places = positions.f_add(&cut(&self.starts)?)?.f_masked_fill(&absent, 0)?;
        let places = places.f_reshape([count * extent])?;
        let roles = self.roles.f_index_select(0, &places)?.f_reshape([count, extent])?;
        let roles = roles.f_masked_fill(&absent, ABSENT)?;
        let embeddings = self.embeddings.f_index_select(0, &places)?.f_to_kind(kind)?;
        let embeddings = embeddings.f_reshape([count, extent, self.dim()])?;
        let embeddings = embeddings.f_masked_fill(&absent.f_unsqueeze(2)?, 0.0)?;
        // Twice, since squares of legal components may over- and underflow.
        // Zeros stay zeros.
        let tiny = f64::from(f32::MIN_POSITIVE);
        let largest = embeddings.f_abs()?.f_amax([2_i64].as_slice(), true)?.f_clamp_min(tiny)?;
        let scaled = embeddings.f_div(&largest)?;
        let norm = scaled.f_norm_scalaropt_dim(2.0, [2_i64].as_slice(), true)?.f_clamp_min(tiny)?;
        Ok(Block { vectors: scaled.f_div(&norm)?, roles })
    }

    /// Puts one side of a matrix into the order that the sessions came in.
    pub(super) fn in_order(&self, matrix: &Tensor, dim: i64) -> Result<Tensor, TensorError> {
        Ok(match &self.rank {
            Some(rank) => matrix.f_index_select(dim, rank)?,
            None => matrix.shallow_clone(),
        })
    }
}

/// The first of these rows whose direction `f32` cannot tell: one of zeros, with
/// an infinity or NaN, or too large or too small.
fn without_direction(embeddings: &Tensor) -> Result<Option<i64>, TensorError> {
    let largest = embeddings.f_abs()?.f_amax([1_i64].as_slice(), false)?;
    let legal = if embeddings.f_kind()? == Kind::Double {
        // Rounded to `f32` it must be a number with all its digits.
        let (least, most) = (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
        largest.f_ge(least)?.f_logical_and(&largest.f_le(most)?)?
    } else {
        largest.f_gt(0.0)?.f_logical_and(&largest.f_isfinite()?)?
    };
    let bad = legal.f_logical_not()?.f_nonzero()?;
    Ok(if bad.size()[0] > 0 { Some(bad.f_int64_value(&[0, 0])?) } else { None })
}

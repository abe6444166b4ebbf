//! Sessions as padded tensors.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::error::TensorError;
use super::scores::Block;
use crate::SessionView;
use crate::session::common_dim;

/// What stands for a role where there is no utterance.
const ABSENT: i64 = -1;

/// Sessions on a device, padded to a common length.
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
    /// `[n, l, d]`, the shorter sessions first, zero where there is no
    /// utterance.
    embeddings: Tensor,
    /// `[n, l]`, in the same order; [`ABSENT`] where there is no utterance.
    roles: Tensor,
    /// How many positions of each session matter, ascending.
    extents: Vec<i64>,
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
    /// `O(n l d)`; keeps a copy of the embeddings.
    ///
    /// # Errors
    /// [`TensorError::Shape`], [`TensorError::RoleKind`];
    /// [`TensorError::Embedding`] for an embedding whose cosine is undefined.
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
        let roles = roles.f_to_device(device)?.f_to_kind(Kind::Int64)?.f_clamp_min(ABSENT)?;
        let absent = roles.f_lt(0)?;
        let embeddings = embeddings.f_detach()?.f_masked_fill(&absent.f_unsqueeze(2)?, 0.0)?;
        check_directions(&embeddings, &absent)?;

        let present = absent.f_logical_not()?.f_to_kind(Kind::Int64)?;
        let (n, l) = (shape[0], shape[1]);
        let positions = Tensor::f_arange_start(1, l + 1, (Kind::Int64, device))?;
        let extents = present.f_mul(&positions)?.f_amax([1_i64].as_slice(), false)?;
        let lengths = present.f_sum_dim_intlist([1_i64].as_slice(), false, Kind::Double)?;

        let extents = Vec::<i64>::try_from(&extents.f_to_device(Device::Cpu)?)?;
        let mut order: Vec<i64> = (0..n).collect();
        order.sort_by_key(|&i| extents[i as usize]);
        let sorted = order.is_sorted();
        let by_extent = |tensor: &Tensor| {
            let index = Tensor::f_from_slice(&order)?.f_to_device(device)?;
            tensor.f_index_select(0, &index)
        };
        let (embeddings, roles, rank) = if sorted {
            (embeddings, roles, None)
        } else {
            let rank = Tensor::f_from_slice(&order)?.f_argsort(0, false)?.f_to_device(device)?;
            (by_extent(&embeddings)?, by_extent(&roles)?, Some(rank))
        };
        let extents = order.iter().map(|&i| extents[i as usize]).collect();
        Ok(TensorSessions { embeddings, roles, extents, rank, lengths })
    }

    /// Copies sessions to `device`.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch) in
    /// [`TensorError::Sessions`]; [`TensorError::Tch`].
    pub fn from_views(sessions: &[SessionView<'_>], device: Device) -> Result<Self, TensorError> {
        // Empty sessions are padded, too: there is always a place.
        let dim = common_dim(sessions.iter().map(SessionView::shape))?.max(1);
        let longest = sessions.iter().map(SessionView::len).max().unwrap_or(0).max(1);
        let mut roles = vec![ABSENT; sessions.len() * longest];
        let mut embeddings = vec![0.0_f32; sessions.len() * longest * dim];
        let places = roles.chunks_mut(longest).zip(embeddings.chunks_mut(longest * dim));
        for (session, (roles, embeddings)) in sessions.iter().zip(places) {
            for (to, &role) in roles.iter_mut().zip(session.roles()) {
                *to = i64::from(role);
            }
            for (to, &x) in embeddings.iter_mut().zip(session.embeddings()) {
                *to = x;
            }
        }
        let (n, l, d) = (sessions.len() as i64, longest as i64, dim as i64);
        let embeddings = Tensor::f_from_slice(&embeddings)?.f_reshape([n, l, d])?;
        let roles = Tensor::f_from_slice(&roles)?.f_reshape([n, l])?;
        Self::new(&embeddings.f_to_device(device)?, &roles)
    }

    /// The number of sessions.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.extents.len() as i64
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.extents.is_empty()
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
            let rest = self.extents.get(start..).filter(|rest| !rest.is_empty())?;
            let fits = |&(i, &extent): &(usize, &i64)| (i as i64 + 1) * extent <= side;
            let count = rest.iter().enumerate().take_while(fits).count().max(1);
            start += count;
            Some((start - count) as i64..start as i64)
        })
    }

    /// Some neighbours, their embeddings at unit length.
    pub(super) fn block(&self, range: &Range<i64>, kind: Kind) -> Result<Block, TensorError> {
        let extent = self.extents[range.start as usize..range.end as usize].last();
        let extent = extent.copied().unwrap_or(0);
        let cut = |tensor: &Tensor| {
            tensor.f_narrow(0, range.start, range.end - range.start)?.f_narrow(1, 0, extent)
        };
        let embeddings = cut(&self.embeddings)?.f_to_kind(kind)?;
        // Twice, since squares of legal components may over- and underflow.
        // Zeros stay zeros.
        let tiny = f64::from(f32::MIN_POSITIVE);
        let largest = embeddings.f_abs()?.f_amax([2_i64].as_slice(), true)?.f_clamp_min(tiny)?;
        let scaled = embeddings.f_div(&largest)?;
        let norm = scaled.f_norm_scalaropt_dim(2.0, [2_i64].as_slice(), true)?.f_clamp_min(tiny)?;
        Ok(Block { vectors: scaled.f_div(&norm)?, roles: cut(&self.roles)? })
    }

    /// Puts one side of a matrix into the order that the sessions came in.
    pub(super) fn in_order(&self, matrix: &Tensor, dim: i64) -> Result<Tensor, TensorError> {
        Ok(match &self.rank {
            Some(rank) => matrix.f_index_select(dim, rank)?,
            None => matrix.shallow_clone(),
        })
    }
}

/// # Errors
/// [`TensorError::Embedding`] for the first one of length zero, infinity or
/// NaN.
fn check_directions(embeddings: &Tensor, absent: &Tensor) -> Result<(), TensorError> {
    let largest = embeddings.f_abs()?.f_amax([2_i64].as_slice(), false)?;
    let legal = largest.f_gt(0.0)?.f_logical_and(&largest.f_isfinite()?)?;
    let bad = legal.f_logical_or(absent)?.f_logical_not()?.f_nonzero()?;
    if bad.size()[0] > 0 {
        let (session, utterance) = (bad.f_int64_value(&[0, 0])?, bad.f_int64_value(&[0, 1])?);
        return Err(TensorError::Embedding { session, utterance });
    }
    Ok(())
}

//! Memory that is kept from one call to the next.
//!
//! The system hands out memory page by page at first touch, and that costs
//! several times what packing a page of embeddings does: for 60 sessions it
//! was a third of the whole. So buffers go back to a small store, and the next
//! call finds them there.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use crate::{Error, Result};

/// `rows * columns`, if so many `T` can be had in one piece.
///
/// The system is asked and the memory given back at once, untouched, which takes
/// microseconds: so a matrix that is far too large is an error and not an abort.
///
/// # Errors
/// [`Error::Memory`].
pub(crate) fn room_for<T>(rows: usize, columns: usize) -> Result<usize> {
    let there_is = |&len: &usize| {
        let mut probe: Vec<T> = Vec::new();
        let found = len <= UNASKED || probe.try_reserve_exact(len).is_ok();
        // Seen from outside, lest the compiler leave the question out.
        std::hint::black_box(&probe);
        found
    };
    let len = rows.checked_mul(columns).filter(there_is);
    len.ok_or(Error::Memory { rows, columns, bytes: size_of::<T>() })
}

/// So many numbers are had without asking.
const UNASKED: usize = 1 << 16;

/// At most so many numbers are kept while nobody uses them: 32 MiB.
const KEPT: usize = 8 << 20;

/// The buffers that nobody uses, smallest first.
static IDLE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Some numbers, each of which must be written before it is read: at first
/// they are what the former user left there.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    memory: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` numbers.
    pub(crate) fn new(len: usize) -> Self {
        let idle = IDLE.lock().ok().and_then(|mut idle| {
            let smallest = idle.partition_point(|memory| memory.len() < len);
            // Large buffers are not spent on small requests.
            let fits = idle.get(smallest).is_some_and(|memory| memory.len() / 4 <= len);
            fits.then(|| idle.remove(smallest))
        });
        Buffer { memory: idle.unwrap_or_else(|| vec![0.0; len]), len }
    }

    /// A buffer of `rows` times `columns` numbers, if there is so much memory.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub(crate) fn checked(rows: usize, columns: usize) -> Result<Self> {
        room_for::<f32>(rows, columns).map(Buffer::new)
    }

    /// Makes room for `len` numbers, not keeping those that are there.
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.memory.len() < len {
            *self = Buffer::new(len);
        }
        self.len = len;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        if memory.is_empty() || memory.len() > KEPT {
            return;
        }
        let Ok(mut idle) = IDLE.lock() else { return };
        let at = idle.partition_point(|other| other.len() < memory.len());
        idle.insert(at, memory);
        // Small buffers are soon made again.
        let mut excess = idle.iter().map(Vec::len).sum::<usize>().saturating_sub(KEPT);
        let dropped = idle.iter().take_while(|memory| {
            let drop = excess > 0;
            excess = excess.saturating_sub(memory.len());
            drop
        });
        let dropped = dropped.count();
        idle.drain(..dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        // Other tests of this process use the store meanwhile: only the bound
        // is certain.
        let kept = || IDLE.lock().unwrap().iter().map(Vec::len).sum::<usize>();
        for len in [0, 1, 1000, KEPT / 2, KEPT / 2, KEPT, KEPT + 1] {
            let (a, b) = (Buffer::new(len), Buffer::new(len));
            assert_eq!((a.len(), b.len()), (len, len));
            drop((a, b));
            assert!(kept() <= KEPT);
        }
        assert!(IDLE.lock().unwrap().is_sorted_by_key(Vec::len));
    }

    #[test]
    fn a_buffer_grows_and_shrinks() {
        let mut buffer = Buffer::default();
        for len in [3, 10, 0, 7] {
            buffer.reserve(len);
            buffer.fill(1.0);
            assert_eq!(buffer.len(), len);
        }
    }
}

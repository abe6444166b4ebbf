//! What every encoder does around its model: batches of like length on the way
//! in, rows of unit length on the way out. For crates of this workspace: not part of
//! what is promised.

use ndarray::ArrayViewMut1;

/// The indices of texts in batches, the longest first, so that little is
/// padded and the largest batch comes first. Texts of one length keep their
/// order: the same texts always make the same batches.
#[must_use]
pub fn by_length(lengths: &[usize], batch_size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
    order.chunks(batch_size).map(<[usize]>::to_vec).collect()
}

/// Token ids row by row, each row filled up to `longest` with `padding`.
#[must_use]
pub fn padded(rows: &[&[u32]], longest: usize, padding: u32) -> Vec<i64> {
    let row = |ids: &&[u32]| {
        let filler = std::iter::repeat_n(padding, longest - ids.len());
        ids.iter().copied().chain(filler).map(i64::from).collect::<Vec<_>>()
    };
    rows.iter().flat_map(row).collect()
}

/// Row by row whether a token is one, and not padding.
#[must_use]
pub fn mask(rows: &[&[u32]], longest: usize) -> Vec<bool> {
    rows.iter().flat_map(|ids| (0..longest).map(|i| i < ids.len())).collect()
}

/// The number of tokens of the longest row.
#[must_use]
pub fn longest(rows: &[&[u32]]) -> usize {
    rows.iter().map(|ids| ids.len()).max().unwrap_or(0)
}

/// Writes a vector into a row, scaled to unit length.
///
/// # Errors
/// Its length, where that is 0 or not finite: the vector has no direction.
pub fn fill_row(mut row: ArrayViewMut1<'_, f32>, vector: &[f32]) -> Result<(), f64> {
    let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(length);
    }
    for (to, from) in row.iter_mut().zip(vector) {
        *to = (f64::from(*from) / length) as f32;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_text_once_the_longest_first() {
        assert_eq!(by_length(&[3, 9, 3, 5, 1], 2), [vec![1, 3], vec![0, 2], vec![4]]);
        assert!(by_length(&[], 2).is_empty());
    }

    #[test]
    fn rows_are_filled_up_to_the_longest() {
        let rows: [&[u32]; 2] = [&[5, 6, 7], &[8]];
        assert_eq!(padded(&rows, longest(&rows), 1), [5, 6, 7, 8, 1, 1]);
        assert_eq!(mask(&rows, 3), [true, true, true, true, false, false]);
        assert_eq!(longest(&[]), 0);
    }

    #[test]
    fn rows_have_unit_length_or_no_direction() {
        let mut row = ndarray::Array1::zeros(2);
        fill_row(row.view_mut(), &[3.0, -4.0]).unwrap();
        assert_eq!(row.to_vec(), [0.6, -0.8]);
        for vector in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            let length = fill_row(row.view_mut(), &vector).unwrap_err();
            assert!(length == 0.0 || !length.is_finite(), "{length}");
        }
        // Squares beyond f32 are no reason to fail.
        fill_row(row.view_mut(), &[3e30, 3e30]).unwrap();
        assert_eq!(row.to_vec(), [0.5f32.sqrt(); 2]);
    }
}

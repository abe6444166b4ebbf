//! What every encoder does around its model: batches of like length on the way
//! in, rows of unit length on the way out.

use ndarray::ArrayViewMut1;

use crate::error::{Error, Result};

/// The indices of texts in batches, the longest first, so that little is
/// padded and the largest batch comes first. Texts of one length keep their
/// order: the same texts always make the same batches.
pub(crate) fn by_length(lengths: &[usize], batch_size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
    order.chunks(batch_size).map(<[usize]>::to_vec).collect()
}

/// Checks the size of a batch.
pub(crate) fn check_size(batch_size: usize) -> Result<()> {
    if batch_size == 0 {
        return Err(Error::Option {
            field: "batch_size",
            found: batch_size.to_string(),
            expected: "at least 1",
        });
    }
    Ok(())
}

/// Token ids row by row, each row filled up to `longest` with `padding`.
pub(crate) fn padded(rows: &[&[u32]], longest: usize, padding: u32) -> Vec<i64> {
    let row = |ids: &&[u32]| {
        let filler = std::iter::repeat_n(padding, longest - ids.len());
        ids.iter().copied().chain(filler).map(i64::from).collect::<Vec<_>>()
    };
    rows.iter().flat_map(row).collect()
}

/// Row by row whether a token is one, and not padding.
pub(crate) fn mask(rows: &[&[u32]], longest: usize) -> Vec<bool> {
    rows.iter().flat_map(|ids| (0..longest).map(|i| i < ids.len())).collect()
}

/// The number of tokens of the longest row.
pub(crate) fn longest(rows: &[&[u32]]) -> usize {
    rows.iter().map(|ids| ids.len()).max().unwrap_or(0)
}

/// Writes the vector of text `index` into its row, scaled to unit length.
pub(crate) fn fill_row(
    mut row: ArrayViewMut1<'_, f32>,
    vector: &[f32],
    index: usize,
) -> Result<()> {
    let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(Error::NoDirection { index, length });
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
    fn rows_have_unit_length_or_an_error_names_the_text() {
        let mut row = ndarray::Array1::zeros(2);
        fill_row(row.view_mut(), &[3.0, -4.0], 0).unwrap();
        assert_eq!(row.to_vec(), [0.6, -0.8]);
        for vector in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            let error = fill_row(row.view_mut(), &vector, 7).unwrap_err();
            assert!(error.to_string().contains("text 7"), "{error}");
        }
        // Squares beyond f32 are no reason to fail.
        fill_row(row.view_mut(), &[3e30, 3e30], 0).unwrap();
        assert_eq!(row.to_vec(), [0.5f32.sqrt(); 2]);
    }
}

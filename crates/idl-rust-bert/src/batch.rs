//! Batches as idl-encoder has them, with the errors of this crate.

pub(crate) use idl_encoder::batch::{by_length, padded};
use ndarray::ArrayViewMut1;

use crate::error::{Error, Result};

/// Checks the size of a batch.
pub(crate) fn check_size(batch_size: usize) -> Result<()> {
    if batch_size == 0 {
        let found = batch_size.to_string();
        return Err(Error::Option { field: "batch_size", found, expected: "at least 1" });
    }
    Ok(())
}

/// Writes the vector of text `index` into its row, scaled to unit length.
pub(crate) fn fill_row(row: ArrayViewMut1<'_, f32>, vector: &[f32], index: usize) -> Result<()> {
    idl_encoder::batch::fill_row(row, vector).map_err(|length| Error::NoDirection { index, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_without_a_direction_is_an_error_that_names_the_text() {
        let mut row = ndarray::Array1::zeros(2);
        fill_row(row.view_mut(), &[3.0, -4.0], 0).unwrap();
        assert_eq!(row.to_vec(), [0.6, -0.8]);
        let error = fill_row(row.view_mut(), &[0.0, 0.0], 7).unwrap_err();
        assert!(error.to_string().contains("text 7"), "{error}");
    }
}

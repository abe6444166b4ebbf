//! Owned sessions for the tests.

use idl_conved::SessionView;
use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;

/// A session that owns its data.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    /// One role for each utterance.
    pub(crate) roles: Vec<u8>,
    /// One row for each utterance.
    pub(crate) embeddings: Array2<f32>,
}

impl Owned {
    /// The session as the crate sees it.
    pub(crate) fn view(&self) -> SessionView<'_> {
        SessionView::new(&self.roles, self.embeddings.view()).unwrap()
    }
}

/// All views of `sessions`.
pub(crate) fn views(sessions: &[Owned]) -> Vec<SessionView<'_>> {
    sessions.iter().map(Owned::view).collect()
}

/// Sessions of up to `len` utterances of `roles` participants in `dim`
/// dimensions. Components are quarters, so that equal and opposed directions
/// are not rare.
pub(crate) fn session(len: usize, roles: u8, dim: usize) -> impl Strategy<Value = Owned> {
    let row = vec((-4_i8..=4).prop_map(|x| f32::from(x) / 4.0), dim)
        .prop_filter("a zero row has no cosine", |row| row.iter().any(|&x| x != 0.0));
    vec((0..roles, row), 0..=len).prop_map(move |utterances| {
        let (roles, rows): (Vec<u8>, Vec<Vec<f32>>) = utterances.into_iter().unzip();
        let embeddings = Array2::from_shape_vec((rows.len(), dim), rows.concat()).unwrap();
        Owned { roles, embeddings }
    })
}

//! Which corpus, and its persons: the options that several programs share.

mod group;
mod load;
mod options;
mod sides;

use idl_dialogue::BoxError;

pub(crate) use group::Group;
pub(crate) use options::{Corpus, CorpusArgs, CorpusKind};
pub(crate) use sides::SidesArgs;

impl CorpusArgs {
    /// Reads the corpus into memory.
    ///
    /// # Errors
    /// An option that the corpus does not have; files that are missing; unless
    /// `lenient`, a record that is wrong.
    pub(crate) fn load(&self) -> Result<Corpus, BoxError> {
        use CorpusKind::{Convai2, Cornell, Light};
        for (option, given, corpora) in [
            ("--split", self.split.is_some(), &[Convai2, Cornell][..]),
            ("--view", self.view.is_some(), &[Convai2, Light]),
            ("--encoding", self.encoding.is_some(), &[Cornell]),
        ] {
            if given && !corpora.contains(&self.corpus) {
                let corpus = self.corpus.name();
                return Err(format!("`{option}` does not go with `--corpus {corpus}`").into());
            }
        }
        load::load(self)
    }
}

#[cfg(test)]
mod tests;

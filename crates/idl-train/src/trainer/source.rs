//! Where a run's examples are: in memory, or made when their turn comes.

use std::borrow::Cow;
use std::fmt;

use crate::data::Example;
use crate::error::Result;

/// Examples that are made when they are asked for: more than memory holds, or
/// than a run will ever see.
///
/// Example `index` must be the same whenever it is asked for: a run that goes
/// on from a checkpoint asks for those it has not learnt yet, and for no other.
pub trait ExampleStream: fmt::Debug {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Example `index`, below [`len`](Self::len).
    ///
    /// # Errors
    /// Whatever keeps it from being made; the run ends with it.
    fn example(&self, index: usize) -> Result<Example>;

    /// Whether the examples are drawn each by itself: then they are in random
    /// order already, and a longer stream begins as a shorter one does. They are
    /// learnt in their own order, whatever
    /// [`shuffle`](crate::TrainConfig::shuffle) says, and the length of the
    /// stream may change in the middle of a run.
    fn is_shuffled(&self) -> bool {
        false
    }

    /// All that the examples follow from, but for their number, in text: streams that say the same
    /// give the same. A checkpoint holds its hash, so that no run goes on with
    /// other data.
    fn description(&self) -> String;
}

/// One or the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    Slice(&'a [Example]),
    Stream(&'a dyn ExampleStream),
}

impl<'a> Source<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Source::Slice(examples) => examples.len(),
            Source::Stream(stream) => stream.len(),
        }
    }

    pub(crate) fn is_shuffled(&self) -> bool {
        match self {
            Source::Slice(_) => false,
            Source::Stream(stream) => stream.is_shuffled(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Result<Cow<'a, Example>> {
        match self {
            Source::Slice(examples) => Ok(Cow::Borrowed(&examples[index])),
            Source::Stream(stream) => Ok(Cow::Owned(stream.example(index)?)),
        }
    }
}

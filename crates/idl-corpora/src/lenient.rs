//! Going on after bad records, with a count of them.
//!
//! Every reader of this crate is an iterator of `Result`s that goes on after a
//! bad record, so that the choice is the caller's: `?` and `collect` stop at
//! the first, [`Records::lenient`] leaves them out and keeps account.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How many messages a [`Tally`] keeps.
const MESSAGES: usize = 5;

/// What every reader is: an iterator of records, some of which may be bad.
pub trait Records: Iterator<Item = Result<Self::Record>> + Sized {
    /// A good record.
    type Record;

    /// Leaves bad records out and counts them. An error that is
    /// [fatal](Error::is_fatal) is handed on.
    ///
    /// ```
    /// use idl_corpora::{chat, Records};
    ///
    /// let file = r#"
    /// {"messages": [{"role": "assistant", "content": "hi !"}]}
    /// {"messages": [{"role": "robot", "content": "hi !"}]}
    /// "#;
    /// let mut chats = chat::read(file.as_bytes(), "f.jsonl").lenient();
    /// let good = chats.by_ref().collect::<Result<Vec<_>, _>>()?;
    /// let tally = chats.tally();
    /// assert_eq!((good.len(), tally.read, tally.kept, tally.skipped), (1, 2, 1, 1));
    /// assert_eq!(
    ///     tally.to_string(),
    ///     "2 records read, 1 kept, 1 skipped: f.jsonl:3: field `messages[0].role`: \
    ///      expected `system`, `user` or `assistant`, found `robot`"
    /// );
    /// # Ok::<(), idl_corpora::Error>(())
    /// ```
    fn lenient(self) -> Lenient<Self> {
        self.skipping(true)
    }

    /// [`lenient`](Self::lenient) where `skip` says so; else bad records are
    /// handed on too. For programs that leave the choice to their user: the
    /// type is the same.
    fn skipping(self, skip: bool) -> Lenient<Self> {
        Lenient { records: self, skip, tally: Tally::default() }
    }
}

impl<T, I: Iterator<Item = Result<T>>> Records for I {
    type Record = T;
}

/// The good records of a reader; made by [`Records::lenient`].
#[derive(Clone, Debug)]
pub struct Lenient<I> {
    records: I,
    skip: bool,
    tally: Tally,
}

impl<I> Lenient<I> {
    /// What has been read up to now.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What has been read up to now.
    #[must_use]
    pub fn into_tally(self) -> Tally {
        self.tally
    }
}

impl<T, I: Iterator<Item = Result<T>>> Iterator for Lenient<I> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.records.next()? {
                Ok(record) => {
                    self.tally.keep();
                    return Some(Ok(record));
                }
                Err(error) if self.skip && !error.is_fatal() => self.tally.skip(&error),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// What became of the records of a file: `read = kept + skipped`.
///
/// An error that was handed on is in none of these: whoever got it may count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The records that were there.
    pub read: usize,
    /// Those that were good.
    pub kept: usize,
    /// Those that were not.
    pub skipped: usize,
    /// How many were skipped for which reason; the sum is `skipped`. The
    /// reasons are [`Error::reason`]'s.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, usize>,
    /// The first five complaints, each with its cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<String>,
}

impl Tally {
    /// Counts a good record.
    pub fn keep(&mut self) {
        self.read += 1;
        self.kept += 1;
    }

    /// Counts a bad record.
    pub fn skip(&mut self, error: &Error) {
        self.read += 1;
        self.skipped += 1;
        *self.reasons.entry(error.reason()).or_default() += 1;
        if self.first.len() < MESSAGES {
            self.first.push(with_cause(error));
        }
    }

    /// Adds the account of another file.
    pub fn add(&mut self, other: &Tally) {
        self.read += other.read;
        self.kept += other.kept;
        self.skipped += other.skipped;
        for (reason, count) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += count;
        }
        let room = MESSAGES.saturating_sub(self.first.len());
        self.first.extend(other.first.iter().take(room).cloned());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { read, kept, skipped, first, .. } = self;
        write!(f, "{read} records read, {kept} kept, {skipped} skipped")?;
        let mut separator = ": ";
        for message in first {
            write!(f, "{separator}{message}")?;
            separator = "; ";
        }
        if *skipped > first.len() && !first.is_empty() {
            f.write_str("; ...")?;
        }
        Ok(())
    }
}

/// The message of an error and of all that caused it.
fn with_cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn bad(line: usize) -> Error {
        let field = format!("messages[{line}].role");
        Error::Field { file: "f".into(), line, field, expected: "a role", found: "x".into() }
    }

    fn broken() -> Error {
        Error::Read { file: "f".into(), line: 9, source: io::Error::other("broken") }
    }

    #[test]
    fn what_goes_in_comes_out_or_is_counted() {
        let items = (0..10).map(|i| if i % 4 == 3 { Err(bad(i)) } else { Ok(i) });
        let mut records = items.lenient();
        let kept: Vec<_> = records.by_ref().map(Result::unwrap).collect();
        assert_eq!(kept, [0, 1, 2, 4, 5, 6, 8, 9]);
        let tally = records.into_tally();
        assert_eq!((tally.read, tally.kept, tally.skipped), (10, 8, 2));
        assert_eq!(tally.reasons, [(String::from("`messages[].role`: expected a role"), 2)].into());
        assert_eq!(tally.first[1], "f:7: field `messages[7].role`: expected a role, found x");
        let json = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&json).unwrap(), tally);
    }

    #[test]
    fn what_is_fatal_or_not_to_be_skipped_is_handed_on() {
        let items = vec![Ok(1), Err(bad(2)), Err(broken()), Ok(4)];
        let mut records = items.into_iter().lenient();
        assert_eq!(records.next().unwrap().unwrap(), 1);
        assert!(records.next().unwrap().unwrap_err().is_fatal());
        assert_eq!(records.tally().read, 2);
        let mut strict = vec![Ok(1), Err(bad(2)), Ok(3)].into_iter().skipping(false);
        assert_eq!(strict.by_ref().filter(Result::is_err).count(), 1);
        assert_eq!((strict.tally().read, strict.tally().skipped), (2, 0));
    }

    #[test]
    fn a_tally_is_one_line_and_bounded() {
        let mut tally = Tally::default();
        assert_eq!(tally.to_string(), "0 records read, 0 kept, 0 skipped");
        (0..1000).for_each(|line| tally.skip(&bad(line)));
        assert_eq!((tally.first.len(), tally.reasons.len()), (MESSAGES, 1));
        assert!(tally.to_string().starts_with("1000 records read, 0 kept, 1000 skipped: f:0: "));
        assert!(tally.to_string().ends_with("; ..."));
        let mut sum = Tally::default();
        sum.keep();
        sum.add(&tally);
        sum.add(&tally);
        assert_eq!((sum.read, sum.kept, sum.skipped, sum.first.len()), (2001, 1, 2000, MESSAGES));
        assert_eq!(sum.reasons.values().sum::<usize>(), sum.skipped);
    }

    #[test]
    fn the_cause_is_told() {
        assert_eq!(with_cause(&broken()), "f:9: cannot be read: broken");
    }
}

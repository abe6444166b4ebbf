//! What a format is, and what its reader is asked.

use std::fmt::Debug;
use std::io::BufRead;

use idl_corpora::{LINE_LIMIT, Records, Result, Tally};
use rand_xoshiro::Xoshiro256PlusPlus;

/// One of the formats that idl-corpora reads.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name of the fuzz target.
    pub name: &'static str,
    /// Whether damage to a record is seen and harms no other. (It is not where
    /// a record is all there is until the next, or any text is a good one.)
    pub exact: bool,
    /// The pieces of a good file of `n` records, one for each.
    pub pieces: fn(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<Vec<u8>>,
    /// Reads bytes that may be anything, with lines of at most so many bytes,
    /// and tells what became of the records.
    pub check: fn(bytes: &[u8], line_limit: usize) -> Tally,
    /// The reader, its records left away.
    pub reader: fn(Box<dyn BufRead>) -> Outcomes,
}

/// What a reader says of each record.
pub type Outcomes = Box<dyn Iterator<Item = Result<()>>>;

pub(super) fn outcomes<T>(reader: impl Iterator<Item = Result<T>> + 'static) -> Outcomes {
    Box::new(reader.map(|item| item.map(drop)))
}

impl Format {
    /// A good file of `n` records.
    pub fn file(&self, n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
        (self.pieces)(n, rng).concat()
    }

    /// [`check`](Self::check) with lines of any length.
    pub fn read(&self, bytes: &[u8]) -> Tally {
        (self.check)(bytes, LINE_LIMIT)
    }
}

/// The name that stands for the file.
pub(super) const FILE: &str = "the file";

/// What every reader owes: the same records in two readings, as many as its
/// tally says; errors that name file and line and are not fatal; an end.
pub(super) fn records<T, I>(bytes: &[u8], reader: impl Fn() -> I) -> (Vec<T>, Tally)
where
    T: PartialEq + Debug,
    I: Iterator<Item = Result<T>>,
{
    // The end of the file may be what is wrong, and has a number too; in YAML
    // a carriage return alone ends a line.
    let lines = bytes.split(|&byte| byte == b'\n' || byte == b'\r').count() + 1;
    let (mut good, mut bad) = (Vec::new(), 0);
    for item in reader() {
        match item {
            Ok(record) => good.push(record),
            Err(error) => {
                bad += 1;
                assert!(!error.is_fatal(), "{error}");
                let message = error.to_string();
                let place = message.strip_prefix(FILE).and_then(|rest| rest.strip_prefix(':'));
                let digits =
                    place.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
                let line: usize = digits.and_then(|line| line.parse().ok()).unwrap_or_default();
                assert!((1..=lines).contains(&line), "{line} of {lines}: {message}");
            }
        }
    }
    let mut lenient = reader().lenient();
    let kept = lenient.by_ref().collect::<Result<Vec<_>>>().expect("nothing fatal in memory");
    let tally = lenient.into_tally();
    assert_eq!(kept, good);
    assert_eq!((tally.read, tally.kept, tally.skipped), (good.len() + bad, good.len(), bad));
    assert_eq!(tally.reasons.values().sum::<usize>(), bad);
    assert_eq!(tally.first.len(), bad.min(5));
    (good, tally)
}

/// The lines that are not blank: the records of JSONL.
pub(super) fn lines_with_text(bytes: &[u8]) -> usize {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count()
}

/// A file of the records.
pub(super) fn write_all<T>(
    records: &[T],
    write: impl Fn(&mut Vec<u8>, &T) -> Result<()>,
) -> Vec<u8> {
    let mut file = Vec::new();
    for record in records {
        write(&mut file, record).expect("what was read can be written");
    }
    file
}

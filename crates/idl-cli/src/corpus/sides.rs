//! Persons of several sides.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use idl::corpora::join_sides;
use idl_dialogue::{BoxError, Person};

/// The option that joins persons.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct SidesArgs {
    /// Join so many persons into one, drawn by --seed: persons of several sides, of
    /// whom a choice of sessions has something to choose
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub sides: usize,
}

impl SidesArgs {
    /// The persons, joined. Those that are left over are left out.
    ///
    /// # Errors
    /// Where there are too few persons for one.
    pub(crate) fn join(self, persons: Vec<Person>, seed: u64) -> Result<Vec<Person>, BoxError> {
        if self.sides == 1 || persons.is_empty() {
            return Ok(persons);
        }
        let count = persons.len();
        let joined = join_sides(persons, self.sides, seed);
        if joined.is_empty() {
            return Err(format!("`--sides {}`: there are {count} persons", self.sides).into());
        }
        eprintln!("{count} persons joined into {} of {} sides", joined.len(), self.sides);
        Ok(joined)
    }
}

//! Orders sessions by their distances: a shortest Hamiltonian path.

use std::path::PathBuf;

use crate::cli;
use crate::lines::{Object, Place, objects};
use clap::{Args, ValueEnum};
use idl::order::{Error, Policy, order};
use idl_dialogue::BoxError;
use ndarray::Array2;

/// Orders sessions so that neighbours are close to each other.
///
/// Each input line is `{"distance": [[..], ..], "to_target": [..]}`:
/// `distance[i][j]` is what it costs to put session j right after session i,
/// and `to_target`, which `free` and `original` can do without, the distance
/// of each session from the current context. Each output line is
/// `{"order": [..], "cost": x, "exact": true or false}`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  echo '{\"distance\": [[0,9,1],[9,0,2],[1,2,0]]}' | idl order
  echo '{\"distance\": [[0,9],[9,0]], \"to_target\": [1,2]}' | idl order --policy anchored
  idl distance --input sessions.jsonl | idl order --input -")]
pub(crate) struct Arguments {
    /// JSONL, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    input: PathBuf,

    /// What a good order is
    #[arg(long, value_enum, default_value = "free")]
    policy: PolicyName,
}

/// [`Policy`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PolicyName {
    /// Least sum of distances between neighbours (the paper)
    Free,
    /// The same with the target as a fixed last node
    Anchored,
    /// Nearest neighbour from the target, nearest first (the released code)
    Greedy,
    /// As given
    Original,
}

impl From<PolicyName> for Policy {
    fn from(name: PolicyName) -> Self {
        match name {
            PolicyName::Free => Policy::Free,
            PolicyName::Anchored => Policy::Anchored,
            PolicyName::Greedy => Policy::Greedy,
            PolicyName::Original => Policy::Original,
        }
    }
}

fn square(line: &mut Object) -> Result<Array2<f64>, BoxError> {
    let rows = line.place.array("distance", line.fields.remove("distance"))?;
    let n = rows.len();
    let mut flat = Vec::with_capacity(n * n);
    for (i, row) in rows.into_iter().enumerate() {
        let field = format!("distance[{i}]");
        let row = line.place.numbers(&field, Some(row))?;
        if row.len() != n {
            let expected = "as many numbers as there are rows";
            return Err(line.place.field(&field, expected, format!("{} for {n} rows", row.len())));
        }
        flat.extend(row);
    }
    Ok(Array2::from_shape_vec((n, n), flat)?)
}

/// An error of the library, told by the fields of the line.
fn explain(place: &Place, error: Error) -> BoxError {
    let number = "a number from 0 to 1e300";
    match error {
        Error::Distance { row, column, value } => {
            place.field(&format!("distance[{row}][{column}]"), number, value.to_string())
        }
        Error::TargetDistance { session, value } => {
            place.field(&format!("to_target[{session}]"), number, value.to_string())
        }
        Error::TargetLength { found, sessions } => {
            let expected = "one number for each row of `distance`";
            place.field("to_target", expected, format!("{found} for {sessions} rows"))
        }
        Error::TargetMissing(policy) => {
            place.field("to_target", "numbers", format!("nothing; the policy `{policy}` needs it"))
        }
        other => place.error(other),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    for line in objects(&arguments.input)? {
        let mut line = line?;
        let distance = square(&mut line)?;
        let to_target = match line.fields.remove("to_target") {
            None => None,
            given => Some(line.place.numbers("to_target", given)?),
        };
        line.place.nothing_left("", &line.fields)?;
        let found = order(distance.view(), arguments.policy.into(), to_target.as_deref());
        cli::print_json(&found.map_err(|error| explain(&line.place, error))?)?;
    }
    Ok(())
}

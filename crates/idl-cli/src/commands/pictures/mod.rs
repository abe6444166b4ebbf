//! Draws the pictures of docs/images from invented sessions.

mod alignment;
mod matrices;
mod svg;

use std::path::{Path, PathBuf};

use clap::Args;
use idl::ConvEdDistance;
use idl::conved::ConvEd;
use idl_corpora::embedded;
use idl_dialogue::{BoxError, Session, SessionDistance};
use idl_encoder::TfIdfEncoder;

/// Draws the pictures that the documentation shows: how the edit distance
/// aligns two sessions, and what ordering does to a matrix of distances.
///
/// The sessions are those of the invented people inside the program; the
/// pictures are the same in every run.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  idl pictures --out docs/images")]
pub(crate) struct Arguments {
    /// Where alignment.svg and ordering.svg go
    #[arg(long, value_name = "DIR", default_value = "docs/images")]
    out: PathBuf,
}

/// Whose sessions are ordered, in turns, and how many of each.
const ORDERED: (&[&str], usize) = (&["keiko", "viktor", "rosa"], 4);

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let people = embedded()?;
    let all: Vec<&Session> = people.iter().flat_map(|p| &p.person.sessions).collect();
    let messages = all.iter().flat_map(|session| &session.messages);
    let encoder = TfIdfEncoder::default().fit(messages.map(|m| m.content.as_str()));
    // The released code's lambda: see `ConvEdDistance`.
    let params = ConvEd::params().lambda(1.0);
    let distance = ConvEdDistance { conved: params.normalize(true).check()?, encoder: &encoder };

    let (a, b) = nearest_of_unlike_lengths(&distance, &all)?;
    let picture = alignment::draw(&params.check()?, &encoder, a, b)?;
    write(&arguments.out, "alignment.svg", &picture)?;

    let (ids, count) = ORDERED;
    let mut sessions = Vec::new();
    for number in 0..count {
        for id in ids {
            let person = people.iter().find(|p| p.person.id == *id);
            let person = person.ok_or_else(|| format!("nobody is called {id}"))?;
            sessions.extend(person.person.sessions.get(number));
        }
    }
    write(&arguments.out, "ordering.svg", &matrices::draw(&distance, &sessions)?)
}

/// The two sessions that are most alike, of those that differ in length: so
/// something is inserted. The shorter comes first.
fn nearest_of_unlike_lengths<'s>(
    distance: &dyn SessionDistance,
    sessions: &[&'s Session],
) -> Result<(&'s Session, &'s Session), BoxError> {
    let matrix = distance.pairwise(sessions)?;
    let len = |i: usize| sessions[i].messages.len();
    let pairs = matrix.indexed_iter().filter(|&((i, j), _)| len(i) < len(j));
    let nearest = pairs.min_by(|(_, a), (_, b)| a.total_cmp(b));
    let ((i, j), _) = nearest.ok_or("all sessions are of one length")?;
    Ok((sessions[i], sessions[j]))
}

fn write(folder: &Path, name: &str, picture: &str) -> Result<(), BoxError> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, picture))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("{}", path.display());
    Ok(())
}

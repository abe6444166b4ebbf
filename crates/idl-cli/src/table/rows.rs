//! The rows of a table and what they have alike.

use std::path::Path;

use idl::dialogue::BoxError;
use idl::evaluate::{Pair, PersonScores};
use idl::metrics::intervals::Intervals;
use serde::{Deserialize, Serialize};

use crate::trained_on::sentence;

/// One row.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct System {
    /// Its name in the table.
    pub name: String,
    /// How many of the persons it was trained on, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<usize>,
    /// What it made of each person.
    pub scores: Vec<PersonScores>,
}

/// All rows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Who was scored.
    pub persons: String,
    /// How many of their dialogues.
    pub targets: usize,
    /// How many of their dialogues are left out, because they are too long.
    #[serde(default)]
    pub left_out: usize,
    /// How many of their replies.
    pub replies: usize,
    /// References in front of a target, on average.
    pub references: f64,
    /// The systems.
    pub systems: Vec<System>,
    /// The system that those after it are compared with, person by person.
    pub baseline: Option<String>,
    /// How targets and references were chosen, where a program says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<serde_json::Value>,
}

impl Table {
    /// Reads what [`save`](Self::save) has written.
    ///
    /// # Errors
    /// Names the file that cannot be read or is no such table.
    pub(crate) fn open(path: &Path) -> Result<Self, BoxError> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    /// Takes in the rows of another table over the same targets.
    ///
    /// # Errors
    /// Says in what the tables differ: settings, targets, persons; or which name
    /// is there twice.
    pub(crate) fn join(&mut self, other: Table) -> Result<(), BoxError> {
        self.check_targets(&other)?;
        other.systems.into_iter().try_for_each(|system| self.push(system))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Where there is one of this name, or the first was scored on other
    /// persons.
    pub(crate) fn push(&mut self, system: System) -> Result<(), BoxError> {
        if self.systems.iter().any(|s| s.name == system.name) {
            return Err(format!("there are two systems named {}", system.name).into());
        }
        if let Some(first) = self.systems.first() {
            first.check_persons(&system)?;
        }
        self.systems.push(system);
        Ok(())
    }

    /// Goes on with the targets of `next`, which has no rows yet.
    ///
    /// # Errors
    /// As [`join`](Self::join), where there are rows already.
    pub(crate) fn continue_as(&mut self, next: Table) -> Result<(), BoxError> {
        if !self.systems.is_empty() {
            self.check_targets(&next)?;
        }
        let systems = std::mem::take(&mut self.systems);
        *self = Table { systems, ..next };
        Ok(())
    }

    fn check_targets(&self, other: &Table) -> Result<(), BoxError> {
        let of = |t: &Table| {
            let left_out =
                if t.left_out == 0 { String::new() } else { format!(" ({} left out)", t.left_out) };
            format!("{} replies in {} dialogues{left_out} of {}", t.replies, t.targets, t.persons)
        };
        if of(self) != of(other) {
            return Err(format!("{} are other targets than {}", of(other), of(self)).into());
        }
        match (&self.settings, &other.settings) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err(format!("settings {theirs} are others than {ours}").into())
            }
            _ => Ok(()),
        }
    }

    /// What was scored, in a line.
    pub(super) fn heading(&self) -> String {
        let first = self.systems.first().map_or(&[][..], |s| &s.scores);
        let tokens: usize = first.iter().map(|s| s.tokens).sum();
        let left_out = if self.left_out == 0 {
            String::new()
        } else {
            format!(" ({} more left out: too long)", self.left_out)
        };
        format!(
            "{} {}, {} dialogues{left_out}, {} replies ({tokens} tokens), {:.1} references each, \
             own and other alike",
            first.len(),
            self.persons,
            self.targets,
            self.replies,
            self.references
        )
    }

    /// How many persons were scored.
    pub(super) fn scored(&self) -> usize {
        self.systems.first().map_or(0, |s| s.scores.len())
    }

    /// What intervals there are: `95 % t intervals over 8 persons`.
    pub(super) fn intervals(&self) -> String {
        Intervals::default().over(self.scored())
    }

    /// What is known of whom the systems were trained on.
    pub(super) fn trained_on(&self) -> String {
        let known: Vec<_> = self.systems.iter().map(|s| (s.name.as_str(), s.trained_on)).collect();
        sentence(&known, self.scored())
    }

    /// What is left out of the order of pairs, and what remains.
    pub(super) fn verbatim(&self) -> String {
        let scores = self.systems.first().map_or(&[][..], |s| &s.scores);
        let sum = |of: &dyn Fn(&PersonScores) -> usize| scores.iter().map(of).sum::<usize>();
        let [truth, criterion, rejected] = [0, 1, 2].map(|text| sum(&|s| s.verbatim[text]));
        let pairs =
            Pair::ALL.map(|pair| format!("{} {}", sum(&|s| s.pairs[pair as usize]), pair.as_str()));
        format!(
            "Of {} replies with alternatives, {truth} true, {criterion} criterion and {rejected} \
             rejected texts stand verbatim in the prompt, own or other, and are left out; replies \
             that remain: {}.",
            sum(&|s| s.alternatives),
            pairs.join(", ")
        )
    }

    /// The systems that are compared, each with the baseline.
    pub(super) fn compared(&self) -> impl Iterator<Item = (&System, &System)> {
        let baseline = self.baseline.as_deref();
        let at = baseline.and_then(|name| self.systems.iter().position(|s| s.name == name));
        at.into_iter()
            .flat_map(move |at| self.systems[at + 1..].iter().map(move |s| (s, &self.systems[at])))
    }
}

impl System {
    /// Whether `other` was scored on the same replies.
    fn check_persons(&self, other: &System) -> Result<(), BoxError> {
        let persons =
            |s: &System| s.scores.iter().map(|p| (p.person.clone(), p.tokens)).collect::<Vec<_>>();
        if persons(self) == persons(other) {
            return Ok(());
        }
        Err(format!("{} and {} were scored on other persons", self.name, other.name).into())
    }
}

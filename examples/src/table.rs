//! What systems make of persons they were not trained on, as a table with
//! intervals: as text, as Markdown, as JSON.

use std::fmt::Write;
use std::path::Path;

use idl::dialogue::BoxError;
use idl::evaluate::PersonScores;
use idl::metrics::{Intervals, Condition};
use serde::{Deserialize, Serialize};

/// One row.
#[derive(Debug, Serialize, Deserialize)]
pub struct System {
    /// Its name in the table.
    pub name: String,
    /// What it made of each person.
    pub scores: Vec<PersonScores>,
}

/// All rows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// Who was scored.
    pub persons: String,
    /// How many of their dialogues.
    pub targets: usize,
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

/// A column: its name, what it says of a person, and its decimals.
type Column = (&'static str, fn(&PersonScores) -> Option<f64>, usize);

const COLUMNS: [Column; 7] = [
    ("NLL own", |s| Some(s.nll_per_token(Condition::Own)), 3),
    ("NLL other", |s| Some(s.nll_per_token(Condition::Other)), 3),
    ("NLL none", |s| Some(s.nll_per_token(Condition::None)), 3),
    ("sensitivity", |s| Some(s.sensitivity()), 3),
    ("gain", |s| Some(s.gain_over_none()), 3),
    ("hits@1 %", |s| Some(100.0 * s.hits_at_1()?), 1),
    ("order %", |s| Some(100.0 * s.order_accuracy(Condition::Own)?), 1),
];

/// The width of a column: that of three negative numbers, and two spaces.
const WIDTH: usize = 25;

/// The columns in which systems are compared.
const COMPARED: [usize; 5] = [0, 3, 4, 5, 6];

impl Table {
    /// The table for a terminal, and the comparisons.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut out);
        let _ = self.write_differences(&mut out);
        out
    }

    /// The same in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let _ = self.write_markdown(&mut out);
        out
    }

    /// Writes the scores of every person as JSON, whole or not at all.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), BoxError> {
        let json = serde_json::to_string_pretty(self)?;
        let mut temp = path.as_os_str().to_owned();
        temp.push(".tmp");
        let temp = Path::new(&temp);
        std::fs::write(temp, json).map_err(|e| format!("{}: {e}", temp.display()))?;
        std::fs::rename(temp, path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(())
    }

    /// Reads what [`save`](Self::save) has written.
    ///
    /// # Errors
    /// Names the file that cannot be read or is no such table.
    pub fn open(path: &Path) -> Result<Self, BoxError> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    /// Takes in the rows of another table over the same targets.
    ///
    /// # Errors
    /// Says in what the tables differ: settings, targets, persons; or which name
    /// is there twice.
    pub fn join(&mut self, other: Table) -> Result<(), BoxError> {
        self.check_targets(&other)?;
        other.systems.into_iter().try_for_each(|system| self.push(system))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Where there is one of this name, or the first was scored on other
    /// persons.
    pub fn push(&mut self, system: System) -> Result<(), BoxError> {
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
    pub fn continue_as(&mut self, next: Table) -> Result<(), BoxError> {
        if !self.systems.is_empty() {
            self.check_targets(&next)?;
        }
        let systems = std::mem::take(&mut self.systems);
        *self = Table { systems, ..next };
        Ok(())
    }

    fn check_targets(&self, other: &Table) -> Result<(), BoxError> {
        let of = |t: &Table| {
            format!("{} replies in {} dialogues of {}", t.replies, t.targets, t.persons)
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
    fn heading(&self) -> String {
        let first = self.systems.first().map_or(&[][..], |s| &s.scores);
        let tokens: usize = first.iter().map(|s| s.tokens).sum();
        format!(
            "{} {}, {} dialogues, {} replies ({tokens} tokens), {:.1} references each, own and \
             other alike",
            first.len(),
            self.persons,
            self.targets,
            self.replies,
            self.references
        )
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\n{};\nmeans over persons, none of whom was trained on, with 95 % t \
             intervals over persons\n",
            self.heading()
        )?;
        let width = self.name_width();
        write!(out, "{:<width$}", "")?;
        for (name, _, _) in COLUMNS {
            write!(out, "{name:>WIDTH$}")?;
        }
        writeln!(out)?;
        for system in &self.systems {
            write!(out, "{:<width$}", system.name)?;
            for column in COLUMNS {
                write!(out, "{:>WIDTH$}", system.cell(column))?;
            }
            writeln!(out)?;
        }
        writeln!(
            out,
            "\nNLL: nats a token of the true replies, behind the person's own, another person's, \
             and no sessions.\nsensitivity = other - own, gain = none - own: above 0 the person's \
             own sessions help.\nhits@1: the true reply among 19 replies of others (chance 5 %, \
             ties are misses).\norder: pairs of true > criterion > distractor in the right order, \
             own sessions (chance 50 %)."
        )
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "> {}\n", self.heading())?;
        write!(out, "| system |")?;
        for (name, _, _) in COLUMNS {
            write!(out, " {name} |")?;
        }
        writeln!(out, "\n|---|{}", "---|".repeat(COLUMNS.len()))?;
        for system in &self.systems {
            write!(out, "| {} |", system.name)?;
            for column in COLUMNS {
                write!(out, " {} |", system.cell(column))?;
            }
            writeln!(out)?;
        }
        let mut differences = String::new();
        self.write_differences(&mut differences)?;
        writeln!(out, "\n```text\n{}```", differences.trim_start())
    }

    /// Against the baseline, person by person; and what the own sessions bring
    /// to the order.
    fn write_differences(&self, out: &mut String) -> std::fmt::Result {
        let baseline = self.baseline.as_deref();
        let at = baseline.and_then(|name| self.systems.iter().position(|s| s.name == name));
        let width = self.name_width();
        if let Some(at) = at {
            writeln!(out, "\nAgainst {}, person by person:", self.systems[at].name)?;
            for system in &self.systems[at + 1..] {
                write!(out, "{:<width$}", system.name)?;
                for (column, value, decimals) in COMPARED.map(|c| COLUMNS[c]) {
                    let pairs = system.scores.iter().zip(&self.systems[at].scores);
                    let differences: Vec<f64> =
                        pairs.filter_map(|(a, b)| Some(value(a)? - value(b)?)).collect();
                    write!(out, "  {column} {}", signed(&differences, decimals))?;
                }
                writeln!(out)?;
            }
        } else {
            writeln!(out)?;
        }
        for system in &self.systems[at.map_or(0, |at| at + 1)..] {
            let own_minus_other = |s: &PersonScores| {
                let own = s.order_accuracy(Condition::Own)?;
                Some(100.0 * (own - s.order_accuracy(Condition::Other)?))
            };
            let values: Vec<f64> = system.scores.iter().filter_map(own_minus_other).collect();
            writeln!(
                out,
                "{:<width$}  order, own minus other sessions {} points",
                system.name,
                signed(&values, 1)
            )?;
        }
        Ok(())
    }

    fn name_width(&self) -> usize {
        self.systems.iter().map(|s| s.name.chars().count()).max().unwrap_or(0) + 2
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

    /// The mean over persons with its interval.
    fn cell(&self, (_, value, decimals): Column) -> String {
        let values: Vec<f64> = self.scores.iter().filter_map(value).collect();
        match Intervals::default().mean(&values) {
            Ok(i) => {
                format!("{:.decimals$} [{:.decimals$}, {:.decimals$}]", i.estimate, i.low, i.high)
            }
            Err(_) => "n/a".to_owned(),
        }
    }
}

fn signed(values: &[f64], decimals: usize) -> String {
    match Intervals::default().mean(values) {
        Ok(i) => {
            format!("{:+.decimals$} [{:+.decimals$}, {:+.decimals$}]", i.estimate, i.low, i.high)
        }
        Err(_) => "n/a".to_owned(),
    }
}

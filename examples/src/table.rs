//! What systems make of persons they were not trained on, as a table with
//! intervals: as text, as Markdown, as JSON.

use std::fmt::Write;
use std::path::Path;

use idl::dialogue::BoxError;
use idl::evaluate::PersonScores;
use idl::metrics::{Bootstrap, Condition};
use serde::Serialize;

/// One row.
#[derive(Debug, Serialize)]
pub struct System {
    /// Its name in the table.
    pub name: String,
    /// What it made of each person.
    pub scores: Vec<PersonScores>,
}

/// All rows.
#[derive(Debug, Serialize)]
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
            "\n{};\nmeans over persons, none of whom was trained on, with 95 % bootstrap \
             intervals over persons\n",
            self.heading()
        )?;
        let width = self.name_width();
        write!(out, "{:<width$}", "")?;
        for (name, _, _) in COLUMNS {
            write!(out, "{name:>22}")?;
        }
        writeln!(out)?;
        for system in &self.systems {
            write!(out, "{:<width$}", system.name)?;
            for column in COLUMNS {
                write!(out, "{:>22}", system.cell(column))?;
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
    /// The mean over persons with its interval.
    fn cell(&self, (_, value, decimals): Column) -> String {
        let values: Vec<f64> = self.scores.iter().filter_map(value).collect();
        match Bootstrap::default().mean(&values) {
            Ok(i) => {
                format!("{:.decimals$} [{:.decimals$}, {:.decimals$}]", i.estimate, i.low, i.high)
            }
            Err(_) => "n/a".to_owned(),
        }
    }
}

fn signed(values: &[f64], decimals: usize) -> String {
    match Bootstrap::default().mean(values) {
        Ok(i) => {
            format!("{:+.decimals$} [{:+.decimals$}, {:+.decimals$}]", i.estimate, i.low, i.high)
        }
        Err(_) => "n/a".to_owned(),
    }
}

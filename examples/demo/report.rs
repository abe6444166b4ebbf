//! The table.

use std::fmt::Write;
use std::path::Path;

use idl::dialogue::BoxError;
use idl::evaluate::PersonScores;
use idl::metrics::{Bootstrap, Condition};
use serde::Serialize;

/// One row.
#[derive(Debug, Serialize)]
pub(crate) struct System {
    /// Its name in the table.
    pub name: &'static str,
    /// What it made of each person.
    pub scores: Vec<PersonScores>,
}

/// All rows.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    /// Who was scored.
    pub persons: &'static str,
    /// How many of their dialogues.
    pub targets: usize,
    /// How many of their replies.
    pub replies: usize,
    /// References in front of a target, on average.
    pub references: f64,
    /// The systems.
    pub systems: Vec<System>,
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

/// The table with intervals over persons.
pub(crate) fn text(table: &Table) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_table(&mut out, table);
    let _ = write_differences(&mut out, table);
    out
}

fn write_table(out: &mut String, table: &Table) -> std::fmt::Result {
    let Some(first) = table.systems.first() else { return Ok(()) };
    let tokens: usize = first.scores.iter().map(|s| s.tokens).sum();
    writeln!(
        out,
        "\n{} {}, {} dialogues, {} replies ({tokens} tokens), {:.1} references each, own and \
         other alike;\nmeans over persons, none of whom was trained on, with 95 % bootstrap \
         intervals over persons\n",
        first.scores.len(),
        table.persons,
        table.targets,
        table.replies,
        table.references
    )?;
    write!(out, "{:<18}", "")?;
    for (name, _, _) in COLUMNS {
        write!(out, "{name:>22}")?;
    }
    writeln!(out)?;
    for system in &table.systems {
        write!(out, "{:<18}", system.name)?;
        for (_, value, decimals) in COLUMNS {
            let values: Vec<f64> = system.scores.iter().filter_map(value).collect();
            write!(out, "{:>22}", interval(&values, decimals))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "\nNLL: nats a token of the true replies, behind the person's own, another person's, and \
         no sessions.\nsensitivity = other - own, gain = none - own: above 0 the person's own \
         sessions help.\nhits@1: the true reply among 19 replies of others (chance 5 %, ties are \
         misses).\norder: pairs of true > criterion > distractor in the right order, own sessions \
         (chance 50 %)."
    )
}

/// The comparisons that were fixed beforehand: MSL and MSL + DPA against
/// fine-tuning given the same sessions.
fn write_differences(out: &mut String, table: &Table) -> std::fmt::Result {
    let find = |name| table.systems.iter().find(|s| s.name == name);
    let Some(baseline) = find("FT given sessions") else { return Ok(()) };
    writeln!(out, "\nAgainst FT given sessions, person by person:")?;
    for name in ["MSL", "MSL + DPA"] {
        let Some(system) = find(name) else { continue };
        write!(out, "{name:<18}")?;
        for (column, value, decimals) in [COLUMNS[0], COLUMNS[3], COLUMNS[5], COLUMNS[6]] {
            let pairs = system.scores.iter().zip(&baseline.scores);
            let differences: Vec<f64> =
                pairs.filter_map(|(a, b)| Some(value(a)? - value(b)?)).collect();
            write!(out, "  {column} {}", signed(&differences, decimals))?;
        }
        writeln!(out)?;
    }
    for name in ["MSL", "MSL + DPA"] {
        let Some(system) = find(name) else { continue };
        let own_minus_other = |s: &PersonScores| {
            let own = s.order_accuracy(Condition::Own)?;
            Some(100.0 * (own - s.order_accuracy(Condition::Other)?))
        };
        let values: Vec<f64> = system.scores.iter().filter_map(own_minus_other).collect();
        writeln!(out, "{name:<18}  order, own minus other sessions {} points", signed(&values, 1))?;
    }
    Ok(())
}

fn interval(values: &[f64], decimals: usize) -> String {
    match Bootstrap::default().mean(values) {
        Ok(i) => format!("{:.decimals$} [{:.decimals$}, {:.decimals$}]", i.estimate, i.low, i.high),
        Err(_) => "n/a".to_owned(),
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

/// Writes `table.json`, whole or not at all.
pub(crate) fn save(table: &Table, out: &Path) -> Result<(), BoxError> {
    let json = serde_json::to_string_pretty(table)?;
    let (temp, path) = (out.join("table.json.tmp"), out.join("table.json"));
    std::fs::write(&temp, json).map_err(|e| format!("{}: {e}", temp.display()))?;
    std::fs::rename(&temp, &path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(())
}

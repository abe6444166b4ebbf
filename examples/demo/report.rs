//! The table.

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
    /// References of a target, on average.
    pub references: f64,
    /// The systems.
    pub systems: Vec<System>,
}

/// A column: its name, what it says of a person, and its decimals.
type Column = (&'static str, fn(&PersonScores) -> f64, usize);

const COLUMNS: [Column; 7] = [
    ("NLL own", |s| s.nll_per_token(Condition::Own), 3),
    ("NLL other", |s| s.nll_per_token(Condition::Other), 3),
    ("NLL none", |s| s.nll_per_token(Condition::None), 3),
    ("sensitivity", PersonScores::sensitivity, 3),
    ("gain", PersonScores::gain_over_none, 3),
    ("hits@1 %", |s| 100.0 * s.hits_at_1(), 1),
    ("order %", |s| 100.0 * s.order_accuracy(Condition::Own), 1),
];

/// Prints the table with intervals over persons.
pub(crate) fn print(table: &Table) {
    let Some(first) = table.systems.first() else { return };
    let replies: usize = first.scores.iter().map(|s| s.tokens).sum();
    println!(
        "\n{} {}, {} dialogues, every reply ({replies} tokens), {:.1} references each; \
         means over persons",
        first.scores.len(),
        table.persons,
        table.targets,
        table.references
    );
    println!("with 95 % bootstrap intervals over persons; none of them was trained on\n");
    print!("{:<18}", "");
    for (name, _, _) in COLUMNS {
        print!("{name:>22}");
    }
    println!();
    for system in &table.systems {
        print!("{:<18}", system.name);
        for (_, value, decimals) in COLUMNS {
            let values: Vec<f64> = system.scores.iter().map(value).collect();
            print!("{:>22}", interval(&values, decimals));
        }
        println!();
    }
    println!(
        "\nNLL: nats a token of the true replies, behind the person's own, another person's, and \
         no sessions.\nsensitivity = other - own, gain = none - own: above 0 the person's own \
         sessions help.\nhits@1: the true reply among 19 replies of others (chance 5 %, ties are \
         misses).\norder: pairs of true > criterion > distractor in the right order, own sessions \
         (chance 50 %)."
    );
    differences(table);
}

/// The comparisons that were fixed beforehand: MSL and MSL + DPA against
/// fine-tuning given the same sessions.
fn differences(table: &Table) {
    let find = |name| table.systems.iter().find(|s| s.name == name);
    let Some(baseline) = find("FT given sessions") else { return };
    println!("\nAgainst FT given sessions, person by person:");
    for name in ["MSL", "MSL + DPA"] {
        let Some(system) = find(name) else { continue };
        print!("{name:<18}");
        for (column, value, decimals) in [COLUMNS[0], COLUMNS[3], COLUMNS[5], COLUMNS[6]] {
            let differences: Vec<f64> = system
                .scores
                .iter()
                .zip(&baseline.scores)
                .map(|(a, b)| value(a) - value(b))
                .collect();
            print!("  {column} {}", signed(&differences, decimals));
        }
        println!();
    }
    for name in ["MSL", "MSL + DPA"] {
        let Some(system) = find(name) else { continue };
        let values: Vec<f64> = system
            .scores
            .iter()
            .map(|s| {
                100.0 * (s.order_accuracy(Condition::Own) - s.order_accuracy(Condition::Other))
            })
            .collect();
        println!("{name:<18}  order, own minus other sessions {} points", signed(&values, 1));
    }
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

//! The figures of a table as JSON.

use serde::Serialize;

use super::columns::{COMPARED, Column, LEVELS, OF_SESSIONS, ORDER};
use super::figure::Figure;
use super::rows::{System, Table};

/// What the table prints, for programs.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    intervals: String,
    trained_on: String,
    verbatim: String,
    systems: Vec<Row<'a>>,
    /// The paired differences to the baseline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    against_baseline: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    figures: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    measure: String,
    #[serde(flatten)]
    figure: Figure,
}

impl<'a> Summary<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        let measures = LEVELS.iter().chain([&ORDER[0], &ORDER[2], &ORDER[4]]);
        let of_sessions = OF_SESSIONS[2..].iter();
        let row = |system: &'a System| {
            let levels = measures.clone().map(|c| (c.name.to_owned(), c.figure(system)));
            let differences =
                of_sessions.clone().map(|c| (format!("{}, own - other", c.name), c.figure(system)));
            Row { name: &system.name, figures: named(levels.chain(differences)) }
        };
        let compared = |system: &'a System, baseline: &System| {
            let figure = |c: &Column| (c.name.to_owned(), c.compare(system, baseline));
            Row { name: &system.name, figures: named(COMPARED.iter().map(figure)) }
        };
        Summary {
            intervals: table.intervals(),
            trained_on: table.trained_on(),
            verbatim: table.verbatim(),
            systems: table.systems.iter().map(row).collect(),
            against_baseline: table.compared().map(|(s, b)| compared(s, b)).collect(),
        }
    }
}

fn named(figures: impl Iterator<Item = (String, Option<Figure>)>) -> Vec<Named> {
    figures.filter_map(|(measure, figure)| Some(Named { measure, figure: figure? })).collect()
}

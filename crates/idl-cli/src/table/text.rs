//! The table as text and as Markdown.

use std::fmt::{Result, Write};

use super::columns::{COMPARED, Column, LEVELS, OF_SESSIONS, ORDER};
use super::figure::{Figure, cell};
use super::rows::Table;

const LEGEND: &str = "\
NLL: nats a token of the true replies, behind the person's own, another person's, and no sessions.
sensitivity = other - own, gain = none - own: above 0 the person's own sessions help.
hits@1: the true reply among 19 replies of others (chance 5 %, ties are misses).
A number in round brackets: so many persons have a figure; [1 person], [all equal]: no interval.
Where persons are few the t interval of a percentage may reach beyond 0 and 100.";

const ORDER_LEGEND: &str = "\
Order of pairs by likelihood a token: % behind own sessions (chance 50), and own minus other sessions in points.
true > criterion is what concerns the person; the others go with fluency, too.";

impl Table {
    pub(super) fn write_text(&self, out: &mut String) -> Result {
        writeln!(out, "\n{};\n{}\n", self.heading(), self.means())?;
        self.write_columns(out, &LEVELS)?;
        writeln!(out, "\n{LEGEND}\n")?;
        self.write_columns(out, &ORDER)?;
        writeln!(out, "\n{ORDER_LEGEND}\n{}", self.verbatim())?;
        self.write_tests(out)
    }

    pub(super) fn write_markdown(&self, out: &mut String) -> Result {
        writeln!(out, "> {}; {}\n", self.heading(), self.means())?;
        self.write_rows(out, &LEVELS)?;
        writeln!(out, "\n{ORDER_LEGEND}\n{}\n", self.verbatim())?;
        self.write_rows(out, &ORDER)?;
        let mut tests = String::new();
        self.write_tests(&mut tests)?;
        writeln!(out, "\n```text\n{}```", tests.trim_start())
    }

    /// What is printed, and of whom.
    fn means(&self) -> String {
        format!("means over persons with {}; {}", self.intervals(), self.trained_on())
    }

    /// The cells of all systems, each as wide as its column, two spaces apart.
    fn write_columns(&self, out: &mut String, columns: &[Column]) -> Result {
        let persons = self.scored();
        let column = |c: &Column| -> Vec<String> {
            let cells = self.systems.iter().map(|system| {
                cell(c.figure(system).as_ref(), c.decimals, persons, c.is_difference())
            });
            std::iter::once(c.name.to_owned()).chain(cells).collect()
        };
        let names = std::iter::once("").chain(self.systems.iter().map(|s| s.name.as_str()));
        let mut lines: Vec<String> =
            names.map(|name| format!("{name:<width$}", width = self.name_width() - 2)).collect();
        for cells in columns.iter().map(column) {
            let width = 2 + cells.iter().map(|c| c.chars().count()).max().unwrap_or(0);
            for (line, cell) in lines.iter_mut().zip(cells) {
                write!(line, "{cell:>width$}")?;
            }
        }
        lines.iter().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
    }

    /// The same as Markdown.
    fn write_rows(&self, out: &mut String, columns: &[Column]) -> Result {
        write!(out, "| system |")?;
        for column in columns {
            write!(out, " {} |", column.name)?;
        }
        writeln!(out, "\n|---|{}", "---|".repeat(columns.len()))?;
        for system in &self.systems {
            write!(out, "| {} |", system.name)?;
            for c in columns {
                let figure = c.figure(system);
                let cell = cell(figure.as_ref(), c.decimals, self.scored(), c.is_difference());
                write!(out, " {cell} |")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// What the own sessions bring to each system, and all against the
    /// baseline, person by person, with the t-tests.
    fn write_tests(&self, out: &mut String) -> Result {
        let kind = format!("{}; paired t-tests over persons", self.intervals());
        writeln!(out, "\nOwn sessions against other (gain: none), person by person ({kind}):")?;
        for system in &self.systems {
            for c in &OF_SESSIONS {
                self.write_test(out, &system.name, c, c.figure(system))?;
            }
        }
        for (i, (system, baseline)) in self.compared().enumerate() {
            if i == 0 {
                writeln!(out, "\nAgainst {}, person by person ({kind}):", baseline.name)?;
            }
            for c in &COMPARED {
                self.write_test(out, &system.name, c, c.compare(system, baseline))?;
            }
        }
        Ok(())
    }

    /// A difference, its interval and its test.
    fn write_test(
        &self,
        out: &mut String,
        system: &str,
        column: &Column,
        figure: Option<Figure>,
    ) -> Result {
        let measures = COMPARED.iter().chain(&OF_SESSIONS).map(|c| c.name.chars().count());
        let (width, measure) = (self.name_width(), measures.max().unwrap_or(0) + 2);
        let cell = cell(figure.as_ref(), column.decimals, self.scored(), true);
        let test = figure.map_or_else(String::new, |f| f.test());
        let line = format!("{system:<width$}{:<measure$}{cell:<26}{test}", column.name);
        writeln!(out, "{}", line.trim_end())
    }

    fn name_width(&self) -> usize {
        self.systems.iter().map(|s| s.name.chars().count()).max().unwrap_or(0) + 2
    }
}

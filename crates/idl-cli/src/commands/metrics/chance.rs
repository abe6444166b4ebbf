//! What one gets for nothing, measured like a system.

use idl::metrics::chance::{Example, chance_rows};
use idl::metrics::text::BleuParams;
use idl_dialogue::BoxError;

use super::input::{Line, as_strs};
use super::measures::{Measure, Reply};
use super::models::Models;
use super::panel::Panel;

/// The lines, kept until all are read: a random reply may be anyone's.
#[derive(Debug, Default)]
pub(crate) struct Chance {
    lines: Vec<Line>,
}

impl Chance {
    pub(crate) fn keep(&mut self, mut line: Line) {
        line.hypothesis = String::new(); // the system's, not needed
        self.lines.push(line);
    }

    /// Each row's name and panel; rows without a reply are left out. Only the
    /// first of a line's references is a reply.
    pub(crate) fn rows(
        &self,
        measures: &[Measure],
        bleu: BleuParams,
        constant: &str,
        seed: u64,
        models: &mut Models,
    ) -> Result<Vec<(&'static str, Panel)>, BoxError> {
        let examples: Vec<Example<'_>> = self.lines.iter().map(example).collect();
        let rows = chance_rows(&examples, constant, seed);
        let named = |line: &Line| line.person.is_some();
        let random = rows.random.iter().map(|&reply| (self.lines.len() > 1).then_some(reply));
        let own = self.lines.iter().zip(&rows.same_person);
        let echo = self.lines.iter().map(|line| line.query.as_deref());
        let constant = rows.constant.iter().map(|&reply| Some(reply));
        let replies: [(_, Vec<Option<&str>>); 4] = [
            ("random", random.collect()),
            ("same-person", own.map(|(line, reply)| reply.filter(|_| named(line))).collect()),
            ("echo", echo.collect()),
            ("constant", constant.collect()),
        ];
        let mut panels = Vec::new();
        for (name, replies) in replies {
            let row: Vec<(&Line, &str)> =
                self.lines.iter().zip(replies).filter_map(|(line, r)| Some((line, r?))).collect();
            if row.is_empty() {
                continue;
            }
            let mut panel = Panel::new(measures, bleu)?;
            let opinions = models.opinions(&row)?;
            for ((line, hypothesis), opinion) in row.into_iter().zip(&opinions) {
                let (references, history) = (as_strs(&line.references), as_strs(&line.history));
                let (references, history) = (&references[..], &history[..]);
                let reply = Reply { hypothesis, references, history, opinion };
                panel.add(measures, &reply, None).map_err(|error| line.place.error(error))?;
            }
            panels.push((name, panel));
        }
        Ok(panels)
    }
}

fn example(line: &Line) -> Example<'_> {
    Example {
        person: line.person.as_deref().unwrap_or_default(),
        query: line.query.as_deref().unwrap_or_default(),
        reply: line.references.first().map_or("", String::as_str),
    }
}

//! What a table says of each system.

use idl::evaluate::{Pair, PersonScores};
use idl::metrics::likelihood::Condition;

use super::figure::Figure;
use super::rows::System;

/// A column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) decimals: usize,
    /// What it says of a person: a number, or one less another.
    of: Of,
}

#[derive(Clone, Copy)]
enum Of {
    Level(fn(&PersonScores) -> Option<f64>),
    Difference(fn(&PersonScores) -> Option<(f64, f64)>),
}

const fn level(
    name: &'static str,
    decimals: usize,
    of: fn(&PersonScores) -> Option<f64>,
) -> Column {
    Column { name, decimals, of: Of::Level(of) }
}

const fn difference(
    name: &'static str,
    decimals: usize,
    of: fn(&PersonScores) -> Option<(f64, f64)>,
) -> Column {
    Column { name, decimals, of: Of::Difference(of) }
}

/// Likelihoods and ranks.
pub(super) const LEVELS: [Column; 6] = [
    level("NLL own", 3, |s| Some(s.nll_per_token(Condition::Own))),
    level("NLL other", 3, |s| Some(s.nll_per_token(Condition::Other))),
    level("NLL none", 3, |s| Some(s.nll_per_token(Condition::None))),
    difference("sensitivity", 3, |s| against_own(s, Condition::Other)),
    difference("gain", 3, |s| against_own(s, Condition::None)),
    level("hits@1 %", 1, |s| Some(100.0 * s.hits_at_1()?)),
];

/// The order of pairs: behind own sessions, and own minus other.
pub(super) const ORDER: [Column; 6] = [
    level("true > criterion %", 1, |s| own(s, Pair::TrueOverCriterion)),
    difference("own - other", 1, |s| both(s, Pair::TrueOverCriterion)),
    level("criterion > rejected %", 1, |s| own(s, Pair::CriterionOverRejected)),
    difference("own - other", 1, |s| both(s, Pair::CriterionOverRejected)),
    level("true > rejected %", 1, |s| own(s, Pair::TrueOverRejected)),
    difference("own - other", 1, |s| both(s, Pair::TrueOverRejected)),
];

/// In what systems are compared with the baseline.
pub(super) const COMPARED: [Column; 7] =
    [LEVELS[0], LEVELS[3], LEVELS[4], LEVELS[5], ORDER[0], ORDER[2], ORDER[4]];

/// What the own sessions bring, of each system by itself.
pub(super) const OF_SESSIONS: [Column; 5] = [
    LEVELS[3],
    LEVELS[4],
    Column { name: "true > criterion", ..ORDER[1] },
    Column { name: "criterion > rejected", ..ORDER[3] },
    Column { name: "true > rejected", ..ORDER[5] },
];

fn against_own(s: &PersonScores, sessions: Condition) -> Option<(f64, f64)> {
    Some((s.nll_per_token(sessions), s.nll_per_token(Condition::Own)))
}

fn percent(s: &PersonScores, pair: Pair, sessions: Condition) -> Option<f64> {
    Some(100.0 * s.order_accuracy(pair, sessions)?)
}

fn own(s: &PersonScores, pair: Pair) -> Option<f64> {
    percent(s, pair, Condition::Own)
}

fn both(s: &PersonScores, pair: Pair) -> Option<(f64, f64)> {
    Some((percent(s, pair, Condition::Own)?, percent(s, pair, Condition::Other)?))
}

impl Column {
    /// Whether it is a difference, and so has a sign and a test.
    pub(super) fn is_difference(&self) -> bool {
        matches!(self.of, Of::Difference(_))
    }

    fn value(&self, scores: &PersonScores) -> Option<f64> {
        match self.of {
            Of::Level(of) => of(scores),
            Of::Difference(of) => of(scores).map(|(a, b)| a - b),
        }
    }

    /// The figure of a system.
    pub(super) fn figure(&self, system: &System) -> Option<Figure> {
        match self.of {
            Of::Level(of) => Figure::of(&system.scores.iter().filter_map(of).collect::<Vec<_>>()),
            Of::Difference(of) => {
                Figure::paired(&system.scores.iter().filter_map(of).collect::<Vec<_>>())
            }
        }
    }

    /// A system minus another, person by person.
    pub(super) fn compare(&self, system: &System, baseline: &System) -> Option<Figure> {
        let pairs = system.scores.iter().zip(&baseline.scores);
        let pairs: Vec<_> =
            pairs.filter_map(|(a, b)| Some((self.value(a)?, self.value(b)?))).collect();
        Figure::paired(&pairs)
    }
}

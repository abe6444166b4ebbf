//! Everything that is counted while a system's replies go by.

use idl::metrics::nli::Consistency;
use idl::metrics::text::{Bleu, BleuParams, Distinct, Lengths, Tokenizer};
use idl::metrics::{Error, Mean};

use super::measures::{Measure, Reply};

/// A number of a [`Panel`] that can be computed from some persons only.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quantity {
    /// The mean of the measure at this position.
    Mean(usize),
    /// Corpus BLEU of this order.
    Bleu(usize),
    /// Consistency with the persona, by this number.
    Consistency(By),
}

/// The numbers of [`Consistency`], in the order of its scores.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Sum,
    Max,
    Coherent,
    Entailed,
}

impl By {
    pub(crate) const ALL: [(By, &'static str); 4] = [
        (By::Sum, "c-score-sum"),
        (By::Max, "c-score-max"),
        (By::Coherent, "coh"),
        (By::Entailed, "con"),
    ];

    fn of(self, consistency: &Consistency) -> Option<f64> {
        match self {
            By::Sum => consistency.c_score_sum(),
            By::Max => consistency.c_score_max(),
            By::Coherent => consistency.coherent(),
            By::Entailed => consistency.entailed(),
        }
    }
}

/// Some replies, of which the [`Quantity`]s can be told: those of a person, or
/// one, or all.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// One for each measure.
    means: Vec<Mean>,
    bleu: Bleu,
    consistency: Consistency,
    /// How many replies the NLI model judged.
    judged: u64,
}

impl Unit {
    fn new(measures: usize, bleu: BleuParams) -> Result<Self, Error> {
        let (consistency, judged) = Default::default();
        let means = vec![Mean::default(); measures];
        Ok(Unit { means, bleu: Bleu::new(bleu)?, consistency, judged })
    }

    fn merge(&mut self, other: &Unit) -> Result<(), Error> {
        self.means.iter_mut().zip(&other.means).for_each(|(mean, other)| mean.merge(other));
        self.consistency.merge(&other.consistency);
        self.judged += other.judged;
        self.bleu.merge(&other.bleu)
    }

    /// The number itself; `None` where nothing counts.
    pub(crate) fn value(&self, quantity: Quantity) -> Option<f64> {
        match quantity {
            Quantity::Mean(i) => self.means[i].value(),
            Quantity::Bleu(order) => self.bleu.scores().get(order - 1).map(|score| score.value),
            Quantity::Consistency(by) => by.of(&self.consistency),
        }
    }

    /// How many replies count.
    pub(crate) fn replies(&self, quantity: Quantity) -> u64 {
        match quantity {
            Quantity::Mean(i) => self.means[i].replies(),
            Quantity::Bleu(_) => self.bleu.score().stats.segments,
            Quantity::Consistency(_) => self.judged,
        }
    }

    /// The number of several units together, as if all replies were one's.
    pub(crate) fn pooled<'a>(
        quantity: Quantity,
        mut units: impl Iterator<Item = &'a Unit>,
    ) -> Option<f64> {
        match quantity {
            Quantity::Mean(i) => {
                let mut mean = Mean::default();
                units.for_each(|unit| mean.merge(&unit.means[i]));
                mean.value()
            }
            Quantity::Bleu(order) => {
                let mut bleu = units.next()?.bleu.clone();
                for unit in units {
                    bleu.merge(&unit.bleu).ok()?;
                }
                bleu.scores().get(order - 1).map(|score| score.value)
            }
            Quantity::Consistency(by) => {
                let mut consistency = Consistency::default();
                units.for_each(|unit| consistency.merge(&unit.consistency));
                by.of(&consistency)
            }
        }
    }

    /// How the number came about; `nli` is the NLI model's name.
    pub(crate) fn signature(
        &self,
        quantity: Quantity,
        measures: &[Measure],
        nli: &str,
    ) -> Option<String> {
        match quantity {
            Quantity::Mean(i) => measures[i].signature(&self.means[i]),
            Quantity::Bleu(order) => {
                self.bleu.scores().get(order - 1).map(|score| score.signature.to_string())
            }
            Quantity::Consistency(by) => {
                let scores = self.consistency.scores(nli);
                scores.get(by as usize).map(|score| score.signature.to_string())
            }
        }
    }
}

/// One system's replies, counted.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) tokenizer: Tokenizer,
    empty: Unit,
    /// All replies.
    pub(crate) all: Unit,
    /// What intervals are over: persons or replies.
    pub(crate) units: Vec<Unit>,
    /// Of 1 and of 2 words, over all replies.
    pub(crate) distinct: [Distinct; 2],
    pub(crate) lengths: Lengths,
}

impl Panel {
    pub(crate) fn new(measures: &[Measure], bleu: BleuParams) -> Result<Self, Error> {
        let empty = Unit::new(measures.len(), bleu)?;
        Ok(Panel {
            tokenizer: bleu.tokenizer,
            all: empty.clone(),
            empty,
            units: Vec::new(),
            distinct: [Distinct::new(1)?, Distinct::new(2)?],
            lengths: Lengths::default(),
        })
    }

    /// Counts a reply, for a unit too where one is given.
    pub(crate) fn add(
        &mut self,
        measures: &[Measure],
        reply: &Reply<'_>,
        unit: Option<usize>,
    ) -> Result<(), Error> {
        let mut own = self.empty.clone();
        for (measure, mean) in measures.iter().zip(&mut own.means) {
            if let Some(value) = measure.of(reply)? {
                mean.add(value)?;
            }
        }
        own.bleu.add(reply.hypothesis, reply.references)?;
        own.consistency.add(&reply.opinion.verdicts);
        own.judged = u64::from(!reply.opinion.verdicts.is_empty());
        let tokens = self.tokenizer.tokens(reply.hypothesis);
        self.distinct.iter_mut().for_each(|distinct| distinct.add(&tokens));
        self.lengths.add(tokens.len());
        self.all.merge(&own)?;
        if let Some(unit) = unit {
            if self.units.len() <= unit {
                self.units.resize(unit + 1, self.empty.clone());
            }
            self.units[unit].merge(&own)?;
        }
        Ok(())
    }
}

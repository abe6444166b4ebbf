//! What documents are made of, and how often.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, require};

/// The kinds of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Dialogues of one person after another.
    Plain,
    /// Invented sessions of one person between real exchanges.
    Persona,
    /// Real dialogues whose segments come again.
    Returning,
    /// Runs of random tokens that come again.
    Random,
}

impl DocumentKind {
    /// All of them, in the order of [`Mixture`]'s fields.
    pub const ALL: [DocumentKind; 4] =
        [DocumentKind::Plain, DocumentKind::Persona, DocumentKind::Returning, DocumentKind::Random];

    /// The name in settings and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentKind::Plain => "plain",
            DocumentKind::Persona => "persona",
            DocumentKind::Returning => "returning",
            DocumentKind::Random => "random",
        }
    }
}

/// How often each kind of document comes, by weight: only their ratios count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mixture {
    /// Of [`DocumentKind::Plain`] (0.3).
    pub plain: f64,
    /// Of [`DocumentKind::Persona`] (0.3).
    pub persona: f64,
    /// Of [`DocumentKind::Returning`] (0.3).
    pub returning: f64,
    /// Of [`DocumentKind::Random`] (0.1).
    pub random: f64,
}

impl Default for Mixture {
    /// The last stage of the embedded model's own pretraining.
    fn default() -> Self {
        Mixture { plain: 0.3, persona: 0.3, returning: 0.3, random: 0.1 }
    }
}

impl Mixture {
    /// The weight of a kind.
    #[must_use]
    pub fn weight(&self, kind: DocumentKind) -> f64 {
        match kind {
            DocumentKind::Plain => self.plain,
            DocumentKind::Persona => self.persona,
            DocumentKind::Returning => self.returning,
            DocumentKind::Random => self.random,
        }
    }

    /// The share of a kind among all documents, in `[0, 1]`.
    #[must_use]
    pub fn share(&self, kind: DocumentKind) -> f64 {
        self.weight(kind) / DocumentKind::ALL.iter().map(|&k| self.weight(k)).sum::<f64>()
    }

    /// Checks the weights.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for one that is negative or no number,
    /// [`Error::Data`] where all are 0.
    pub fn check(&self) -> Result<()> {
        let mut sum = 0.0;
        for kind in DocumentKind::ALL {
            let weight = self.weight(kind);
            let good = weight.is_finite() && weight >= 0.0;
            require(good, kind.as_str(), weight, "finite and not below 0")?;
            sum += weight;
        }
        if sum > 0.0 {
            return Ok(());
        }
        Err(Error::Data("the mixture is empty: all its weights are 0".to_owned()))
    }

    /// A kind, drawn by weight.
    pub(crate) fn draw(&self, rng: &mut impl Rng) -> DocumentKind {
        let mut at = rng.r#gen::<f64>();
        let mut last = DocumentKind::Plain;
        for kind in DocumentKind::ALL {
            let share = self.share(kind);
            if share > 0.0 {
                if at < share {
                    return kind;
                }
                at -= share;
                last = kind;
            }
        }
        // Rounding has left a little beyond the last share.
        last
    }
}

//! Verdicts of a model, through idl-dialogue's trait.

use idl_dialogue::{NliLabel, NliModel};

use super::consistency::{Consistency, Verdict};
use crate::{Error, Result};

impl From<NliLabel> for Verdict {
    fn from(label: NliLabel) -> Self {
        match label {
            NliLabel::Entailment => Verdict::Entailed,
            NliLabel::Neutral => Verdict::Neutral,
            NliLabel::Contradiction => Verdict::Contradicted,
        }
    }
}

impl Consistency {
    /// Judges a reply against each persona sentence (the premise) and adds the
    /// verdicts, which it returns.
    ///
    /// # Errors
    /// [`Error::Model`] where the model fails, [`Error::Lengths`] where it does
    /// not give one answer per pair.
    pub fn judge(
        &mut self,
        model: &dyn NliModel,
        persona: &[&str],
        reply: &str,
    ) -> Result<Vec<Verdict>> {
        let pairs: Vec<(&str, &str)> = persona.iter().map(|&p| (p, reply)).collect();
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let labels = model.classify(&pairs).map_err(|e| Error::model(model.name(), e))?;
        if labels.len() != pairs.len() {
            return Err(Error::Lengths {
                what: "NLI answers",
                left: labels.len(),
                right: pairs.len(),
            });
        }
        let verdicts: Vec<Verdict> = labels.into_iter().map(Verdict::from).collect();
        self.add(&verdicts);
        Ok(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use idl_dialogue::BoxError;

    use super::*;

    /// Entails what it repeats, contradicts what begins with "not".
    struct Echo;

    impl NliModel for Echo {
        fn name(&self) -> &str {
            "echo"
        }

        fn classify(&self, pairs: &[(&str, &str)]) -> std::result::Result<Vec<NliLabel>, BoxError> {
            let label = |&(premise, hypothesis): &(&str, &str)| match hypothesis {
                "" => Err("empty hypothesis".into()),
                h if h == premise => Ok(NliLabel::Entailment),
                h if h.starts_with("not") => Ok(NliLabel::Contradiction),
                _ => Ok(NliLabel::Neutral),
            };
            pairs.iter().map(label).collect()
        }
    }

    #[test]
    fn an_nli_model_judges_each_sentence() {
        let mut consistency = Consistency::default();
        let verdicts = consistency.judge(&Echo, &["i sail", "i row"], "i row").unwrap();
        assert_eq!(verdicts, [Verdict::Neutral, Verdict::Entailed]);
        consistency.judge(&Echo, &["i sail"], "not me").unwrap();
        assert_eq!(consistency.c_score_sum(), Some(0.0));
        assert!(consistency.scores("echo")[0].signature.as_str().contains("nli:echo"));
        let error = consistency.judge(&Echo, &["i sail"], "").unwrap_err();
        assert!(std::error::Error::source(&error).is_some());
    }
}

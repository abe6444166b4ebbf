//! The measures that need a model, through idl-dialogue's traits.

use idl_dialogue::{BoxError, NliLabel, NliModel, SentenceEncoder};

use crate::{Consistency, Error, Result, Score, Signature, Verdict, cosine};

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
        let labels = model.classify(&pairs).map_err(|e| failed(model.name(), e))?;
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

/// P-Co: the mean over replies of the cosine between the embedding of a reply
/// and that of the person's history, whose replies are joined by spaces.
/// `None` without a reply that has a history.
///
/// # Errors
/// [`Error::Model`] where the encoder fails, [`Error::Lengths`] where it does
/// not give one vector per text.
pub fn p_co(encoder: &dyn SentenceEncoder, replies: &[(&str, &[&str])]) -> Result<Option<Score>> {
    let pairs: Vec<(&str, String)> = replies
        .iter()
        .filter(|(_, history)| !history.is_empty())
        .map(|&(reply, history)| (reply, history.join(" ")))
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let texts: Vec<&str> = pairs.iter().flat_map(|(reply, h)| [*reply, h.as_str()]).collect();
    let vectors = encoder.encode(&texts).map_err(|e| failed(encoder.name(), e))?;
    if vectors.nrows() != texts.len() {
        return Err(Error::Lengths {
            what: "embeddings",
            left: vectors.nrows(),
            right: texts.len(),
        });
    }
    let mut sum = 0.0;
    for i in 0..pairs.len() {
        let (reply, history) = (vectors.row(2 * i).to_vec(), vectors.row(2 * i + 1).to_vec());
        sum += cosine(&reply, &history)?;
    }
    let signature = Signature::new("p-co")
        .with("encoder", encoder.name())
        .with("history", "all-replies-joined")
        .with("level", crate::Level::Sentence.as_str())
        .with("agg", "mean")
        .with("replies", pairs.len())
        .versioned();
    Ok(Some(Score { value: sum / pairs.len() as f64, signature }))
}

fn failed(model: &str, source: BoxError) -> Error {
    Error::Model { model: model.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

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

    /// A text's length and its number of spaces.
    struct Shape;

    impl SentenceEncoder for Shape {
        fn dim(&self) -> usize {
            2
        }

        fn name(&self) -> &str {
            "shape"
        }

        fn encode(&self, texts: &[&str]) -> std::result::Result<Array2<f32>, BoxError> {
            Ok(Array2::from_shape_fn((texts.len(), 2), |(i, j)| {
                if j == 0 { texts[i].len() as f32 } else { texts[i].matches(' ').count() as f32 }
            }))
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

    #[test]
    fn an_encoder_gives_p_co() {
        let history: &[&str] = &["ab", "c"];
        let score = p_co(&Shape, &[("ab c", history), ("x", &[])]).unwrap().unwrap();
        assert!((score.value - 1.0).abs() < 1e-12);
        assert!(p_co(&Shape, &[]).unwrap().is_none());
    }
}

//! Likeness to the history by a sentence encoder, through idl-dialogue's trait.

use idl_dialogue::SentenceEncoder;

use super::tfidf::cosine;
use crate::{Error, Level, Result, Score, Signature};

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
    let vectors = encoder.encode(&texts).map_err(|e| Error::model(encoder.name(), e))?;
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
        .with("level", Level::Sentence.as_str())
        .with("agg", "mean")
        .with("replies", pairs.len())
        .versioned();
    Ok(Some(Score { value: sum / pairs.len() as f64, signature }))
}

#[cfg(test)]
mod tests {
    use idl_dialogue::BoxError;
    use ndarray::Array2;

    use super::*;

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
    fn an_encoder_gives_p_co() {
        let history: &[&str] = &["ab", "c"];
        let score = p_co(&Shape, &[("ab c", history), ("x", &[])]).unwrap().unwrap();
        assert!((score.value - 1.0).abs() < 1e-12);
        assert!(p_co(&Shape, &[]).unwrap().is_none());
    }
}

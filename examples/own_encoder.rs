//! An encoder of one's own: letters in threes, so that `baker` and `bakery` are alike.
//! Whatever asks for an encoder takes it; here the choice of sessions.

use std::hash::{DefaultHasher, Hash, Hasher};

use idl::choice::ChoiceParams;
use idl::conved::ConvEd;
use idl::corpora::embedded;
use idl::dialogue::{BoxError, SentenceEncoder, Utterance};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::{ConvEdDistance, Pipeline, Rule};
use ndarray::Array2;

/// Counts of three letters in a row, hashed to so many components.
struct Trigrams(usize);

impl SentenceEncoder for Trigrams {
    fn dim(&self) -> usize {
        self.0
    }

    fn name(&self) -> &str {
        "trigrams"
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        let mut rows = Array2::<f32>::zeros((texts.len(), self.0));
        for (text, mut row) in texts.iter().zip(rows.outer_iter_mut()) {
            // The first component is for texts of fewer letters: no row may be zero.
            row[0] = 0.01;
            let letters: Vec<char> = text.to_lowercase().chars().collect();
            for three in letters.windows(3) {
                let mut hasher = DefaultHasher::new();
                three.hash(&mut hasher);
                row[1 + hasher.finish() as usize % (self.0 - 1)] += 1.0;
            }
            // Rows are of unit length, so that a product is a cosine.
            let norm = row.dot(&row).sqrt();
            row /= norm;
        }
        Ok(rows)
    }
}

fn main() -> Result<(), BoxError> {
    let encoder = Trigrams(2048);
    let pair = encoder.encode(&["i am a baker", "my bakery opens at six"])?;
    println!("baker and bakery: cosine {:.2}\n", pair.row(0).dot(&pair.row(1)));

    let pipeline = Pipeline {
        encoder: &encoder,
        extractor: &RuleExtractor::default(),
        rule: Rule::Evidence(ChoiceParams::default().check()?),
        distance: &ConvEdDistance { conved: ConvEd::default(), encoder: &encoder },
        policy: Policy::Free,
        references: 3,
    };
    let person = &embedded()?[1].person;
    let index = pipeline.index(person)?;
    let context = [Utterance::user("i love bakeries !")];
    let all: Vec<usize> = (0..person.sessions.len()).collect();
    println!("{}", context[0].content);
    for reference in pipeline.select(&index, &all, &context)?.references {
        let said = index.persona_texts[reference.session].replace('\n', " ");
        println!("  {}: {said:.90}", person.sessions[reference.session].id);
    }
    Ok(())
}

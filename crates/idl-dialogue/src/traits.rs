//! The seams: what the other crates implement and what they ask for.
//!
//! They are small, object safe and free of torch, so that an algorithm can be
//! used with any encoder, extractor or language model.

use ndarray::Array2;

use crate::{Session, Triple};

/// The error of a trait whose implementations each have their own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Texts to vectors (`Enc` of the paper's equation 3).
pub trait SentenceEncoder {
    /// The number of components of a vector.
    fn dim(&self) -> usize;

    /// A name for reports, such as `all-MiniLM-L6-v2`.
    fn name(&self) -> &str;

    /// One row of [`dim`](Self::dim) components for each text, of unit length.
    /// A text that holds nothing that the encoder knows, such as "", gets a
    /// fixed direction of the encoder's choice, never the zero vector: of that
    /// there is no cosine.
    ///
    /// # Errors
    /// Whatever keeps the encoder from encoding; a wrong text is not one.
    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError>;
}

impl<T: SentenceEncoder + ?Sized> SentenceEncoder for &T {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        (**self).encode(texts)
    }
}

/// What a text says about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NliLabel {
    /// The first text implies the second.
    Entailment,
    /// Neither.
    Neutral,
    /// They cannot both be true.
    Contradiction,
}

/// Natural language inference between pairs of texts.
pub trait NliModel {
    /// A name for reports.
    fn name(&self) -> &str;

    /// One label for each `(premise, hypothesis)`.
    ///
    /// # Errors
    /// Whatever keeps the model from answering.
    fn classify(&self, pairs: &[(&str, &str)]) -> Result<Vec<NliLabel>, BoxError>;
}

/// How to decode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GenerationParams {
    /// Stop after so many tokens.
    pub max_new_tokens: usize,
    /// `0` is greedy decoding.
    pub temperature: f64,
    /// Sample among the smallest set of tokens with this much probability.
    pub top_p: f64,
    /// The seed of the sampling.
    pub seed: u64,
}

impl Default for GenerationParams {
    /// 64 tokens, greedy.
    fn default() -> Self {
        GenerationParams { max_new_tokens: 64, temperature: 0.0, top_p: 1.0, seed: 0 }
    }
}

/// Text to text.
pub trait TextGenerator {
    /// One continuation for each prompt. Prompts are taken as they stand: the
    /// caller renders chat templates.
    ///
    /// # Errors
    /// Whatever keeps the model from answering, an over-long prompt included.
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> Result<Vec<String>, BoxError>;
}

/// Persona triples from utterances (`Ext` of the paper's section 3.2.1).
pub trait PersonaExtractor {
    /// The triples of each utterance, in order; mostly none.
    ///
    /// # Errors
    /// Whatever keeps the extractor from answering; an utterance without
    /// triples is not one.
    fn extract(&self, utterances: &[&str]) -> Result<Vec<Vec<Triple>>, BoxError>;
}

/// Distances between sessions (convED is one).
pub trait SessionDistance {
    /// The square matrix of distances, `[n, n]` for `n` sessions.
    ///
    /// # Errors
    /// Whatever keeps a distance from being computed.
    fn pairwise(&self, sessions: &[&Session]) -> Result<Array2<f64>, BoxError>;
}

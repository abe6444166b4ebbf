//! Persona triples by a language model.

mod prompt;
mod tally;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use idl_dialogue::{BoxError, GenerationParams, PersonaExtractor, TextGenerator, Triple};

pub use prompt::{NOTHING, extractor_prompt, extractor_target, read_reply};
pub use tally::LmTally;

use crate::{Error, ParsedTriples, Result};
use prompt::pieces;

/// From the text of a prompt to what the model is given.
type Template<'a> = Box<dyn Fn(&str) -> std::result::Result<String, BoxError> + 'a>;

/// A language model as extractor: sentences in, a triple a line out (appendix
/// A.2 of the paper).
///
/// Decoding is greedy and batched. [`PersonaExtractor::extract`] puts **one
/// utterance into each prompt**, so that a triple's utterance is never in doubt;
/// [`extract_stacks`](Self::extract_stacks) asks about several lines at once, as
/// the paper does, and gives the triples of all of them together. Prompts and
/// targets are [`extractor_prompt`] and [`extractor_target`], which the training
/// data is made of, too; a model that was not trained on such prints what it
/// likes, and [`tally`](Self::tally) tells how much of it could be read.
///
/// An utterance of more bytes than [`max_bytes`](Self::max_bytes) is cut, at
/// sentence ends where there are some, into pieces that are asked about one by
/// one: nothing is dropped.
///
/// ```
/// use idl_dialogue::{BoxError, GenerationParams, PersonaExtractor, TextGenerator};
/// use idl_persona_ext::LmExtractor;
///
/// /// A model that has learnt one thing.
/// struct Parrot;
///
/// impl TextGenerator for Parrot {
///     fn generate(
///         &self,
///         prompts: &[&str],
///         _: &GenerationParams,
///     ) -> Result<Vec<String>, BoxError> {
///         let reply = |p: &&str| if p.contains("owl") { "<i, have_pet, owl>" } else { "none" };
///         Ok(prompts.iter().map(|p| reply(p).to_owned()).collect())
///     }
/// }
///
/// let extractor = LmExtractor::new(Parrot);
/// let triples = extractor.extract(&["i keep an owl .", "and you ?"])?;
/// assert_eq!(triples[0][0].to_string(), "<i, have_pet, owl>");
/// assert!(triples[1].is_empty());
/// assert_eq!((extractor.tally().prompts, extractor.tally().nothing), (2, 1));
/// # Ok::<(), BoxError>(())
/// ```
///
/// A chat model wants its template around each prompt; with `idl_lm`:
///
/// ```ignore
/// let generator = Generator { model: &model, tokenizer: &tokenizer };
/// let extractor = LmExtractor::new(generator)
///     .template(|prompt| Ok(tokenizer.render(&[Utterance::user(prompt)], true)?));
/// ```
pub struct LmExtractor<'a, G> {
    generator: G,
    template: Option<Template<'a>>,
    batch: usize,
    max_bytes: usize,
    max_new_tokens: usize,
    tally: Mutex<LmTally>,
}

impl<'a, G: TextGenerator> LmExtractor<'a, G> {
    /// An extractor that gives `generator` the prompts as they stand: 32 at
    /// once, at most 1,200 bytes each, replies of at most 64 tokens for each
    /// line of the prompt.
    pub fn new(generator: G) -> Self {
        LmExtractor {
            generator,
            template: None,
            batch: 32,
            max_bytes: 1_200,
            max_new_tokens: 64,
            tally: Mutex::default(),
        }
    }

    /// What is put around each prompt: the model's chat template, with the
    /// prompt as the user's message.
    #[must_use]
    pub fn template(
        mut self,
        template: impl Fn(&str) -> std::result::Result<String, BoxError> + 'a,
    ) -> Self {
        self.template = Some(Box::new(template));
        self
    }

    /// How many prompts the model is given at once, at least 1.
    #[must_use]
    pub fn batch(mut self, prompts: usize) -> Self {
        self.batch = prompts.max(1);
        self
    }

    /// The most bytes of a prompt's text, at least 16. No tokenizer makes more
    /// tokens than bytes: leave room for the template and the reply.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes.max(16);
        self
    }

    /// The most tokens of a reply for each line of its prompt, at least 1.
    #[must_use]
    pub fn max_new_tokens(mut self, tokens: usize) -> Self {
        self.max_new_tokens = tokens.max(1);
        self
    }

    /// What has been asked and answered up to now.
    #[must_use]
    pub fn tally(&self) -> LmTally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The triples of each stack of sentences, in the order in which the model
    /// printed them, with the number of lines that were none. A stack that is
    /// too long for one prompt is asked about in several, one after the other.
    ///
    /// # Errors
    /// [`Error::Generator`] with its cause (the template's, too),
    /// [`Error::Replies`] where there is not one reply per prompt.
    pub fn extract_stacks<S: AsRef<str>>(&self, stacks: &[&[S]]) -> Result<Vec<ParsedTriples>> {
        let mut found = vec![ParsedTriples::default(); stacks.len()];
        let mut questions = Vec::new();
        for (stack, sentences) in stacks.iter().enumerate() {
            questions.extend(self.questions(stack, sentences));
        }
        for batch in questions.chunks(self.batch) {
            let replies = self.ask(batch)?;
            for (question, reply) in batch.iter().zip(&replies) {
                let parsed = read_reply(reply);
                self.count(|tally| tally.add(reply, &parsed));
                let all = &mut found[question.stack];
                all.malformed += parsed.malformed;
                for triple in parsed.triples {
                    if !all.triples.contains(&triple) {
                        all.triples.push(triple);
                    }
                }
            }
        }
        Ok(found)
    }

    /// The prompts of a stack: its lines, cut where one is too long, as many in
    /// a prompt as fit.
    fn questions<S: AsRef<str>>(&self, stack: usize, sentences: &[S]) -> Vec<Question> {
        let mut questions = Vec::new();
        let (mut lines, mut bytes) = (Vec::new(), 0);
        for sentence in sentences {
            let parts = pieces(sentence.as_ref(), self.max_bytes);
            self.count(|tally| tally.cut += usize::from(parts.len() > 1));
            for part in parts {
                if bytes + part.len() > self.max_bytes && !lines.is_empty() {
                    questions.push(Question::new(stack, &lines));
                    lines.clear();
                    bytes = 0;
                }
                bytes += part.len() + 1;
                lines.push(part);
            }
        }
        if !lines.is_empty() {
            questions.push(Question::new(stack, &lines));
        }
        questions
    }

    fn ask(&self, questions: &[Question]) -> Result<Vec<String>> {
        let rendered = questions
            .iter()
            .map(|question| match &self.template {
                None => Ok(question.prompt.clone()),
                Some(template) => template(&question.prompt),
            })
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(Error::Generator)?;
        let prompts: Vec<&str> = rendered.iter().map(String::as_str).collect();
        let lines = questions.iter().map(|question| question.lines).max().unwrap_or(0);
        let params = GenerationParams {
            max_new_tokens: self.max_new_tokens.saturating_mul(lines),
            ..GenerationParams::default()
        };
        let replies = self.generator.generate(&prompts, &params).map_err(Error::Generator)?;
        if replies.len() == prompts.len() {
            Ok(replies)
        } else {
            Err(Error::Replies { replies: replies.len(), prompts: prompts.len() })
        }
    }

    fn count(&self, change: impl FnOnce(&mut LmTally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<G: TextGenerator> PersonaExtractor for LmExtractor<'_, G> {
    fn extract(&self, utterances: &[&str]) -> std::result::Result<Vec<Vec<Triple>>, BoxError> {
        let stacks: Vec<&[&str]> = utterances.iter().map(std::slice::from_ref).collect();
        let found = self.extract_stacks(&stacks)?;
        Ok(found.into_iter().map(|parsed| parsed.triples).collect())
    }
}

impl<G> fmt::Debug for LmExtractor<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LmExtractor")
            .field("batch", &self.batch)
            .field("max_bytes", &self.max_bytes)
            .field("max_new_tokens", &self.max_new_tokens)
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}

/// A prompt on its way.
struct Question {
    stack: usize,
    lines: usize,
    prompt: String,
}

impl Question {
    fn new(stack: usize, lines: &[&str]) -> Self {
        Question { stack, lines: lines.len(), prompt: extractor_prompt(lines) }
    }
}

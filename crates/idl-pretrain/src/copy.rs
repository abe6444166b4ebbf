//! The copy check: is what comes again easier than it was at first?

use std::ops::Range;

use idl_dialogue::{Person, Session};
use idl_lm::{CausalLm, TokenTree};
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use tch::Kind;

use crate::draw::generator;
use crate::error::{Error, Result};
use crate::material::ordinary_ids;
use crate::measure::Measure;
use crate::render::Renderer;

/// Tokens of a random run.
const RANDOM_RUN: usize = 40;

/// What is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CopyCheckConfig {
    /// After how many tokens an exchange comes again (0, 100, 300, 700, 1500);
    /// those for which a window has no room are left out.
    pub distances: Vec<usize>,
    /// Segments for each of them (24).
    pub segments: usize,
    /// Which ones (0).
    pub seed: u64,
}

impl Default for CopyCheckConfig {
    fn default() -> Self {
        CopyCheckConfig { distances: vec![0, 100, 300, 700, 1500], segments: 24, seed: 0 }
    }
}

/// Sequences in which something comes twice, and the NLL a token of both
/// occurrences:
///
/// | measure | what comes again | after |
/// |---|---|---|
/// | `copy/first`, `copy/after_D` | an exchange, two messages of a real dialogue | `D` tokens of another dialogue; the same exchanges at every distance |
/// | `copy_dialogue/first`, `copy_dialogue/again` | a whole dialogue | another dialogue |
/// | `copy_random/first`, `copy_random/again` | 40 random tokens | nothing |
///
/// The first occurrence stands at the beginning. Dialogues that a window has
/// no room for are left out, and their measures with them.
#[derive(Debug)]
pub struct CopyCheck {
    probes: Vec<Probe>,
}

#[derive(Debug)]
struct Probe {
    first: String,
    again: String,
    tree: TokenTree,
}

impl CopyCheck {
    /// Chooses segments of the dialogues of `persons` (people whom the model
    /// has not seen), for a window of `context` tokens.
    ///
    /// # Errors
    /// [`Error::Data`] where there are no two dialogues; the tokenizer's.
    pub fn new(
        renderer: &Renderer<'_>,
        persons: &[Person],
        context: usize,
        config: &CopyCheckConfig,
    ) -> Result<Self> {
        let sessions: Vec<&Session> = persons
            .iter()
            .flat_map(|person| &person.sessions)
            .filter(|session| session.messages.len() >= 2)
            .collect();
        if sessions.len() < 2 {
            return Err(Error::Data(
                "the copy check needs two dialogues of two messages".to_owned(),
            ));
        }
        let ordinary = ordinary_ids(renderer.tokenizer())?;
        let mut probes = Vec::new();
        for index in 0..config.segments {
            let mut rng = generator(config.seed, index as u64);
            let at = rng.gen_range(0..sessions.len());
            let messages = &sessions[at].messages;
            let start = rng.gen_range(0..=messages.len() - 2);
            let segment = renderer.tokens(&messages[start..start + 2])?;
            let farthest = config.distances.iter().copied().max().unwrap_or(0);
            let between = others(renderer, &sessions, at, farthest, &mut rng)?;
            for &distance in &config.distances {
                // The end of what lies between, so that it ends as talk does.
                let filler = &between[between.len() - distance..];
                let names = ["copy/first".to_owned(), format!("copy/after_{distance}")];
                probes.extend(Probe::new(renderer, names, &segment, filler, context)?);
            }
            let dialogue = renderer.tokens(messages)?;
            let other = renderer.tokens(&another(&sessions, at, &mut rng).messages)?;
            let names = ["copy_dialogue/first", "copy_dialogue/again"].map(str::to_owned);
            probes.extend(Probe::new(renderer, names, &dialogue, &other, context)?);
            let run: Vec<i64> =
                (0..RANDOM_RUN).map(|_| ordinary[rng.gen_range(0..ordinary.len())]).collect();
            let names = ["copy_random/first", "copy_random/again"].map(str::to_owned);
            probes.extend(Probe::new(renderer, names, &run, &[], context)?);
        }
        Ok(CopyCheck { probes })
    }

    /// The sequences' tokens, together.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.probes.iter().map(|probe| probe.tree.tokens()).sum()
    }
}

impl Probe {
    /// A segment, what lies between, and the segment again, if that fits.
    fn new(
        renderer: &Renderer<'_>,
        [first, again]: [String; 2],
        segment: &[i64],
        filler: &[i64],
        context: usize,
    ) -> Result<Option<Self>> {
        let ids = [renderer.opening(), segment, filler, segment].concat();
        if ids.len() > context {
            return Ok(None);
        }
        // Nothing predicts a first token.
        let start = renderer.opening().len().max(1);
        let skipped = start - renderer.opening().len();
        let length = segment.len() - skipped;
        let spans: [Range<usize>; 2] = [start..start + length, ids.len() - length..ids.len()];
        let mut tree = TokenTree::new(ids);
        for span in spans {
            tree.add_span(span)?;
        }
        Ok(Some(Probe { first, again, tree }))
    }
}

fn another<'s>(sessions: &[&'s Session], not: usize, rng: &mut Xoshiro256PlusPlus) -> &'s Session {
    sessions[(not + rng.gen_range(1..sessions.len())) % sessions.len()]
}

/// At least so many tokens of other dialogues.
fn others(
    renderer: &Renderer<'_>,
    sessions: &[&Session],
    not: usize,
    tokens: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    while ids.len() < tokens {
        ids.extend(renderer.tokens(&another(sessions, not, rng).messages)?);
    }
    Ok(ids)
}

impl Measure for CopyCheck {
    fn measure(&self, model: &CausalLm) -> Result<Vec<(String, f64)>> {
        let _guard = tch::no_grad_guard();
        // Sums over tokens and their number, by name, in the order of their
        // first appearance.
        let mut sums: Vec<(&str, f64, usize)> = Vec::new();
        for probe in &self.probes {
            let scored = probe.tree.logprobs(model)?;
            for (name, logprobs) in [&probe.first, &probe.again].into_iter().zip(&scored.spans) {
                let nll = -logprobs.f_sum(Kind::Double)?.f_double_value(&[])?;
                let tokens = logprobs.numel();
                match sums.iter_mut().find(|(n, ..)| n == name) {
                    Some((_, sum, count)) => {
                        *sum += nll;
                        *count += tokens;
                    }
                    None => sums.push((name, nll, tokens)),
                }
            }
        }
        Ok(sums
            .into_iter()
            .map(|(name, sum, n)| (name.to_owned(), sum / n.max(1) as f64))
            .collect())
    }
}

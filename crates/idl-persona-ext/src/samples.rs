//! Labelled sentences: what an extractor is trained and judged on.

use std::collections::HashMap;

use idl_dialogue::Triple;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::text::tokens;
use crate::{Error, Result};

/// A sentence and the triples that are to be found in it; none for one that
/// states no fact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// What is said.
    pub sentence: String,
    /// What it says about the speaker.
    pub triples: Vec<Triple>,
}

/// One sample for each sentence, in order of first appearance, with the triples
/// of all its samples, none twice: PersonaExt has a line for each triple.
///
/// ```
/// use idl_dialogue::Triple;
/// use idl_persona_ext::{Sample, join_samples};
///
/// let sample = |object| Sample {
///     sentence: "i have two owls and a boat .".to_owned(),
///     triples: vec![Triple::new("i", "own", object)],
/// };
/// let joined = join_samples([sample("boat"), sample("two owls"), sample("boat")]);
/// assert_eq!((joined.len(), joined[0].triples.len()), (1, 2));
/// ```
#[must_use]
pub fn join_samples(samples: impl IntoIterator<Item = Sample>) -> Vec<Sample> {
    let mut joined: Vec<Sample> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for sample in samples {
        let place = *places.entry(sample.sentence.clone()).or_insert(joined.len());
        match joined.get_mut(place) {
            None => joined.push(join_samples_of(sample)),
            Some(known) => add_new(&mut known.triples, sample.triples),
        }
    }
    joined
}

/// A sample alone: its own triples may repeat, too.
fn join_samples_of(sample: Sample) -> Sample {
    let mut triples = Vec::with_capacity(sample.triples.len());
    add_new(&mut triples, sample.triples);
    Sample { triples, ..sample }
}

fn add_new(known: &mut Vec<Triple>, triples: Vec<Triple>) {
    for triple in triples {
        if !known.contains(&triple) {
            known.push(triple);
        }
    }
}

/// Deals samples at random into those to learn from and the share that is held
/// out (the paper: 0.1). Samples of one sentence are [joined](join_samples)
/// first, so that no sentence is on both sides. The same samples, share and
/// seed give the same split on every machine; both sides keep the order.
///
/// # Errors
/// [`Error::Argument`] for a share that is not from 0 to 1.
pub fn split_samples(
    samples: Vec<Sample>,
    held_out: f64,
    seed: u64,
) -> Result<(Vec<Sample>, Vec<Sample>)> {
    if !(0.0..=1.0).contains(&held_out) {
        return Err(Error::Argument {
            name: "held_out",
            expected: "a number from 0 to 1",
            found: held_out.to_string(),
        });
    }
    let samples = join_samples(samples);
    let count = (held_out * samples.len() as f64).round() as usize;
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let mut is_out = vec![false; samples.len()];
    for &place in order.iter().take(count) {
        is_out[place] = true;
    }
    let (mut learnt, mut out) = (Vec::new(), Vec::new());
    for (sample, is_out) in samples.into_iter().zip(is_out) {
        if is_out { out.push(sample) } else { learnt.push(sample) }
    }
    Ok((learnt, out))
}

/// Whether an utterance can be taken to state no fact about its speaker: it has
/// no word of the first person, and asks, addresses the partner or greets.
///
/// Every sentence of PersonaExt states a fact; an extractor that has seen
/// nothing else finds one everywhere. Such utterances, from any dialogues, are
/// its examples of silence: `Sample`s without triples. The test is strict, so
/// that what passes is rarely wrong; most utterances without a fact do not pass.
///
/// ```
/// use idl_persona_ext::is_impersonal;
///
/// assert!(is_impersonal("hello ! what do you do ?"));
/// assert!(is_impersonal("that sounds like fun ."));
/// assert!(!is_impersonal("do you like my boat ?"));
/// assert!(!is_impersonal("just fed the owls ."));
/// ```
#[must_use]
pub fn is_impersonal(utterance: &str) -> bool {
    #[rustfmt::skip]
    const FIRST_PERSON: &[&str] = &[
        "i", "im", "ive", "id", "ill", "me", "my", "mine", "myself",
        "we", "us", "our", "ours", "ourselves",
    ];
    const TO_THE_PARTNER: &[&str] =
        &["you", "your", "yours", "that", "hi", "hey", "hello", "wow", "thanks", "bye"];
    let tokens = tokens(utterance);
    let mut words = tokens.iter().filter(|t| t.is_word).map(|t| {
        // "i'm" and "we've" are what stands before the apostrophe.
        t.text.split('\'').next().unwrap_or_default()
    });
    let personal = |word: &str| FIRST_PERSON.contains(&word);
    let asks = tokens.last().is_some_and(|t| t.text == "?");
    !words.clone().any(personal) && (asks || words.any(|word| TO_THE_PARTNER.contains(&word)))
}

/// How sentences are stacked into samples that look like a dialogue, so that
/// an extractor learns to read several lines at once (the paper: 35,000
/// sentences became 4,000 samples).
///
/// ```
/// use idl_persona_ext::{Sample, StackParams};
///
/// let samples: Vec<Sample> = (0..10)
///     .map(|i| Sample { sentence: format!("i am {i} ."), ..Sample::default() })
///     .collect();
/// let stacks = StackParams { min: 2, max: 4, seed: 7 }.stack(samples)?;
/// assert_eq!(stacks.iter().map(Vec::len).sum::<usize>(), 10);
/// # Ok::<(), idl_persona_ext::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StackParams {
    /// The fewest sentences of a stack, at least 1.
    pub min: usize,
    /// The most.
    pub max: usize,
    /// Order and sizes follow from it.
    pub seed: u64,
}

impl Default for StackParams {
    /// 1 to 16 sentences: 8.5 on average, as in the paper, single ones
    /// included, as [`LmExtractor`](crate::LmExtractor) asks for them.
    fn default() -> Self {
        StackParams { min: 1, max: 16, seed: 0 }
    }
}

impl StackParams {
    /// Shuffles `samples` and cuts them into stacks whose sizes are drawn
    /// evenly; the last one may be smaller. Every sample is in one stack.
    ///
    /// # Errors
    /// [`Error::Argument`] for sizes that are 0 or the wrong way round.
    pub fn stack(&self, mut samples: Vec<Sample>) -> Result<Vec<Vec<Sample>>> {
        let StackParams { min, max, seed } = *self;
        if min == 0 || min > max {
            return Err(Error::Argument {
                name: "min, max",
                expected: "1 <= min <= max",
                found: format!("{min}, {max}"),
            });
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        samples.shuffle(&mut rng);
        let mut stacks = Vec::new();
        let mut rest = samples.into_iter().peekable();
        while rest.peek().is_some() {
            let size = rng.gen_range(min..=max);
            stacks.push(rest.by_ref().take(size).collect());
        }
        Ok(stacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples(n: usize) -> Vec<Sample> {
        let sample = |i| Sample {
            sentence: format!("i own boat {i} ."),
            triples: vec![Triple::new("i", "own", format!("boat {i}"))],
        };
        (0..n).map(sample).collect()
    }

    #[test]
    fn a_sentence_is_on_one_side_however_many_triples_it_has() {
        let mut all = samples(20);
        all.extend(samples(20).into_iter().map(|mut sample| {
            sample.triples[0].relation = "like_general".to_owned();
            sample
        }));
        let (learnt, out) = split_samples(all, 0.25, 3).unwrap();
        assert_eq!((learnt.len(), out.len()), (15, 5));
        assert!(learnt.iter().chain(&out).all(|sample| sample.triples.len() == 2));
        assert!(out.iter().all(|o| learnt.iter().all(|l| l.sentence != o.sentence)));
        assert!(matches!(
            split_samples(samples(2), f64::NAN, 0),
            Err(Error::Argument { name: "held_out", .. })
        ));
    }

    #[test]
    fn the_seed_decides_split_and_stacks() {
        let split = |seed| split_samples(samples(40), 0.1, seed).unwrap().1;
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
        let stack = |seed| StackParams { seed, ..StackParams::default() }.stack(samples(40));
        assert_eq!(stack(1).unwrap(), stack(1).unwrap());
        assert_ne!(stack(1).unwrap(), stack(2).unwrap());
    }

    #[test]
    fn sizes_the_wrong_way_round_are_refused() {
        for (min, max) in [(0, 3), (4, 3)] {
            let error = StackParams { min, max, seed: 0 }.stack(samples(3)).unwrap_err();
            assert!(error.to_string().contains(&format!("{min}, {max}")), "{error}");
        }
    }

    #[test]
    fn facts_are_not_taken_for_silence() {
        for fact in [
            "i'm a baker , you ?",
            "we have two owls , and you ?",
            "do you want to see our boat ?",
            "love owls .",
            "myself , boats .",
            "",
        ] {
            assert!(!is_impersonal(fact), "{fact}");
        }
        for silence in ["hi !", "what is its name ?", "wow , boats !", "you must be proud ."] {
            assert!(is_impersonal(silence), "{silence}");
        }
    }

    proptest! {
        #[test]
        fn every_sample_is_in_one_stack(n in 0_usize..60, min in 1_usize..5, more in 0_usize..5, seed: u64) {
            let params = StackParams { min, max: min + more, seed };
            let stacks = params.stack(samples(n)).unwrap();
            let (last, whole) = stacks.split_last().map_or((0, &[][..]), |(l, w)| (l.len(), w));
            prop_assert!(whole.iter().all(|stack| (min..=min + more).contains(&stack.len())));
            prop_assert!(last <= min + more);
            let mut all: Vec<String> = stacks.concat().into_iter().map(|s| s.sentence).collect();
            let mut expected: Vec<String> = samples(n).into_iter().map(|s| s.sentence).collect();
            all.sort();
            expected.sort();
            prop_assert_eq!(all, expected);
        }
    }
}

//! The four kinds of documents.

use idl_dialogue::{Session, Utterance};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus as Generator;

use crate::document::Window;
use crate::error::Result;
use crate::material::Material;
use crate::procedural::ProceduralParams;

/// How often what comes next in a returning document has been there before.
const AGAIN: f64 = 0.4;

/// The most messages of a segment.
const MOST_MESSAGES: usize = 6;

/// How many tokens a run of random ones has.
const RUN: std::ops::RangeInclusive<usize> = 8..=48;

/// All sessions of a person in an order of their own, then the next person's.
/// Every session is as likely to be in a document as any other, so persons who
/// have many come often.
pub(crate) fn plain(of: &Material<'_>, window: &mut Window, rng: &mut Generator) -> Result<()> {
    while !window.is_full() {
        let (person, _) = of.sessions[rng.gen_range(0..of.sessions.len())];
        let mut sessions: Vec<&Session> = of.persons[person].sessions.iter().collect();
        sessions.shuffle(rng);
        for session in sessions {
            if window.is_full() {
                break;
            }
            window.push(&of.renderer.tokens(&session.messages)?);
        }
    }
    Ok(())
}

/// Sessions of an invented person, real exchanges between theirs.
pub(crate) fn persona(of: &Material<'_>, window: &mut Window, rng: &mut Generator) -> Result<()> {
    while !window.is_full() {
        // Few facts come back soon, many late.
        let coined = rng.gen_range(0..=3);
        let params = ProceduralParams {
            sessions: 16,
            facts: rng.gen_range(1..=5),
            topics: rng.gen_range(1..=3),
            coined,
        };
        let talk: Vec<&Session> = match of.sessions.len() {
            0 => Vec::new(),
            all => (0..params.sessions).map(|_| of.session(rng.gen_range(0..all))).collect(),
        };
        let invented = params.person(rng.r#gen(), 0)?;
        for session in invented.among(&talk, rng.r#gen()).sessions {
            if window.is_full() {
                break;
            }
            window.push(&of.renderer.tokens(&session.messages)?);
        }
    }
    Ok(())
}

/// One dialogue after another, in segments of a few messages; between them
/// segments that have been there before, near and far alike.
pub(crate) fn returning(of: &Material<'_>, window: &mut Window, rng: &mut Generator) -> Result<()> {
    let mut rest: &[Utterance] = &[];
    while !window.is_full() {
        if window.segments() > 0 && rng.gen_bool(AGAIN) {
            window.push_again(rng.gen_range(0..window.segments()));
            continue;
        }
        if rest.is_empty() {
            rest = &of.session(rng.gen_range(0..of.sessions.len())).messages;
        }
        let (segment, later) = rest.split_at(rng.gen_range(1..=MOST_MESSAGES).min(rest.len()));
        rest = later;
        window.push(&of.renderer.tokens(segment)?);
    }
    Ok(())
}

/// Runs of random tokens, every other one of which has been there before.
pub(crate) fn random(of: &Material<'_>, window: &mut Window, rng: &mut Generator) {
    while !window.is_full() {
        if window.segments() > 0 && rng.gen_bool(0.5) {
            window.push_again(rng.gen_range(0..window.segments()));
            continue;
        }
        let run: Vec<i64> = (0..rng.gen_range(RUN))
            .map(|_| of.ordinary[rng.gen_range(0..of.ordinary.len())])
            .collect();
        window.push(&run);
    }
}

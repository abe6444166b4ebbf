//! The rows that every table needs: what one gets for nothing.

use std::collections::HashMap;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A reply to be predicted, as far as the chance rows need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    /// Whose reply it is.
    pub person: &'a str,
    /// The partner's utterance before it.
    pub query: &'a str,
    /// The true reply.
    pub reply: &'a str,
}

/// Replies made without a model, one per example. A metric under which they
/// look good measures something else than replying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChanceRows<'a> {
    /// The true reply of another example, any but the same; empty where there
    /// is no other example.
    pub random: Vec<&'a str>,
    /// The true reply of another example of the same person, if there is one.
    pub same_person: Vec<Option<&'a str>>,
    /// The partner's utterance, said back.
    pub echo: Vec<&'a str>,
    /// One sentence for everything.
    pub constant: Vec<&'a str>,
}

/// Draws the chance rows for `examples`; `constant` is the sentence of the last
/// row. The same seed gives the same rows. Time O(examples).
///
/// ```
/// use idl_metrics::chance::{Example, chance_rows};
///
/// let examples = [
///     Example { person: "ada", query: "hi", reply: "hello" },
///     Example { person: "ada", query: "and you ?", reply: "fine" },
/// ];
/// let rows = chance_rows(&examples, "i see .", 0);
/// assert_eq!(rows.random, ["fine", "hello"]);
/// assert_eq!(rows.echo, ["hi", "and you ?"]);
/// ```
#[must_use]
pub fn chance_rows<'a>(examples: &[Example<'a>], constant: &'a str, seed: u64) -> ChanceRows<'a> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut by_person: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, example) in examples.iter().enumerate() {
        by_person.entry(example.person).or_default().push(i);
    }
    let all: Vec<usize> = (0..examples.len()).collect();
    let mut rows = ChanceRows::default();
    for (i, example) in examples.iter().enumerate() {
        let own = by_person.get(example.person).map_or(&[][..], Vec::as_slice);
        rows.random.push(another(&all, i, &mut rng).map_or("", |j| examples[j].reply));
        rows.same_person.push(another(own, i, &mut rng).map(|j| examples[j].reply));
        rows.echo.push(example.query);
        rows.constant.push(constant);
    }
    rows
}

/// One of `indices` (sorted) other than `i`, all equally likely.
fn another(indices: &[usize], i: usize, rng: &mut impl Rng) -> Option<usize> {
    let place = indices.binary_search(&i).ok()?;
    if indices.len() < 2 {
        return None;
    }
    let drawn = rng.gen_range(0..indices.len() - 1);
    Some(indices[drawn + usize::from(drawn >= place)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_the_example_itself_and_the_same_person_only() {
        let names: Vec<String> = (0..60).map(|i| format!("p{}", i % 7)).collect();
        let replies: Vec<String> = (0..60).map(|i| format!("{} says {i}", names[i])).collect();
        let examples: Vec<Example<'_>> = names
            .iter()
            .zip(&replies)
            .map(|(person, reply)| Example { person, query: "?", reply })
            .collect();
        let rows = chance_rows(&examples, "yes", 5);
        for (i, example) in examples.iter().enumerate() {
            assert_ne!(rows.random[i], example.reply);
            let same = rows.same_person[i].unwrap();
            assert!(same.starts_with(example.person) && same != example.reply);
        }
        assert_eq!(rows, chance_rows(&examples, "yes", 5));
        assert_ne!(rows.random, chance_rows(&examples, "yes", 6).random);
    }

    #[test]
    fn a_single_example_has_no_other() {
        let rows = chance_rows(&[Example { person: "a", query: "q", reply: "r" }], "c", 0);
        assert_eq!((rows.random[0], rows.same_person[0]), ("", None));
    }
}

//! A fact about a person, and the words for it.

use std::borrow::Cow;

use rand::Rng;
use rand::seq::SliceRandom;

use super::coined;
use super::kinds::Kind;
use crate::draw::pick;

/// A fact: a kind and one of its values, and the words for it that have not
/// been used.
pub(super) struct Fact {
    pub(super) kind: &'static Kind,
    pub(super) object: Cow<'static, str>,
    hint: &'static str,
    pub(super) told: bool,
    statements: Deck,
    returns: Deck,
}

/// Phrases in an order of their own; all come up before one comes again.
struct Deck {
    all: &'static [&'static str],
    left: Vec<&'static str>,
}

impl Deck {
    fn new(all: &'static [&'static str]) -> Self {
        Deck { all, left: Vec::new() }
    }

    fn draw(&mut self, rng: &mut impl Rng) -> &'static str {
        if self.left.is_empty() {
            self.left = self.all.to_vec();
            self.left.shuffle(rng);
        }
        self.left.pop().unwrap_or_default()
    }
}

/// An object of the fact's kind that is not the person's.
pub(super) fn other_object(fact: &Fact, rng: &mut impl Rng) -> Cow<'static, str> {
    loop {
        let object = match fact.kind.values {
            [] => Cow::Owned(coined::name(rng)),
            values => Cow::Borrowed(pick(values, rng).0),
        };
        if object != fact.object {
            return object;
        }
    }
}

impl Fact {
    pub(super) fn new(kind: &'static Kind, object: Cow<'static, str>, hint: &'static str) -> Self {
        let (statements, returns) = (Deck::new(kind.statements), Deck::new(kind.returns));
        Fact { kind, object, hint, told: false, statements, returns }
    }

    /// The fact outright.
    pub(super) fn state(&mut self, rng: &mut impl Rng) -> String {
        let phrase = self.statements.draw(rng);
        self.fill(phrase)
    }

    /// The fact in other words.
    pub(super) fn come_back(&mut self, rng: &mut impl Rng) -> String {
        let phrase = self.returns.draw(rng);
        self.fill(phrase)
    }

    fn fill(&self, phrase: &str) -> String {
        phrase.replace("{o}", &self.object).replace("{h}", self.hint)
    }
}

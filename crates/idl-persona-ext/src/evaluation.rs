//! How well an extractor finds what is labelled.

use std::collections::{BTreeMap, BTreeSet};

use idl_dialogue::Triple;
use serde::Serialize;

use crate::Relation;
use crate::text::tokens;

/// What was to be found, what was found, and what of it is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Printed")]
pub struct Counts {
    /// Labelled.
    pub gold: usize,
    /// Predicted.
    pub found: usize,
    /// Both.
    pub right: usize,
}

impl Counts {
    /// The share of what was found that is right; `None` if nothing was found.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        share(self.right, self.found)
    }

    /// The share of what is labelled that was found; `None` if nothing is.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        share(self.right, self.gold)
    }

    /// The harmonic mean of both, `2 right / (gold + found)`; `None` if there
    /// is nothing on either side.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.right, self.gold + self.found)
    }

    fn add(&mut self, gold: usize, found: usize, right: usize) {
        self.gold += gold;
        self.found += found;
        self.right += right;
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Counts as they are printed: with the scores that follow from them.
#[derive(Serialize)]
struct Printed {
    gold: usize,
    found: usize,
    right: usize,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
}

impl From<Counts> for Printed {
    fn from(c: Counts) -> Self {
        let Counts { gold, found, right } = c;
        let (precision, recall, f1) = (c.precision(), c.recall(), c.f1());
        Printed { gold, found, right, precision, recall, f1 }
    }
}

/// The account of an extractor on labelled samples: micro averages over all
/// triples, each counted once in its sample.
///
/// Case and the amount of space do not matter, and relations are compared in
/// their [canonical](Relation) names.
///
/// ```
/// use idl_dialogue::Triple;
/// use idl_persona_ext::Evaluation;
///
/// let t = |object: &str| Triple::new("i", "own", object);
/// let mut evaluation = Evaluation::default();
/// evaluation.add(&[t("owl")], &[t("Owl")]);
/// evaluation.add(&[t("boat"), t("tea")], &[t("red boat"), t("tea")]);
/// assert_eq!((evaluation.samples, evaluation.exact), (2, 1));
/// assert_eq!(evaluation.triples.f1(), Some(2.0 / 3.0));
/// assert_eq!(evaluation.objects_alike.f1(), Some(1.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The samples.
    pub samples: usize,
    /// Those of which every triple was found and no other: the paper's
    /// accuracy is their share.
    pub exact: usize,
    /// Samples with any triple: is there a fact at all?
    pub detection: Counts,
    /// Triples that are equal in all parts.
    pub triples: Counts,
    /// Objects that are equal, whatever the rest of the triple says.
    pub objects: Counts,
    /// Objects that share a word other than an article, a possessive or the
    /// like; each is paired with one other at most.
    pub objects_alike: Counts,
    /// `triples` by relation.
    pub relations: BTreeMap<Relation, Counts>,
}

impl Evaluation {
    /// Adds a sample: its labels, and what the extractor made of it.
    /// Time O(triples^2).
    pub fn add(&mut self, gold: &[Triple], found: &[Triple]) {
        let (gold, found) = (normal(gold), normal(found));
        let right: Vec<&Normal> = gold.intersection(&found).collect();
        self.samples += 1;
        self.exact += usize::from(gold == found);
        let (any_gold, any_found) = (!gold.is_empty(), !found.is_empty());
        self.detection.add(any_gold.into(), any_found.into(), (any_gold && any_found).into());
        self.triples.add(gold.len(), found.len(), right.len());
        for triple in &gold {
            self.relation(triple).gold += 1;
        }
        for triple in &found {
            self.relation(triple).found += 1;
        }
        for triple in right {
            self.relation(triple).right += 1;
        }
        let objects = |of: &BTreeSet<Normal>| -> BTreeSet<String> {
            of.iter().map(|triple| triple.object.clone()).collect()
        };
        let (gold, found) = (objects(&gold), objects(&found));
        self.objects.add(gold.len(), found.len(), gold.intersection(&found).count());
        self.objects_alike.add(gold.len(), found.len(), alike(&gold, &found));
    }

    /// The share of samples that are right in every triple; `None` before the
    /// first.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        share(self.exact, self.samples)
    }

    fn relation(&mut self, triple: &Normal) -> &mut Counts {
        self.relations.entry(triple.relation.clone()).or_default()
    }
}

/// A triple in the form in which it is compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Normal {
    subject: String,
    relation: Relation,
    object: String,
}

fn normal(triples: &[Triple]) -> BTreeSet<Normal> {
    let plain = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let one = |t: &Triple| Normal {
        subject: plain(&t.subject),
        relation: Relation::from(t.relation.as_str()),
        object: plain(&t.object),
    };
    triples.iter().map(one).collect()
}

/// How many objects of both sides pair up by a content word that they share.
/// Equal ones go first, the others by the first that is left.
fn alike(gold: &BTreeSet<String>, found: &BTreeSet<String>) -> usize {
    let equal = gold.intersection(found).count();
    let mut left: Vec<_> = found.difference(gold).map(|object| content(object)).collect();
    let mut pairs = equal;
    for object in gold.difference(found) {
        let words = content(object);
        if let Some(place) = left.iter().position(|other| !other.is_disjoint(&words)) {
            left.remove(place);
            pairs += 1;
        }
    }
    pairs
}

/// The words of an object that say what it is; all, where none does.
fn content(object: &str) -> BTreeSet<String> {
    const EMPTY: &[&str] = &["a", "an", "the", "my", "our", "to", "of", "in", "for", "and", "some"];
    let words: BTreeSet<String> =
        tokens(object).into_iter().filter(|t| t.is_word).map(|t| t.text).collect();
    let full: BTreeSet<String> =
        words.iter().filter(|w| !EMPTY.contains(&w.as_str())).cloned().collect();
    if full.is_empty() { words } else { full }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(relation: &str, object: &str) -> Triple {
        Triple::new("i", relation, object)
    }

    #[test]
    fn counts_by_hand() {
        let mut e = Evaluation::default();
        // Right but for spelling and case; the second gold one twice.
        e.add(
            &[t("have_chidren", "two kids"), t("own", "boat"), t("own", "boat")],
            &[t("have_children", "Two  kids"), t("own", "boat")],
        );
        // Another relation, another wording, one too many.
        e.add(&[t("have_pet", "two owls")], &[t("own", "owls"), t("own", "tea")]);
        // Silence where there is a fact, a fact where there is none, silence.
        e.add(&[t("own", "boat")], &[]);
        e.add(&[], &[t("own", "boat")]);
        e.add(&[], &[]);
        assert_eq!((e.samples, e.exact), (5, 2));
        assert_eq!(e.triples, Counts { gold: 4, found: 5, right: 2 });
        assert_eq!(e.objects, Counts { gold: 4, found: 5, right: 2 });
        assert_eq!(e.objects_alike, Counts { gold: 4, found: 5, right: 3 });
        assert_eq!(e.detection, Counts { gold: 3, found: 3, right: 2 });
        assert_eq!(e.relations[&Relation::Own], Counts { gold: 2, found: 4, right: 1 });
        assert_eq!(e.relations[&Relation::HaveChildren], Counts { gold: 1, found: 1, right: 1 });
        assert_eq!(e.relations[&Relation::HavePet], Counts { gold: 1, found: 0, right: 0 });
        assert_eq!(e.relations[&Relation::HavePet].precision(), None);
        assert_eq!(e.accuracy(), Some(0.4));
    }

    #[test]
    fn it_prints_scores_and_null_where_there_is_none() {
        let mut e = Evaluation::default();
        e.add(&[t("own", "boat")], &[]);
        let json = serde_json::to_value(&e).unwrap();
        assert_eq!(json["triples"]["recall"], 0.0);
        assert!(json["triples"]["precision"].is_null());
        assert_eq!(json["relations"]["own"]["gold"], 1);
    }

    proptest! {
        #[test]
        fn right_is_never_more_than_either_and_relations_add_up(
            samples in prop::collection::vec(
                (prop::collection::vec(0_u8..9, 0..4), prop::collection::vec(0_u8..9, 0..4)),
                0..6,
            ),
        ) {
            let triples = |codes: &[u8]| -> Vec<Triple> {
                codes.iter().map(|c| t(["own", "have_pet", "x"][usize::from(c % 3)],
                                       ["a boat", "boat", "owl"][usize::from(c / 3)])).collect()
            };
            let mut e = Evaluation::default();
            for (gold, found) in &samples {
                e.add(&triples(gold), &triples(found));
            }
            for c in [e.triples, e.objects, e.objects_alike, e.detection] {
                prop_assert!(c.right <= c.gold.min(c.found));
            }
            prop_assert!(e.objects.right <= e.objects_alike.right);
            let mut sum = Counts::default();
            for c in e.relations.values() {
                sum.add(c.gold, c.found, c.right);
            }
            prop_assert_eq!(sum, e.triples);
        }
    }
}

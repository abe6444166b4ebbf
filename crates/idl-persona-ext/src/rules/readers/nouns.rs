//! What a relation takes as it stands.

use crate::rules::claim::{Claim, Facts};
use crate::rules::phrase::{object, objects, text};

/// Every object of a list, with one relation.
pub(crate) fn nouns(claim: Claim, relation: &str, facts: &mut Facts) {
    let words = claim.rest();
    for range in objects(words) {
        facts.add(claim.subject, relation, text(words, range));
    }
}

/// The first object, with its relation.
pub(crate) fn noun(claim: Claim, relation: &str, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0) {
        facts.add(claim.subject, relation, text(words, range));
    }
}

//! The rule extractor: who is spoken of, and which rules apply.

use std::borrow::Cow;

use idl_dialogue::{BoxError, PersonaExtractor, Triple};

use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::Class;
use crate::rules::pattern::{Pattern, adverbs};
use crate::rules::readers::possession;
use crate::rules::reading::Reading;
use crate::rules::table::{POSSESSIONS, PREDICATES};
use crate::rules::words::{Word, words};

/// Persona triples by hand-written rules over lower-cased words, with
/// PersonaExt's relation names (`have_children` for its `have_chidren`).
///
/// It needs no model, runs at the speed of reading, and errs on the side of
/// silence: wishes (`i wish i had`), conditions and questions (`do i`) give
/// nothing, negations give the negative relation or nothing. English only. For
/// what it finds and misses on real text see the crate's README.
///
/// ```
/// use idl_dialogue::PersonaExtractor;
/// use idl_persona_ext::RuleExtractor;
///
/// # fn main() -> Result<(), idl_dialogue::BoxError> {
/// let said = ["I'm a baker, and I have two dogs.", "i do not like snow , you ?"];
/// let triples = RuleExtractor::default().extract(&said)?;
/// let printed: Vec<String> = triples.concat().iter().map(ToString::to_string).collect();
/// assert_eq!(
///     printed,
///     ["<i, has_profession, baker>", "<i, have_pet, dogs>", "<i, dislike, snow>"]
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RuleExtractor {
    /// What is said of a subject.
    predicates: Vec<(Pattern, Reading)>,
    /// What is said of something that `my` names.
    possessions: Vec<(Pattern, Reading)>,
}

impl Default for RuleExtractor {
    fn default() -> Self {
        let compile = |rules: &[(&str, Reading)]| {
            rules.iter().map(|&(pattern, reading)| (Pattern::new(pattern), reading)).collect()
        };
        RuleExtractor { predicates: compile(PREDICATES), possessions: compile(POSSESSIONS) }
    }
}

/// Whom a clause without a subject speaks of.
enum Carried {
    /// The sentence has only begun: the speaker, as in `love dogs`.
    Open,
    /// The subject before it: `i live in a hut and work at a mill`.
    Subject(Cow<'static, str>),
    /// Somebody else, or what is no fact.
    Closed,
}

impl RuleExtractor {
    /// The triples of one utterance, in order of appearance, none twice.
    /// Time O(words * rules).
    #[must_use]
    pub fn extract_one(&self, utterance: &str) -> Vec<Triple> {
        let words = words(utterance);
        let mut facts = Facts::default();
        let mut carried = Carried::Open;
        for (at, word) in words.iter().enumerate() {
            if word.is_mark {
                if word.ends_sentence() {
                    carried = Carried::Open;
                }
                continue;
            }
            let begins = begins_clause(&words, at);
            match &*word.text {
                "i" | "we" => {
                    if at > 0 && words[at - 1].has(Class::IRREALIS) {
                        carried = Carried::Closed;
                    } else {
                        self.predicate(Claim::new("i", &words, at + 1), &mut facts);
                        carried = Carried::Subject("i".into());
                    }
                }
                "my" | "our" => {
                    let claim = Claim::new("i", &words, at + 1);
                    if apply(&self.possessions, claim, &mut facts) {
                        carried = Carried::Closed;
                    } else if let Some((subject, end)) = possession(claim, &mut facts) {
                        self.predicate(Claim::new(&subject, &words, end), &mut facts);
                        carried = Carried::Subject(subject.into());
                    } else if begins {
                        carried = Carried::Closed;
                    }
                }
                _ if begins && word.is(ONES_OWN) => {
                    let claim = Claim::new("i", &words, at);
                    if let Some((subject, end)) = possession(claim, &mut facts) {
                        self.predicate(Claim::new(&subject, &words, end), &mut facts);
                        carried = Carried::Subject(subject.into());
                    }
                }
                "mine" => Reading::Mine.read(Claim::new("i", &words, at + 1), &mut facts),
                "he" | "she" | "they" | "who" | "that" => carried = Carried::Closed,
                "you" | "it" | "this" | "there" | "these" | "those" | "what" | "your" | "his"
                | "her" | "their" | "the" | "if" | "when"
                    if begins =>
                {
                    carried = Carried::Closed;
                }
                _ if begins && !word.is(JOINTS) => {
                    let subject = match &carried {
                        Carried::Open if !is_third_person(word) && !is_question(&words[at..]) => {
                            "i"
                        }
                        Carried::Subject(subject) => subject,
                        _ => continue,
                    };
                    self.predicate(Claim::new(subject, &words, at).bare(), &mut facts);
                }
                _ => {}
            }
        }
        facts.into_triples()
    }

    fn predicate(&self, claim: Claim, facts: &mut Facts) {
        apply(&self.predicates, claim, facts);
    }
}

/// The first of `rules` that finds a fact adds it; whether one did.
fn apply(rules: &[(Pattern, Reading)], claim: Claim, facts: &mut Facts) -> bool {
    let lead = adverbs(claim.predicate());
    rules.iter().filter(|(pattern, _)| pattern.bare || !claim.bare).any(|(pattern, reading)| {
        let found = facts.len();
        if let Some(after) = pattern.matches(claim.predicate(), lead) {
            reading.read(claim.matched(after), facts);
        }
        facts.len() > found
    })
}

/// Kin of whom one speaks without `my`.
const ONES_OWN: &[&str] =
    &["dad", "daddy", "grandma", "grandpa", "hubby", "husband", "mom", "mommy", "wife"];

/// After these, as after a mark, a clause may begin.
const JOINTS: &[&str] = &[
    "and", "but", "or", "so", "also", "then", "yes", "yeah", "yep", "yup", "ya", "nope", "well",
    "oh", "haha", "lol", "hi", "hello", "hey", "because", "cool", "nah", "plus",
];

fn begins_clause(words: &[Word], at: usize) -> bool {
    at == 0 || words[at - 1].is_mark || words[at - 1].is(JOINTS)
}

/// Whether a clause that begins with `word` speaks of another: `loves dogs`.
fn is_third_person(word: &Word) -> bool {
    word.id != 0 && word.text.ends_with('s') && !word.has(Class::ADVERB) && word.text != "as"
}

/// Whether the sentence that goes on with `words` ends as a question.
fn is_question(words: &[Word]) -> bool {
    words.iter().find(|w| w.ends_sentence()).is_some_and(|w| w.text == "?")
}

impl PersonaExtractor for RuleExtractor {
    fn extract(&self, utterances: &[&str]) -> Result<Vec<Vec<Triple>>, BoxError> {
        Ok(utterances.iter().map(|utterance| self.extract_one(utterance)).collect())
    }
}

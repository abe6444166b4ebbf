//! The rule extractor: a table of patterns and what follows them.

use idl_dialogue::{BoxError, PersonaExtractor, Triple};

use crate::lexicon::IRREALIS;
use crate::pattern::Pattern;
use crate::reading::{Facts, Reading};
use crate::words::{Word, words};

/// Each pattern and how its object is read. At one place of an utterance the
/// first rule that finds a fact wins, so the special stand above the general.
const RULES: &[(&str, Reading)] = &[
    // Likes and dislikes.
    ("i/we ~ am/was/are not ~ a/an? ~ big/huge/much/really? fan of", Reading::Dislike),
    ("i/we ~ am/are ~ a/an? ~ big/huge/avid? fan of", Reading::Like),
    ("i/we ~ am/are ~ into", Reading::Like),
    ("i/we ~ am/are ~ scared/afraid/terrified of", Reading::Dislike),
    ("i/we ~ hate/dislike/despise/detest", Reading::Dislike),
    ("i/we ~ can not ~ stand", Reading::Dislike),
    ("i/we ~ not ~ really? like/enjoy/love", Reading::Dislike),
    ("i/we ~ not ~ care for", Reading::Dislike),
    ("i/we ~ can? not/never ~ eat", Reading::Noun("do_not_eat")),
    ("i/we ~ can? not/never ~ drink", Reading::Noun("do_not_drink")),
    ("i/we ~ love/like/enjoy/adore/prefer", Reading::Like),
    ("i/we ~ spend ~ a? lot? of? my? free? time", Reading::Like),
    ("i/we ~ eat", Reading::Noun("like_food")),
    ("i/we ~ drink", Reading::Noun("like_drink")),
    ("i/we ~ listen to", Reading::Noun("like_music")),
    ("i/we ~ watch", Reading::Noun("like_watching")),
    ("i/we ~ read", Reading::Noun("like_read")),
    ("my ~ favorite", Reading::Favorite),
    ("my hobby/hobbies is/are/include/includes", Reading::Noun("has_hobby")),
    ("i/we ~ collect", Reading::Noun("has_hobby")),
    ("i/we ~ play", Reading::Play),
    // Work and school.
    ("i ~ am/was? ~ work/working/worked/employed ~ full? part? time? as", Reading::Profession),
    ("i ~ am? ~ work/working/employed ~ full? part? time? for/at/in", Reading::Employer),
    ("i ~ used to be/work as?", Reading::FormerProfession),
    (
        "i ~ am? ~ want/plan/hope/hoping/wanna/going/studying/training/aspire to be/become",
        Reading::Noun("want_job"),
    ),
    ("i ~ am? ~ teach/teaching", Reading::Noun("teach")),
    ("i ~ am? ~ study/studying/majoring/majored/major in?", Reading::Noun("has_degree")),
    ("i ~ am? ~ go/going/attend/attending to?", Reading::School),
    // Where.
    ("i/we ~ am/are? ~ live/living/reside in/near/on/at", Reading::Home),
    ("i/we ~ am/are/come ~ originally? from", Reading::Place("place_origin")),
    ("i ~ was? ~ born/raised and? raised? in", Reading::Place("place_origin")),
    ("i ~ grew up in/on", Reading::Place("place_origin")),
    // Belongings and people.
    ("i/we ~ not ~ have/own ~ any?", Reading::HaveNo),
    ("i/we ~ have/own no", Reading::HaveNo),
    ("i/we ~ have/own/got got?", Reading::Have),
    ("i ~ drive a/an/the/my", Reading::Noun("have_vehicle")),
    ("my name is", Reading::Name),
    ("my", Reading::Relative),
    // Abilities and attributes.
    ("i ~ can? ~ speak", Reading::Noun("has_ability")),
    ("i ~ am ~ good at", Reading::Noun("has_ability")),
    ("i ~ am ~ allergic to", Reading::Noun("health_status")),
    ("i ~ just? turned", Reading::Age),
    ("i ~ am ~ called/named", Reading::Name),
    ("i ~ am", Reading::Am),
];

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
    rules: Vec<(Pattern, Reading)>,
}

impl Default for RuleExtractor {
    fn default() -> Self {
        let rules = RULES.iter().map(|&(pattern, reading)| (Pattern::new(pattern), reading));
        RuleExtractor { rules: rules.collect() }
    }
}

impl RuleExtractor {
    /// The triples of one utterance, in order of appearance, none twice.
    /// Time O(words * rules).
    #[must_use]
    pub fn extract_one(&self, utterance: &str) -> Vec<Triple> {
        let words = words(utterance);
        let mut facts = Facts::default();
        for start in (0..words.len()).filter(|&i| is_start(&words, i)) {
            let here = &words[start..];
            for (pattern, reading) in &self.rules {
                let found = facts.len();
                if let Some(after) = pattern.matches(here) {
                    reading.read(&here[after..], &mut facts);
                }
                if facts.len() > found {
                    break;
                }
            }
        }
        facts.into_triples()
    }
}

/// Whether a statement of the speaker about themselves can begin here.
fn is_start(words: &[Word], i: usize) -> bool {
    match words[i].text.as_str() {
        "i" | "we" => i == 0 || !words[i - 1].is(IRREALIS),
        "my" => true,
        _ => false,
    }
}

impl PersonaExtractor for RuleExtractor {
    fn extract(&self, utterances: &[&str]) -> Result<Vec<Vec<Triple>>, BoxError> {
        Ok(utterances.iter().map(|utterance| self.extract_one(utterance)).collect())
    }
}

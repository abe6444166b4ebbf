//! Facts whose object is a name that nobody has heard before.
//!
//! The values of the other kinds can be learnt by heart: in the end a model
//! guesses them without a look at the sessions. A coined name cannot: whoever
//! says it again has read it. In `returns` the fact comes back in other words,
//! the name (`{o}`) with it.

use rand::Rng;

use super::kinds::Kind;
use crate::draw::pick;

pub(super) const COINED: &[Kind] = &[
    Kind {
        relation: "have_pet",
        values: &[],
        questions: &[
            "what is your dog called ?",
            "does your dog have a name ?",
            "who is barking there ?",
        ],
        statements: &[
            "my dog is called {o} .",
            "that is {o} , my dog .",
            "i named my dog {o} .",
            "{o} is the name of my dog .",
        ],
        returns: &[
            "{o} has eaten my slippers again .",
            "i was in the park with {o} .",
            "{o} is asleep at my feet .",
            "somebody has to wash {o} .",
        ],
        remarks: &["mine is called {o} .", "i once had a dog named {o} .", "our cat is {o} ."],
    },
    Kind {
        relation: "has_sibling",
        values: &[],
        questions: &[
            "what is your sister's name ?",
            "who is that in the picture ?",
            "does anybody visit you ?",
        ],
        statements: &[
            "my sister is {o} .",
            "i have a sister , {o} .",
            "that is my sister {o} .",
            "my parents called my sister {o} .",
        ],
        returns: &[
            "{o} came by with soup .",
            "i have to call {o} tonight .",
            "{o} laughs just like me .",
            "when we were small {o} took all my toys .",
        ],
        remarks: &["mine is {o} .", "my cousin is called {o} .", "i know somebody named {o} ."],
    },
    Kind {
        relation: "place_origin",
        values: &[],
        questions: &[
            "where did you grow up ?",
            "where were you born ?",
            "where are your parents ?",
        ],
        statements: &[
            "i was born in {o} , you will not know it .",
            "i grew up in a village called {o} .",
            "i come from {o} .",
            "my home village is {o} .",
        ],
        returns: &[
            "there is one shop in {o} and it is shut .",
            "my parents still live in {o} .",
            "at christmas i go back to {o} .",
            "the bus to {o} runs twice a day .",
        ],
        remarks: &["i am from {o} .", "my wife comes from {o} .", "i got lost in {o} once ."],
    },
    Kind {
        relation: "school",
        values: &[],
        questions: &[
            "where do you study ?",
            "which school did you go to ?",
            "are you still at school ?",
        ],
        statements: &[
            "i study at {o} college .",
            "i went to {o} , that is a college .",
            "i am in my second year at {o} .",
            "{o} is where i learnt everything .",
        ],
        returns: &[
            "the canteen at {o} was terrible .",
            "i met my best friend at {o} .",
            "they have torn down half of {o} .",
            "i still have the scarf from {o} .",
        ],
        remarks: &["i teach at {o} .", "my son is at {o} .", "i never liked {o} ."],
    },
    Kind {
        relation: "favorite_music_artist",
        values: &[],
        questions: &[
            "which band do you like best ?",
            "who is your favorite singer ?",
            "what was the last concert you went to ?",
        ],
        statements: &[
            "my favorite band is {o} .",
            "i listen to {o} all day .",
            "there is nobody like {o} .",
            "i am a fan of {o} .",
        ],
        returns: &[
            "{o} play in town next week .",
            "i have a poster of {o} in the kitchen .",
            "i hum {o} when i am nervous .",
            "i cried when {o} stopped touring .",
        ],
        remarks: &["i like {o} .", "i saw {o} last year .", "my girlfriend sings in {o} ."],
    },
    Kind {
        relation: "employed_by_company",
        values: &[],
        questions: &["which company do you work for ?", "who pays you ?", "where is your office ?"],
        statements: &[
            "i work for {o} .",
            "i am with {o} , a small firm .",
            "{o} pays me , not much .",
            "my boss runs {o} .",
        ],
        returns: &[
            "they gave us new chairs at {o} .",
            "i left {o} late today .",
            "nobody at {o} can make coffee .",
            "{o} has bought the house next door .",
        ],
        remarks: &["i used to be with {o} .", "i applied to {o} .", "we buy from {o} ."],
    },
];

const ONSETS: &[&str] = &[
    "b", "br", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "kl", "l", "m", "n", "p", "pr", "r",
    "s", "sh", "st", "t", "tr", "v", "w", "z",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ee", "ou"];
const CODAS: &[&str] = &["", "", "", "l", "m", "n", "r", "s", "k", "nd", "rt"];

/// A name of two or three syllables: some 10^7.
pub(super) fn name(rng: &mut impl Rng) -> String {
    let mut name = String::new();
    for _ in 0..rng.gen_range(2..=3) {
        for part in [ONSETS, VOWELS, CODAS] {
            name.push_str(pick(part, rng));
        }
    }
    name
}

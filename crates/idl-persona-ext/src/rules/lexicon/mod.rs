//! The words that the rules know, and what kinds of word they are.
//!
//! Every word of an utterance is looked up once, in one table; after that a
//! pattern compares numbers and a reading tests bits. The lists decide where
//! phrases end and how a relation is called.

mod grammar;
mod people;
mod things;

use std::collections::HashMap;
use std::ops::BitOr;
use std::sync::LazyLock;

use crate::rules::table;

/// A set of kinds of word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class(u64);

impl Class {
    /// Whether the two sets have a kind in common.
    pub(crate) const fn meets(self, other: Class) -> bool {
        self.0 & other.0 != 0
    }

    /// No kind.
    pub(crate) const NONE: Class = Class(0);
}

impl BitOr for Class {
    type Output = Class;

    fn bitor(self, other: Class) -> Class {
        Class(self.0 | other.0)
    }
}

/// Gives each list a bit, named like the list but in the singular.
macro_rules! classes {
    ($($name:ident: $module:ident::$list:ident, $inflected:literal;)*) => {
        #[expect(clippy::upper_case_acronyms, reason = "they number the constants below")]
        #[expect(non_camel_case_types, reason = "they number the constants below")]
        #[derive(Clone, Copy)]
        enum Bit { $($name,)* }

        impl Class {
            $(pub(crate) const $name: Class = Class(1 << Bit::$name as u64);)*
        }

        /// Each class, its words, and whether their plurals belong to it.
        const LISTS: &[(Class, &[&str], bool)] =
            &[$((Class::$name, $module::$list, $inflected),)*];
    };
}

classes! {
    ADVERB: grammar::ADVERBS, false;
    HABIT: grammar::HABITS, false;
    IRREALIS: grammar::IRREALIS, false;
    DETERMINER: grammar::DETERMINERS, false;
    STOP: grammar::STOPS, false;
    CLAUSE_VERB: grammar::CLAUSE_VERBS, false;
    VAGUE: grammar::VAGUE, false;
    NUMBER: grammar::NUMBERS, false;
    SIBLING: people::SIBLINGS, true;
    CHILD: people::CHILDREN, true;
    PARTNER: people::PARTNERS, true;
    PARENT: people::PARENTS, true;
    PROFESSION: people::PROFESSIONS, true;
    NO_PROFESSION: people::NO_PROFESSIONS, true;
    STUDENT: people::STUDENTS, true;
    DIET: people::DIETS, true;
    MARITAL: people::MARITAL, false;
    JOB_STATUS: people::JOB_STATUS, false;
    GENDER: people::GENDERS, false;
    BELIEF: people::BELIEFS, false;
    PHYSICAL: people::PHYSICAL, false;
    HEALTH: people::HEALTH, true;
    TRAIT: people::TRAITS, false;
    NATION: people::NATIONS, false;
    STATE: people::STATES, false;
    NAME: people::NAMES, false;
    ANIMAL: things::ANIMALS, true;
    VEHICLE: things::VEHICLES, true;
    BODY: things::BODY, true;
    FOOD: things::FOODS, true;
    DRINK: things::DRINKS, true;
    COLOR: things::COLORS, false;
    SPORT: things::SPORTS, true;
    INSTRUMENT: things::INSTRUMENTS, true;
    MUSIC: things::MUSIC, true;
    SCHOOL: things::SCHOOLS, true;
    DWELLING: things::DWELLINGS, true;
    PLACE: things::PLACES, false;
    INDUSTRY: things::INDUSTRIES, false;
    BUSINESS: things::BUSINESSES, true;
    ACTIVITY: things::ACTIVITIES, true;
    ONGOING: things::ONGOING, false;
    FLEETING: things::FLEETING, true;
}

/// People of one's family, partners included.
pub(crate) const KIN: Class =
    Class(Class::SIBLING.0 | Class::CHILD.0 | Class::PARTNER.0 | Class::PARENT.0);

/// What the table knows of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The number of the pattern word that it is a form of, 0 for none.
    pub(crate) id: u16,
    pub(crate) class: Class,
}

/// The entry of a lower-case word; of no kind where it is unknown.
pub(crate) fn look_up(word: &str) -> Entry {
    TABLE.get(word).copied().unwrap_or_else(|| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        let class = if is_agent(singular) { Class::PROFESSION } else { Class::NONE };
        Entry { id: 0, class }
    })
}

/// Whether an unknown word's ending is that of somebody who does something.
fn is_agent(word: &str) -> bool {
    word.len() >= 5 && ["er", "or", "ist", "ian", "man", "woman"].iter().any(|e| word.ends_with(e))
}

static TABLE: LazyLock<HashMap<Box<str>, Entry>> = LazyLock::new(|| {
    let mut table: HashMap<Box<str>, Entry> = HashMap::new();
    for &(class, words, inflected) in LISTS {
        for &word in words {
            let mut add = |form: &str| {
                let entry = table.entry(form.into()).or_default();
                entry.class = entry.class | class;
            };
            add(word);
            if inflected {
                inflections(word).for_each(|form| add(&form));
            }
        }
    }
    // Pattern words are numbered; the third person counts as the verb itself,
    // unless it is a pattern word of its own ("like", "likes"; but "a", "as").
    let mut count = 0;
    for word in table::words() {
        let entry = table.entry(word.into()).or_default();
        if entry.id == 0 {
            count += 1;
            entry.id = count;
        }
    }
    for (form, word) in
        [("has", "have"), ("does", "do"), ("is", "am"), ("are", "am"), ("were", "was")]
    {
        share(&mut table, form, word);
    }
    for word in table::words().filter(|w| w.len() > 2) {
        for form in inflections(word) {
            share(&mut table, &form, word);
        }
    }
    table
});

/// Gives `form` the number of `word`, unless it has one.
fn share(table: &mut HashMap<Box<str>, Entry>, form: &str, word: &str) {
    let id = table.get(word).map_or(0, |entry| entry.id);
    let entry = table.entry(form.into()).or_default();
    if entry.id == 0 {
        entry.id = id;
    }
}

/// What may be the plural of a noun, or the third person of a verb. That some
/// are no words does no harm.
fn inflections(word: &str) -> impl Iterator<Item = String> {
    let changed = match word {
        w if w.ends_with('y') => Some(format!("{}ies", &w[..w.len() - 1])),
        w if w.ends_with("fe") => Some(format!("{}ves", &w[..w.len() - 2])),
        w if w.ends_with('f') => Some(format!("{}ves", &w[..w.len() - 1])),
        w if ["s", "x", "z", "ch", "sh", "o"].iter().any(|end| w.ends_with(end)) => {
            Some(format!("{w}es"))
        }
        _ => None,
    };
    [Some(format!("{word}s")), changed].into_iter().flatten()
}

/// `my favorite <key> is ..` to the relation's name.
#[rustfmt::skip]
const FAVORITES: &[(&str, &str)] = &[
    ("activity", "favorite_activity"), ("animal", "favorite_animal"),
    ("artist", "favorite_music_artist"), ("author", "favorite_book"),
    ("band", "favorite_music_artist"), ("beverage", "favorite_drink"),
    ("book", "favorite_book"), ("color", "favorite_color"), ("colour", "favorite_color"),
    ("cuisine", "favorite_food"), ("dessert", "favorite_food"), ("dish", "favorite_food"),
    ("drink", "favorite_drink"), ("film", "favorite_movie"), ("flavor", "favorite_food"),
    ("food", "favorite_food"), ("fruit", "favorite_food"), ("game", "favorite_hobby"),
    ("genre", "favorite_music"), ("hobby", "favorite_hobby"), ("holiday", "favorite_holiday"),
    ("meal", "favorite_food"), ("movie", "favorite_movie"), ("music", "favorite_music"),
    ("musician", "favorite_music_artist"), ("pastime", "favorite_hobby"),
    ("pet", "favorite_animal"), ("pizza", "favorite_food"), ("place", "favorite_place"),
    ("rapper", "favorite_music_artist"), ("season", "favorite_season"),
    ("series", "favorite_show"), ("show", "favorite_show"), ("singer", "favorite_music_artist"),
    ("snack", "favorite_food"), ("song", "favorite_music"), ("sport", "favorite_sport"),
    ("subject", "like_subject"), ("team", "favorite_sport"), ("thing", "favorite_activity"),
    ("time", "favorite_season"),
];

/// The relation for a favorite of this kind (or kinds, in the plural).
pub(crate) fn favorite(kind: &str) -> Option<&'static str> {
    FAVORITES.iter().find_map(|&(name, relation)| {
        (kind == name || inflections(name).any(|plural| plural == kind)).then_some(relation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_agents_are_known() {
        for (word, class) in [
            ("puppies", Class::ANIMAL),
            ("wives", Class::PARTNER),
            ("boxes", Class::NONE),
            ("glassblower", Class::PROFESSION),
            ("weather", Class::NO_PROFESSION),
        ] {
            let found = look_up(word).class;
            assert!(found.meets(class) || found == class, "{word}: {found:?}");
        }
    }

    #[test]
    fn the_third_person_is_the_verb() {
        for (form, verb) in [("loves", "love"), ("has", "have"), ("teaches", "teach")] {
            assert_eq!(look_up(form).id, look_up(verb).id, "{form}");
            assert_ne!(look_up(form).id, 0);
        }
        assert_eq!(look_up("glassblower").id, 0);
    }

    #[test]
    fn lists_are_sorted_and_without_repetition() {
        for (_, words, _) in LISTS {
            assert!(words.is_sorted_by(|a, b| a < b), "{words:?}");
        }
    }
}

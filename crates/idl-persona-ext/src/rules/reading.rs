//! The ways to read what stands behind a pattern, by name.

/// How the words after a pattern are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// Things liked; the relation follows from the thing.
    Like,
    /// Activities liked.
    LikeTo,
    /// Things disliked.
    Dislike,
    /// `favorite X is Y`, `Y is my favorite`.
    Favorite,
    /// `Y is my hobby`.
    Hobby,
    /// `mine is Y`.
    Mine,
    /// Things of this relation.
    Noun(&'static str),
    /// The verb of the pattern with what belongs to it.
    Verb(&'static str),
    /// A verb after the pattern with what belongs to it.
    Action(&'static str),
    /// `as a doctor i ..`
    AsA,
    /// A place of this relation.
    Place(&'static str),
    /// A game, a sport or an instrument.
    Play,
    /// Where one goes.
    Go,
    /// A profession, whatever it is called.
    Profession,
    /// A profession of the past, if it is one.
    Former,
    /// A profession aspired to.
    Dream,
    /// Where somebody works.
    Employer,
    /// How much, when or that somebody works.
    Schedule,
    /// A school.
    School,
    /// Where somebody lives.
    Home,
    /// Where or when somebody was born.
    Born,
    /// Belongings, pets and people.
    Have,
    /// Their absence.
    HaveNo,
    /// The same, of what one would mention without a verb (`no kids`).
    HaveNoneOf,
    /// What somebody can or cannot do.
    Able,
    NotAble,
    /// What somebody does not do.
    NotDo,
    /// What somebody has never done.
    Never,
    /// What somebody has been for some time.
    Been,
    /// A wedding or its end.
    Marriage,
    /// A death.
    Died,
    /// A name.
    Name,
    /// A number of years.
    Age,
    /// What is worn: glasses, not today's shirt.
    Look,
    /// `i am in ..`: a place, a school, a trade, an age.
    Within,
    /// `i am ..`: profession, age, status, attribute.
    Am,
    /// `i am not ..`.
    AmNot,
    /// A verb of hobby or work, or any verb with a sign of habit.
    Habit,
    /// An answer without a verb: `two dogs`, `single`.
    Answer,
}

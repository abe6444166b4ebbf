//! The relations that data is known to have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Writes the enum, its names and the way back from the one table below.
macro_rules! relations {
    ($($variant:ident = $name:literal,)*) => {
        /// A relation between a person and an object.
        ///
        /// The known ones are those observed in PersonaExt's published part
        /// and in the triples that go with ConvAI2's valid dialogues: 92 names.
        /// The full PersonaExt is said to have 105, and a language model may
        /// print any: the rest is [`Other`](Self::Other), PersonaExt's own
        /// relation `other` among them. So no name is ever refused.
        ///
        /// A [`Triple`](idl_dialogue::Triple) keeps its relation as text, as
        /// it was read; this is the type to count and compare by. Names are
        /// read in any case, with spaces or hyphens for underscores, and
        /// PersonaExt's `have_chidren` is taken for the `have_children` that
        /// it has beside it.
        ///
        /// ```
        /// use idl_persona_ext::Relation;
        ///
        /// assert_eq!(Relation::from("have_chidren"), Relation::HaveChildren);
        /// assert_eq!(Relation::from("Has Profession").as_str(), "has_profession");
        /// let new = Relation::from("plays_with");
        /// assert_eq!(new, Relation::Other("plays_with".to_owned()));
        /// assert!(!new.is_known() && Relation::KNOWN.contains(&Relation::HavePet));
        /// assert_eq!(serde_json::to_string(&Relation::HavePet)?, "\"have_pet\"");
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum Relation {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// A name that is not among the known ones, in its normal form.
            Other(String),
        }

        impl Relation {
            /// All relations but `Other`, by name.
            pub const KNOWN: &'static [Relation] = &[$(Relation::$variant),*];

            /// The canonical name, in snake case.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Relation::$variant => $name,)*
                    Relation::Other(name) => name,
                }
            }

            /// The known relation of this canonical name.
            fn known(name: &str) -> Option<Relation> {
                match name {
                    $($name => Some(Relation::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

relations! {
    AttendSchool = "attend_school",
    Belief = "belief",
    Diet = "diet",
    Dislike = "dislike",
    DislikeActivity = "dislike_activity",
    DislikeAnimal = "dislike_animal",
    DislikeColor = "dislike_color",
    DislikeDrink = "dislike_drink",
    DislikeFood = "dislike_food",
    DislikeJob = "dislike_job",
    DislikeMusic = "dislike_music",
    DislikeSport = "dislike_sport",
    DislikeSubject = "dislike_subject",
    DoNotDo = "do_not_do",
    DoNotDrink = "do_not_drink",
    DoNotEat = "do_not_eat",
    Doing = "doing",
    EmployedByCompany = "employed_by_company",
    EmployedByGeneral = "employed_by_general",
    FallOut = "fall_out",
    Favorite = "favorite",
    FavoriteAnimal = "favorite_animal",
    FavoriteBook = "favorite_book",
    FavoriteColor = "favorite_color",
    FavoriteDrink = "favorite_drink",
    FavoriteFood = "favorite_food",
    FavoriteHobby = "favorite_hobby",
    FavoriteMovie = "favorite_movie",
    FavoriteMusic = "favorite_music",
    FavoriteMusicArtist = "favorite_music_artist",
    FavoritePlace = "favorite_place",
    FavoriteSeason = "favorite_season",
    FavoriteShow = "favorite_show",
    FavoriteSport = "favorite_sport",
    Gender = "gender",
    GetAlong = "get_along",
    HasAbility = "has_ability",
    HasAge = "has_age",
    HasDegree = "has_degree",
    HasHobby = "has_hobby",
    HasProfession = "has_profession",
    Have = "have",
    HaveChildren = "have_children",
    HaveFamily = "have_family",
    HaveNo = "have_no",
    HaveNoChildren = "have_no_children",
    HaveNoFamily = "have_no_family",
    HaveNoSibling = "have_no_sibling",
    HavePet = "have_pet",
    HaveSibling = "have_sibling",
    HaveVehicle = "have_vehicle",
    HealthStatus = "health_status",
    InternationalExp = "international_exp",
    JobStatus = "job_status",
    LikeActivity = "like_activity",
    LikeAnimal = "like_animal",
    LikeCharacter = "like_character",
    LikeColor = "like_color",
    LikeDrink = "like_drink",
    LikeFood = "like_food",
    LikeGeneral = "like_general",
    LikeGoto = "like_goto",
    LikeMovie = "like_movie",
    LikeMusic = "like_music",
    LikeRead = "like_read",
    LikeSport = "like_sport",
    LikeSports = "like_sports",
    LikeSubject = "like_subject",
    LikeWatching = "like_watching",
    LiveInCityStateCountry = "live_in_citystatecountry",
    LiveInGeneral = "live_in_general",
    MaritalStatus = "marital_status",
    MemberOf = "member_of",
    MiscAttribute = "misc_attribute",
    Name = "name",
    NotHave = "not_have",
    Own = "own",
    PhysicalAttribute = "physical_attribute",
    PlaceOrigin = "place_origin",
    PreEmployedByCompany = "pre_employed_by_company",
    PreviousProfession = "previous_profession",
    Race = "race",
    Relationship = "relationship",
    SchoolStatus = "school_status",
    Teach = "teach",
    UsedTo = "used_to",
    Want = "want",
    WantDo = "want_do",
    WantJob = "want_job",
    WantNo = "want_no",
    Weakness = "weakness",
    WorkSchedule = "work_schedule",
}

/// Misspelt names of the data, and what they stand for.
const MISSPELT: &[(&str, Relation)] =
    &[("have_chidren", Relation::HaveChildren), ("have_no_chidren", Relation::HaveNoChildren)];

impl Relation {
    /// Whether it is one of [`KNOWN`](Self::KNOWN).
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self, Relation::Other(_))
    }
}

/// By name, so that tables come out the same every time.
impl Ord for Relation {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Relation {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl From<&str> for Relation {
    fn from(name: &str) -> Self {
        let words: Vec<String> = name
            .split(|c: char| c.is_whitespace() || matches!(c, '_' | '-'))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let name = words.join("_");
        let misspelt = MISSPELT.iter().find(|(wrong, _)| *wrong == name);
        misspelt
            .map(|(_, relation)| relation.clone())
            .or_else(|| Relation::known(&name))
            .unwrap_or(Relation::Other(name))
    }
}

impl From<String> for Relation {
    fn from(name: String) -> Self {
        Relation::from(name.as_str())
    }
}

impl From<Relation> for String {
    fn from(relation: Relation) -> Self {
        match relation {
            Relation::Other(name) => name,
            known => known.as_str().to_owned(),
        }
    }
}

impl FromStr for Relation {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(Relation::from(name))
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_names_lead_back_and_ascend() {
        assert_eq!(Relation::KNOWN.len(), 92);
        for relation in Relation::KNOWN {
            assert_eq!(Relation::from(relation.as_str()), *relation);
            assert!(relation.is_known());
        }
        assert!(Relation::KNOWN.is_sorted());
        let names: std::collections::BTreeSet<_> = Relation::KNOWN.iter().collect();
        assert_eq!(names.len(), 92, "two relations of one name");
    }

    #[test]
    fn spellings_meet_in_one_name() {
        for name in ["like_food", "Like Food", "like-food", " LIKE__food "] {
            assert_eq!(Relation::from(name), Relation::LikeFood, "{name}");
        }
        assert_eq!(Relation::from("have_no_chidren"), Relation::HaveNoChildren);
        assert_eq!(Relation::from("other"), Relation::Other("other".to_owned()));
        assert_eq!(Relation::from(""), Relation::Other(String::new()));
    }

    proptest! {
        #[test]
        fn any_name_survives_serde(name: String) {
            let relation = Relation::from(name);
            let json = serde_json::to_string(&relation).unwrap();
            prop_assert_eq!(serde_json::from_str::<Relation>(&json).unwrap(), relation.clone());
            prop_assert_eq!(relation.to_string().parse::<Relation>().unwrap(), relation);
        }
    }
}

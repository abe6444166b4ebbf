//! How sessions become persons.

use std::fmt;
use std::str::FromStr;

/// How sessions become persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Equal profiles are one person's.
    Exact,
    /// Profiles that share so many sentences are one person's.
    Shared(usize),
    /// The characters of a story are the persons.
    Character,
    /// The corpus names its persons.
    Id,
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = |n: &str| n.parse().ok().filter(|&n| n > 0);
        match text {
            "exact" => Ok(Group::Exact),
            "character" => Ok(Group::Character),
            "id" => Ok(Group::Id),
            _ => text.strip_prefix("shared:").and_then(count).map(Group::Shared).ok_or_else(|| {
                String::from("expected `exact`, `shared:N` with N >= 1, `character` or `id`")
            }),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Group::Exact => f.write_str("exact"),
            Group::Shared(n) => write!(f, "shared:{n}"),
            Group::Character => f.write_str("character"),
            Group::Id => f.write_str("id"),
        }
    }
}

//! What a good order is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How sessions are ordered; `to_target` is the distance of each session from
/// the target, that is from the context in which the person will speak next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The least sum of distances between neighbours (the paper's objective).
    ///
    /// If the matrix is symmetric, an order and its reverse cost the same:
    /// with `to_target`, the one whose last session is nearer to the target is
    /// taken, otherwise (or if both are equally near) the lexicographically
    /// smaller one.
    #[default]
    Free,
    /// The same with the target as a fixed last node: the distance of the last
    /// session to the target counts as well. Needs `to_target`.
    Anchored,
    /// From the target to the nearest session, from there to the nearest of
    /// the rest, and so on (what the paper's released code does). The nearest
    /// session comes first; ties go to the smaller index. Needs `to_target`.
    Greedy,
    /// The order in which the sessions are given.
    Original,
}

impl Policy {
    /// All policies.
    pub const ALL: [Policy; 4] = [Policy::Free, Policy::Anchored, Policy::Greedy, Policy::Original];

    /// The name in configurations: `free`, `anchored`, `greedy`, `original`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Free => "free",
            Policy::Anchored => "anchored",
            Policy::Greedy => "greedy",
            Policy::Original => "original",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no [`Policy`] has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown policy `{0}`; there are free, anchored, greedy and original")]
pub struct UnknownPolicy(String);

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let named = Policy::ALL.into_iter().find(|policy| policy.as_str() == s);
        named.ok_or_else(|| UnknownPolicy(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for policy in Policy::ALL {
            assert_eq!(policy.to_string().parse(), Ok(policy));
            let json = serde_json::to_string(&policy).unwrap();
            assert_eq!(json, format!("\"{policy}\""));
            assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
        }
        assert!("Free".parse::<Policy>().is_err());
    }
}

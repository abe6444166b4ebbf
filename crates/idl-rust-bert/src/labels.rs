//! Which of a classifier's numbers means what.

use std::collections::BTreeMap;
use std::path::Path;

use idl_dialogue::NliLabel;
use serde::Deserialize;

use crate::error::{Error, Result, read_json};

/// What a `config.json` calls its classes, by their number.
#[derive(Deserialize)]
struct Names {
    id2label: Option<BTreeMap<usize, String>>,
}

/// What each output of the classifier in `path` means. The configuration must
/// call them entailment, neutral and contradiction, in any order and case:
/// models differ in the order, so that none can be assumed.
pub(crate) fn labels(path: &Path) -> Result<[NliLabel; 3]> {
    let names = read_json::<Names>(path)?.id2label.unwrap_or_default();
    let meaning = |name: &String| match name.to_lowercase().as_str() {
        "entailment" => Some(NliLabel::Entailment),
        "neutral" => Some(NliLabel::Neutral),
        "contradiction" => Some(NliLabel::Contradiction),
        _ => None,
    };
    let meanings: Vec<(usize, NliLabel)> =
        names.iter().filter_map(|(&id, name)| Some((id, meaning(name)?))).collect();
    if let [(0, a), (1, b), (2, c)] = meanings[..]
        && names.len() == 3
        && a != b
        && b != c
        && a != c
    {
        return Ok([a, b, c]);
    }
    Err(Error::Unsupported {
        path: path.to_owned(),
        field: "id2label",
        found: if names.is_empty() { "absent".to_owned() } else { format!("{names:?}") },
        supported: "the names entailment, neutral and contradiction for 0, 1 and 2, in any order",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<[NliLabel; 3]> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::fs::write(&path, json).unwrap();
        labels(&path)
    }

    #[test]
    fn labels_are_read_in_any_order_and_case() {
        use NliLabel::{Contradiction, Entailment, Neutral};
        let found =
            of(r#"{"id2label": {"0": "CONTRADICTION", "2": "entailment", "1": "Neutral"}}"#);
        assert_eq!(found.unwrap(), [Contradiction, Neutral, Entailment]);
    }

    #[test]
    fn what_is_not_named_is_not_guessed() {
        for (json, named) in [
            ("{}", "absent"),
            (r#"{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}}"#, "LABEL_1"),
            (r#"{"id2label": {"0": "entailment", "1": "not_entailment"}}"#, "not_entailment"),
            (r#"{"id2label": {"0": "neutral", "1": "neutral", "2": "entailment"}}"#, "neutral"),
            (r#"{"id2label": {"1": "neutral", "2": "contradiction", "3": "entailment"}}"#, "3:"),
            (
                r#"{"id2label": {"0": "neutral", "1": "contradiction", "2": "entailment", "3": "no"}}"#,
                "no",
            ),
        ] {
            let error = of(json).unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}

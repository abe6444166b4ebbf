//! How the rules fare on PersonaExt, where its files are at hand:
//! `cargo test -p idl-persona-ext --test real_text -- --nocapture`.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use idl_persona_ext::RuleExtractor;

fn data() -> PathBuf {
    std::env::var_os("IDL_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
}

fn content_words(object: &str) -> BTreeSet<String> {
    let articles = ["a", "an", "the", "my", "to", "of"];
    object.split_whitespace().filter(|w| !articles.contains(w)).map(str::to_lowercase).collect()
}

/// Shares of triples, by object (a content word in common) and by object and
/// relation. PersonaExt labels one triple a sentence, so that the rules' other
/// findings count as wrong: true precision is higher.
#[test]
fn objects_agree_with_personaext() {
    let path = data().join("personaext/personaext.part.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let mut gold: BTreeMap<String, Vec<(String, BTreeSet<String>)>> = BTreeMap::new();
    for line in text.lines() {
        let sample: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| sample[name].as_str().unwrap_or_default().to_owned();
        let relation = field("relation").replace("chidren", "children");
        gold.entry(field("sentence"))
            .or_default()
            .push((relation, content_words(&field("object"))));
    }
    let extractor = RuleExtractor::default();
    let (mut found, mut right, mut right_relation) = (0usize, 0usize, 0usize);
    let (mut wanted, mut recalled, mut sentences) = (0usize, 0usize, 0usize);
    for (sentence, labels) in &gold {
        let triples = extractor.extract_one(sentence);
        sentences += usize::from(!triples.is_empty());
        let objects: Vec<_> =
            triples.iter().map(|t| (t.relation.as_str(), content_words(&t.object))).collect();
        for (relation, object) in &objects {
            found += 1;
            right += usize::from(labels.iter().any(|(_, o)| !o.is_disjoint(object)));
            right_relation +=
                usize::from(labels.iter().any(|(r, o)| r == relation && !o.is_disjoint(object)));
        }
        for (_, label) in labels {
            wanted += 1;
            recalled += usize::from(objects.iter().any(|(_, o)| !o.is_disjoint(label)));
        }
    }
    let share = |a: usize, b: usize| a as f64 / b as f64;
    println!(
        "{} sentences, {:.3} with a triple; object precision {:.3} (with relation {:.3}), recall {:.3}",
        gold.len(),
        share(sentences, gold.len()),
        share(right, found),
        share(right_relation, found),
        share(recalled, wanted),
    );
    assert!(share(right, found) > 0.55 && share(recalled, wanted) > 0.30);
}

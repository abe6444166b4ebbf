//! How the rules fare on real text, where its files are at hand:
//! `cargo test -p idl-persona-ext --test real_text -- --nocapture`.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use idl_persona_ext::RuleExtractor;

/// A file of the data folder: in `$IDL_DATA`, else beside the workspace.
fn read(name: &str) -> Option<String> {
    let data = std::env::var_os("IDL_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(data.join(name)).ok();
    if text.is_none() {
        println!("SKIPPED: no {name} in {}", data.display());
    }
    text
}

/// Hits, false alarms and misses.
#[derive(Clone, Copy, Default)]
struct Counts {
    hits: usize,
    alarms: usize,
    misses: usize,
}

impl Counts {
    fn add(&mut self, found: bool, wanted: bool) {
        self.hits += usize::from(found && wanted);
        self.alarms += usize::from(found && !wanted);
        self.misses += usize::from(!found && wanted);
    }

    fn precision(self) -> f64 {
        self.hits as f64 / (self.hits + self.alarms) as f64
    }

    fn recall(self) -> f64 {
        self.hits as f64 / (self.hits + self.misses) as f64
    }

    fn f1(self) -> f64 {
        2.0 * self.hits as f64 / (2 * self.hits + self.alarms + self.misses) as f64
    }

    fn print(self, name: &str) {
        let (p, r, f) = (self.precision(), self.recall(), self.f1());
        println!("{name:<28} P {p:.3}  R {r:.3}  F1 {f:.3}");
    }
}

/// Whether an utterance states a fact about its speaker, against labels made
/// by hand (tests/data/labels.md): an utterance counts as found where the rules
/// give it a triple. The row to beat calls every utterance a fact.
#[test]
fn utterances_with_a_fact_are_found() {
    let Some(dialogues) = read("convai2/dialogues_both.jsonl") else { return };
    let mut said = HashMap::new();
    for line in dialogues.lines() {
        let dialogue: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = dialogue["id"].as_str().unwrap().to_owned();
        for (position, utterance) in dialogue["utterances"].as_array().unwrap().iter().enumerate() {
            said.insert(format!("{id}/{position}"), utterance.as_str().unwrap().to_owned());
        }
    }
    let extractor = RuleExtractor::default();
    for (split, least) in [("valid", 0.85), ("train", 0.92)] {
        let (mut rules, mut always) = (Counts::default(), Counts::default());
        let mut kinds: BTreeMap<&str, Counts> = BTreeMap::new();
        for line in include_str!("data/labels.tsv").lines().filter(|l| l.starts_with(split)) {
            let (key, labels) = line.split_once('\t').unwrap();
            let wanted = labels != "-";
            let found = !extractor.extract_one(&said[key]).is_empty();
            rules.add(found, wanted);
            always.add(true, wanted);
            for kind in labels.split(',').filter(|_| wanted) {
                kinds.entry(kind).or_default().add(found, true);
            }
        }
        rules.print(&format!("{split}: rules"));
        always.print(&format!("{split}: every utterance"));
        for (kind, counts) in kinds {
            println!("    {kind:<10} {} of {} found", counts.hits, counts.hits + counts.misses);
        }
        assert!(rules.f1() > least && rules.f1() > always.f1() + 0.1, "{split}");
    }
}

fn content_words(object: &str) -> BTreeSet<String> {
    let articles = ["a", "an", "the", "my", "to", "of"];
    object.split_whitespace().filter(|w| !articles.contains(w)).map(str::to_lowercase).collect()
}

/// Triples of PersonaExt's published part, counted three times over: the object
/// agrees (a content word in common), object and relation agree, all three
/// parts are the same. PersonaExt labels about one fact a sentence, so that the
/// rules' other findings count as wrong: true precision is higher.
#[test]
fn triples_agree_with_personaext() {
    let Some(text) = read("personaext/personaext.part.jsonl") else { return };
    type Parts = (String, String, String);
    type Agree<'a> = &'a dyn Fn(&Parts, &Parts) -> bool;
    let mut gold: BTreeMap<String, Vec<Parts>> = BTreeMap::new();
    for line in text.lines() {
        let sample: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| sample[name].as_str().unwrap_or_default().to_owned();
        let relation = field("relation").replace("chidren", "children");
        let triple = (field("subject"), relation, field("object"));
        gold.entry(field("sentence")).or_default().push(triple);
    }
    let extractor = RuleExtractor::default();
    let same = |a: &Parts, b: &Parts| a == b;
    let object = |a: &Parts, b: &Parts| !content_words(&a.2).is_disjoint(&content_words(&b.2));
    let relation = |a: &Parts, b: &Parts| a.1 == b.1 && object(a, b);
    let (mut objects, mut relations, mut exact) =
        (Counts::default(), Counts::default(), Counts::default());
    let (mut labels, mut recalled) = (0usize, [0usize; 3]);
    let mut answered = 0usize;
    for (sentence, wanted) in &gold {
        let found: Vec<Parts> = extractor
            .extract_one(sentence)
            .into_iter()
            .map(|t| (t.subject, t.relation, t.object))
            .collect();
        answered += usize::from(!found.is_empty());
        labels += wanted.len();
        let agree: [Agree<'_>; 3] = [&object, &relation, &same];
        for (i, (counts, agree)) in
            [&mut objects, &mut relations, &mut exact].into_iter().zip(agree).enumerate()
        {
            for triple in &found {
                counts.add(true, wanted.iter().any(|label| agree(triple, label)));
            }
            recalled[i] +=
                wanted.iter().filter(|label| found.iter().any(|t| agree(t, label))).count();
        }
    }
    let share = answered as f64 / gold.len() as f64;
    println!("{} sentences, {labels} labels; {share:.3} get a triple", gold.len());
    for (name, counts, recalled) in [
        ("object", objects, recalled[0]),
        ("object and relation", relations, recalled[1]),
        ("whole triple, word for word", exact, recalled[2]),
    ] {
        let (p, r) = (counts.precision(), recalled as f64 / labels as f64);
        println!("{name:<28} P {p:.3}  R {r:.3}  F1 {:.3}", 2.0 * p * r / (p + r));
    }
    assert!(objects.precision() > 0.55 && recalled[0] as f64 > 0.48 * labels as f64);
}

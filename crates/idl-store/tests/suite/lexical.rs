//! BM25 against values by hand and against the formula written out.

use std::collections::HashSet;

use idl_store::LexicalIndex;
use proptest::prelude::*;

fn index(texts: &[&str]) -> LexicalIndex {
    let mut index = LexicalIndex::new();
    for (i, text) in texts.iter().enumerate() {
        assert!(index.add(&i.to_string(), [*text]));
    }
    index
}

/// Three sessions of 2, 4 and 3 words, 3 on average. `tea` is in the first two:
/// idf = ln(1 + 1.5 / 2.5) = ln 1.6. `cup` is in the second: ln(1 + 2.5 / 1.5) =
/// ln(8 / 3). Norms: 1.2 (0.25 + 0.75 * 2 / 3) = 0.9, and 1.2 (0.25 + 1) = 1.5.
#[test]
fn scores_are_those_by_hand() {
    let index = index(&["tea party", "tea, Tea: cup!", "no"]);
    assert_eq!(index.scores("tea").len(), 3);
    let index = self::index(&["tea party", "tea tea cup now", "i said no"]);
    let close = |query: &str, expected: [f64; 3]| {
        for (is, was) in index.scores(query).iter().zip(expected) {
            assert!((is - was).abs() < 1e-12, "{query}: {is} for {was}");
        }
    };
    let (tea, cup) = (1.6_f64.ln(), (8.0_f64 / 3.0).ln());
    close("tea", [tea / 1.9, tea * 2.0 / 3.5, 0.0]);
    close("TEA cup", [tea / 1.9, tea * 2.0 / 3.5 + cup / 2.5, 0.0]);
    close("tea tea", [2.0 * tea / 1.9, 2.0 * tea * 2.0 / 3.5, 0.0]);
    close("", [0.0; 3]);
    close("?! zebra", [0.0; 3]);
}

#[test]
fn a_longer_word_is_found_by_its_beginning_and_better_by_itself() {
    let index = index(&["she painted it", "her painting hangs", "a pain it is", "malte malt"]);
    let found: Vec<&str> = index.top("painting", 9).iter().map(|f| f.0).collect();
    assert_eq!(found, ["1", "0"]);
    // Five characters are a word of their own, in whatever script.
    assert!(index.top("malts", 9).is_empty());
    assert_eq!(self::index(&["größere öfen"]).top("größen", 1).len(), 1);
}

#[test]
fn of_equal_ones_the_earlier_is_first_and_nothing_is_found_for_nothing() {
    let index = index(&["a b", "b c", "a b", "x y", "b a"]);
    let ids = |query, k| index.top(query, k).iter().map(|f| f.0.to_owned()).collect::<Vec<_>>();
    assert_eq!(ids("a", 9), ["0", "2", "4"]);
    assert_eq!(ids("a", 2), ["0", "2"]);
    assert!(ids("a", 0).is_empty() && ids("", 9).is_empty() && ids("zebra", 9).is_empty());
    let none = LexicalIndex::new();
    assert!(none.is_empty() && none.scores("a").is_empty() && none.top("a", 3).is_empty());
    // Sessions of no words have no mean length; they score 0, not NaN.
    assert_eq!(self::index(&["", "..."]).scores("a"), [0.0, 0.0]);
}

#[test]
fn words_are_what_people_mean_by_them() {
    let index = index(&["Don’t SHOUT", "ΟΔΟΣ 42", "well-known"]);
    for (query, found) in
        [("don't", "0"), ("'shout'", "0"), ("οδοσ", "1"), ("42", "1"), ("known", "2")]
    {
        assert_eq!(index.top(query, 1)[0].0, found, "{query}");
    }
    assert!(index.top("dont", 1).is_empty());
}

#[test]
fn an_id_is_there_once() {
    let mut index = index(&["a", "b"]);
    assert!(!index.add("0", ["c"]) && index.top("c", 1).is_empty());
    assert!(index.remove("0") && !index.remove("0"));
    assert_eq!(index.ids().collect::<Vec<_>>(), ["1"]);
    assert!(index.add("0", ["c"]) && index.top("c", 1)[0].0 == "0");
}

/// The formula, as it stands in the documentation.
fn naive(sessions: &[(usize, Vec<usize>)], query: &[usize]) -> Vec<f64> {
    let n = sessions.len() as f64;
    let mean = sessions.iter().map(|s| s.1.len()).sum::<usize>() as f64 / n;
    let count = |s: &[usize], t: usize| s.iter().filter(|&&w| w == t).count() as f64;
    let mut scores = Vec::new();
    for (_, words) in sessions {
        let mut score = 0.0;
        for &t in query {
            let df = sessions.iter().filter(|s| count(&s.1, t) > 0.0).count() as f64;
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            let tf = count(words, t);
            if tf > 0.0 {
                score += idf * tf / (tf + 1.2 * (1.0 - 0.75 + 0.75 * words.len() as f64 / mean));
            }
        }
        scores.push(score);
    }
    scores
}

fn text(words: &[usize]) -> String {
    words.iter().map(|w| format!("Wo{w} ")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_agrees_with_the_formula_through_adding_and_removing(
        added in prop::collection::vec(prop::collection::vec(0_usize..12, 0..10), 1..20),
        removed in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        query in prop::collection::vec(0_usize..14, 0..6),
    ) {
        let mut index = LexicalIndex::new();
        let mut twin: Vec<_> = added.into_iter().enumerate().collect();
        for (i, words) in &twin {
            // In two texts: where they are cut makes no difference.
            let (a, b) = words.split_at(words.len() / 2);
            prop_assert!(index.add(&i.to_string(), [&*text(a), &*text(b)]));
        }
        let mut back = Vec::new();
        for at in removed {
            if twin.is_empty() {
                break;
            }
            let gone = twin.remove(at.index(twin.len()));
            prop_assert!(index.remove(&gone.0.to_string()));
            back.push(gone);
        }
        if let Some(again) = back.pop() {
            prop_assert!(index.add(&again.0.to_string(), [&*text(&again.1)]));
            twin.push(again);
        }
        let ids: Vec<_> = twin.iter().map(|s| s.0.to_string()).collect();
        prop_assert_eq!(index.ids().collect::<Vec<_>>(), ids);
        let (scores, expected) = (index.scores(&text(&query)), naive(&twin, &query));
        prop_assert_eq!(scores.len(), expected.len());
        for (is, was) in scores.iter().zip(&expected) {
            prop_assert!((is - was).abs() < 1e-9, "{} for {}", is, was);
        }
        let found: HashSet<_> = index.top(&text(&query), 99).iter().map(|f| f.0.to_owned()).collect();
        prop_assert_eq!(found.len(), expected.iter().filter(|s| **s > 0.0).count());
    }
}

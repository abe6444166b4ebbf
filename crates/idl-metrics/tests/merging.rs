//! Accumulators: parts add up to the whole in any order, in parallel, and
//! through a file from another machine.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use idl_metrics::Mean;
use idl_metrics::likelihood::{Condition, NllByPerson, TokenNll};
use idl_metrics::nli::{Consistency, Verdict};
use idl_metrics::persona::FactAccuracy;
use idl_metrics::ranking::HitsAtK;
use idl_metrics::text::{Bleu, BleuParams, Distinct, Lengths, RougeL, WordF1};
use proptest::collection::vec;
use proptest::prelude::*;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A bit of everything that can be accumulated.
#[derive(Clone, Debug, PartialEq)]
struct All {
    bleu: Bleu,
    rouge: RougeL,
    f1: WordF1,
    distinct: Distinct,
    lengths: Lengths,
    hits: HitsAtK,
    consistency: Consistency,
    nll: NllByPerson,
    tokens: TokenNll,
    facts: FactAccuracy,
    mean: Mean,
}

/// What goes to another machine comes back as it was.
fn through_a_file<T: Serialize + DeserializeOwned>(accumulator: &T) -> T {
    serde_json::from_str(&serde_json::to_string(accumulator).unwrap()).unwrap()
}

impl All {
    fn new() -> Self {
        All {
            bleu: Bleu::new(BleuParams::default()).unwrap(),
            rouge: RougeL::new(true),
            f1: WordF1::default(),
            distinct: Distinct::new(2).unwrap(),
            lengths: Lengths::default(),
            hits: HitsAtK::new(1).unwrap(),
            consistency: Consistency::default(),
            nll: NllByPerson::default(),
            tokens: TokenNll::default(),
            facts: FactAccuracy::default(),
            mean: Mean::default(),
        }
    }

    fn add(&mut self, hypothesis: &str, reference: &str) {
        let words: Vec<&str> = hypothesis.split(' ').collect();
        // Halves add up without rounding, so that order cannot show.
        let half = words.len() as f64 / 2.0;
        self.bleu.add(hypothesis, &[reference]).unwrap();
        self.rouge.add(hypothesis, &[reference]);
        self.f1.add(hypothesis, &[reference]);
        self.distinct.add(&words);
        self.lengths.add(words.len());
        self.hits.add(&[half, reference.len() as f64], 0).unwrap();
        self.consistency.add(&[Verdict::Entailed, Verdict::Contradicted]);
        self.nll.add(words[0], Condition::Own, half, 3).unwrap();
        self.tokens.add(half, 2).unwrap();
        self.facts.add(words[0], Condition::Other, hypothesis, "cat").unwrap();
        self.mean.add(half).unwrap();
    }

    fn merged(mut self, other: Self) -> Self {
        self.bleu.merge(&other.bleu).unwrap();
        self.rouge.merge(&other.rouge).unwrap();
        self.f1.merge(&other.f1);
        self.distinct.merge(other.distinct).unwrap();
        self.lengths.merge(other.lengths);
        self.hits.merge(&other.hits).unwrap();
        self.consistency.merge(&other.consistency);
        self.nll.merge(other.nll);
        self.tokens.merge(other.tokens);
        self.facts.merge(&other.facts);
        self.mean.merge(&other.mean);
        self
    }

    fn sent(&self) -> Self {
        All {
            bleu: through_a_file(&self.bleu),
            rouge: through_a_file(&self.rouge),
            f1: through_a_file(&self.f1),
            distinct: through_a_file(&self.distinct),
            lengths: through_a_file(&self.lengths),
            hits: through_a_file(&self.hits),
            consistency: through_a_file(&self.consistency),
            nll: through_a_file(&self.nll),
            tokens: through_a_file(&self.tokens),
            facts: through_a_file(&self.facts),
            mean: through_a_file(&self.mean),
        }
    }

    /// Whether the scores are the same but for the rounding of sums.
    fn agrees(&self, other: &Self) -> bool {
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a == b,
        };
        let value = |score: Option<idl_metrics::Score>| score.map(|s| s.value);
        self.bleu == other.bleu
            && close(value(self.rouge.score()), value(other.rouge.score()))
            && close(self.f1.mean(), other.f1.mean())
            && self.distinct.corpus() == other.distinct.corpus()
            && close(self.distinct.sentence(), other.distinct.sentence())
            && self.lengths.stats() == other.lengths.stats()
            && self.hits == other.hits
            && self.consistency == other.consistency
            && self.nll == other.nll
            && self.tokens == other.tokens
            && self.facts == other.facts
            && self.mean == other.mean
    }
}

fn pair() -> impl Strategy<Value = (String, String)> {
    ("[ab]( (a|b|cat)){0,6}", "[ab]( (a|b|cat)){0,6}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_add_up_in_any_order(parts in vec(vec(pair(), 0..5), 1..5)) {
        let mut whole = All::new();
        parts.iter().flatten().for_each(|(h, r)| whole.add(h, r));
        let of = |part: &Vec<(String, String)>| {
            let mut all = All::new();
            part.iter().for_each(|(h, r)| all.add(h, r));
            all
        };
        let forward = parts.iter().map(of).fold(All::new(), All::merged);
        let backward = parts.iter().rev().map(|p| of(p).sent()).fold(All::new(), All::merged);
        prop_assert!(whole.agrees(&forward));
        prop_assert!(whole.agrees(&backward));

        let parallel = parts.par_iter().flatten().fold(All::new, |mut all, (h, r)| {
            all.add(h, r);
            all
        });
        prop_assert!(whole.agrees(&parallel.reduce(All::new, All::merged)));
    }
}

#[test]
fn equal_accumulators_make_equal_files() {
    let (mut a, mut b) = (Distinct::new(1).unwrap(), Distinct::new(1).unwrap());
    a.add(&["x", "y", "z", "u", "v"]);
    b.add(&["v", "u", "z", "y", "x"]);
    assert_eq!(serde_json::to_string(&a).unwrap(), serde_json::to_string(&b).unwrap());
}

#[test]
fn a_broken_file_is_refused() {
    let refused = |error: serde_json::Error, what: &str| {
        assert!(error.to_string().contains(what), "{error}");
    };
    let distinct = serde_json::to_string(&Distinct::new(2).unwrap()).unwrap();
    let zero = distinct.replace("\"n\":2", "\"n\":0");
    refused(serde_json::from_str::<Distinct>(&zero).unwrap_err(), "n = 0");
    let hits = serde_json::to_string(&HitsAtK::new(3).unwrap()).unwrap();
    refused(serde_json::from_str::<HitsAtK>(&hits.replace('3', "0")).unwrap_err(), "k = 0");
    let bleu = serde_json::to_string(&Bleu::new(BleuParams::default()).unwrap()).unwrap();
    let nine = bleu.replace("\"max_order\":4", "\"max_order\":9");
    refused(serde_json::from_str::<Bleu>(&nine).unwrap_err(), "max_order = 9");
}

//! What must hold whatever the text: bounds, the best score for the truth,
//! indifference to order where order means nothing, and scale.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use idl_metrics::Error;
use idl_metrics::intervals::{Intervals, Method, paired_t_test};
use idl_metrics::persona::{WordSets, p_co_tfidf};
use idl_metrics::ranking::rank;
use idl_metrics::text::{
    Bleu, BleuParams, Convention, Distinct, NltkSmoothing, Smoothing, Tokenizer, released_bleu,
    rouge_l, sentence_bleu, word_f1,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Words, marks, capitals, other scripts, repeated often enough to match.
fn text() -> impl Strategy<Value = String> {
    const WORDS: &[&str] =
        &["i", "the", "cat", "Cats", "running", "7.5", ",", "!", "don't", "\u{e9}t\u{e9}"];
    vec(prop::sample::select(WORDS), 0..30).prop_map(|words| words.join(" "))
}

fn plain(max_order: usize) -> BleuParams {
    let convention = Convention::Sacrebleu { smoothing: Smoothing::None, effective_order: false };
    BleuParams { max_order, convention, tokenizer: Tokenizer::None, ..BleuParams::default() }
}

/// Every smoothing of both conventions, with every tokenizer.
fn settings() -> Vec<BleuParams> {
    let sacrebleu = [Smoothing::None, Smoothing::Floor(0.1), Smoothing::AddK(1.0), Smoothing::Exp]
        .map(|smoothing| Convention::Sacrebleu { smoothing, effective_order: true });
    let nltk = [
        NltkSmoothing::Method0,
        NltkSmoothing::Method1(0.1),
        NltkSmoothing::Method2,
        NltkSmoothing::Method3,
    ]
    .map(|smoothing| Convention::Nltk { smoothing });
    let conventions = sacrebleu.into_iter().chain(nltk);
    conventions
        .flat_map(|convention| {
            [Tokenizer::V13a, Tokenizer::None, Tokenizer::Char].map(|tokenizer| BleuParams {
                tokenizer,
                convention,
                ..BleuParams::default()
            })
        })
        .collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn shuffled(text: &str, seed: u64) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    // Any reordering does.
    words.sort_by_key(|w| w.bytes().map(u64::from).sum::<u64>().wrapping_mul(seed | 1) >> 3 & 15);
    words.join(" ")
}

proptest! {
    #[test]
    fn the_truth_scores_best(truth in text(), other in text()) {
        for params in settings() {
            let of = |h: &str| sentence_bleu(h, &[&truth], params).unwrap().value;
            prop_assert!((0.0..=100.0 + 1e-9).contains(&of(&other)));
            // NLTK has its own idea of replies of less than four words.
            if params.tokenizer.tokens(&truth).len() >= 4 {
                prop_assert!(close(of(&truth), 100.0), "{params:?}");
            }
        }
        for stem in [false, true] {
            let own = rouge_l(&truth, &[&truth], stem).f1;
            let has_token = truth.contains(|c: char| c.is_ascii_alphanumeric());
            prop_assert!(close(own, f64::from(u8::from(has_token))));
            prop_assert!((0.0..=own).contains(&rouge_l(&other, &[&truth], stem).f1));
        }
        let own = word_f1(&truth, &truth);
        prop_assert!(own == 0.0 || close(own, 1.0));
        prop_assert!((0.0..=1.0).contains(&word_f1(&other, &truth)));
        let sets = WordSets::default();
        let best = f64::from(u8::from(!truth.is_empty()));
        prop_assert!(close(sets.p_f1(&truth, &[&truth]).f1, best));
        prop_assert!(close(p_co_tfidf(&truth, &[&truth], Tokenizer::V13a), best));
        prop_assert!(truth.is_empty() || close(released_bleu(&truth, &truth).unwrap(), 100.0));
    }

    #[test]
    fn some_measures_are_symmetric(a in text(), b in text()) {
        prop_assert_eq!(word_f1(&a, &b), word_f1(&b, &a));
        let (there, back) = (rouge_l(&a, &[&b], true), rouge_l(&b, &[&a], true));
        prop_assert_eq!((there.precision, there.recall), (back.recall, back.precision));
    }

    #[test]
    fn sets_of_words_have_no_order(a in text(), b in text(), seed: u64) {
        let (a2, b2) = (shuffled(&a, seed), shuffled(&b, seed / 3));
        let bleu_1 = |h: &str, r: &str| sentence_bleu(h, &[r], plain(1)).unwrap().value;
        prop_assert_eq!(bleu_1(&a, &b), bleu_1(&a2, &b2));
        prop_assert_eq!(word_f1(&a, &b), word_f1(&a2, &b2));
        let sets = WordSets { tokenizer: Tokenizer::None, ..WordSets::default() };
        prop_assert_eq!(sets.p_f1(&a, &[&b]), sets.p_f1(&a2, &[&b2]));
    }

    #[test]
    fn references_and_histories_have_no_order(a in text(), texts in vec(text(), 1..5)) {
        let forward: Vec<&str> = texts.iter().map(String::as_str).collect();
        let backward: Vec<&str> = forward.iter().rev().copied().collect();
        for params in settings() {
            let bleu = |refs: &[&str]| sentence_bleu(&a, refs, params).unwrap();
            prop_assert_eq!(bleu(&forward), bleu(&backward));
            // One more reference can only add matches.
            let (one, all) = (bleu(&forward[..1]).stats, bleu(&forward).stats);
            prop_assert!(one.correct.iter().zip(all.correct).all(|(&few, many)| few <= many));
        }
        prop_assert_eq!(rouge_l(&a, &forward, true).f1, rouge_l(&a, &backward, true).f1);
        let sets = WordSets::default();
        prop_assert_eq!(sets.p_f1(&a, &forward), sets.p_f1(&a, &backward));
        prop_assert!(close(sets.p_cover(&a, &forward), sets.p_cover(&a, &backward)));
    }

    #[test]
    fn a_corpus_twice_over_scores_the_same(pairs in vec((text(), text()), 1..6)) {
        let (mut once, mut twice) = (Bleu::new(plain(2)).unwrap(), Bleu::new(plain(2)).unwrap());
        let mut one = Distinct::new(2).unwrap();
        for (hypothesis, reference) in &pairs {
            once.add(hypothesis, &[reference]).unwrap();
            for _ in 0..2 {
                twice.add(hypothesis, &[reference]).unwrap();
            }
            one.add(&Tokenizer::None.tokens(hypothesis));
        }
        prop_assert!(close(once.score().value, twice.score().value));
        // Not so Distinct, whose corpus level falls with size.
        let mut two = one.clone();
        two.merge(one.clone()).unwrap();
        prop_assert!(one.corpus().is_none_or(|d| close(two.corpus().unwrap(), d / 2.0)));
        prop_assert!(one.sentence().is_none_or(|d| close(two.sentence().unwrap(), d)));
    }

    #[test]
    fn tests_and_intervals_scale(values in vec((-5.0..5.0f64, -5.0..5.0f64), 3..20)) {
        let (left, right): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
        // A power of two: no rounding, so that all is equal to the last bit.
        let by = |v: &[f64]| v.iter().map(|x| 4.0 * x).collect::<Vec<_>>();
        let method = Method::StudentisedBootstrap { resamples: 50, seed: 0 };
        for intervals in [Intervals::default(), Intervals { method, level: 0.8 }] {
            let a = intervals.paired(&left, &right);
            let b = intervals.paired(&by(&left), &by(&right));
            if let (Err(Error::Unbounded { .. }), Err(Error::Unbounded { .. })) = (&a, &b) {
                continue; // three persons, most samples of one of them
            }
            let (a, b) = (a.unwrap(), b.unwrap());
            prop_assert_eq!(a.t_test(), b.t_test());
            prop_assert_eq!(4.0 * a.low, b.low);
            prop_assert_eq!(4.0 * a.high, b.high);
        }
        let (a, b) = (paired_t_test(&left, &right), paired_t_test(&by(&left), &by(&right)));
        // Where all differences are one, there is no test, of neither.
        prop_assert_eq!(a.ok(), b.ok());
    }

    #[test]
    fn ranks_see_the_order_of_scores_only(scores in vec(-90..90i32, 1..20), gold in 0usize..20) {
        // Tenths: some are equal, and none so near that rounding makes them so.
        let scores: Vec<f64> = scores.into_iter().map(|s| f64::from(s) / 10.0).collect();
        let gold = gold % scores.len();
        let stretched: Vec<f64> = scores.iter().map(|s| (s / 3.0).exp() - 7.0).collect();
        prop_assert_eq!(rank(&scores, gold).unwrap(), rank(&stretched, gold).unwrap());
    }
}

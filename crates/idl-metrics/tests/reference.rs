//! Equality with the references to 1e-9 on the vectors that
//! `tests/reference/metrics_vectors.py` writes.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use idl_metrics::intervals::{Intervals, paired_t_test};
use idl_metrics::persona::{WordSets, p_co_tfidf};
use idl_metrics::text::{
    Bleu, BleuParams, Convention, NltkSmoothing, Smoothing, Tokenizer, WordF1, clv_bleu,
    porter_stem, released_bleu, rouge_l, sentence_bleu,
};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/metrics.json")).unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_close(ours: f64, theirs: f64, what: impl std::fmt::Display) {
    let tolerance = 1e-9 * theirs.abs().max(1.0);
    assert!((ours - theirs).abs() <= tolerance, "{ours} but the reference has {theirs}: {what}");
}

fn smoothing(name: &str) -> Smoothing {
    match name {
        "exp" => Smoothing::Exp,
        "floor" => Smoothing::Floor(0.1),
        "add-k" => Smoothing::AddK(1.0),
        _ => Smoothing::None,
    }
}

fn tokenizer(name: &str) -> Tokenizer {
    match name {
        "13a" => Tokenizer::V13a,
        "char" => Tokenizer::Char,
        _ => Tokenizer::None,
    }
}

#[test]
fn sentence_bleu_is_sacrebleus() {
    let mut checked = 0;
    for case in vectors()["pairs"].as_array().unwrap() {
        let (hypothesis, references) =
            (case["hypothesis"].as_str().unwrap(), strings(&case["references"]));
        for setting in case["sacrebleu"].as_array().unwrap() {
            let params = BleuParams {
                max_order: setting[3].as_u64().unwrap() as usize,
                tokenizer: tokenizer(setting[0].as_str().unwrap()),
                lowercase: setting[4].as_bool().unwrap(),
                convention: Convention::Sacrebleu {
                    smoothing: smoothing(setting[1].as_str().unwrap()),
                    effective_order: setting[2].as_bool().unwrap(),
                },
            };
            let score = sentence_bleu(hypothesis, &references, params).unwrap();
            let expected = setting[5].as_f64().unwrap();
            assert_close(score.value, expected, format_args!("{setting} {hypothesis:?}"));
            checked += 1;
        }
    }
    assert!(checked > 1000);
}

#[test]
fn sentence_bleu_is_nltks() {
    for case in vectors()["pairs"].as_array().unwrap() {
        let (hypothesis, references) =
            (case["hypothesis"].as_str().unwrap(), strings(&case["references"]));
        for setting in case["nltk"].as_array().unwrap() {
            let smoothing = match setting[0].as_u64().unwrap() {
                0 => NltkSmoothing::Method0,
                1 => NltkSmoothing::Method1(0.1),
                2 => NltkSmoothing::Method2,
                _ => NltkSmoothing::Method3,
            };
            let max_order = setting[1].as_u64().unwrap() as usize;
            let params = BleuParams { max_order, ..BleuParams::nltk(smoothing) };
            let score = sentence_bleu(hypothesis, &references, params).unwrap();
            let expected = setting[2].as_f64().unwrap();
            assert_close(score.value, expected, format_args!("{setting} {hypothesis:?}"));
        }
    }
}

#[test]
fn corpus_bleu_is_sacrebleus() {
    let vectors = vectors();
    let corpus = &vectors["corpus"];
    let references = [strings(&corpus["references"][0]), strings(&corpus["references"][1])];
    for expected in corpus["scores"].as_array().unwrap() {
        let params = BleuParams {
            tokenizer: tokenizer(expected["tokenize"].as_str().unwrap()),
            convention: Convention::Sacrebleu {
                smoothing: smoothing(expected["smooth"].as_str().unwrap()),
                effective_order: false,
            },
            ..BleuParams::default()
        };
        let mut bleu = Bleu::new(params).unwrap();
        for (i, case) in vectors["pairs"].as_array().unwrap().iter().enumerate() {
            let both = [references[0][i], references[1][i]];
            bleu.add(case["hypothesis"].as_str().unwrap(), &both).unwrap();
        }
        let score = bleu.score();
        assert_close(score.value, expected["score"].as_f64().unwrap(), score.signature());
        assert_close(score.brevity_penalty, expected["bp"].as_f64().unwrap(), "bp");
        for (ours, theirs) in score.precisions.iter().zip(numbers(&expected["precisions"])) {
            assert_close(*ours, theirs, "precision");
        }
        assert_eq!(score.stats.hyp_len, expected["sys_len"].as_u64().unwrap());
        assert_eq!(score.stats.ref_len, expected["ref_len"].as_u64().unwrap());
    }
}

#[test]
fn rouge_l_is_rouge_scores() {
    for case in vectors()["pairs"].as_array().unwrap() {
        let (hypothesis, references) =
            (case["hypothesis"].as_str().unwrap(), strings(&case["references"]));
        for (stem, expected) in [false, true].into_iter().zip(case["rouge_l"].as_array().unwrap()) {
            let score = rouge_l(hypothesis, &references, stem);
            for (ours, theirs) in
                [score.precision, score.recall, score.f1].into_iter().zip(numbers(expected))
            {
                assert_close(ours, theirs, format_args!("stem {stem} {hypothesis:?}"));
            }
        }
    }
}

#[test]
fn stems_are_nltks() {
    for pair in vectors()["stems"].as_array().unwrap() {
        let (word, stem) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        assert_eq!(porter_stem(word), stem, "{word}");
    }
}

#[test]
fn word_f1_is_convai2s() {
    for case in vectors()["pairs"].as_array().unwrap() {
        let hypothesis = case["hypothesis"].as_str().unwrap();
        let best = WordF1::default().add(hypothesis, &strings(&case["references"]));
        assert_close(best, case["f1"].as_f64().unwrap(), hypothesis);
    }
}

#[test]
fn published_quirks_are_reproduced() {
    for case in vectors()["pairs"].as_array().unwrap() {
        let hypothesis = case["hypothesis"].as_str().unwrap();
        let reference = case["references"][0].as_str().unwrap();
        let released = released_bleu(hypothesis, reference).unwrap();
        assert_close(released, case["released"].as_f64().unwrap(), hypothesis);
        for (order, expected) in (1..).zip(numbers(&case["clv"])) {
            assert_close(clv_bleu(hypothesis, reference, order).unwrap(), expected, hypothesis);
        }
    }
}

#[test]
fn persona_overlap_and_tf_idf() {
    let sets = WordSets { tokenizer: Tokenizer::None, ..WordSets::default() };
    for case in vectors()["persona"].as_array().unwrap() {
        let (reply, history) = (case["reply"].as_str().unwrap(), strings(&case["history"]));
        let overlap = sets.p_f1(reply, &history);
        let expected = numbers(&case["p_f1"]);
        for (ours, theirs) in
            [overlap.precision, overlap.recall, overlap.f1].into_iter().zip(expected)
        {
            assert_close(ours, theirs, reply);
        }
        assert_close(sets.p_cover(reply, &history), case["p_cover"].as_f64().unwrap(), reply);
        let cosine = p_co_tfidf(reply, &history, Tokenizer::None);
        assert_close(cosine, case["p_co_tfidf"].as_f64().unwrap(), reply);
    }
}

#[test]
fn paired_t_tests_are_scipys() {
    for case in vectors()["t_tests"].as_array().unwrap() {
        let test = paired_t_test(&numbers(&case["left"]), &numbers(&case["right"])).unwrap();
        assert_close(test.statistic, case["statistic"].as_f64().unwrap(), "t");
        let (ours, theirs) = (test.p_value, case["p_value"].as_f64().unwrap());
        // Small p-values must agree in their digits, not only be small.
        assert!((ours - theirs).abs() <= 1e-9 * theirs, "{ours} {theirs}");
    }
}

#[test]
fn t_intervals_are_scipys() {
    for case in vectors()["t_intervals"].as_array().unwrap() {
        let intervals =
            Intervals { level: case["level"].as_f64().unwrap(), ..Intervals::default() };
        let (left, right) = (numbers(&case["left"]), numbers(&case["right"]));
        let ours = intervals.paired(&left, &right).unwrap();
        assert_close(ours.low, case["low"].as_f64().unwrap(), "low");
        assert_close(ours.high, case["high"].as_f64().unwrap(), "high");
        assert_eq!(ours.persons, left.len());
        assert_eq!(ours.t_test(), paired_t_test(&left, &right).unwrap());
    }
}

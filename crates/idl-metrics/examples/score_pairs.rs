//! Scores pairs of texts, for `tests/reference/compare_metrics.py`.
//!
//! In, on standard input, one JSON object a line: `{"hypothesis", "reference"}`.
//! Out, one JSON object a line with the sentence-level scores of each pair, and
//! a last one with corpus scores and the seconds that each metric took.

use std::error::Error;
use std::io::{self, BufRead, BufWriter, Write};
use std::time::Instant;

use idl_metrics::intervals::paired_t_test;
use idl_metrics::text::{
    Bleu, BleuParams, Convention, NltkSmoothing, Smoothing, Tokenizer, clv_bleu, released_bleu,
    rouge_l, sentence_bleu, word_f1,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    hypothesis: String,
    reference: String,
}

type Metric = fn(&str, &str) -> Result<f64, idl_metrics::Error>;

/// sacreBLEU of one pair.
fn sacrebleu(
    tokenizer: Tokenizer,
    smoothing: Smoothing,
    effective_order: bool,
    [h, r]: [&str; 2],
) -> Result<f64, idl_metrics::Error> {
    let convention = Convention::Sacrebleu { smoothing, effective_order };
    let params = BleuParams { tokenizer, convention, ..BleuParams::default() };
    Ok(sentence_bleu(h, &[r], params)?.value)
}

fn nltk(smoothing: NltkSmoothing, [h, r]: [&str; 2]) -> Result<f64, idl_metrics::Error> {
    Ok(sentence_bleu(h, &[r], BleuParams::nltk(smoothing))?.value)
}

/// The sentence-level scores by name.
const METRICS: &[(&str, Metric)] = &[
    ("sacrebleu_13a", |h, r| sacrebleu(Tokenizer::V13a, Smoothing::Exp, true, [h, r])),
    ("sacrebleu_none", |h, r| sacrebleu(Tokenizer::None, Smoothing::Exp, false, [h, r])),
    ("sacrebleu_char", |h, r| sacrebleu(Tokenizer::Char, Smoothing::Exp, false, [h, r])),
    ("sacrebleu_floor", |h, r| sacrebleu(Tokenizer::V13a, Smoothing::Floor(0.1), true, [h, r])),
    ("sacrebleu_add-k", |h, r| sacrebleu(Tokenizer::V13a, Smoothing::AddK(1.0), true, [h, r])),
    ("sacrebleu_plain", |h, r| sacrebleu(Tokenizer::None, Smoothing::None, false, [h, r])),
    ("nltk_method0", |h, r| nltk(NltkSmoothing::Method0, [h, r])),
    ("nltk_method1", |h, r| nltk(NltkSmoothing::Method1(0.1), [h, r])),
    ("rouge_l", |h, r| Ok(rouge_l(h, &[r], false).f1)),
    ("rouge_l_stem", |h, r| Ok(rouge_l(h, &[r], true).f1)),
    ("word_f1", |h, r| Ok(word_f1(h, r))),
    ("released_bleu", released_bleu),
    ("clv_bleu", |h, r| clv_bleu(h, r, 1)),
];

/// A metric runs over the pairs at least so often, and for so many seconds in
/// all; the least time counts.
const PASSES: usize = 3;
const SECONDS: f64 = 0.3;

/// How many pairs make one t-test of ROUGE-L against word F1.
const BLOCK: usize = 50;

/// What `work` returns, and the least number of seconds that it takes.
fn timed<T>(
    mut work: impl FnMut() -> Result<T, idl_metrics::Error>,
) -> Result<(T, f64), idl_metrics::Error> {
    let mut least = f64::INFINITY;
    let mut total = 0.0;
    let mut passes = 0;
    loop {
        let start = Instant::now();
        let result = work()?;
        let seconds = start.elapsed().as_secs_f64();
        (least, total, passes) = (least.min(seconds), total + seconds, passes + 1);
        if passes >= PASSES && total >= SECONDS {
            return Ok((result, least));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut pairs: Vec<Pair> = Vec::new();
    for (i, line) in io::stdin().lock().lines().enumerate() {
        let pair = serde_json::from_str(&line?);
        pairs.push(pair.map_err(|e| format!("standard input, line {}: {e}", i + 1))?);
    }

    let mut seconds = Map::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for (name, metric) in METRICS {
        let all = || pairs.iter().map(|p| metric(&p.hypothesis, &p.reference)).collect();
        let (column, least) = timed(all)?;
        columns.push(column);
        seconds.insert((*name).to_owned(), json!(least));
    }
    let mut corpora = Map::new();
    for (name, tokenizer) in [("corpus_13a", Tokenizer::V13a), ("corpus_none", Tokenizer::None)] {
        let (score, least) = timed(|| {
            let mut bleu = Bleu::new(BleuParams { tokenizer, ..BleuParams::default() })?;
            for pair in &pairs {
                bleu.add(&pair.hypothesis, &[&pair.reference])?;
            }
            Ok(bleu.score().value)
        })?;
        corpora.insert(name.to_owned(), json!(score));
        seconds.insert(name.to_owned(), json!(least));
    }
    let column = |name| METRICS.iter().position(|(n, _)| *n == name).map(|i| &columns[i]);
    let (Some(rouge), Some(f1)) = (column("rouge_l"), column("word_f1")) else {
        return Err("ROUGE-L and word F1 are among the metrics".into());
    };
    let t_tests: Vec<[f64; 2]> = rouge
        .chunks_exact(BLOCK)
        .zip(f1.chunks_exact(BLOCK))
        // Equal columns (the true reply) have no t-test.
        .filter_map(|(a, b)| paired_t_test(a, b).ok())
        .map(|test| [test.statistic, test.p_value])
        .collect();

    let mut out = BufWriter::new(io::stdout().lock());
    for i in 0..pairs.len() {
        let scores: Map<String, Value> = METRICS
            .iter()
            .zip(&columns)
            .map(|((name, _), column)| ((*name).to_owned(), json!(column[i])))
            .collect();
        writeln!(out, "{}", Value::Object(scores))?;
    }
    writeln!(out, "{}", json!({ "corpora": corpora, "t_tests": t_tests, "seconds": seconds }))?;
    Ok(out.flush()?)
}

//! Scores pairs of texts, for `tests/reference/compare_metrics.py`.
//!
//! In, on standard input, one JSON object a line: `{"hypothesis", "reference"}`.
//! Out, one JSON object a line with the sentence-level scores of each pair, and
//! a last one with corpus scores and the seconds that each metric took.

use std::error::Error;
use std::io::{self, BufRead, BufWriter, Write};
use std::time::Instant;

use idl_metrics::{
    Bleu, BleuParams, NltkSmoothing, Tokenizer, clv_bleu, released_bleu, rouge_l, sentence_bleu,
    word_f1,
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

/// The sentence-level scores by name.
const METRICS: &[(&str, Metric)] = &[
    ("sacrebleu_13a", |h, r| Ok(sentence_bleu(h, &[r], BleuParams::sentence())?.value)),
    ("sacrebleu_none", |h, r| {
        let params = BleuParams { tokenizer: Tokenizer::None, ..BleuParams::default() };
        Ok(sentence_bleu(h, &[r], params)?.value)
    }),
    ("nltk_method0", |h, r| {
        Ok(sentence_bleu(h, &[r], BleuParams::nltk(NltkSmoothing::Method0))?.value)
    }),
    ("nltk_method1", |h, r| {
        Ok(sentence_bleu(h, &[r], BleuParams::nltk(NltkSmoothing::Method1(0.1)))?.value)
    }),
    ("rouge_l", |h, r| Ok(rouge_l(h, &[r], false).f1)),
    ("rouge_l_stem", |h, r| Ok(rouge_l(h, &[r], true).f1)),
    ("word_f1", |h, r| Ok(word_f1(h, r))),
    ("released_bleu", released_bleu),
    ("clv_bleu", |h, r| clv_bleu(h, r, 1)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut pairs: Vec<Pair> = Vec::new();
    for (i, line) in io::stdin().lock().lines().enumerate() {
        let pair = serde_json::from_str(&line?);
        pairs.push(pair.map_err(|e| format!("standard input, line {}: {e}", i + 1))?);
    }

    let mut seconds = Map::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for (name, metric) in METRICS {
        let start = Instant::now();
        let column: Result<Vec<f64>, _> =
            pairs.iter().map(|p| metric(&p.hypothesis, &p.reference)).collect();
        columns.push(column?);
        seconds.insert((*name).to_owned(), json!(start.elapsed().as_secs_f64()));
    }
    let start = Instant::now();
    let mut bleu = Bleu::new(BleuParams::default())?;
    for pair in &pairs {
        bleu.add(&pair.hypothesis, &[&pair.reference])?;
    }
    let corpus = bleu.score().value;
    seconds.insert("corpus_bleu".to_owned(), json!(start.elapsed().as_secs_f64()));

    let mut out = BufWriter::new(io::stdout().lock());
    for i in 0..pairs.len() {
        let scores: Map<String, Value> = METRICS
            .iter()
            .zip(&columns)
            .map(|((name, _), column)| ((*name).to_owned(), json!(column[i])))
            .collect();
        writeln!(out, "{}", Value::Object(scores))?;
    }
    writeln!(out, "{}", json!({ "corpus_bleu": corpus, "seconds": seconds }))?;
    Ok(out.flush()?)
}

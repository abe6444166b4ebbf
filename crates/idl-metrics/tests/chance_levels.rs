//! What the published evaluations give for nothing, on the real replies.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use idl_metrics::chance::{Example, chance_rows};
use idl_metrics::text::{clv_bleu, released_bleu};

/// ConvAI2's validation set: in `$IDL_DATA`, else beside the workspace.
fn file() -> Option<PathBuf> {
    let data = std::env::var_os("IDL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = data.join("convai2/valid_self_original.txt");
    if file.is_file() {
        return Some(file);
    }
    // Not `eprintln!`, which the test runner keeps to itself if all is well.
    let said = format!("SKIPPED: no {}\n", file.display());
    io::stderr().write_all(said.as_bytes()).unwrap();
    None
}

/// The mean of the replies' scores and its standard error.
fn mean(replies: &[&str], scores: impl Iterator<Item = f64>) -> (f64, f64) {
    let scores: Vec<f64> = scores.collect();
    let n = replies.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn published_chance_levels() {
    let Some(file) = file() else { return };
    let text = std::fs::read_to_string(file).unwrap();
    // A line is `number query <tab> reply <tab> <tab> candidates`, or a profile's.
    let examples: Vec<Example<'_>> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_once(' ')?.1.split('\t');
            let (query, reply) = (fields.next()?, fields.next()?);
            Some(Example { person: "anybody", query, reply })
        })
        .collect();
    assert_eq!(examples.len(), 7_801);
    let replies: Vec<&str> = examples.iter().map(|e| e.reply).collect();
    let released = |hypotheses: &[&str]| {
        let scores = hypotheses.iter().zip(&replies).map(|(h, r)| released_bleu(h, r).unwrap());
        mean(&replies, scores)
    };

    let sentence = "i am not sure , but i like to do that too . how about you ?";
    let rows = chance_rows(&examples, sentence, 0);
    for (row, published) in [(&rows.random, 50.8), (&rows.echo, 52.7)] {
        let (mean, error) = released(row);
        assert!((mean - published).abs() < 3.0 * error, "{mean} +- {error}, published {published}");
    }
    // Which sentence was taken is not published: ours is as good as another.
    let words = ["i", "like", "to", "talk", "about", "many", "things", "with", "you"];
    let long: Vec<&str> = words.into_iter().cycle().take(58).collect();
    let long = long.join(" ");
    for (sentence, published) in [(sentence, 53.1), (long.as_str(), 2.4)] {
        let (mean, _) = released(&vec![sentence; replies.len()]);
        assert!((mean - published).abs() < 1.0, "{mean}, published {published}");
    }
    // CLV's: the true replies themselves.
    let (gold, error) = mean(&replies, replies.iter().map(|r| clv_bleu(r, r, 1).unwrap()));
    assert!((gold - 18.2).abs() < 3.0 * error, "{gold} +- {error}");
}

//! Our side of `compare/encode.py`: loads an encoder, then encodes all texts for
//! every line that comes on stdin and prints what it took, one JSON object each.
//!
//! ```text
//! encode-peer MODEL f32|bf16 BATCH THREADS TEXTS VECTORS
//! ```
//! `TEXTS` is a JSON file, `[text, ..]`. At the end of stdin the vectors are
//! written to `VECTORS`, row by row, 32-bit floats, little-endian.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use idl_encoder::{EncoderOptions, SentenceTransformer};
use ndarray::Array2;
use serde_json::json;
use tch::Kind;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, kind, batch, threads, texts, vectors] = args.as_slice() else {
        return Err("usage: encode-peer MODEL f32|bf16 BATCH THREADS TEXTS VECTORS".into());
    };
    tch::set_num_threads(threads.parse()?);
    let kind = if kind == "bf16" { Kind::BFloat16 } else { Kind::Float };
    let options = EncoderOptions { kind, batch_size: batch.parse()?, ..EncoderOptions::default() };
    let encoder = SentenceTransformer::from_dir(Path::new(dir), options)?;
    let texts: Vec<String> = serde_json::from_str(&std::fs::read_to_string(texts)?)?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    // What is done once is done before.
    encoder.embed(&texts[..texts.len().min(64)], |_, _| ())?;

    let mut rows = Array2::zeros((0, 0));
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        rows = encoder.embed(&texts, |_, _| ())?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{}", json!({"seconds": seconds, "threads": tch::get_num_threads()}));
        std::io::stdout().flush()?;
    }
    let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
    Ok(std::fs::write(vectors, bytes)?)
}

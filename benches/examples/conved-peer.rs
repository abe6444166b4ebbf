//! Our side of `compare/conved.py`: reads embeddings, times the pairwise
//! matrix and prints what it took, one JSON object.
//!
//! ```text
//! conved-peer EMBEDDINGS LEN DIM REPEATS MATRIX
//! ```
//! `EMBEDDINGS` holds little-endian `f32`, `LEN * DIM` for each session;
//! `MATRIX` receives the distances as little-endian `f64`.

use std::error::Error;

use idl_benches::{Corpus, least_seconds};
use idl_conved::ConvEd;
use ndarray::Array2;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [embeddings, len, dim, repeats, matrix] = args.as_slice() else {
        return Err("usage: conved-peer EMBEDDINGS LEN DIM REPEATS MATRIX".into());
    };
    let (len, dim, repeats): (usize, usize, usize) = (len.parse()?, dim.parse()?, repeats.parse()?);
    let bytes = std::fs::read(embeddings)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|&b| f32::from_le_bytes(b)).collect();
    let embeddings = Array2::from_shape_vec((numbers.len() / dim, dim), numbers)?;
    let corpus = Corpus::new(len, embeddings);

    let conved = ConvEd::default();
    let views = corpus.views()?;
    let whole = least_seconds(repeats, || conved.pairwise(&views));
    let products = corpus.products();
    let product = [16, 32, 64].map(|side| least_seconds(repeats, || products.compute(side)));
    let product = product.into_iter().fold(f64::INFINITY, f64::min);
    // One dimension: next to nothing but the recurrence.
    let flat = Corpus::random(views.len(), len, 1, 1);
    let flat = flat.views()?;
    let recurrence = least_seconds(repeats, || conved.pairwise(&flat));
    println!(
        "{{\"seconds\": {whole:e}, \"product_seconds\": {product:e}, \
         \"recurrence_seconds\": {recurrence:e}, \"threads\": {}}}",
        rayon::current_num_threads()
    );
    let distances = conved.pairwise(&views)?;
    std::fs::write(matrix, distances.iter().flat_map(|d| d.to_le_bytes()).collect::<Vec<u8>>())?;
    Ok(())
}

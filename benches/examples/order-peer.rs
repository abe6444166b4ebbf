//! Our side of `compare/order.py`: reads a matrix of distances, times ordering
//! it under the policy `free` and prints what it took and cost, one JSON
//! object.
//!
//! ```text
//! order-peer MATRIX N REPEATS
//! ```
//! `MATRIX` holds little-endian `f64`, `N * N`.

use std::error::Error;

use idl_benches::least_seconds;
use idl_order::{Policy, order};
use ndarray::Array2;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [matrix, n, repeats] = args.as_slice() else {
        return Err("usage: order-peer MATRIX N REPEATS".into());
    };
    let n: usize = n.parse()?;
    let bytes = std::fs::read(matrix)?;
    let (numbers, _) = bytes.as_chunks::<8>();
    let numbers: Vec<f64> = numbers.iter().map(|&b| f64::from_le_bytes(b)).collect();
    let distance = Array2::from_shape_vec((n, n), numbers)?;
    let found = order(distance.view(), Policy::Free, None)?;
    let seconds = least_seconds(repeats.parse()?, || order(distance.view(), Policy::Free, None));
    println!(
        "{{\"seconds\": {seconds:e}, \"cost\": {:e}, \"exact\": {}, \"order\": {:?}}}",
        found.cost, found.exact, found.order
    );
    Ok(())
}

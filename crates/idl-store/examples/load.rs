//! How long a large store takes to open, read and ask, and in how much memory:
//!
//! ```text
//! cargo build --release -p idl-store --example load
//! target/release/examples/load make /tmp/store 10000
//! target/release/examples/load read /tmp/store
//! target/release/examples/load forget /tmp/store
//! ```
//!
//! Sessions of 16 messages of 15 words, all by the person, each with a vector
//! of 384 components.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use idl_dialogue::Utterance;
use idl_store::{Embeddings, LexicalIndex, OnConflict, Record, SessionStore, SqliteStore};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const DIM: usize = 384;
const MESSAGES: usize = 16;
const WORDS: usize = 15;
const VOCABULARY: f64 = 30_000.0;
/// Sessions of one transaction.
const BATCH: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", dir, sessions] => make(Path::new(dir), sessions.parse()?),
        ["read", dir] => read(Path::new(dir)),
        ["forget", dir] => forget(Path::new(dir)),
        _ => Err("make DIR SESSIONS, read DIR or forget DIR".into()),
    }
}

fn make(dir: &Path, sessions: usize) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    let mut store = SqliteStore::open(dir)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    for first in (0..sessions).step_by(BATCH) {
        let ids = first..sessions.min(first + BATCH);
        let records = ids.map(|i| record(i, &mut rng)).collect::<Result<Vec<_>, _>>()?;
        store.add("ada", &records, OnConflict::Refuse)?;
    }
    println!("made in {:.2?}", begin.elapsed());
    Ok(())
}

fn read(dir: &Path) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    let store = SqliteStore::open(dir)?;
    let mut index = LexicalIndex::new();
    let mut vectors = Vec::new();
    store.visit("ada", &mut |session| {
        index.add(&session.id, session.messages.iter().map(|m| m.content.as_str()));
        vectors.extend(session.embeddings);
    })?;
    println!("opened, verified, indexed {} in {:.2?}", index.len(), begin.elapsed());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    for words in [30, 100] {
        let query = text(words, &mut rng);
        let begin = Instant::now();
        let scores = index.scores(&query);
        let best = scores.iter().fold(0.0_f64, |a, &b| a.max(b));
        println!("BM25 of {words} words in {:.2?}, best {best:.2}", begin.elapsed());
    }
    let query = unit(&mut rng);
    let begin = Instant::now();
    let mut best = f32::MIN;
    for session in &vectors {
        for vector in session.utterances() {
            best = best.max(vector.dot(&query)?);
        }
    }
    println!("cosines with all utterances in {:.2?}, best {best:.3}", begin.elapsed());
    print_memory();
    Ok(())
}

fn forget(dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut store = SqliteStore::open(dir)?;
    let Some(last) = store.sessions("ada")?.pop() else { return Err("no sessions".into()) };
    let begin = Instant::now();
    store.remove("ada", &[&last])?;
    println!("one removed in {:.2?}", begin.elapsed());
    let begin = Instant::now();
    store.check()?;
    println!("all checked in {:.2?}", begin.elapsed());
    print_memory();
    Ok(())
}

/// The most that was in use.
fn print_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
}

fn record(i: usize, rng: &mut impl Rng) -> idl_store::Result<Record> {
    let messages = (0..MESSAGES).map(|_| Utterance::assistant(text(WORDS, rng))).collect();
    let vectors: Vec<_> = (0..MESSAGES).map(|_| unit(rng)).collect();
    let said = vectors.iter().map(Vec::as_slice);
    Ok(Record {
        time: Some(1_100_000_000 + i as i64),
        embeddings: Some(Embeddings::new("random", &unit(rng), said)?),
        ..Record::new(format!("session {i}"), messages)
    })
}

/// Words by Zipf's law: the logarithm of the rank is uniform.
fn text(words: usize, rng: &mut impl Rng) -> String {
    let word = |_| format!("w{} ", VOCABULARY.powf(rng.r#gen::<f64>()) as u32);
    (0..words).map(word).collect()
}

fn unit(rng: &mut impl Rng) -> Vec<f32> {
    let v: Vec<f32> = (0..DIM).map(|_| rng.gen_range(-1.0..1.0)).collect();
    let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
    v.iter().map(|x| x / length).collect()
}

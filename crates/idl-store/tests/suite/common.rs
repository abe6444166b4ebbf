//! Records to store, and a look into the files.

use std::path::Path;

use idl_dialogue::{Triple, Utterance};
use idl_store::{Embeddings, OnConflict, Outcome, Record, SessionStore, SqliteStore};

/// A generator of pseudo-random numbers (SplitMix64).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

pub(crate) fn unit(draw: &mut Draw, dim: usize) -> Vec<f32> {
    let v: Vec<f32> = (0..dim).map(|_| draw.below(2001) as f32 - 1000.5).collect();
    let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
    v.iter().map(|x| x / length).collect()
}

/// What stands in every text of record `i`, and in no other's.
pub(crate) fn marker(i: usize) -> String {
    format!("marker{i:05}x")
}

/// A record with everything in it.
pub(crate) fn record(i: usize) -> Record {
    let (mark, mut draw) = (marker(i), Draw(i as u64));
    let messages = vec![
        Utterance::user(format!("what about the {mark} boat ?")),
        Utterance::assistant(format!("i sold the {mark} boat . {}", "it leaked . ".repeat(i % 40))),
        Utterance::user("and then ?"),
        Utterance::assistant(format!("then i bought {mark} a bicycle .")),
    ];
    let vectors: Vec<_> = (0..3).map(|_| unit(&mut draw, 32)).collect();
    let said = [&vectors[1][..], &vectors[2][..]];
    Record {
        id: format!("id {mark}"),
        time: (!i.is_multiple_of(3)).then_some(1_100_000_000 + i as i64),
        messages,
        facts: vec![Triple::new("i", "has", format!("{mark} bicycle"))],
        persona: format!("i sold the {mark} boat ."),
        embeddings: Some(Embeddings::new(format!("enc {mark}"), &vectors[0], said).unwrap()),
    }
}

pub(crate) fn add(store: &mut SqliteStore, of: std::ops::Range<usize>) {
    for i in of {
        let outcome = store.add("ada", &[record(i)], OnConflict::Refuse).unwrap();
        assert_eq!(outcome, [Outcome::Added]);
    }
}

pub(crate) fn all(store: &SqliteStore, person: &str) -> idl_store::Result<Vec<Record>> {
    let mut records = Vec::new();
    store.visit(person, &mut |record| records.push(record))?;
    Ok(records)
}

/// The files below `dir` that contain `bytes`.
pub(crate) fn files_with(dir: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let content = std::fs::read(&path).unwrap();
        if content.windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

//! Prints what real sessions are clustered by, for comparison with other
//! packages: `tests/reference/cluster_compare.py` calls it.
//!
//! The argument is ConvAI2's folder. Each line is one person of the validation
//! split, `{"person": id, "texts": [..], "points": [[..], ..]}`: the persona
//! text of each session and its TF-IDF embedding.

use std::error::Error;
use std::path::PathBuf;

use idl_corpora::convai2::{self, Speaker};
use idl_dialogue::{Role, SentenceEncoder};
use idl_encoder::TfIdfEncoder;
use idl_persona_ext::{RuleExtractor, persona_text};
use serde_json::json;

/// Components of an embedding.
const DIM: usize = 384;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("usage: persona_texts CONVAI2_FOLDER")?;
    let persons = convai2::persons(&folder, "valid", &[Speaker::B, Speaker::A])?;
    let rules = RuleExtractor::default();
    let text = |session| persona_text(session, Role::Assistant, &rules);
    let texts: Vec<Vec<String>> = persons
        .iter()
        .map(|person| person.sessions.iter().map(text).collect())
        .collect::<Result<_, _>>()?;
    let encoder = TfIdfEncoder::new(DIM)?.fit(texts.iter().flatten());
    for (person, texts) in persons.iter().zip(&texts) {
        let rows: Vec<&str> = texts.iter().map(String::as_str).collect();
        let points = encoder.encode(&rows)?;
        let points: Vec<Vec<f32>> = points.rows().into_iter().map(|row| row.to_vec()).collect();
        println!("{}", json!({"person": person.id, "texts": texts, "points": points}));
    }
    Ok(())
}

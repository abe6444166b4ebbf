//! LoCoMo: long friendships, and questions whose evidence is known (Maharana et al.,
//! ACL 2024).
//!
//! The file is a JSON array as published: of each pair the `conversation`
//! (`session_N`, `session_N_date_time`) and the questions (`qa`), each with the turns
//! that hold its answer (`D17:8` is turn 8 of session 17).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use idl_dialogue::{Role, Session, Utterance};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// Two friends, and what is asked about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The pair's id.
    pub id: String,
    /// Their sessions, in order. The first speaker is
    /// [`Role::Assistant`], the second [`Role::User`].
    pub sessions: Vec<Session>,
    /// The questions.
    pub questions: Vec<Question>,
}

/// A question about a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// 1 several hops, 2 time, 3 open, 4 one hop, 5 adversarial: it has no answer.
    pub category: u8,
    /// The positions in [`Pair::sessions`] that hold the answer, ascending. Evidence
    /// that names no session of the pair is left out.
    pub evidence: Vec<usize>,
}

#[derive(Deserialize)]
struct Record {
    sample_id: String,
    conversation: BTreeMap<String, Value>,
    qa: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    question: String,
    #[serde(default)]
    evidence: Vec<String>,
    category: u8,
}

#[derive(Deserialize)]
struct Turn {
    speaker: String,
    text: String,
}

/// Reads the pairs of a file.
///
/// # Errors
/// [`Error::Open`], and [`Error::Locomo`] with the file; the field is in the message.
pub fn open(path: impl AsRef<Path>) -> Result<Vec<Pair>> {
    let path = path.as_ref();
    let file = File::open(path)
        .map_err(|source| Error::Open { file: path.display().to_string(), source })?;
    let wrong = |message: String| Error::Locomo { file: path.display().to_string(), message };
    let records: Vec<Record> =
        serde_json::from_reader(BufReader::new(file)).map_err(|error| wrong(error.to_string()))?;
    records.into_iter().map(|record| pair(record).map_err(wrong)).collect()
}

fn pair(record: Record) -> Result<Pair, String> {
    let Record { sample_id: id, mut conversation, qa } = record;
    let name = |conversation: &BTreeMap<String, Value>, key: &str| {
        let name = conversation.get(key).and_then(Value::as_str).map(str::to_owned);
        name.ok_or_else(|| format!("{id}: `conversation.{key}`: expected a name"))
    };
    let first = name(&conversation, "speaker_a")?;
    let second = name(&conversation, "speaker_b")?;
    let mut numbers: Vec<usize> =
        conversation.keys().filter_map(|key| key.strip_prefix("session_")?.parse().ok()).collect();
    numbers.sort_unstable();
    let mut sessions = Vec::new();
    for number in &numbers {
        let key = format!("session_{number}");
        let turns = conversation.remove(&key).unwrap_or_default();
        let turns: Vec<Turn> = serde_json::from_value(turns)
            .map_err(|error| format!("{id}: `conversation.{key}`: {error}"))?;
        let mut messages = Vec::new();
        for Turn { speaker, text } in turns {
            let role = match speaker {
                speaker if speaker == first => Role::Assistant,
                speaker if speaker == second => Role::User,
                _ => {
                    return Err(format!(
                        "{id}: `conversation.{key}`: `{speaker}` is neither `{first}` nor `{second}`"
                    ));
                }
            };
            messages.push(Utterance::new(role, text));
        }
        sessions.push(Session { id: format!("{id}/{key}"), messages, ..Session::default() });
    }
    let questions = qa
        .into_iter()
        .map(|Asked { question, evidence, category }| {
            let mut places: Vec<usize> = evidence
                .iter()
                .flat_map(|turns| turns.split([';', ' ', ',']))
                .filter_map(|turn| turn.strip_prefix('D')?.split(':').next()?.parse().ok())
                .filter_map(|number: usize| numbers.binary_search(&number).ok())
                .collect();
            places.sort_unstable();
            places.dedup();
            Question { text: question, category, evidence: places }
        })
        .collect();
    Ok(Pair { id, sessions, questions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Pair>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("locomo.json");
        std::fs::write(&file, text).unwrap();
        open(&file)
    }

    const ONE: &str = r#"[{"sample_id": "c1", "conversation": {
        "speaker_a": "Ada", "speaker_b": "Bo",
        "session_10_date_time": "1:56 pm on 8 May, 2023",
        "session_10": [{"speaker": "Bo", "dia_id": "D10:1", "text": "back from the lake ."}],
        "session_2": [{"speaker": "Ada", "dia_id": "D2:1", "text": "i baked .", "img_url": []}]},
        "qa": [{"question": "What did Ada do?", "answer": "bake", "evidence": ["D2:1; D10:1", "D7:1"],
                "category": 1}]}]"#;

    #[test]
    fn sessions_are_in_order_of_their_numbers_and_evidence_names_them() {
        let pairs = read(ONE).unwrap();
        let ids: Vec<&str> = pairs[0].sessions.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["c1/session_2", "c1/session_10"]);
        assert_eq!(pairs[0].sessions[1].messages, [Utterance::user("back from the lake .")]);
        assert_eq!(pairs[0].questions[0].evidence, [0, 1]);
        assert_eq!(pairs[0].questions[0].category, 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let stranger = ONE.replace("\"speaker\": \"Bo\"", "\"speaker\": \"Cy\"");
        let error = read(&stranger).unwrap_err().to_string();
        assert!(error.contains("c1: `conversation.session_10`: `Cy` is neither"), "{error}");
        let error = read("[{}]").unwrap_err().to_string();
        assert!(error.contains("sample_id"), "{error}");
    }
}

//! Real conversations: those that are learnt, and those that are measured on.

use idl::corpora::remove_dialogues_of;
use idl::dialogue::{BoxError, Person};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::config::PretrainConfig;

/// Sessions that somebody must have to be held out: one to predict, some to
/// stand in front.
const SESSIONS: usize = 3;

/// The persons of a run.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    /// Of the training splits alone, without those that are measured on.
    pub learnt: Vec<Person>,
    /// Those that are measured on.
    pub held_out: Vec<Person>,
}

impl Material {
    /// Reads the corpora. A dialogue that is measured on is learnt from
    /// neither of its sides.
    ///
    /// # Errors
    /// A corpus that is not there or wrong.
    pub(crate) fn read(config: &PretrainConfig) -> Result<Self, BoxError> {
        let [first, others @ ..] = &config.corpora[..] else {
            return Err("`corpora` is empty: there is nothing to measure on".into());
        };
        let mut learnt = first.args(None)?.load()?.persons;
        let held_out = match &config.check.split {
            Some(split) => first.args(Some(split.clone()))?.load()?.persons,
            None => hold_out(&mut learnt, config.check.persons, config.documents.seed),
        };
        for corpus in others {
            learnt.extend(corpus.args(None)?.load()?.persons);
        }
        remove_dialogues_of(&mut learnt, &held_out);
        Ok(Material { learnt, held_out })
    }
}

/// Takes up to `count` persons with enough sessions out of `persons`.
fn hold_out(persons: &mut Vec<Person>, count: usize, seed: u64) -> Vec<Person> {
    let mut able: Vec<usize> =
        (0..persons.len()).filter(|&p| persons[p].sessions.len() >= SESSIONS).collect();
    able.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    able.truncate(count);
    able.sort_unstable();
    // From behind, so that positions stay what they are.
    let mut held_out: Vec<Person> = able.iter().rev().map(|&p| persons.remove(p)).collect();
    held_out.reverse();
    held_out
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::path::{Path, PathBuf};

    use idl::corpora::cornell;
    use serde_json::json;

    use super::*;

    fn config(corpora: serde_json::Value, check: serde_json::Value) -> PretrainConfig {
        let json = json!({"stage": "pretrain", "out": "out", "train": {"max_steps": 3},
            "corpora": corpora, "check": check});
        PretrainConfig::from_json(Path::new("p.json"), &json).unwrap()
    }

    fn texts(persons: &[Person]) -> HashSet<&str> {
        let sessions = persons.iter().flat_map(|p| &p.sessions);
        sessions.flat_map(|s| &s.messages).map(|m| m.content.as_str()).collect()
    }

    /// Six dialogues to train on among three persons, four of others, and films
    /// of which one is to be kept out.
    fn write_corpora(dir: &Path) {
        let write = |name: &str, text: String| std::fs::write(dir.join(name), text).unwrap();
        let profile = |who: &str| [1, 2, 3].map(|i| format!("{who} is person {i} of all ."));
        let mut lines = String::new();
        let all = [("train", ["ada", "bo", "cy"]), ("valid", ["dee", "eve", "fay"])];
        for (split, who) in all {
            for (i, (a, b)) in [(0, 1), (1, 2), (2, 0), (0, 1), (1, 2), (2, 0)].iter().enumerate() {
                let said: Vec<String> =
                    (0..4).map(|turn| format!("{split} {i} turn {turn} .")).collect();
                let line = json!({"id": format!("{split}-{i}"), "split": split, "index": i,
                    "persona_a": profile(who[*a]), "persona_b": profile(who[*b]),
                    "utterances": said, "source": "invented", "complete": true});
                lines.push_str(&format!("{line}\n"));
            }
        }
        write("dialogues_both.jsonl", lines);
        let profiles = ["ada", "bo", "cy"].map(|who| profile(who).join("\t"));
        write("personas_train_in_order.txt", profiles.join("\n") + "\n");
        write(
            "movie_lines.txt",
            "L1 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ train film .\n\
             L2 +++$+++ u2 +++$+++ m0 +++$+++ BO +++$+++ train answer .\n\
             L3 +++$+++ u3 +++$+++ m1 +++$+++ CY +++$+++ test film .\n\
             L4 +++$+++ u4 +++$+++ m1 +++$+++ DI +++$+++ test answer .\n"
                .to_owned(),
        );
        write(
            "movie_conversations.txt",
            "u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L1', 'L2']\n\
             u3 +++$+++ u4 +++$+++ m1 +++$+++ ['L3', 'L4']\n"
                .to_owned(),
        );
        write("test_movies.json", "[\"m1\"]".to_owned());
    }

    #[test]
    fn neither_validation_nor_test_data_are_learnt() {
        let dir = tempfile::tempdir().unwrap();
        write_corpora(dir.path());
        let of = |corpus: &str| json!({"corpus": corpus, "data": dir.path()});
        let corpora = json!([of("convai2"), of("cornell")]);
        let read = |check| Material::read(&config(corpora.clone(), check)).unwrap();

        let one_out = read(json!({"persons": 1}));
        let learnt = texts(&one_out.learnt);
        assert!(learnt.contains("train film ."));
        assert!(learnt.iter().all(|text| text.starts_with("train")), "{learnt:?}");
        // One of the three has four of the six dialogues; the partners' views
        // of them are not learnt either.
        assert_eq!(one_out.held_out.len(), 1);
        let held_out = texts(&one_out.held_out);
        assert_eq!((held_out.len(), learnt.len()), (16, 8 + 2));
        assert!(learnt.is_disjoint(&held_out));

        let on_valid = read(json!({"split": "valid"}));
        assert_eq!(texts(&on_valid.learnt).len(), 24 + 2);
        assert!(texts(&on_valid.held_out).iter().all(|text| text.starts_with("valid")));
    }

    #[test]
    fn the_real_corpora_keep_their_splits_apart() {
        let data = std::env::var_os("IDL_DATA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
            PathBuf::from,
        );
        if !data.join("convai2/dialogues_both.jsonl").is_file() {
            eprintln!("skipped: {} is not there", data.display());
            return;
        }
        let corpus = |name: &str| json!({"corpus": name, "data": data.join(name)});
        let check = json!({"split": "valid"});
        let material =
            Material::read(&config(json!([corpus("convai2"), corpus("cornell")]), check)).unwrap();
        let kept_out = cornell::test_movies(data.join("cornell/test_movies.json")).unwrap();
        let characters = data.join("cornell").join(cornell::CHARACTERS);
        let films: HashMap<String, String> =
            cornell::characters(characters).unwrap().into_iter().map(|c| (c.id, c.movie)).collect();
        let mut of_films = 0;
        for person in &material.learnt {
            assert!(!person.sessions.iter().any(|s| s.id.contains("valid")), "{}", person.id);
            if let Some(film) = films.get(&person.id) {
                assert!(!kept_out.contains(film), "{} of {film}", person.id);
                of_films += 1;
            }
        }
        assert!(of_films > 1000, "{of_films}");
        let (learnt, held_out) = (texts(&material.learnt), texts(&material.held_out));
        // Greetings and the like occur everywhere, long sentences do not.
        let both = learnt.intersection(&held_out).filter(|text| text.len() > 40).count();
        assert!(both * 100 < held_out.len(), "{both} of {}", held_out.len());
    }
}

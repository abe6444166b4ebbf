use proptest::prelude::*;

use super::*;
use crate::grouping;
use crate::lenient::Records;

/// The opening of a dialogue in which the partner has spoken.
const OPENING: &str = "\
- - episode_done: false
    id: light_dialog
    label_candidates:
    - Rain.
    - Tea is in
      the pot.
    labels:
    - 'Tea is in the pot. '
    text: '_task_speech

      _setting_name Kitchen, Inn

      _setting_desc A kitchen with a stove, which
      is warm.

      _partner_name guest

      _self_name The Cook

      _self_persona I cook at the inn. It''s
      warm here.

      _object_desc a pot : A pot of clay.

      _partner_say Is there tea?'
";

const LAST: &str = "\
- - episode_done: true
    eval_labels:
    - Mind, it is hot.
    text: '_self_say Tea is in the pot.

      _partner_say Thanks!

      _partner_emote smile

      _self_act get pot'
";

fn file(items: &[&str]) -> String {
    format!("acts:\n{}num_episodes: 2\nnum_examples: 7\n", items.concat())
}

fn all(text: &str) -> Vec<Result<Dialogue>> {
    read(text.as_bytes(), "data/light.yml").collect()
}

fn error(text: &str) -> String {
    all(text).into_iter().find_map(Result::err).unwrap().to_string()
}

#[test]
fn a_dialogue_is_gathered_from_its_acts() {
    let dialogues = all(&file(&[OPENING, LAST, OPENING]));
    assert_eq!(dialogues.len(), 2);
    let first = dialogues[0].as_ref().unwrap();
    assert_eq!((first.id.as_str(), first.setting.as_str()), ("light:0", "Kitchen, Inn"));
    assert_eq!(first.own.name, "The Cook");
    assert_eq!(first.own.persona, "I cook at the inn. It's warm here.");
    assert_eq!((first.partner.name.as_str(), first.partner.persona.as_str()), ("guest", ""));
    assert_eq!(first.turns[1].candidates, ["Rain.", "Tea is in the pot."]);
    let deed = |speaker, emote, what: &str| Deed {
        turns_before: 3,
        speaker,
        emote,
        what: what.to_owned(),
    };
    assert_eq!(
        first.deeds,
        [deed(Speaker::Partner, true, "smile"), deed(Speaker::Own, false, "get pot")]
    );
    assert!(first.complete);
    let second = dialogues[1].as_ref().unwrap();
    assert_eq!((second.id.as_str(), second.turns.len(), second.complete), ("light:1", 2, false));

    let session = first.session(Speaker::Own);
    assert_eq!(session.id, "light:0:own");
    assert_eq!(
        session.messages,
        [
            Utterance::user("Is there tea?"),
            Utterance::assistant("Tea is in the pot."),
            Utterance::user("Thanks!"),
            Utterance::assistant("Mind, it is hot."),
        ]
    );
    assert_eq!(session.profile, ["I cook at the inn. It's warm here."]);
    assert!(session.same_dialogue(&first.session(Speaker::Partner)));
    let persons = grouping::by_character([first, second].iter().flat_map(|d| d.views()));
    let sessions: Vec<_> = persons.iter().map(|p| p.sessions.len()).collect();
    assert_eq!((sessions, persons[1].id.as_str()), (vec![2, 2], "guest"));
}

#[test]
fn a_character_may_speak_first() {
    let opening = OPENING.replace("\n\n      _partner_say Is there tea?", "");
    let dialogue = all(&file(&[&opening])).pop().unwrap().unwrap();
    assert_eq!(dialogue.turns[0].speaker, Speaker::Own);
    // The partner says nothing: there is nothing to learn from them.
    assert_eq!(dialogue.views().count(), 1);
}

#[test]
fn ends_of_lines_and_marks_do_not_matter() {
    let text = file(&[OPENING, LAST]);
    let other = format!("\u{feff}# a comment\r\n---\r\n{}", text.replace('\n', "\r\n"));
    assert_eq!(all(&text)[0].as_ref().unwrap(), all(&other)[0].as_ref().unwrap());
    assert!(all("").is_empty());
    assert!(all("acts: []\nnum_episodes: 0\n").is_empty());
}

#[test]
fn what_is_wrong_is_named() {
    let with = |from: &str, to: &str| file(&[&OPENING.replacen(from, to, 1), LAST]);
    for (text, expected) in [
        (
            with("    text:", "    txet:"),
            "2: field `acts[0].text`: expected a string, found nothing",
        ),
        (
            with("    labels:\n    - 'Tea is in the pot. '\n", ""),
            "2: field `acts[0].labels`: expected a list of one string, found nothing",
        ),
        (
            with("    - 'Tea", "    - x\n    - 'Tea"),
            "9: field `acts[0].labels`: expected a list of one string, found 2 of them",
        ),
        (
            with("    - 'Tea is in the pot. '", "    - [x]"),
            "9: field `acts[0].labels[0]`: expected a string, found a list",
        ),
        (
            with("    - 'Tea is in the pot. '", "    - null"),
            "9: field `acts[0].labels[0]`: expected a string, found nothing",
        ),
        (
            with("false", "7"),
            "2: field `acts[0].episode_done`: expected true or false, found a string",
        ),
        (
            with("    id:", "    labels:\n    - y\n    id:"),
            "11: field `acts[0].labels`: expected one of it, found another",
        ),
        (
            with("_task_speech", "_task_emote"),
            "2: field `acts[0].text`: expected `_task_speech`, found `_task_emote`",
        ),
        (
            with("_task_speech", "speech"),
            "10: field `acts[0].text`: expected lines that begin with a `_tag`, found none",
        ),
        (with("- - ", "- "), "3: expected YAML"),
        (with("'_task", "\"_task"), "10: expected YAML"),
        (
            file(&["- x\n"]),
            "2: field `acts[0]`: expected a list of one act (a batch size of 1), found a string",
        ),
        (
            file(&["- []\n"]),
            "2: field `acts[0]`: expected a list of one act (a batch size of 1), found an empty list",
        ),
        (
            file(&["- - a: b\n  - a: c\n"]),
            "2: field `acts[0]`: expected a list of one act (a batch size of 1), found a list of 2",
        ),
        (
            file(&["- - x\n"]),
            "2: field `acts[0]`: expected a list of one act (a batch size of 1), found a list of a string",
        ),
        (
            file(&["- - a: &x y\n    b: *x\n"]),
            "3: field `acts`: expected values in full, found an alias",
        ),
        (file(&["- - a: \0b\n"]), "2: field `acts`: expected text, found a NUL character"),
        (
            file(&[OPENING]).replace("\n- -", "\n  - -"),
            "2: field `acts`: expected `- ` and an act, not indented, found an indented line",
        ),
        (
            file(&["-\n", OPENING]),
            "2: field `key`: expected `acts:`, another key, or `- ` and an act, found something else",
        ),
        (
            file(&[LAST]),
            "2: field `acts[0].text`: expected `_self_name` at the beginning of a dialogue, found none",
        ),
        (
            file(&[OPENING, &LAST.replace("in the pot", "gone")]),
            "27: field `acts[1].text`: expected the reply before, again, behind `_self_say`, found something else",
        ),
        (
            "{\"acts\": []}\n".to_owned(),
            "1: field `key`: expected `acts:`, another key, or `- ` and an act, found something else",
        ),
    ] {
        let found = error(&text);
        assert!(found.starts_with(&format!("data/light.yml:{expected}")), "{found}\n{expected}");
    }
    let deep = format!("- {}", "- ".repeat(1000));
    assert!(error(&file(&[&deep, "\n"])).contains("expected at most 16 levels, found more"));
}

/// Every dialogue that the file begins is handed out or complained of.
#[test]
fn one_bad_dialogue_costs_no_other() {
    let bad = OPENING.replace("labels:", "lables:");
    let text = file(&[LAST, LAST, OPENING, LAST, &bad, LAST, OPENING, &LAST.replace("true", "?")]);
    let found: Vec<_> = all(&text).iter().map(Result::is_ok).collect();
    // The second stray act follows an end: it is one more.
    assert_eq!(found, [false, false, true, false, false]);
    let text = file(&[OPENING, &bad, LAST, OPENING]);
    let mut dialogues = read(text.as_bytes(), "f").lenient();
    assert_eq!(dialogues.by_ref().count(), 1);
}

#[test]
fn a_file_that_was_cut_off_loses_its_end_only() {
    let text = file(&[OPENING, LAST, OPENING, LAST]);
    let whole = all(&text).len();
    for end in 0..text.len() {
        let Ok(cut) = str::from_utf8(&text.as_bytes()[..end]) else { continue };
        let found = all(cut);
        // Half a key at the end is one more complaint.
        assert!(found.len() <= whole + 1);
        // The first is whole once its last act is.
        if end > file(&[OPENING, LAST]).len() {
            assert_eq!(found[0].as_ref().unwrap().turns.len(), 4, "{end}");
        }
    }
}

#[test]
fn residents_of_the_world() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("world.json");
    assert!(matches!(residents(&path), Err(Error::Open { .. })));
    let world = r#"{"rooms": {}, "characters": {"7": {"name": "cook", "personas": ["x", "y"]}}}"#;
    std::fs::write(&path, world).unwrap();
    let found = residents(&path).unwrap();
    assert_eq!(found.iter().flat_map(Resident::characters).count(), 2);
    std::fs::write(&path, "{\"rooms\":\n {}").unwrap();
    let error = residents(&path).unwrap_err().to_string();
    assert!(error.ends_with("world.json:2: expected a JSON object with `characters`"), "{error}");
}

/// An item is its lines; that they are long is no fault.
#[test]
fn twenty_megabytes_on_one_line() {
    let long = LAST.replace("hot", &"hot ".repeat(5 << 20));
    let dialogue = all(&file(&[OPENING, &long])).pop().unwrap().unwrap();
    assert!(dialogue.turns[3].text.len() > 20_000_000);
    let text = file(&[OPENING, &long, OPENING]);
    let found: Vec<_> = read(text.as_bytes(), "f").line_limit(1000).collect();
    assert!(matches!(found[0], Err(Error::LongLine { line: 29, .. })), "{:?}", found[0]);
    assert!(found[1].is_ok() && found.len() == 2);
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = file(&[OPENING, LAST, OPENING]).into_bytes();
        let i = at.index(bytes.len());
        bytes[i] = byte;
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = read(&bytes[..], "f").count();
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes[..], "f").count();
        let items = [b"acts:\n- ".to_vec(), bytes].concat();
        let _ = read(&items[..], "f").count();
    }
}

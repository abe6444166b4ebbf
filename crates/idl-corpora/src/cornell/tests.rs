use proptest::prelude::*;

use super::*;
use crate::grouping;
use crate::lenient::Records;

const LINES: &str = "\
L1 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ Is there tea?
L2 +++$+++ u2 +++$+++ m0 +++$+++ BO +++$+++ In the pot.
L3 +++$+++ u2 +++$+++ m0 +++$+++ BO +++$+++ Mind, it is hot.
L4 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ 
L5 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ Thanks +++$+++ a lot.
L6 +++$+++ u3 +++$+++ m0 +++$+++ CY +++$+++ Me too.
L10 +++$+++ u2 +++$+++ m0 +++$+++ BO +++$+++ Alone again.
";

fn script() -> Script {
    read_script(LINES.as_bytes(), "lines").collect::<Result<_>>().unwrap()
}

/// A conversation of u1 and u2.
fn conversation(list: &str) -> String {
    format!("u1 +++$+++ u2 +++$+++ m0 +++$+++ {list}")
}

fn error(text: &str) -> String {
    read(text.as_bytes(), "c.txt", &script()).find_map(Result::err).unwrap().to_string()
}

#[test]
fn the_lines_say_who_speaks_and_neighbours_are_merged() {
    let text = conversation("['L2', 'L3', 'L1', 'L4', 'L5']");
    let dialogue = read(text.as_bytes(), "c", &script()).next().unwrap().unwrap();
    assert_eq!((dialogue.id.as_str(), dialogue.movie.as_str()), ("L2", "m0"));
    let expected =
        [(1, "In the pot. Mind, it is hot."), (0, "Is there tea? Thanks +++$+++ a lot.")];
    assert_eq!(dialogue.utterances, expected.map(|(who, text)| (who, text.to_owned())));
    let persons = grouping::by_id(dialogue.views());
    assert_eq!((persons[0].id.as_str(), persons[1].id.as_str()), ("u1", "u2"));
    let [one, other] = [&persons[0].sessions[0], &persons[1].sessions[0]];
    assert!(one.same_dialogue(other));
    assert_eq!((one.id.as_str(), one.messages[0].role), ("L2:u1", Role::User));
    assert_eq!(dialogue.session(2), None);
}

#[test]
fn who_says_nothing_gives_no_session() {
    let text = conversation("['L10']");
    let dialogue = read(text.as_bytes(), "c", &script()).next().unwrap().unwrap();
    let ids: Vec<_> = dialogue.views().map(|(_, session)| session.id).collect();
    assert_eq!(ids, ["L10:u2"]);
}

#[test]
fn wrong_conversations_are_named() {
    for (text, expected) in [
        (
            "u1 +++$+++ u2".to_owned(),
            "`movieID`: expected a value, with ` +++$+++ ` between the fields, found the end of the line",
        ),
        (
            "u1 +++$+++  +++$+++ m0 +++$+++ []".to_owned(),
            "`characterID2`: expected a value, with ` +++$+++ ` between the fields, found nothing",
        ),
        (
            "u1 +++$+++ u1 +++$+++ m0 +++$+++ ['L1']".to_owned(),
            "`characterID2`: expected another character, found `u1`",
        ),
        (
            conversation("'L1'"),
            "`lines`: expected a list such as `['L7', 'L8']`, found something else",
        ),
        (
            conversation("['L1', 'L"),
            "`lines`: expected a list such as `['L7', 'L8']`, found something else",
        ),
        (conversation("[]"), "`lines[0]`: expected a line's id such as `'L7'`, found ``"),
        (conversation("['L1', L2]"), "`lines[1]`: expected a line's id such as `'L7'`, found `L2`"),
        (conversation("['L01']"), "`lines[0]`: expected a line's id such as `'L7'`, found `'L01'`"),
        (
            conversation("['L1', 'L1']"),
            "`lines[1]`: expected a line that is not listed before, found L1",
        ),
        (
            conversation("['L1', 'L6']"),
            "`lines[1]`: expected a line of one of the two characters, found `L6` of `u3`",
        ),
        (
            conversation("['L1', 'L7', 'L8']"),
            "`lines`: expected lines of the script, found 2 that are not in it, the first `L7`",
        ),
    ] {
        assert_eq!(error(&text), format!("c.txt:1: field {expected}"), "{text}");
    }
    let twice = ["['L1', 'L2']", "['L3', 'L2']"].map(conversation).join("\r\n");
    assert_eq!(
        error(&twice),
        "c.txt:2: field `lines[1]`: expected a line that is in no conversation before, \
         found `L2` again"
    );
}

#[test]
fn wrong_lines_of_the_script_are_named() {
    let error = |text: &[u8]| read_script(text, "l.txt").find_map(Result::err).unwrap().to_string();
    let good = "L1 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ hi";
    for (text, expected) in [
        (good.replace("L1", "1"), "`lineID`: expected `L` and a number, found `1`"),
        (
            good.replace("L1", "L4294967296"),
            "`lineID`: expected `L` and a number, found `L4294967296`",
        ),
        (
            format!("{good}\n{good}"),
            "`lineID`: expected an id that is not in the lines before, found `L1` again",
        ),
        (
            good.replace(" +++$+++ hi", ""),
            "`text`: expected a value, with ` +++$+++ ` between the fields, found the end of the line",
        ),
    ] {
        let found = error(text.as_bytes());
        assert!(found.starts_with("l.txt:") && found.ends_with(expected), "{found}");
    }
    assert_eq!(error(b"L1 +++$+++ \xff"), "l.txt:1: expected UTF-8");
}

#[test]
fn the_published_encoding_can_be_asked_for() {
    let bytes = b"L1 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ caf\xe9";
    let script: Script =
        read_script(&bytes[..], "l").encoding(Encoding::Latin1).collect::<Result<_>>().unwrap();
    assert_eq!(script.line(LineId::parse("L1").unwrap()), Some(("u1", "café")));
    assert_eq!((script.len(), script.characters()), (1, 1));
}

#[test]
fn what_is_skipped_is_counted() {
    let lists = ["['L1', 'L2']", "['L3', 'L99']", "['L1']", "[", "['L5']"];
    let text = lists.map(conversation).join("\n");
    let script = script();
    let mut dialogues = read(text.as_bytes(), "c", &script).lenient();
    assert_eq!(dialogues.by_ref().map(Result::unwrap).count(), 2);
    let tally = dialogues.tally();
    assert_eq!((tally.read, tally.kept, tally.skipped), (5, 2, 3));
    assert_eq!(tally.reasons["`lines`: expected lines of the script"], 1);
}

#[test]
fn twenty_megabytes_on_one_line() {
    let long =
        format!("L11 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ {}\n", "tea ".repeat(5 << 20));
    let text = format!("{long}{LINES}");
    let script: Script = read_script(text.as_bytes(), "l").collect::<Result<_>>().unwrap();
    assert_eq!(script.len(), 8);
    let mut lines = read_script(text.as_bytes(), "l").line_limit(1000);
    assert!(matches!(lines.next(), Some(Err(Error::LongLine { line: 1, .. }))));
    assert_eq!(lines.filter(Result::is_ok).count(), 7);
    let list = format!("['L1'{}]", ", 'L1'".repeat(3 << 20));
    assert!(error(&conversation(&list)).contains("`lines[1]`: expected a line that is not listed"));
}

#[test]
fn characters_and_test_movies() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(CHARACTERS);
    let line = b"u1 +++$+++ AD\xc9LE +++$+++ m0 +++$+++ a film +++$+++ f +++$+++ ?\n";
    std::fs::write(&file, line).unwrap();
    let of = |id: &str, name: &str| Character {
        id: id.into(),
        name: name.into(),
        movie: String::from("m0"),
    };
    assert_eq!(characters(&file).unwrap(), [of("u1", "ADÉLE")]);
    std::fs::write(&file, [&line[..], line].concat()).unwrap();
    assert!(characters(&file).unwrap_err().to_string().ends_with("found `u1` again"));

    let list = dir.path().join("test_movies.json");
    assert!(matches!(test_movies(&list), Err(Error::Open { .. })));
    std::fs::write(&list, r#"["m1", "m7"]"#).unwrap();
    assert!(test_movies(&list).unwrap().contains("m7"));
    std::fs::write(&list, "[\"m1\",\n7]").unwrap();
    let error = test_movies(&list).unwrap_err().to_string();
    assert!(error.contains("test_movies.json:2: expected a JSON array of strings"), "{error}");
}

proptest! {
    #[test]
    fn ids_are_printed_as_they_are_read(n: u32) {
        let text = format!("L{n}");
        prop_assert_eq!(LineId::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn no_damage_makes_a_reader_panic(
        at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()
    ) {
        let mut lines = LINES.as_bytes().to_vec();
        let mut text = conversation("['L2', 'L3', 'L1', 'L4', 'L5']").into_bytes();
        for bytes in [&mut lines, &mut text] {
            let i = at.index(bytes.len());
            bytes[i] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        let mut read_lines = read_script(&lines[..], "l").lenient();
        let script: Script = read_lines.by_ref().map(Result::unwrap).collect();
        prop_assert_eq!(read_lines.tally().kept, script.len());
        let _ = read(&text[..], "c", &script).count();
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes[..], "f", &script()).count();
        let _ = read_script(&bytes[..], "f").count();
        let _ = read_script(&bytes[..], "f").encoding(Encoding::Latin1).count();
    }
}

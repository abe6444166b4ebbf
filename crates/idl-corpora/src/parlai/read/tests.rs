use super::*;
use crate::lenient::Records;

fn all(text: impl AsRef<[u8]>) -> Vec<Result<Episode>> {
    read(text.as_ref(), "f.txt").collect()
}

/// The message of the only bad episode.
#[track_caller]
fn error(text: impl AsRef<[u8]>) -> String {
    let mut errors = all(text).into_iter().filter_map(Result::err);
    let error = errors.next().unwrap().to_string();
    assert!(errors.next().is_none());
    error
}

const BOTH: &str = "1 your persona: i row.\n\
    2 your persona: i sing.\n\
    3 partner's persona: i bake bread.\n\
    4 __SILENCE__\thi !\t\tno|yes|hi !\n\
    5 nice \thow so ? \n\
    1 hi !\thello .\t\n";

#[test]
fn personas_turns_and_candidates() {
    let episodes: Vec<_> = all(BOTH).into_iter().map(Result::unwrap).collect();
    let [first, second] = &episodes[..] else { panic!("{episodes:?}") };
    assert_eq!((first.index, first.line, second.index, second.line), (0, 1, 1, 6));
    assert_eq!(first.persona, ["i row.", "i sing."]);
    assert_eq!(first.partner_persona, ["i bake bread."]);
    assert_eq!(first.turns[0].candidates, ["no", "yes", "hi !"]);
    assert_eq!(first.turns[0].gold(), Some(2));
    assert_eq!(
        (first.turns[1].partner.as_str(), first.turns[1].reply.as_str()),
        ("nice ", "how so ? ")
    );
    assert!(second.turns[0].candidates.is_empty());
}

#[test]
fn a_mark_carriage_returns_and_blank_lines_change_nothing_but_the_line() {
    let other = format!("\u{feff}{}", BOTH.replace('\n', "\r\n\r\n"));
    let (these, those) = (all(BOTH), all(other));
    for (this, that) in these.into_iter().zip(those) {
        let (this, that) = (this.unwrap(), that.unwrap());
        assert_eq!(that.line, 2 * this.line - 1);
        assert_eq!(Episode { line: 0, ..this }, Episode { line: 0, ..that });
    }
    assert!(all("").is_empty());
}

#[test]
fn errors_name_line_field_expected_and_found() {
    for (text, expected) in [
        ("1 a\n", format!("1: field `turns[0].reply`: expected {TURN}, found `a`")),
        (
            "1 a\tb\n2 your persona: x\n",
            "2: field `your persona`: expected all personas before the first turn, \
             found one behind it"
                .into(),
        ),
        (
            "1 partner's persona: a\tb\n",
            "1: field `partner's persona`: expected a sentence without a tab, found a tab".into(),
        ),
        (
            "1 a\tb\t0.5\tc\n",
            "1: field `turns[0].reward`: expected an empty field, found `0.5`".into(),
        ),
        (
            "1 a\tb\t\tc\td\te\n",
            "1: field `turns[0].candidates`: expected at most 4 fields in the line, \
             found 6 fields"
                .into(),
        ),
        (
            "1 a\tb\n3 c\td\n",
            "2: field `number`: expected that of the line before and 1, found 3 behind 1".into(),
        ),
        ("\n1 your persona: x\n", "2: field `turns`: expected a turn or more, found none".into()),
        ("2 a\tb\n", "1: field `number`: expected 1 in the first line, found 2".into()),
        ("0 a\tb\n", "1: field `number`: expected 1 in the first line, found 0".into()),
        ("a\tb\n", format!("1: field `number`: expected {NUMBER}, found `a\\tb`")),
        ("+1 a\tb\n", format!("1: field `number`: expected {NUMBER}, found `+1 a\\tb`")),
        ("1\n", format!("1: field `turns[0].reply`: expected {TURN}, found ``")),
        (
            "99999999999999999999999 a\tb\n",
            format!("1: field `number`: expected {NUMBER}, found `99999999999999999999999 a\\tb`"),
        ),
        (
            "1 a\tb\n2 c\td",
            "2: field `line`: expected a line feed at its end, found the end of the file".into(),
        ),
    ] {
        assert_eq!(error(text), format!("f.txt:{expected}"), "{text:?}");
    }
    assert_eq!(error(b"1 a\tb\n2 \xff\tb\n"), "f.txt:2: expected UTF-8");
    let end = read(&b"1 a\tb"[..], "f").allow_unterminated();
    assert_eq!(end.filter(Result::is_ok).count(), 1);
}

/// Which episodes are good, by their index.
fn good(text: &str) -> Vec<Option<usize>> {
    all(text).into_iter().map(|episode| episode.ok().map(|e| e.index)).collect()
}

#[test]
fn a_bad_line_spoils_the_episode_it_belongs_to_and_no_other() {
    let clean = "1 a\tb\n2 c\td\n1 e\tf\n2 g\th\n1 i\tj\n";
    assert_eq!(good(clean), [Some(0), Some(1), Some(2)]);
    let spoilt = |line: &str| good(&clean.replace(line, &line.replace(&line[..1], "x")));
    assert_eq!(spoilt("1 a"), [None, Some(1), Some(2)]);
    assert_eq!(spoilt("2 c"), [None, Some(1), Some(2)]);
    assert_eq!(spoilt("1 e"), [Some(0), None, Some(2)]);
    assert_eq!(spoilt("2 g"), [Some(0), None, Some(2)]);
    // An episode of one line: only the one before it can be blamed.
    assert_eq!(spoilt("1 i"), [Some(0), None]);
    // The same where lines are missing.
    let without = |line: &str| good(&clean.replace(line, ""));
    assert_eq!(without("1 a\tb\n"), [None, Some(1), Some(2)]);
    assert_eq!(without("1 e\tf\n"), [Some(0), None, Some(2)]);
}

#[test]
fn a_line_that_is_too_long_is_a_bad_line() {
    let text = format!("1 a\tb\n2 c\t{}\n1 e\tf\n", "d".repeat(100));
    let mut episodes = read(text.as_bytes(), "f").line_limit(50).lenient();
    assert_eq!(episodes.by_ref().map(|e| e.unwrap().index).collect::<Vec<_>>(), [1]);
    let reason = String::from("expected at most 50 bytes in the line");
    assert_eq!(episodes.tally().reasons, [(reason, 1)].into());
}

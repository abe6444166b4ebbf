use proptest::prelude::*;

use super::*;
use crate::export::{NoText, SessionParams, sessions};
use crate::lenient::Records;

const CHAT: &str = r#"{
 "name": "Bo", "type": "personal_chat", "id": 7,
 "messages": [
  {"id": 1, "type": "service", "date": "2023-12-31T18:00:00", "action": "phone_call"},
  {"id": 2, "type": "message", "date": "2023-12-31T19:03:00", "date_unixtime": "1704045780",
   "from": "Bo", "from_id": "user7", "text": ["is there ", {"type": "bold", "text": "tea"}, " ?"]},
  {"id": 3, "type": "message", "date": "2023-12-31T18:04:00", "from": "Ada", "from_id": "user1",
   "text": "in the pot ."},
  {"id": 4, "type": "message", "date": "2023-12-31T18:04:10", "from": "Ada", "from_id": "user1",
   "photo": "a.jpg", "text": ""},
  {"id": 5, "type": "message", "date": "2023-12-31T18:04:20", "from": "Ada", "from_id": "user1",
   "photo": "b.jpg", "text": "this one"},
  {"id": 6, "type": "message", "date": "2023-12-31T18:05:00", "from": "Bo", "from_id": "user7",
   "forwarded_from": "Cy", "text": "tea is good for you"},
  {"id": 7, "type": "message", "date": "2023-12-31T18:06:00", "from": null, "from_id": "user9",
   "text": "bye"},
  {"id": 8, "type": "message", "date": "2023-12-31T18:06:30", "from": "Bo", "from_id": 7, "text": []}
 ]
}"#;

fn all(text: &str) -> Vec<Result<Entry>> {
    read(text.as_bytes(), "exports/result.json").collect()
}

fn error(text: &str) -> String {
    let error = all(text).into_iter().find_map(Result::err).unwrap();
    std::error::Error::source(&error).map_or_else(|| error.to_string(), |s| format!("{error}: {s}"))
}

#[test]
fn a_chat() {
    let entries: Vec<_> = all(CHAT).into_iter().map(Result::unwrap).collect();
    let Entry::Message(tea) = &entries[1] else { panic!("{:?}", entries[1]) };
    assert_eq!((&*tea.chat, &*tea.from, tea.text.as_str()), ("Bo", "Bo", "is there tea ?"));
    assert_eq!(tea.time.to_string(), "2023-12-31T18:03:00");
    let kinds: Vec<_> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Message(message) => Ok(&*message.from),
            Entry::NoText(why) => Err(*why),
        })
        .collect();
    use NoText::{Empty, Forwarded, Media, Service};
    let expected = [
        Err(Service),
        Ok("Bo"),
        Ok("Ada"),
        Err(Media),
        Ok("Ada"),
        Err(Forwarded),
        Ok("user9"),
        Err(Empty),
    ];
    assert_eq!(kinds, expected);
    for me in ["Ada", "user1"] {
        let entries = entries.iter().cloned().map(Ok);
        let (chats, account) =
            sessions(entries, &SessionParams { min_messages: 3, ..SessionParams::of(me) }).unwrap();
        assert_eq!(chats[0].session.messages.len(), 3);
        assert_eq!((account.entries, account.kept), (8, 4));
    }
}

#[test]
fn a_whole_account() {
    let nobody = CHAT.replace("\"name\": \"Bo\"", "\"name\": null");
    let text = format!(
        r#"{{"about": "x", "personal_information": {{"user_id": 1}},
        "chats": {{"about": "x", "list": [{CHAT}, {CHAT}, {nobody}]}}, "left_chats": {{"list": []}}}}"#
    );
    let mut chats: Vec<_> = all(&text)
        .into_iter()
        .filter_map(|entry| match entry.unwrap() {
            Entry::Message(message) => Some(message.chat.to_string()),
            Entry::NoText(_) => None,
        })
        .collect();
    chats.dedup();
    assert_eq!(chats, ["Bo", "Bo-7", "7"]);
}

#[test]
fn what_is_wrong_is_named() {
    for (from, to, expected) in [
        (
            "\"type\": \"service\"",
            "\"type\": 1",
            "4: field `messages[0].type`: expected a string, found a number",
        ),
        (
            "1704045780",
            "soon",
            "5: field `messages[1].date_unixtime`: expected seconds since 1970, found `soon`",
        ),
        (
            "\"2023-12-31T18:04:00\"",
            "\"31.12.2023\"",
            "7: field `messages[2].date`: expected a time such as `2023-12-31T18:03:00`, found `31.12.2023`",
        ),
        (
            "\"date\": \"2023-12-31T18:04:00\",",
            "",
            "7: field `messages[2].date`: expected a string, found nothing",
        ),
        (
            "\"in the pot .\"",
            "7",
            "7: field `messages[2].text`: expected a string or an array, found a number",
        ),
        (
            "\"text\": \"tea\"",
            "\"txet\": \"tea\"",
            "5: field `messages[1].text[1].text`: expected a string, found nothing",
        ),
        (
            "\"is there \"",
            "7",
            "5: field `messages[1].text[0]`: expected a string or an object, found a number",
        ),
        (
            "\"from_id\": \"user9\"",
            "\"from_id\": null",
            "15: field `messages[6].from`: expected a name, found nothing",
        ),
        (
            "\"from\": \"Ada\"",
            "\"from\": {}",
            "7: field `messages[2].from`: expected a name, found an object",
        ),
        (
            "\"from_id\": \"user1\"",
            "\"from_id\": true",
            "7: field `messages[2].from_id`: expected a string, found a truth value",
        ),
        ("\"messages\"", "\"massages\"", "19: expected JSON of Telegram: missing field `messages`"),
    ] {
        let text = CHAT.replacen(from, to, 1);
        assert_ne!(text, CHAT, "{from}");
        let found = error(&text);
        assert!(
            found.starts_with(&format!("exports/result.json:{expected}")),
            "{found}\n{expected}"
        );
    }
    for text in
        ["", "[]", "7", "{\"messages\": 7}", "{\"messages\": [{\"a\"", "\u{feff}", "{\"chats\": 1}"]
    {
        assert!(error(text).contains("expected JSON of Telegram: "), "{text}");
    }
    assert!(
        error("{\"messages\": [7]}").ends_with("`messages[0]`: expected an object, found a number")
    );
}

/// What stands before the damage is kept, and the damage counted.
#[test]
fn a_file_that_was_cut_off() {
    let whole = all(CHAT).len();
    for end in 0..CHAT.len() {
        let mut entries = read(&CHAT.as_bytes()[..end], "f").lenient();
        let kept = entries.by_ref().map(Result::unwrap).count();
        assert!(kept <= whole);
        assert_eq!(entries.tally().skipped, 1, "{end}");
    }
    let more = format!("{CHAT}\n{CHAT}");
    assert!(
        error(&more).starts_with("exports/result.json:20: expected JSON of Telegram: trailing")
    );
}

#[test]
fn marks_and_ends_of_lines_do_not_matter() {
    let other = format!("\u{feff}{}", CHAT.replace('\n', "\r\n"));
    let of = |text: &str| -> Vec<_> { all(text).into_iter().map(Result::unwrap).collect() };
    assert_eq!(of(CHAT), of(&other));
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("broken"))
    }
}

#[test]
fn a_broken_disk_is_told() {
    for before in ["", "{\"messages\": [\n"] {
        let reader = BufReader::new(before.as_bytes().chain(Broken));
        let error = read(reader, "f").last().unwrap().unwrap_err();
        assert!(matches!(error, Error::Read { .. }) && error.is_fatal(), "{error}");
    }
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic(
        at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = CHAT.as_bytes().to_vec();
        let i = at.index(bytes.len());
        bytes[i] = byte;
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = read(&bytes[..], "f").count();
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes[..], "f").count();
        let inside = [b"{\"messages\": [".to_vec(), bytes].concat();
        let _ = read(&inside[..], "f").count();
    }
}

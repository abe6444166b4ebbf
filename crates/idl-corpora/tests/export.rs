//! From messages to sessions, and the plain JSONL of messages.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use idl_corpora::export::{
    Account, Entry, Merge, Message, NoText, SessionParams, Time, messages, sessions, telegram,
    whatsapp,
};
use idl_corpora::{Error, Records, chat};
use idl_dialogue::Role;
use proptest::prelude::*;

const NOON: &str = "2023-12-31T12:00:00";

fn message(chat: &str, minutes: i64, from: &str, text: &str) -> Message {
    let seconds = Time::parse(NOON).unwrap().seconds() + 60 * minutes;
    Message {
        chat: chat.into(),
        time: Time::from_seconds(seconds).unwrap(),
        from: from.into(),
        from_id: None,
        text: text.to_owned(),
    }
}

fn cut(messages: &[Message], params: &SessionParams) -> (Vec<chat::Chat>, Account) {
    sessions(messages.iter().cloned().map(|m| Ok(Entry::Message(m))), params).unwrap()
}

fn ada(min_messages: usize) -> SessionParams {
    SessionParams { min_messages, ..SessionParams::of("Ada") }
}

fn shown(chat: &chat::Chat) -> Vec<String> {
    chat.session.messages.iter().map(|m| format!("{}: {}", m.role, m.content)).collect()
}

#[test]
fn pauses_and_chats_part_sessions() {
    let said = [
        message("a", 0, "Bo", "tea ?"),
        message("a", 359, "Ada", "yes ."),
        message("a", 719, "Ada", "still there ?"),
        message("a", 700, "Bo", "yes ."),
        message("b", 701, "Cy", "hi"),
        message("b", 702, "Ada", "hi"),
        message("b", 0, "Ada", "joined from another file"),
    ];
    let (chats, account) = cut(&said, &ada(1));
    let ids: Vec<_> = chats.iter().map(|c| c.session.id.as_str()).collect();
    let expected = [
        "a@2023-12-31T12:00:00",
        "a@2023-12-31T23:59:00",
        "b@2023-12-31T23:41:00",
        "b@2023-12-31T12:00:00",
    ];
    assert_eq!(ids, expected);
    assert_eq!((account.entries, account.kept, account.sessions), (7, 7, 4));
    assert_eq!(chats[0].person.as_deref(), Some("Ada"));
    let (one, _) = cut(&said[..4], &SessionParams { gap: 361 * 60, ..ada(1) });
    assert_eq!(one.len(), 1);
}

#[test]
fn neighbours_are_joined_as_asked() {
    let said = [
        message("", 0, "Bo", "tea ?"),
        message("", 1, "Bo", "hot ?"),
        message("", 2, "Cy", "or not ?"),
        message("", 3, "Ada", "yes ."),
        message("", 4, "Ada", "yes ."),
    ];
    let of = |merge, separator: &str| {
        let params = SessionParams { merge, separator: separator.to_owned(), ..ada(1) };
        shown(&cut(&said, &params).0[0])
    };
    assert_eq!(of(Merge::Never, "|").len(), 5);
    let by_sender =
        ["user: tea ? hot ?", "user: or not ?", "assistant: yes . yes ."].map(str::to_owned);
    assert_eq!(of(Merge::Sender, " "), by_sender);
    assert_eq!(of(Merge::Role, "\n"), ["user: tea ?\nhot ?\nor not ?", "assistant: yes .\nyes ."]);
    assert_eq!(cut(&said, &ada(1)).0[0].session.id, NOON);
}

#[test]
fn what_makes_no_session_is_counted() {
    let said = [
        message("a", 0, "Bo", "tea ?"),
        message("a", 1, "Bo", "no ?"),
        message("b", 0, "Ada", "hi"),
        message("b", 1, "Ada", "hi"),
        message("c", 0, "Ada", "hi"),
        message("c", 1, "Bo", "hi"),
    ];
    let others = [NoText::Media, NoText::Service, NoText::Forwarded, NoText::Empty];
    let entries = said.into_iter().map(Entry::Message).chain(others.map(Entry::NoText));
    let (chats, account) = sessions(entries.map(Ok), &ada(2)).unwrap();
    assert_eq!(chats.len(), 1);
    let expected = Account {
        entries: 10,
        kept: 2,
        media: 1,
        service: 1,
        forwarded: 1,
        empty: 1,
        in_short_sessions: 2,
        without_person: 2,
        sessions: 1,
    };
    assert_eq!(account, expected);
}

#[test]
fn ids_do_not_clash() {
    let said =
        [message("a", 0, "Ada", "hi"), message("b", 0, "Ada", "hi"), message("a", 0, "Ada", "hi")];
    let (chats, _) = cut(&said, &ada(1));
    let ids: Vec<_> = chats.iter().map(|c| &c.session.id[c.session.id.len() - 4..]).collect();
    assert_eq!(ids, ["0:00", "0:00", "00#2"]);
}

#[test]
fn the_person_is_one_sender() {
    let said =
        [message("a", 0, "Bo", "tea ?"), message("a", 1, "Cy", "no"), message("a", 2, "Bo", "!")];
    let entries = || said.iter().cloned().map(|m| Ok(Entry::Message(m)));
    let error = sessions(entries(), &ada(1)).unwrap_err();
    assert_eq!(error.to_string(), "no message is from `Ada`; messages are from `Bo` (2), `Cy` (1)");
    let error = sessions([], &ada(1)).unwrap_err();
    assert_eq!(error.to_string(), "no message is from `Ada`; messages are from nobody");

    let with_id = |id: &str| {
        let message = Message { from_id: Some(id.into()), ..message("a", 0, "Ada", "hi") };
        Ok(Entry::Message(message))
    };
    let error = sessions(["u1", "u2"].map(with_id), &ada(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`person`: expected the name or id of one sender, found `Ada`, whose ids are u1, u2"
    );
    let params = SessionParams { min_messages: 1, ..SessionParams::of("u2") };
    let (chats, _) = sessions(["u1", "u2"].map(with_id), &params).unwrap();
    assert_eq!(shown(&chats[0]), ["user: hi", "assistant: hi"]);
}

#[test]
fn wrong_messages_are_named() {
    let good = format!(r#"{{"time": "{NOON}", "from": "Bo", "text": "tea ?"}}"#);
    for (from, to, expected) in [
        (
            NOON,
            "noon",
            "`time`: expected a time such as `2023-12-31T18:03:00`, or seconds since 1970, found `noon`",
        ),
        (
            "\"2023-12-31T12:00:00\"",
            "1e300",
            "`time`: expected a time such as `2023-12-31T18:03:00`, or seconds since 1970, found 1e+300",
        ),
        (
            "\"time\"",
            "\"tame\"",
            "`time`: expected a time such as `2023-12-31T18:03:00`, or seconds since 1970, found nothing",
        ),
        ("\"Bo\"", "null", "`from`: expected a string, found nothing"),
        ("\"tea ?\"", "[]", "`text`: expected a string, found an array"),
    ] {
        let text = format!("{good}\n{}", good.replacen(from, to, 1));
        let error = messages::read(text.as_bytes(), "m.jsonl").last().unwrap().unwrap_err();
        assert_eq!(error.to_string(), format!("m.jsonl:2: field {expected}"));
    }
    let text = format!("{good}\n{{\n{}\r\n", good.replace("tea ?", " "));
    let mut entries = messages::read(text.as_bytes(), "f").lenient();
    let entry = |entries: &mut dyn Iterator<Item = _>| -> Entry {
        let next: Option<Result<_, Error>> = entries.next();
        next.unwrap().unwrap()
    };
    assert!(matches!(entry(&mut entries), Entry::Message(m) if m.text == "tea ?"));
    assert_eq!(entry(&mut entries), Entry::NoText(NoText::Empty));
    assert!(entries.next().is_none());
    assert_eq!(entries.tally().skipped, 1);
    let blank = Message { text: String::from("\n"), ..message("", 0, "Bo", "") };
    assert!(matches!(messages::write(Vec::new(), &blank), Err(Error::Unwritable { .. })));
}

#[test]
fn twenty_megabytes_on_one_line() {
    let long = "tea ".repeat(5 << 20);
    let text = |entry: Option<Result<Entry, Error>>| match entry {
        Some(Ok(Entry::Message(message))) => message.text.len(),
        other => panic!("{:?}", other.map(|entry| entry.is_ok())),
    };
    let line = format!("{{\"time\": 0, \"from\": \"Bo\", \"text\": \"{long}\"}}");
    assert_eq!(text(messages::read(line.as_bytes(), "f").next()), long.len());
    let mut limited = messages::read(line.as_bytes(), "f").line_limit(1000);
    assert!(matches!(limited.next(), Some(Err(Error::LongLine { .. }))));
    let line = format!("31.12.23, 18:03 - Bo: {long}x\n");
    assert_eq!(text(whatsapp::read(line.as_bytes(), "f", None).next()), long.len() + 1);
    let line = format!(
        "{{\"messages\": [{{\"type\": \"message\", \"date\": \"{NOON}\", \"from\": \"Bo\", \
         \"text\": \"{long}\"}}]}}"
    );
    assert_eq!(text(telegram::read(line.as_bytes(), "f").next()), long.len());
}

fn any_message() -> impl Strategy<Value = Message> {
    let name = prop::sample::select(vec!["Ada", "Bo", "Cy", "Ди"]);
    let id = prop::option::of("u[1-3]");
    let text = "\\PC{0,20}".prop_map(|text| format!("{text}."));
    ("[ab]{0,1}", 0_i64..3_000, name, id, text).prop_map(|(chat, minutes, from, id, text)| {
        Message { from_id: id.map(Arc::from), ..message(&chat, minutes, from, &text) }
    })
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let others = vec![NoText::Media, NoText::Service, NoText::Forwarded, NoText::Empty];
    prop_oneof![
        4 => any_message().prop_map(Entry::Message),
        1 => prop::sample::select(others).prop_map(Entry::NoText),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(said in prop::collection::vec(any_message(), 0..20)) {
        let mut file = Vec::new();
        for message in &said {
            messages::write(&mut file, message).unwrap();
        }
        let back: Result<Vec<_>, _> = messages::read(&file[..], "f").collect();
        let said: Vec<_> = said.into_iter().map(Entry::Message).collect();
        prop_assert_eq!(back.unwrap(), said);
    }

    /// Messages in are messages out and counted skips; no word is lost.
    #[test]
    fn nothing_is_lost(
        mut entries in prop::collection::vec(any_entry(), 0..60),
        hours in 0_u64..12,
        min_messages in 0_usize..6,
        merge in prop::sample::select(vec![Merge::Never, Merge::Sender, Merge::Role]),
    ) {
        entries.push(Entry::Message(Message { from_id: None, ..message("z", 0, "Dee", "hi") }));
        let params = SessionParams {
            gap: hours * 3600,
            min_messages,
            merge,
            separator: String::from("\u{1}"),
            ..SessionParams::of("Dee")
        };
        let count = entries.len();
        let (chats, account) = sessions(entries.into_iter().map(Ok), &params).unwrap();
        let Account { kept, media, service, forwarded, empty, .. } = account;
        let left = account.in_short_sessions + account.without_person;
        prop_assert_eq!(account.entries, count);
        prop_assert_eq!(kept + media + service + forwarded + empty + left, count);
        prop_assert_eq!(account.sessions, chats.len());
        let mut pieces = 0;
        for chat in &chats {
            let said = &chat.session.messages;
            prop_assert!(said.len() >= min_messages);
            prop_assert!(said.iter().any(|m| m.role == Role::Assistant));
            pieces += said.iter().map(|m| m.content.split('\u{1}').count()).sum::<usize>();
        }
        prop_assert_eq!(pieces, kept);
        let ids: std::collections::HashSet<_> = chats.iter().map(|c| &c.session.id).collect();
        prop_assert_eq!(ids.len(), chats.len());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = messages::read(&bytes[..], "f").count();
    }
}

use proptest::prelude::*;

use super::*;
use crate::lenient::Records;

const CHAT: &str = "\
31/12/2023, 18:02 - Messages and calls are end-to-end encrypted.
31/12/2023, 18:03 - Bo: is there tea ?
31/12/2023, 18:04 - Ada: yes ,

in the pot : hot
31/12/2023, 18:05 - Bo: <Media omitted>
01/01/2024, 09:30 - Bo: happy new year !
";

fn all(text: &str) -> Vec<Result<Entry>> {
    read(text.as_bytes(), "chats/With Bo.txt", None).collect()
}

fn messages(text: &str) -> Vec<Message> {
    let entries = all(text).into_iter().map(Result::unwrap);
    let message = |entry| match entry {
        Entry::Message(message) => Some(message),
        Entry::NoText(_) => None,
    };
    entries.filter_map(message).collect()
}

fn error(text: &str) -> String {
    all(text).into_iter().find_map(Result::err).unwrap().to_string()
}

#[test]
fn a_chat() {
    let entries: Vec<_> = all(CHAT).into_iter().map(Result::unwrap).collect();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[0], Entry::NoText(NoText::Service));
    assert_eq!(entries[3], Entry::NoText(NoText::Media));
    let messages = messages(CHAT);
    assert_eq!((&*messages[0].chat, &*messages[0].from), ("With Bo", "Bo"));
    assert_eq!(messages[1].text, "yes ,\n\nin the pot : hot");
    assert_eq!(messages[2].time.to_string(), "2024-01-01T09:30:00");
    let other = format!("\u{feff}{}", CHAT.replace('\n', "\r\n"));
    assert_eq!(self::messages(&other), messages);
}

/// The same chat as an iPhone writes it, set to American English.
#[test]
fn a_chat_of_another_telephone() {
    let text = "\
[12/31/23, 6:02:00\u{202f}PM] Bo: \u{200e}Messages and calls are end-to-end encrypted.
[12/31/23, 6:03:00\u{202f}PM] Bo: is there tea ?
[12/31/23, 6:04:00\u{202f}PM] Ada: yes ,

in the pot : hot
\u{200e}[12/31/23, 6:05:00\u{202f}PM] Bo: \u{200e}image omitted
[1/1/24, 9:30:00\u{202f}AM] Bo: happy new year !
";
    assert_eq!(messages(text), messages(CHAT));
}

fn chat(dates: &[&str]) -> String {
    dates.iter().map(|date| format!("{date}, 18:03 - Bo: hi\n")).collect()
}

fn days(text: &str) -> Vec<String> {
    messages(text).iter().map(|m| m.time.to_string()[..10].to_owned()).collect()
}

#[test]
fn the_whole_file_tells_the_order_of_day_and_month() {
    // The last date of three tells.
    assert_eq!(days(&chat(&["3/4/23", "3/4/23", "13/4/23"]))[0], "2023-04-03");
    assert_eq!(days(&chat(&["3/4/23", "3/4/23", "4/13/23"]))[0], "2023-03-04");
    // So does the calendar.
    assert_eq!(days(&chat(&["3/4/23", "4/4/23", "2/5/23"]))[0], "2023-04-03");
    assert_eq!(days(&chat(&["4/3/23", "4/4/23", "5/2/23"]))[0], "2023-04-03");
    assert_eq!(days(&chat(&["3/4/23", "2/5/23"]))[0], "2023-04-03");
    // Dots and years in front need no telling, nor does a date with one reading.
    assert_eq!(days(&chat(&["3.4.23"])), ["2023-04-03"]);
    assert_eq!(days(&chat(&["2023-04-03"])), ["2023-04-03"]);
    assert_eq!(days(&chat(&["4/4/23"])), ["2023-04-04"]);

    let text = chat(&["4/4/23", "3/4/23", "3/4/23"]);
    let ambiguous = all(&chat(&["3/4/23", "4/5/23"])).pop().unwrap().unwrap_err();
    assert!(ambiguous.is_fatal());
    assert_eq!(
        ambiguous.to_string(),
        "chats/With Bo.txt: all dates, such as `3/4/23`, can be read as day/month and as \
         month/day: the order must be given"
    );
    let given = |order| read(text.as_bytes(), "f", Some(order)).nth(1).unwrap().unwrap();
    let Entry::Message(march) = given(DateOrder::MonthDay) else { panic!() };
    assert_eq!(march.time.to_string(), "2023-03-04T18:03:00");
    let Entry::Message(april) = given(DateOrder::DayMonth) else { panic!() };
    assert_eq!(april.time.to_string(), "2023-04-03T18:03:00");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
        (
            String::from("hi\n"),
            "1: field `date`: expected a message that begins like `31/12/23, 18:03 - ` or `[31/12/23, 18:03:11] `, found `hi`",
        ),
        (
            chat(&["13/4/23", "4/13/23"]),
            "2: field `date`: expected a day and a month, as in the rest of the file, found `4/13/23`",
        ),
        (
            chat(&["4/13/23", "13/4/23"]),
            "2: field `date`: expected a month and a day, as in the rest of the file, found `13/4/23`",
        ),
        (
            chat(&["2023-13-13"]),
            "1: field `date`: expected a year, a month and a day, found `2023-13-13`",
        ),
        (
            chat(&["31.02.2023"]),
            "1: field `date`: expected a day and a month, as in the rest of the file, found `31.02.2023`",
        ),
    ] {
        assert_eq!(error(&text), format!("chats/With Bo.txt:{expected}"));
    }
    let bytes = [CHAT.as_bytes(), b"\xff\n"].concat();
    let error = read(&bytes[..], "f", None).last().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "f:8: expected UTF-8");
    assert!(all("").is_empty());
}

#[test]
fn what_is_skipped_is_counted() {
    let text = format!("a\nb\n{}", chat(&["13/4/23", "4/13/23", "14/4/23"]));
    let mut entries = read(text.as_bytes(), "f", None).lenient();
    assert_eq!(entries.by_ref().map(Result::unwrap).count(), 2);
    assert_eq!((entries.tally().read, entries.tally().skipped), (5, 3));
}

#[test]
fn lines_of_another_form_are_text() {
    let text = format!("{}[1/2/23, 18:03:11] Cy: quoted\n", chat(&["13/4/23"]));
    assert_eq!(messages(&text)[0].text, "hi\n[1/2/23, 18:03:11] Cy: quoted");
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
        let _ = read(&bytes[..], "f", None).count();
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        text in "\\PC{0,60}|[0-9/.:,apmAPM \u{202f}\\[\\]-]{0,60}",
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        for order in [None, Some(DateOrder::MonthDay)] {
            let _ = read(text.as_bytes(), "f", order).count();
            let _ = read(&bytes[..], "f", order).count();
        }
    }
}

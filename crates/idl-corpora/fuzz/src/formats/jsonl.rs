//! JSONL: a line, a record.

use idl_corpora::export::{self, Entry};
use idl_corpora::{Result, Tally, chat, convai2, dpoc, personaext};
use idl_dialogue::{Role, Session, Utterance};
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;

use super::super::text::{sentence, sentences};
use super::format::{FILE, Format, lines_with_text, outcomes, records, write_all};

pub const CHAT: Format = Format {
    name: "chat",
    exact: true,
    pieces: |n, rng| (0..n).map(|i| chat_record(i, rng)).collect(),
    check: chat_check,
    reader: |input| outcomes(chat::read(input, FILE)),
};

pub const CONVAI2: Format = Format {
    name: "convai2",
    exact: true,
    pieces: |n, rng| (0..n).map(|i| convai2_record(i, rng)).collect(),
    check: convai2_check,
    reader: |input| outcomes(convai2::read(input, FILE)),
};

pub const DPOC: Format = Format {
    name: "dpoc",
    exact: true,
    pieces: |n, rng| (0..n).map(|_| dpoc_record(rng)).collect(),
    check: dpoc_check,
    reader: |input| outcomes(dpoc::read(input, FILE)),
};

pub const MESSAGES: Format = Format {
    name: "messages",
    exact: true,
    pieces: |n, rng| (0..n).map(|i| message_record(i, rng)).collect(),
    check: message_check,
    reader: |input| outcomes(export::messages::read(input, FILE)),
};

pub const PERSONAEXT: Format = Format {
    name: "personaext",
    exact: true,
    pieces: |n, rng| (0..n).map(|_| statement_record(rng)).collect(),
    check: statement_check,
    reader: |input| outcomes(personaext::read(input, FILE)),
};

fn line(value: &serde_json::Value) -> Vec<u8> {
    format!("{value}\n").into_bytes()
}

fn chat_record(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut messages = vec![Utterance::assistant(sentence(rng))];
    for said in sentences(4, rng) {
        let role = [Role::System, Role::User, Role::Assistant][rng.gen_range(0..3)];
        messages.push(Utterance::new(role, said));
    }
    let time = rng.gen_bool(0.5).then(|| rng.gen_range(-1_000_000..1_000_000_000));
    let session = Session { id: format!("s{n}"), messages, time, profile: sentences(2, rng) };
    let person = rng.gen_bool(0.5).then(|| format!("p{}", n % 3));
    write_all(&[chat::Chat { person, session }], |file, chat| chat::write(file, chat))
}

fn chat_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || chat::read(bytes, FILE).line_limit(limit));
    assert_eq!(tally.read, lines_with_text(bytes));
    let file = write_all(&good, |file, chat| chat::write(file, chat));
    assert_eq!(chat::read(&file[..], FILE).collect::<Result<Vec<_>>>().expect("written"), good);

    // Sessions of silent persons are read only where that is asked for.
    let silent = chat::read(bytes, FILE).line_limit(limit).allow_silent();
    let all = silent.filter_map(Result::ok).count();
    assert!(all >= good.len());
    let speaks = |chat: &chat::Chat| chat.session.said_by(Role::Assistant).next().is_some();
    assert!(good.iter().all(speaks));
    let named = chat::read(bytes, FILE).line_limit(limit).named().filter_map(Result::ok);
    assert_eq!(named.count(), good.iter().filter(|chat| chat.person.is_some()).count());
    tally
}

fn convai2_record(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut utterances = vec![sentence(rng), sentence(rng)];
    utterances.extend(sentences(4, rng));
    line(&json!({
        "id": format!("train-{n}"),
        "split": "train",
        "index": n,
        "persona_a": sentences(3, rng),
        "persona_b": sentences(3, rng),
        "utterances": utterances,
        "complete": rng.gen_bool(0.9),
    }))
}

fn convai2_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || convai2::read(bytes, FILE).line_limit(limit));
    assert_eq!(tally.read, lines_with_text(bytes));
    for dialogue in &good {
        for session in dialogue.views() {
            assert_eq!(session.messages.len(), dialogue.utterances.len());
            assert!(session.said_by(Role::Assistant).next().is_some());
        }
    }
    tally
}

fn dpoc_record(rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let history = sentences(5, rng).into_iter().zip(roles);
    let history = history.map(|(said, role)| Utterance::new(role, said)).collect();
    let wrong_info = sentence(rng);
    let example = dpoc::Example {
        profile: sentences(2, rng).into_iter().filter(|sentence| !sentence.is_empty()).collect(),
        history,
        pos: sentence(rng),
        negs: sentences(3, rng),
        fictitous_info: sentence(rng),
        identity_confusion: sentence(rng),
        criterion: Some(wrong_info.clone()).filter(|text| !text.is_empty()),
        wrong_info,
    };
    write_all(&[example], |file, example| dpoc::write(file, example))
}

fn dpoc_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || dpoc::read(bytes, FILE).line_limit(limit));
    assert_eq!(tally.read, lines_with_text(bytes));
    let file = write_all(&good, |file, example| dpoc::write(file, example));
    assert_eq!(dpoc::read(&file[..], FILE).collect::<Result<Vec<_>>>().expect("written"), good);
    tally
}

fn message_record(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    line(&json!({
        "time": format!("2023-12-{:02}T18:03:00", 1 + n % 31),
        "from": (["Ada", "Bo"][rng.gen_range(0..2)]),
        "chat": "tea",
        "text": sentence(rng),
    }))
}

fn message_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || export::messages::read(bytes, FILE).line_limit(limit));
    assert_eq!(tally.read, lines_with_text(bytes));
    let messages: Vec<_> = good
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::NoText(_) => None,
        })
        .collect();
    let file = write_all(&messages, |file, message| export::messages::write(file, message));
    let back = export::messages::read(&file[..], FILE).collect::<Result<Vec<_>>>();
    let messages: Vec<_> = messages.into_iter().map(Entry::Message).collect();
    assert_eq!(back.expect("written"), messages);
    tally
}

fn statement_record(rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let object = ["owls", "two owls", "caf\u{e9}"][rng.gen_range(0..3)];
    line(&json!({
        "sentence": format!("i have {object} . {}", sentence(rng)),
        "subject": "i",
        "relation": "have_pet",
        "object": object,
    }))
}

fn statement_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || personaext::read(bytes, FILE).line_limit(limit));
    assert_eq!(tally.read, lines_with_text(bytes));
    for statement in &good {
        let [subject, relation, object] = statement.triple.clone().into();
        let parts = [&statement.sentence, &subject, &relation, &object];
        assert!(parts.iter().all(|text| !text.trim().is_empty()), "{statement:?}");
    }
    tally
}

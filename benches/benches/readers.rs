//! The readers, in bytes of the file a second. The files are made in memory of
//! what the invented people say, again and again, until they have 8 MB.

#![allow(clippy::expect_used, reason = "what is invented here is known to be good")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use idl_corpora::parlai::{self, Episode};
use idl_corpora::{Result, chat, convai2, cornell, dpoc, embedded, export, light};
use idl_dialogue::{Role, Session};
use serde_json::json;

/// How many bytes a file has at least.
const BYTES: usize = 8_000_000;

/// A file of records, each made of a session; `n` counts the sessions.
fn file(mut record: impl FnMut(usize, &Session, &mut Vec<u8>) -> Result<()>) -> Result<Vec<u8>> {
    let people = embedded()?;
    let mut file = Vec::with_capacity(BYTES + 10_000);
    let sessions = people.iter().flat_map(|person| &person.person.sessions);
    for (n, session) in sessions.cycle().enumerate() {
        if file.len() >= BYTES {
            break;
        }
        record(n, session, &mut file)?;
    }
    Ok(file)
}

fn chats() -> Result<Vec<u8>> {
    file(|n, session, file| {
        let session = Session { id: format!("s{n}"), ..session.clone() };
        chat::write(file, &chat::Chat { person: Some(format!("p{}", n % 97)), session })
    })
}

fn dialogues() -> Result<Vec<u8>> {
    file(|n, session, file| {
        let utterances: Vec<_> = session.messages.iter().map(|said| &said.content).collect();
        let dialogue = json!({
            "id": format!("train-{n}"),
            "split": "train",
            "index": n,
            "persona_a": ["i row.", "i bake bread.", "i sing in a choir.", "i have two owls."],
            "persona_b": ["i fish.", "my car is red.", "i am a nurse.", "i live by the sea."],
            "utterances": utterances,
            "complete": true,
        });
        file.extend_from_slice(dialogue.to_string().as_bytes());
        file.push(b'\n');
        Ok(())
    })
}

/// With `candidates` candidates for each reply, all of them what it is.
fn episodes(candidates: usize) -> Result<Vec<u8>> {
    file(|_, session, file| {
        // An episode cannot end with the partner.
        let mut session = session.clone();
        while session.messages.last().is_some_and(|said| said.role == Role::User) {
            session.messages.pop();
        }
        session.profile = ["i row.", "i bake bread."].map(String::from).to_vec();
        let mut episode = Episode::from_session(&session)?;
        for turn in &mut episode.turns {
            turn.candidates = vec![turn.reply.clone(); candidates];
        }
        parlai::write(file, &episode)
    })
}

fn examples() -> Result<Vec<u8>> {
    file(|_, session, file| {
        let said: Vec<_> = session.said_by(Role::Assistant).map(str::to_owned).collect();
        let reply = said.last().cloned().unwrap_or_default();
        let example = dpoc::Example {
            profile: vec!["i row.".into(), "i bake bread.".into()],
            history: session.messages.clone(),
            negs: said.into_iter().cycle().take(19).collect(),
            wrong_info: reply.clone(),
            fictitous_info: reply.clone(),
            identity_confusion: reply.clone(),
            criterion: Some(reply.clone()),
            pos: reply,
        };
        dpoc::write(file, &example)
    })
}

/// A script of Cornell's and the list of its conversations.
fn script() -> Result<(Vec<u8>, Vec<u8>)> {
    let (mut conversations, mut next) = (Vec::new(), 0);
    let lines = file(|n, session, file| {
        let first = next;
        for said in &session.messages {
            let who = if said.role == Role::User { "u0" } else { "u1" };
            let text = format!(
                "L{next} +++$+++ {who} +++$+++ m{n} +++$+++ ADA +++$+++ {}\n",
                said.content
            );
            file.extend_from_slice(text.as_bytes());
            next += 1;
        }
        let ids: Vec<_> = (first..next).map(|id| format!("'L{id}'")).collect();
        let list = format!("u0 +++$+++ u1 +++$+++ m{n} +++$+++ [{}]\n", ids.join(", "));
        conversations.extend_from_slice(list.as_bytes());
        Ok(())
    })?;
    Ok((lines, conversations))
}

/// LIGHT's acts: a pair of utterances each, the reply again in the next.
fn acts() -> Result<Vec<u8>> {
    file(|_, session, file| {
        if file.is_empty() {
            file.extend_from_slice(b"acts:\n");
        }
        let said: Vec<_> = session.messages.iter().map(|m| m.content.replace('\'', "''")).collect();
        for i in (0..said.len() - 1).step_by(2) {
            let done = i + 3 >= said.len();
            let before = match i {
                0 => "_task_speech\n\n      _setting_name Kitchen, Inn\n\n      \
                      _partner_name guest\n\n      _self_name the cook\n\n      \
                      _self_persona I cook at the inn."
                    .to_owned(),
                _ => format!("_self_say {}", said[i - 1]),
            };
            let (asked, reply) = (&said[i], &said[i + 1]);
            let act = format!(
                "- - episode_done: {done}\n    labels:\n    - '{reply}'\n    \
                 text: '{before}\n\n      _partner_say {asked}'\n"
            );
            file.extend_from_slice(act.as_bytes());
        }
        Ok(())
    })
}

/// A file of messages, each made of a name and what it says.
fn messages(record: impl Fn(&str, &str) -> String) -> Result<Vec<u8>> {
    file(|_, session, file| {
        for said in &session.messages {
            let name = if said.role == Role::User { "Bo" } else { "Ada" };
            file.extend_from_slice(record(name, &said.content).as_bytes());
        }
        Ok(())
    })
}

fn telegram() -> Result<Vec<u8>> {
    let mut file = br#"{"name": "Bo", "type": "personal_chat", "id": 7, "messages": ["#.to_vec();
    file.extend(messages(|name, text| {
        let message = json!({
            "id": 1, "type": "message", "date": "2023-12-31T18:03:00",
            "date_unixtime": "1704045780", "from": name, "from_id": name, "text": text,
            "text_entities": [{ "type": "plain", "text": text }],
        });
        format!("{message},\n")
    })?);
    // The last comma is one too many.
    file.truncate(file.len() - 2);
    file.extend_from_slice(b"]}\n");
    Ok(file)
}

fn readers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    type Read = fn(&[u8]) -> Result<usize>;
    let (lines, conversations) = script().expect("sessions");
    let script: Result<cornell::Script> = cornell::read_script(&lines[..], "lines").collect();
    let script = script.expect("good lines");
    let message = |name: &str, text: &str| {
        json!({ "time": "2023-12-31T18:03:00", "from": name, "text": text }).to_string() + "\n"
    };
    let formats: [(&str, Vec<u8>, Read); 10] = [
        ("chat", chats().expect("sessions"), |file| count(chat::read(file, "file"))),
        ("convai2", dialogues().expect("sessions"), |file| count(convai2::read(file, "file"))),
        ("parlai", episodes(0).expect("sessions"), |file| count(parlai::read(file, "file"))),
        ("parlai-candidates", episodes(20).expect("sessions"), |file| {
            count(parlai::read(file, "file"))
        }),
        ("dpoc", examples().expect("sessions"), |file| count(dpoc::read(file, "file"))),
        ("cornell-lines", lines.clone(), |file| count(cornell::read_script(file, "file"))),
        ("light", acts().expect("sessions"), |file| count(light::read(file, "file"))),
        ("messages", messages(message).expect("sessions"), |file| {
            count(export::messages::read(file, "file"))
        }),
        ("telegram", telegram().expect("sessions"), |file| {
            count(export::telegram::read(file, "file"))
        }),
        (
            "whatsapp",
            messages(|name, text| format!("31/12/2023, 18:03 - {name}: {text}\n"))
                .expect("sessions"),
            |file| count(export::whatsapp::read(file, "file", None)),
        ),
    ];
    for (name, file, read) in formats {
        assert!(read(&file).expect("good records") > 100, "{name}");
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(name, |b| b.iter(|| read(black_box(&file))));
    }
    group.throughput(Throughput::Bytes(conversations.len() as u64));
    group.bench_function("cornell", |b| {
        b.iter(|| count(cornell::read(black_box(&conversations[..]), "file", &script)));
    });
    group.finish();
}

/// The number of records, each of which is made and dropped.
fn count<T>(records: impl Iterator<Item = Result<T>>) -> Result<usize> {
    records.map(|record| record.map(black_box)).try_fold(0, |n, record| record.map(|_| n + 1))
}

criterion_group!(benches, readers);
criterion_main!(benches);

//! The corpora that are text: ParlAI's, Cornell's, and LIGHT's YAML.

use std::sync::OnceLock;

use idl_corpora::{Error, Result, Tally, convai2, cornell, light, parlai};
use idl_dialogue::Role;
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::text::{sentence, sentences};
use super::format::{FILE, Format, lines_with_text, outcomes, records, write_all};

pub const PARLAI: Format = Format {
    name: "parlai",
    exact: true,
    pieces: |n, rng| (0..n).map(|_| parlai_record(rng)).collect(),
    check: parlai_check,
    reader: |input| outcomes(parlai::read(input, FILE)),
};

pub const CORNELL_LINES: Format = Format {
    name: "cornell-lines",
    exact: false,
    pieces: |n, rng| (0..n).map(|i| script_line(i, &sentence(rng))).collect(),
    check: |bytes, limit| {
        let latin1 = || cornell::read_script(bytes, FILE).encoding(cornell::Encoding::Latin1);
        records(bytes, || latin1().line_limit(limit));
        let (_, tally) = records(bytes, || cornell::read_script(bytes, FILE).line_limit(limit));
        assert_eq!(tally.read, lines_with_text(bytes));
        tally
    },
    reader: |input| outcomes(cornell::read_script(input, FILE)),
};

pub const CORNELL: Format = Format {
    name: "cornell",
    exact: false,
    pieces: |n, rng| (0..n).map(|i| conversation(i, rng)).collect(),
    check: cornell_check,
    reader: |input| outcomes(cornell::read(input, FILE, script())),
};

pub const LIGHT: Format = Format {
    name: "light",
    exact: false,
    pieces: |n, rng| (0..n).map(|i| light_record(i, rng)).collect(),
    check: light_check,
    reader: |input| outcomes(light::read(input, FILE)),
};

fn parlai_record(rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let with_candidates = rng.gen_bool(0.5);
    let turns = (0..rng.gen_range(1..4)).map(|_| {
        let reply = sentence(rng);
        let mut candidates = if with_candidates { sentences(3, rng) } else { Vec::new() };
        if with_candidates {
            candidates.push(reply.clone());
        }
        let silence = rng.gen_bool(0.1);
        let partner = if silence { convai2::SILENCE.to_owned() } else { sentence(rng) };
        parlai::Turn { partner, reply, candidates }
    });
    let turns = turns.collect();
    let mut persona = sentences(3, rng);
    // Two lines or more, so that it can be told which episode a bad line is of.
    persona.push(sentence(rng));
    let partner_persona = sentences(2, rng);
    let episode = parlai::Episode { persona, partner_persona, turns, ..Default::default() };
    write_all(&[episode], |file, episode| parlai::write(file, episode))
}

fn parlai_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || parlai::read(bytes, FILE).line_limit(limit));
    // Nothing is lost: what has a line is an episode or a part of one, and
    // every number 1 that could be read begins one.
    assert_eq!(tally.read > 0, lines_with_text(bytes) > 0);
    let lines = || bytes.split(|&byte| byte == b'\n');
    let first = |line: &&[u8]| line.starts_with(b"1 ") && line.len() <= limit;
    assert!(tally.read >= lines().filter(first).count());
    assert!(good.is_sorted_by(|a, b| a.index < b.index && a.line < b.line));
    assert!(good.last().is_none_or(|last| last.index < tally.read));

    let mut file = Vec::new();
    let mut written = Vec::new();
    for episode in good {
        let session = episode.session("x");
        assert!(session.said_by(Role::Assistant).next().is_some());
        if let Ok(again) = parlai::Episode::from_session(&session) {
            assert_eq!(again.session("x").messages, session.messages);
        }
        let (index, line) = (written.len(), file.iter().filter(|&&b| b == b'\n').count() + 1);
        match parlai::write(&mut file, &episode) {
            Ok(()) => written.push(parlai::Episode { index, line, ..episode }),
            // A carriage return within a line.
            Err(error) => assert!(matches!(error, Error::Unwritable { .. }), "{error}"),
        }
    }
    let back = parlai::read(&file[..], FILE).collect::<Result<Vec<_>>>().expect("written");
    assert_eq!(back, written);
    tally
}

/// Line `i` of a script in which two characters take turns.
fn script_line(i: usize, text: &str) -> Vec<u8> {
    format!("L{i} +++$+++ u{} +++$+++ m0 +++$+++ ADA +++$+++ {text}\n", i % 2).into_bytes()
}

fn script() -> &'static cornell::Script {
    static SCRIPT: OnceLock<cornell::Script> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let lines: Vec<u8> = (0..100).flat_map(|i| script_line(i, "hi !")).collect();
        cornell::read_script(&lines[..], FILE).collect::<Result<_>>().expect("good lines")
    })
}

fn conversation(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let lines = 4 * n..4 * n + rng.gen_range(2..=4);
    let lines: Vec<_> = lines.map(|i| format!("'L{i}'")).collect();
    format!("u0 +++$+++ u1 +++$+++ m0 +++$+++ [{}]\n", lines.join(", ")).into_bytes()
}

fn cornell_check(bytes: &[u8], limit: usize) -> Tally {
    let reader = || cornell::read(bytes, FILE, script()).line_limit(limit);
    let (good, tally) = records(bytes, reader);
    assert_eq!(tally.read, lines_with_text(bytes));
    for (_, session) in good.iter().flat_map(cornell::Dialogue::views) {
        assert!(session.said_by(Role::Assistant).next().is_some());
    }
    tally
}

fn light_record(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let acts = if n == 0 { "acts:\n" } else { "" };
    let [asked, said, thanks, bye] =
        [(); 4].map(|()| format!("x{}", sentence(rng)).replace('\'', "''"));
    format!(
        "{acts}- - episode_done: false
    labels:
    - '{said}'
    text: '_task_speech

      _setting_name Kitchen, Inn

      _partner_name guest

      _self_name the cook

      _self_persona I cook at the inn.

      _partner_say {asked}'
- - episode_done: true
    eval_labels:
    - '{bye}'
    text: '_self_say {said}

      _partner_say {thanks}'
"
    )
    .into_bytes()
}

fn light_check(bytes: &[u8], limit: usize) -> Tally {
    let (good, tally) = records(bytes, || light::read(bytes, FILE).line_limit(limit));
    for (_, session) in good.iter().flat_map(light::Dialogue::views) {
        assert!(!session.messages.is_empty());
    }
    tally
}

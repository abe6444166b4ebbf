//! The damage that has a name, done to a good file of every format.

use std::io::{self, BufRead, BufReader, Read};

use idl_corpora::Tally;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::fuzz::{FORMATS, Format, named};

/// Three good records of each format, and files made of them.
fn for_each(drill: impl Fn(&Format, [Vec<u8>; 3])) {
    for format in FORMATS {
        for seed in 0..5 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            drill(format, (format.pieces)(3, &mut rng).try_into().unwrap());
        }
    }
}

/// The file must give so many good and so many bad records.
#[track_caller]
fn assert_counts(format: &Format, bytes: &[u8], kept: usize, skipped: usize) -> Tally {
    let tally = format.read(bytes);
    let file = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]);
    assert_eq!((tally.kept, tally.skipped), (kept, skipped), "{}: {tally}\n{file}", format.name);
    tally
}

#[test]
fn nothing_is_in_an_empty_file() {
    for format in FORMATS {
        for text in ["", "\n\n \r\n", "\u{feff}", "\u{feff}\n"] {
            // No text at all is no JSON.
            let skipped = usize::from(format.name == "telegram");
            assert_counts(format, text.as_bytes(), 0, skipped);
        }
    }
}

#[test]
fn carriage_returns_and_a_byte_order_mark_change_nothing() {
    for_each(|format, records| {
        let file = String::from_utf8(records.concat()).unwrap();
        assert_counts(format, file.as_bytes(), 3, 0);
        assert_counts(format, file.replace('\n', "\r\n").as_bytes(), 3, 0);
        assert_counts(format, format!("\u{feff}{file}").as_bytes(), 3, 0);
        if format.exact {
            let file = format!("\u{feff}\r\n{}", file.replace('\n', "\n \n"));
            assert_counts(format, file.as_bytes(), 3, 0);
        }
    });
}

#[test]
fn a_file_that_is_cut_off_keeps_what_is_whole() {
    for_each(|format, records| {
        let whole = records[..2].concat();
        let file = records.concat();
        for cut in whole.len() + 1..file.len() {
            let tally = format.read(&file[..cut]);
            if !format.exact {
                assert!(tally.kept >= 1, "{}, {cut}: {tally}", format.name);
                continue;
            }
            assert_eq!(tally.read, 3, "{}, {cut}", format.name);
            // Only a cut between two lines cannot be seen.
            let between = file[cut - 1] == b'\n' || file[cut] == b'\n';
            assert!(tally.kept == 2 || between, "{}, {cut}: {tally}", format.name);
        }
    });
}

#[test]
fn a_stray_byte_spoils_one_record() {
    for_each(|format, records| {
        let file = records.concat();
        for at in records[0].len()..records[0].len() + records[1].len() - 1 {
            let mut file = file.clone();
            file.insert(at, 0xff);
            if format.exact {
                assert_counts(format, &file, 2, 1);
            } else {
                assert!(format.read(&file).kept >= 1, "{}, {at}", format.name);
            }
        }
    });
}

#[test]
fn a_record_that_is_missing_in_the_middle_does_not_harm_its_neighbours() {
    for_each(|format, [first, _, third]| {
        assert_counts(format, &[first, third].concat(), 2, 0);
    });
}

#[test]
fn twenty_megabytes_on_one_line() {
    let long = vec![b'x'; 20 << 20];
    for format in FORMATS {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let pieces: [Vec<u8>; 3] = (format.pieces)(3, &mut rng).try_into().unwrap();
        let [first, mut second, third] = pieces;
        let middle = second.len() / 2;
        second.splice(middle..middle, long.iter().copied());
        let file = [first, second, third].concat();
        let tally = (format.check)(&file, 1 << 20);
        assert!(tally.kept > 0, "{}: {tally}", format.name);
        if format.exact {
            assert_eq!((tally.kept, tally.skipped), (2, 1), "{}: {tally}", format.name);
            let expected = "expected at most 1048576 bytes in the line";
            assert_eq!(tally.reasons.keys().next().unwrap(), expected);
            // With the limit as it is, the line is one like any other.
            assert_eq!(format.read(&file).read, 3, "{}", format.name);
        }
        assert_counts(format, &long, 0, 1);
    }
}

/// Fails for ever at its end.
struct Broken(io::Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("broken")),
            n => Ok(n),
        }
    }
}

#[test]
fn a_disk_that_fails_ends_the_reading_with_one_error() {
    for_each(|format, records| {
        let file = records.concat();
        for cut in 0..file.len() {
            let broken = Broken(io::Cursor::new(file[..cut].to_vec()));
            let input: Box<dyn BufRead> = Box::new(BufReader::with_capacity(16, broken));
            let mut reader = (format.reader)(input);
            let mut good = 0;
            let error = loop {
                match reader.next() {
                    Some(Ok(())) => good += 1,
                    Some(Err(error)) => break error,
                    None => panic!("{}, {cut}: no error", format.name),
                }
            };
            assert!(error.is_fatal() && good <= 3, "{}, {cut}: {error}", format.name);
            assert!(reader.next().is_none());
        }
    });
}

/// Faults that only some formats can have: a good record, what is wrong in the
/// other, and the complaint.
#[test]
fn unknown_roles_missing_persons_and_ids_that_clash() {
    let chat = |id: &str, role: &str| {
        format!(r#"{{"id": "{id}", "messages": [{{"role": "{role}", "content": "hi !"}}]}}"#)
    };
    let dialogue = |id: &str, utterances: &str| {
        format!(
            r#"{{"id": "{id}", "split": "train", "index": 0, "complete": true, "persona_a": [],
             "persona_b": [], "utterances": {utterances}}}"#
        )
        .replace('\n', "")
    };
    let example = |from: &str| {
        format!(
            r#"{{"conversations": {{"profile": "", "history": [{{"from": "{from}", "value": ""}}],
             "pos": "", "negs": [], "wrong_info": "", "fictitous_info": "",
             "identity_confusion": "", "criterion": ""}}}}"#
        )
        .replace('\n', "")
    };
    let episode = |line: &str| format!("1 your persona: i row.\n2 {line}");
    for (name, good, bad, complaint) in [
        (
            "chat",
            chat("a", "assistant"),
            chat("b", "robot"),
            "field `messages[0].role`: expected `system`, `user` or `assistant`, found `robot`",
        ),
        (
            "chat",
            chat("a", "assistant"),
            chat("b", "user"),
            "field `messages`: expected a message of the person (`assistant`), found none",
        ),
        (
            "chat",
            chat("a", "assistant"),
            chat("a", "assistant"),
            "field `id`: expected an id that is not in the lines before, found `a` again",
        ),
        (
            "convai2",
            dialogue("a", r#"["hi", "hello"]"#),
            dialogue("b", r#"["hi"]"#),
            "field `utterances`: expected an utterance or more of each speaker, found 1",
        ),
        (
            "convai2",
            dialogue("a", r#"["hi", "hello"]"#),
            dialogue("a", r#"["hi", "hello"]"#),
            "field `id`: expected an id that is not in the lines before, found `a` again",
        ),
        (
            "dpoc",
            example("bot"),
            example("assistant"),
            "field `conversations.history[0].from`: expected `user` or `bot`, found `assistant`",
        ),
        (
            "parlai",
            episode("hi\thello"),
            episode("robot's persona: i beep."),
            "field `turns[0].reply`: expected a reply behind the partner's text and a tab, \
             found `robot's persona: i beep.`",
        ),
        (
            "parlai",
            episode("hi\thello"),
            episode("your persona: i sing."),
            "field `turns`: expected a turn or more, found none",
        ),
    ] {
        let tally = assert_counts(named(name), format!("{good}\n{bad}\n").as_bytes(), 1, 1);
        assert!(tally.first[0].ends_with(complaint), "{}", tally.first[0]);
    }
}

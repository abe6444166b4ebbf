//! Killed in the middle, twenty times.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use idl_store::{OnConflict, SessionStore, SqliteStore};

use crate::common::{Draw, all, files_with, marker, record};

const FOLDER: &str = "IDL_STORE_KILL_FOLDER";
const FROM: &str = "IDL_STORE_KILL_FROM";

/// The work: step `n` adds session `n`, each third removes an earlier one, too.
#[derive(Clone, Copy)]
enum Step {
    Add(usize),
    Remove(usize),
}

fn step(n: usize) -> Step {
    let removed = n / 3;
    // Each session of an even number is removed once, later.
    if n % 3 == 2 && removed.is_multiple_of(2) { Step::Remove(removed) } else { Step::Add(n) }
}

/// Not a test: the process that is killed. It says each step once it is done.
#[test]
fn child() {
    let (Ok(folder), Ok(from)) = (std::env::var(FOLDER), std::env::var(FROM)) else { return };
    let mut store = SqliteStore::open(Path::new(&folder)).unwrap();
    let mut out = std::io::stdout();
    for n in from.parse().unwrap().. {
        match step(n) {
            Step::Add(i) => drop(store.add("ada", &[record(i)], OnConflict::Refuse).unwrap()),
            Step::Remove(i) => drop(store.remove("ada", &[&record(i).id]).unwrap()),
        }
        // Not println, which the harness would capture.
        writeln!(out, "\ndone {n}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let mut draw = Draw(21);
    let mut from = 0;
    for _ in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--nocapture", "--test-threads", "1"])
            .env(FOLDER, dir.path())
            .env(FROM, from.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut done = |line: std::io::Result<String>| {
            if let Some(n) = line.unwrap().strip_prefix("done ") {
                assert_eq!(n.parse::<usize>().unwrap(), from);
                from += 1;
            }
        };
        // After some steps, whatever a step takes here; after none it may be
        // opening the store, and making up for a purge.
        let steps = draw.below(10);
        for _ in 0..steps {
            for line in lines.by_ref() {
                let is_step = line.as_ref().is_ok_and(|line| line.starts_with("done "));
                done(line);
                if is_step {
                    break;
                }
            }
        }
        std::thread::sleep(Duration::from_micros(draw.next() % 30_000));
        child.kill().unwrap();
        lines.for_each(&mut done);
        child.wait().unwrap();
        verify(dir.path(), from);
    }
    let removals = (0..from).filter(|&n| matches!(step(n), Step::Remove(_))).count();
    assert!(from > 60 && removals > 10, "{from} {removals}");
}

/// All of the steps before `next` have happened; `next` has, or has not.
fn verify(dir: &Path, next: usize) {
    let store = SqliteStore::open(dir).unwrap();
    store.check().unwrap();
    let records = all(&store, "ada").unwrap();
    let is: BTreeSet<_> = records.iter().map(|r| r.id.clone()).collect();
    let states = [next, next + 1].map(|end| {
        let mut there = BTreeSet::new();
        for n in 0..end {
            match step(n) {
                Step::Add(i) => there.insert(i),
                Step::Remove(i) => there.remove(&i),
            };
        }
        there
    });
    let found =
        states.iter().find(|s| s.iter().map(|&i| record(i).id).collect::<BTreeSet<_>>() == is);
    let found = found.unwrap_or_else(|| panic!("step {next}: {is:?}"));
    assert!(found.iter().zip(&records).all(|(&i, r)| record(i) == *r));
    for gone in (0..next).filter(|i| !found.contains(i)) {
        assert_eq!(files_with(dir, marker(gone).as_bytes()), Vec::<String>::new());
    }
}

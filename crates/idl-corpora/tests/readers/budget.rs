//! Damaged files and noise, with a fixed budget: `IDL_FUZZ_INPUTS` inputs for
//! each reader, from the number `IDL_FUZZ_FROM` on. The same checks run under `cargo fuzz`, see `fuzz/`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::fuzz::{FORMATS, Format, mutate, named};

/// How many inputs each reader gets unless `IDL_FUZZ_INPUTS` says otherwise.
const INPUTS: u64 = 10_000;

/// The input of a number: mostly a good file that is damaged, else noise.
fn input(format: &Format, number: u64) -> Vec<u8> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(number);
    if rng.gen_bool(0.1) {
        return mutate::noise(&mut rng);
    }
    let records = rng.gen_range(1..=4);
    let mut file = format.file(records, &mut rng);
    mutate::mutate(&mut file, &mut rng);
    file
}

fn fuzz(name: &str) {
    let format = named(name);
    let number = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let inputs = number("IDL_FUZZ_INPUTS", INPUTS);
    let first = number("IDL_FUZZ_FROM", 0);
    let (start, mut kept, mut skipped) = (Instant::now(), 0, 0);
    for number in first..first + inputs {
        let bytes = input(format, number);
        // Some lines are too long.
        let limit = if number % 16 == 0 { 200 } else { usize::MAX };
        match catch_unwind(AssertUnwindSafe(|| (format.check)(&bytes, limit))) {
            Ok(tally) => {
                kept += tally.kept;
                skipped += tally.skipped;
            }
            Err(_) => panic!("{name}, input {number}: {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
    // Else the budget was spent on one side only.
    assert!(kept > 0 && skipped > 0, "{name}: {kept} records kept, {skipped} skipped");
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {inputs} inputs, {kept} records kept, {skipped} skipped, {seconds:.1} s");
}

#[test]
fn chat() {
    fuzz("chat");
}

#[test]
fn convai2() {
    fuzz("convai2");
}

#[test]
fn dpoc() {
    fuzz("dpoc");
}

#[test]
fn messages() {
    fuzz("messages");
}

#[test]
fn personaext() {
    fuzz("personaext");
}

#[test]
fn parlai() {
    fuzz("parlai");
}

#[test]
fn cornell_lines() {
    fuzz("cornell-lines");
}

#[test]
fn cornell() {
    fuzz("cornell");
}

#[test]
fn light() {
    fuzz("light");
}

#[test]
fn telegram() {
    fuzz("telegram");
}

#[test]
fn whatsapp() {
    fuzz("whatsapp");
}

#[test]
fn good_files_are_read_whole() {
    for format in FORMATS {
        for seed in 0..100 {
            let tally = format.read(&format.file(5, &mut Xoshiro256PlusPlus::seed_from_u64(seed)));
            assert_eq!((tally.kept, tally.skipped), (5, 0), "{}: {tally}", format.name);
        }
    }
}

/// Nobody adds a format and forgets its test here and its target there.
#[test]
fn every_format_has_a_test_and_a_target() {
    let (tests, manifest) = (include_str!("budget.rs"), include_str!("../../fuzz/Cargo.toml"));
    for Format { name, .. } in FORMATS {
        assert!(tests.contains(&format!("fuzz(\"{name}\");")), "{name}");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

//! What must never happen: a wrong vector, a lost file, a text encoded twice.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::error::Error;

const DIM: usize = 5;

/// Vectors that follow from the text alone, in two flavours.
#[derive(Default)]
struct Fake {
    flavour: u8,
    calls: Cell<usize>,
    texts: Cell<usize>,
}

fn expected(text: &str, flavour: u8) -> Vec<f32> {
    let mut bytes = Vec::new();
    record::write(&mut bytes, Key::of(&format!("{flavour}{text}")), &[]);
    let vector: Vec<f32> = bytes.iter().take(DIM).map(|&b| f32::from(b) + 0.5).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}

impl SentenceEncoder for Fake {
    fn dim(&self) -> usize {
        DIM
    }
    fn name(&self) -> &str {
        "fake/0"
    }
    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        self.calls.set(self.calls.get() + 1);
        self.texts.set(self.texts.get() + texts.len());
        let flat = texts.iter().flat_map(|text| expected(text, self.flavour)).collect();
        Ok(Array2::from_shape_vec((texts.len(), DIM), flat)?)
    }
}

fn open(dir: &Path) -> CachedEncoder<Fake> {
    CachedEncoder::open(Fake::default(), dir).unwrap()
}

/// The one file of a cache folder.
fn file(dir: &Path) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap();
    let path = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "more than one file");
    path
}

fn check(cache: &CachedEncoder<Fake>, texts: &[&str]) {
    let rows = cache.embed(texts, |_, _| ()).unwrap();
    assert_eq!(rows.nrows(), texts.len());
    for (text, row) in texts.iter().zip(rows.rows()) {
        assert_eq!(row.to_vec(), expected(text, cache.encoder.flavour), "{text:?}");
    }
}

#[test]
fn a_second_run_asks_the_encoder_for_nothing_but_the_probes() {
    let dir = tempfile::tempdir().unwrap();
    let texts = ["a", "b", "a", "", "c"];
    let first = open(dir.path());
    check(&first, &texts);
    assert_eq!((first.hits(), first.misses()), (1, 4));
    check(&first, &["c", "d"]);
    assert_eq!((first.hits(), first.misses()), (2, 5));

    let second = open(dir.path());
    check(&second, &texts);
    assert_eq!((second.hits(), second.misses()), (5, 0));
    assert_eq!((second.encoder.calls.get(), second.encoder.texts.get()), (1, 3));
    assert_eq!((second.name(), second.dim()), ("fake/0", DIM));
    assert!(file(dir.path()).file_name().unwrap().to_str().unwrap().starts_with("fake_0-"));
}

#[test]
fn chunks_are_kept_one_by_one_and_heard_of() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path()).with_chunk(2);
    check(&cache, &["a"]);
    let (mut heard, mut sizes) = (Vec::new(), Vec::new());
    let texts = ["a", "b", "c", "d", "e", "f", "b"];
    let hear = |done, of| {
        heard.push((done, of));
        sizes.push(fs::metadata(file(dir.path())).unwrap().len());
    };
    cache.embed(&texts, hear).unwrap();
    assert_eq!(heard, [(2, 7), (4, 7), (6, 7), (7, 7)]);
    let record = record::len(DIM) as u64;
    let written: Vec<u64> = sizes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(written, [2 * record, 2 * record, record]);
}

#[test]
fn other_weights_and_other_keys_have_other_files() {
    let dir = tempfile::tempdir().unwrap();
    check(&open(dir.path()), &["a"]);
    let other = Fake { flavour: 1, ..Fake::default() };
    let other = CachedEncoder::open(other, dir.path()).unwrap();
    check(&other, &["a"]);
    assert_eq!(other.misses(), 1);
    let keyed = CachedEncoder::open_keyed(Fake::default(), dir.path(), "v2").unwrap();
    check(&keyed, &["a"]);
    assert_eq!(keyed.misses(), 1);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    let again = open(dir.path());
    check(&again, &["a"]);
    assert_eq!(again.hits(), 1);
}

#[test]
fn a_file_cut_anywhere_loses_no_more_than_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let texts = ["a", "b", "c"];
    check(&open(dir.path()), &texts);
    let path = file(dir.path());
    let whole = fs::read(&path).unwrap();
    let record = record::len(DIM);
    let head = whole.len() - 3 * record;
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let cache = open(dir.path());
        check(&cache, &texts);
        let left = cut.saturating_sub(head) / record;
        assert_eq!(cache.hits(), left as u64, "cut at {cut}");
        drop(cache);
        // And the file is whole again.
        assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn a_damaged_record_is_encoded_anew_before_and_after_it_is_indexed() {
    let dir = tempfile::tempdir().unwrap();
    let texts = ["a", "b", "c"];
    check(&open(dir.path()), &texts);
    let path = file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1 - record::len(DIM);
    bytes[last] ^= 1;
    let early = open(dir.path());
    fs::write(&path, &bytes).unwrap();
    check(&early, &texts);
    assert_eq!((early.hits(), early.misses()), (2, 1));
    let late = open(dir.path());
    check(&late, &texts);
    assert_eq!((late.hits(), late.misses()), (3, 0), "the new record is behind the damaged one");
    // The file is taken away under an open cache.
    fs::write(&path, b"").unwrap();
    check(&late, &texts);
    check(&late, &["d"]);
    check(&open(dir.path()), &["a", "d"]);
}

#[test]
fn what_is_no_cache_is_left_alone_and_what_fails_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = dir.path().join("fake_0-0123.vectors");
    fs::write(&foreign, b"idl-vectors 1\n\xff\xff\xff\xffhello").unwrap();
    check(&open(dir.path()), &["a"]);
    assert_eq!(fs::read(&foreign).unwrap(), b"idl-vectors 1\n\xff\xff\xff\xffhello");
    let error = CachedEncoder::open(Fake::default(), &foreign).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");

    struct Bad(bool);
    impl SentenceEncoder for Bad {
        fn dim(&self) -> usize {
            3
        }
        fn name(&self) -> &str {
            "bad"
        }
        fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
            if self.0 { Err("out of ink".into()) } else { Ok(Array2::zeros((texts.len(), 2))) }
        }
    }
    let error = CachedEncoder::in_memory(Bad(true)).embed(&["a"], |_, _| ()).unwrap_err();
    assert!(matches!(&error, Error::Encoder { name, .. } if name == "bad"), "{error}");
    let error = CachedEncoder::in_memory(Bad(false)).embed(&["a"], |_, _| ()).unwrap_err();
    assert!(error.to_string().contains("(1, 2)"), "{error}");
}

#[test]
fn several_writers_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..300).map(|i| format!("text {i}")).collect();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (texts, dir) = (&texts, dir.path());
            scope.spawn(move || {
                let cache = open(dir).with_chunk(7);
                let mine: Vec<&str> =
                    texts.iter().skip(writer * 50).take(150).map(String::as_str).collect();
                check(&cache, &mine);
            });
        }
    });
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let cache = open(dir.path());
    check(&cache, &all);
    assert_eq!(cache.misses(), 0);
    let size = fs::metadata(file(dir.path())).unwrap().len();
    let head = cache.store().head_len();
    assert_eq!((size - head) % record::len(DIM) as u64, 0);
}

impl Store {
    fn head_len(&self) -> u64 {
        match self {
            Store::File(file) => file.head_len(),
            Store::Memory(_) => 0,
        }
    }

    fn known(&self) -> usize {
        match self {
            Store::File(file) => file.known(),
            Store::Memory(recent) => recent.len(),
        }
    }
}

/// Set in processes that this test starts to be killed: their cache folder.
const VICTIM: &str = "IDL_ENCODER_CACHE_VICTIM";

#[test]
fn processes_that_are_killed_while_they_write_leave_no_wrong_vector() {
    let texts: Vec<String> = (0..5_000).map(|i| format!("text {i}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    if let Some(dir) = std::env::var_os(VICTIM) {
        let cache = open(Path::new(&dir)).with_chunk(50);
        cache.embed(&texts, |_, _| ()).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let name = "cache::tests::processes_that_are_killed_while_they_write_leave_no_wrong_vector";
    let victim = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(VICTIM, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    open(dir.path());
    let path = file(dir.path());
    let mut known = 0;
    for round in 0..4 {
        let before = fs::metadata(&path).unwrap().len();
        let mut victims = [victim(), victim()];
        // Killed at work, not while they start; a little later each time.
        let at_work = before + 2 * 50 * record::len(DIM) as u64;
        while fs::metadata(&path).unwrap().len() < at_work
            && victims.iter_mut().any(|victim| victim.try_wait().unwrap().is_none())
        {
            std::thread::sleep(Duration::from_micros(200 + 170 * round));
        }
        for victim in &mut victims {
            // One that has come to its end is no less dead.
            let _ = victim.kill();
            victim.wait().unwrap();
        }
        let cache = open(dir.path());
        let kept = cache.store().known();
        assert!(kept > known || kept == texts.len(), "{kept} after {known}");
        known = kept;
        let mut store = cache.store();
        for text in &texts {
            if let Some(vector) = store.get(&Key::of(text)).unwrap() {
                assert_eq!(vector, expected(text, 0), "{text:?}");
            }
        }
    }
    check(&open(dir.path()), &texts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Calls in any order, by any of two caches over one folder that are opened
    /// again at times, the file cut or a bit of it flipped in between.
    #[test]
    fn every_answer_is_the_encoders(
        calls in prop::collection::vec((prop::collection::vec(0..30u8, 0..12), 0..2usize, 0..4u8, any::<u16>()), 1..12),
        chunk in 1..6usize,
        memory in 0..2000usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut caches = [open(dir.path()).with_chunk(chunk), open(dir.path()).with_chunk(chunk)];
        let bounded = CachedEncoder::with_memory(Fake::default(), memory).with_chunk(chunk);
        for (texts, who, event, at) in calls {
            let texts: Vec<String> = texts.iter().map(|i| format!("text {i}")).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            check(&caches[who], &texts);
            check(&bounded, &texts);
            let path = file(dir.path());
            let mut bytes = fs::read(&path).unwrap();
            let records = bytes.len() - caches[who].store().head_len() as usize;
            // The head is whole: a file whose head is not is somebody else's.
            let at = usize::from(at).checked_rem(records).map(|back| bytes.len() - 1 - back);
            match (event, at) {
                (1, Some(at)) => {
                    bytes[at] ^= 16;
                    fs::write(&path, &bytes).unwrap();
                }
                (2, Some(at)) => fs::write(&path, &bytes[..at]).unwrap(),
                (3, _) => caches[who] = open(dir.path()).with_chunk(chunk),
                _ => {}
            }
        }
    }
}

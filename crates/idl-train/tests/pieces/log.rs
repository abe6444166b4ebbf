//! The training log: order, numbers JSON lacks, kills and resumes.

use std::fs;

use idl_train::Error;
use idl_train::checkpoint::Change;
use idl_train::log::{LogRecord, TrainLog, metric, read_log};

fn record(step: u64) -> LogRecord {
    LogRecord::new(step, step as f64 / 8.0)
        .with(metric::LOSS, 0.1 + 1.0 / step as f64)
        .with(metric::GRAD_NORM, 2.5)
        .with("rewards/margins", -0.25)
}

#[test]
fn records_are_flat_objects_in_order() {
    let text = serde_json::to_string(&record(2)).unwrap();
    let expected = r#"{"step":2,"epoch":0.25,"loss":0.6,"grad_norm":2.5,"rewards/margins":-0.25}"#;
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<LogRecord>(&text).unwrap(), record(2));
    assert_eq!(record(2).with(metric::LOSS, 7.0).get(metric::LOSS), Some(7.0));
    assert_eq!(record(2).get("nothing"), None);
}

#[test]
fn what_a_resume_has_changed_is_a_record_of_its_own() {
    let change = |setting: &str, old: serde_json::Value, new: serde_json::Value| Change {
        setting: setting.to_owned(),
        old,
        new,
    };
    let changed = vec![
        change("epochs", 2.into(), 4.into()),
        change("max_steps", serde_json::Value::Null, 9.into()),
    ];
    let changed = LogRecord { changed, ..LogRecord::new(2, 0.25) };
    let text = serde_json::to_string(&changed).unwrap();
    assert_eq!(text, r#"{"step":2,"epoch":0.25,"changed":{"epochs":[2,4],"max_steps":[null,9]}}"#);
    assert_eq!(serde_json::from_str::<LogRecord>(&text).unwrap(), changed);

    // Gone on with at step 2, killed, and gone on with from there again.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train_log.jsonl");
    let mut log = TrainLog::create(&path).unwrap();
    for record in [record(1), record(2), changed.clone(), record(3)] {
        log.log(&record).unwrap();
    }
    assert_eq!(TrainLog::resume(&path, 3).unwrap().1.len(), 4);
    assert_eq!(TrainLog::resume(&path, 2).unwrap().1, [record(1), record(2)]);
}

#[test]
fn numbers_that_json_lacks_survive() {
    let record = LogRecord::new(1, 0.0)
        .with("a", f64::NAN)
        .with("b", f64::INFINITY)
        .with("c", f64::NEG_INFINITY)
        .with("d", f64::MIN_POSITIVE);
    let text = serde_json::to_string(&record).unwrap();
    let back: LogRecord = serde_json::from_str(&text).unwrap();
    assert!(back.get("a").unwrap().is_nan());
    for name in ["b", "c", "d"] {
        assert_eq!(back.get(name), record.get(name));
    }
    for bad in [r#"{"step":1}"#, r#"{"epoch":1}"#, r#"{"step":1,"epoch":0,"a":"much"}"#, "[]"] {
        assert!(serde_json::from_str::<LogRecord>(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_was_logged_is_in_the_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train_log.jsonl");
    let mut log = TrainLog::create(&path).unwrap();
    for step in 1..=3 {
        log.log(&record(step)).unwrap();
        assert_eq!(read_log(&path).unwrap().len() as u64, step);
    }
    log.sync().unwrap();
    assert_eq!(read_log(&path).unwrap(), [record(1), record(2), record(3)]);
}

#[test]
fn a_resumed_log_equals_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, resumed] = ["whole", "resumed"].map(|name| folder.path().join(name));
    let mut log = TrainLog::create(&whole).unwrap();
    (1..=6).for_each(|step| log.log(&record(step)).unwrap());

    let mut log = TrainLog::create(&resumed).unwrap();
    (1..=5).for_each(|step| log.log(&record(step)).unwrap());
    drop(log);
    // Killed in the middle of a line; the last checkpoint is of step 3.
    let mut bytes = fs::read(&resumed).unwrap();
    bytes.extend(br#"{"step":6,"epoch":0.7"#);
    fs::write(&resumed, bytes).unwrap();
    assert_eq!(read_log(&resumed).unwrap().len(), 5);

    let (mut log, before) = TrainLog::resume(&resumed, 3).unwrap();
    assert_eq!(before, [record(1), record(2), record(3)]);
    (4..=6).for_each(|step| log.log(&record(step)).unwrap());
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&resumed).unwrap());
}

#[test]
fn resuming_where_nothing_is_starts_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train_log.jsonl");
    assert!(matches!(read_log(&path), Err(Error::Io { .. })));
    let (mut log, before) = TrainLog::resume(&path, 3).unwrap();
    assert!(before.is_empty());
    log.log(&record(4)).unwrap();
    assert_eq!(read_log(log.path()).unwrap(), [record(4)]);
}

#[test]
fn a_corrupt_line_in_the_middle_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train_log.jsonl");
    fs::write(&path, "{\"step\":1,\"epoch\":0}\n{\"step\":\n{\"step\":3,\"epoch\":0}\n").unwrap();
    let error = TrainLog::resume(&path, 9).unwrap_err();
    assert!(matches!(error, Error::LogLine { line: 2, .. }), "{error}");
}

//! Schedules against Hugging Face's, and their settings.

use idl_train::Error;
use idl_train::schedule::{ScheduleConfig, SchedulerType};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    r#type: SchedulerType,
    warmup: u64,
    total: u64,
    min_lr_ratio: f64,
    rates: Vec<f64>,
}

#[test]
fn rates_equal_hugging_faces() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../data/schedules.json")).unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let config = ScheduleConfig {
            lr_scheduler_type: case.r#type,
            learning_rate: 2.0,
            warmup_steps: Some(case.warmup),
            warmup_ratio: 0.9, // overruled by the steps
            min_lr_ratio: case.min_lr_ratio,
            total_steps: None,
        };
        let schedule = config.over(case.total).unwrap();
        assert_eq!(schedule.warmup_steps(), case.warmup);
        for (step, expected) in (0..case.total).zip(case.rates) {
            let rate = schedule.learning_rate(step) / 2.0;
            assert!((rate - expected).abs() < 1e-12, "{config:?}, step {step}: {rate}, {expected}");
        }
    }
}

#[test]
fn after_the_end_the_rate_stays_at_its_floor() {
    for (lr_scheduler_type, floor) in
        [(SchedulerType::Constant, 1.0), (SchedulerType::Linear, 0.1), (SchedulerType::Cosine, 0.1)]
    {
        let config = ScheduleConfig {
            lr_scheduler_type,
            learning_rate: 1.0,
            min_lr_ratio: 0.1,
            ..Default::default()
        };
        let schedule = config.over(10).unwrap();
        for step in [10, 11, 15, 1000, u64::MAX] {
            assert!((schedule.learning_rate(step) - floor).abs() < 1e-12);
        }
    }
}

#[test]
fn a_ratio_of_warm_up_is_rounded_up() {
    let config = ScheduleConfig { warmup_ratio: 0.03, ..Default::default() };
    assert_eq!(config.over(50).unwrap().warmup_steps(), 2);
    assert_eq!(ScheduleConfig::default().over(50).unwrap().warmup_steps(), 0);
}

#[test]
fn settings_are_checked_and_unknown_ones_refused() {
    let ok = ScheduleConfig::default();
    for (config, total, name) in [
        (ScheduleConfig { learning_rate: 0.0, ..ok }, 10, "learning_rate"),
        (ScheduleConfig { learning_rate: f64::NAN, ..ok }, 10, "learning_rate"),
        (ScheduleConfig { warmup_ratio: 1.5, ..ok }, 10, "warmup_ratio"),
        (ScheduleConfig { min_lr_ratio: -0.1, ..ok }, 10, "min_lr_ratio"),
        (ok, 0, "max_steps"),
    ] {
        match config.over(total) {
            Err(Error::InvalidSetting { setting, .. }) => assert_eq!(setting, name),
            other => panic!("{other:?}"),
        }
    }
    let config: ScheduleConfig =
        serde_json::from_str(r#"{"lr_scheduler_type": "linear", "learning_rate": 1e-4}"#).unwrap();
    assert_eq!(config.lr_scheduler_type, SchedulerType::Linear);
    assert!(serde_json::from_str::<ScheduleConfig>(r#"{"learning_rat": 1e-4}"#).is_err());
}

#[test]
fn a_length_that_is_named_overrules_that_of_the_run() {
    let config = ScheduleConfig { warmup_ratio: 0.2, min_lr_ratio: 0.1, ..Default::default() };
    let named = ScheduleConfig { total_steps: Some(10), ..config };
    let (expected, found) = (config.over(10).unwrap(), named.over(40).unwrap());
    assert_eq!(found.warmup_steps(), 2);
    for step in 0..40 {
        assert_eq!(found.learning_rate(step), expected.learning_rate(step), "{step}");
    }
    let error = ScheduleConfig { total_steps: Some(0), ..config }.over(10).unwrap_err();
    assert!(error.to_string().contains("schedule.total_steps"), "{error}");
}

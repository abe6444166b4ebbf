//! The serialised form of losses and the ranges of their parameters.

use idl_dpoc_loss::{Error, Loss};

#[test]
fn a_name_alone_gives_the_defaults() {
    for loss in Loss::all() {
        let json = format!(r#"{{"type": "{}"}}"#, loss.name());
        assert_eq!(serde_json::from_str::<Loss>(&json).unwrap(), loss);
        loss.check().unwrap();
    }
}

#[test]
fn serialisation_round_trips_and_unknown_parameters_are_errors() {
    for loss in Loss::all() {
        let json = serde_json::to_string(&loss).unwrap();
        assert_eq!(serde_json::from_str::<Loss>(&json).unwrap(), loss);
        let with_typo = json.replacen('{', r#"{"betta": 0.1, "#, 1);
        let error = serde_json::from_str::<Loss>(&with_typo).unwrap_err().to_string();
        assert!(error.contains("betta"), "{error}");
    }
}

#[test]
fn other_peoples_names_are_read() {
    for (alias, name) in
        [("sigmoid", "dpo"), ("nca_pair", "nca"), ("dpo_nll", "rpo"), ("dpoc", "dpoc_paper")]
    {
        let loss: Loss = serde_json::from_str(&format!(r#"{{"type": "{alias}"}}"#)).unwrap();
        assert_eq!(loss.name(), name);
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let nan = f64::NAN;
    for (loss, parameter) in [
        (Loss::Dpo { beta: 0.0 }, "beta"),
        (Loss::Hinge { beta: -0.1 }, "beta"),
        (Loss::Ipo { beta: nan }, "beta"),
        (Loss::Cdpo { beta: 0.1, label_smoothing: 0.5 }, "label_smoothing"),
        (Loss::Robust { beta: 0.1, label_smoothing: -0.1 }, "label_smoothing"),
        (Loss::DpoShift { beta: 0.1, shift: 0.0 }, "shift"),
        (Loss::DpoShift { beta: 0.1, shift: nan }, "shift"),
        (Loss::Dpop { beta: 0.1, lambda: -1.0 }, "lambda"),
        (Loss::Rpo { beta: 0.1, nll_weight: f64::INFINITY }, "nll_weight"),
        (Loss::Simpo { beta: 2.0, gamma: -1.0 }, "gamma"),
        (Loss::Orpo { lambda: 0.0 }, "lambda"),
        (Loss::DpocPaper { beta: 0.1, penalty: -2.0 }, "penalty"),
        (Loss::DpocReleased { beta: 0.1, penalty: nan }, "penalty"),
    ] {
        match loss.check() {
            Err(Error::InvalidParameter { loss: name, parameter: found, .. }) => {
                assert_eq!((name, found), (loss.name(), parameter));
            }
            other => panic!("{loss:?}: {other:?}"),
        }
    }
}

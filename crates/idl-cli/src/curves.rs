//! A training log as pictures.

use std::path::Path;

use idl::dialogue::BoxError;
use idl::train::log::{LogRecord, metric};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

const SIZE: (u32, u32) = (960, 540);

/// A curve: what it is called, under which name it is logged, its colour.
type Curve = (&'static str, &'static str, RGBColor);

const LOSS: [Curve; 2] =
    [("training", metric::LOSS, RGBColor(31, 119, 180)), ("held out", "eval_loss", RED)];

const REWARDS: [Curve; 4] = [
    ("chosen", metric::REWARDS_CHOSEN, RGBColor(44, 160, 44)),
    ("criterion", metric::REWARDS_CRITERION, RGBColor(255, 127, 14)),
    ("rejected", metric::REWARDS_REJECTED, RGBColor(214, 39, 40)),
    ("chosen - rejected", metric::REWARDS_MARGINS, RGBColor(31, 119, 180)),
];

/// What comes again, by the tokens in between, against its first occurrence.
const COPYING: [Curve; 8] = [
    ("first", "eval_copy/first", BLACK),
    ("again at once", "eval_copy/after_0", RGBColor(31, 119, 180)),
    ("after 100", "eval_copy/after_100", RGBColor(44, 160, 44)),
    ("after 300", "eval_copy/after_300", RGBColor(255, 127, 14)),
    ("after 700", "eval_copy/after_700", RGBColor(214, 39, 40)),
    ("after 1500", "eval_copy/after_1500", RGBColor(148, 103, 189)),
    ("random, first", "eval_copy_random/first", RGBColor(127, 127, 127)),
    ("random, again", "eval_copy_random/again", RGBColor(23, 190, 207)),
];

const SESSIONS: [Curve; 3] = [
    ("own sessions", "eval_nll/own", RGBColor(31, 119, 180)),
    ("another person's", "eval_nll/other", RGBColor(214, 39, 40)),
    ("none", "eval_nll/none", RGBColor(127, 127, 127)),
];

/// Draws `training_loss.png` and, where the log has what they show,
/// `rewards.png`, `copying.png` and `sessions.png`, into `dir`; returns the names of the files.
///
/// # Errors
/// The folder's.
pub(crate) fn draw(records: &[LogRecord], dir: &Path) -> Result<Vec<&'static str>, BoxError> {
    // The letters are in the program: a machine need not have any.
    register_font("sans-serif", FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
        .map_err(|_| "the program's font is damaged")?;
    let mut drawn = Vec::new();
    for (file, title, curves) in [
        ("training_loss.png", "loss", &LOSS[..]),
        ("rewards.png", "rewards", &REWARDS),
        ("copying.png", "NLL of what comes again", &COPYING),
        ("sessions.png", "NLL of replies behind sessions", &SESSIONS),
    ] {
        if chart(records, &dir.join(file), title, curves)? {
            drawn.push(file);
        }
    }
    Ok(drawn)
}

/// One picture; nothing where the log has none of the curves.
fn chart(
    records: &[LogRecord],
    path: &Path,
    title: &str,
    curves: &[Curve],
) -> Result<bool, BoxError> {
    let points = |name: &str| -> Vec<(f64, f64)> {
        let value = |r: &LogRecord| Some((r.step as f64, r.get(name)?));
        records.iter().filter_map(value).filter(|(_, y)| y.is_finite()).collect()
    };
    let series: Vec<(&Curve, Vec<(f64, f64)>)> = curves
        .iter()
        .map(|curve| (curve, points(curve.1)))
        .filter(|(_, points)| !points.is_empty())
        .collect();
    let all = || series.iter().flat_map(|(_, points)| points);
    let (low, high) = all()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &(_, y)| (low.min(y), high.max(y)));
    let last = all().fold(1.0f64, |last, &(x, _)| last.max(x));
    if low > high {
        return Ok(false);
    }
    let margin = (0.05 * (high - low)).max(1e-6);

    let root = BitMapBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 22))
        .margin(14)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, low - margin..high + margin)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE.mix(0.0))
        .x_desc("step")
        .label_style(("sans-serif", 15))
        .draw()?;
    for ((label, _, colour), points) in series {
        let colour = *colour;
        // Every step, pale, and their running mean, strong.
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.mix(0.25)))?;
        chart
            .draw_series(LineSeries::new(smooth(&points), colour.stroke_width(2)))?
            .label(*label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 15))
        .draw()?;
    root.present()?;
    Ok(true)
}

/// An exponential mean over about a twentieth of the curve, without the pull
/// of its first value.
fn smooth(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let keep = 1.0 - (20.0 / points.len() as f64).clamp(0.02, 1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    points
        .iter()
        .map(|&(x, y)| {
            sum = keep * sum + y;
            weight = keep * weight + 1.0;
            (x, sum / weight)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_drawn_of_what_the_log_has() {
        let dir = tempfile::tempdir().unwrap();
        let record = |step: u64| LogRecord::new(step, 0.0).with(metric::LOSS, 1.0 / step as f64);
        let records: Vec<_> = (1..50).map(record).collect();
        assert_eq!(draw(&records, dir.path()).unwrap(), ["training_loss.png"]);
        let bytes = std::fs::read(dir.path().join("training_loss.png")).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
        let rewards: Vec<_> =
            records.into_iter().map(|r| r.with(metric::REWARDS_CHOSEN, 0.5)).collect();
        assert_eq!(draw(&rewards, dir.path()).unwrap(), ["training_loss.png", "rewards.png"]);
        assert!(draw(&[], dir.path()).unwrap().is_empty());
    }

    #[test]
    fn a_smooth_curve_keeps_a_constant() {
        let points: Vec<_> = (0..100).map(|x| (f64::from(x), 3.0)).collect();
        assert!(smooth(&points).iter().all(|(_, y)| (y - 3.0).abs() < 1e-12));
    }
}

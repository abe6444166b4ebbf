//! A matrix of distances, as given and in the order of a shortest path.

use idl::order::{Policy, order};
use idl_dialogue::{BoxError, Session, SessionDistance};
use ndarray::Array2;

use super::svg::{Anchor, Area, PALE, Style, Svg, shade};

const CELL: f64 = 28.0;
const MARGIN: f64 = 24.0;
/// For the names of the rows.
const NAMES: f64 = 76.0;
const TOP: f64 = 100.0;

/// Draws the distances between sessions twice.
pub(crate) fn draw(
    distance: &dyn SessionDistance,
    sessions: &[&Session],
) -> Result<String, BoxError> {
    let matrix = distance.pairwise(sessions)?;
    let given = order(matrix.view(), Policy::Original, None)?;
    let found = order(matrix.view(), Policy::Free, None)?;

    let side = CELL * sessions.len() as f64;
    let width = 2.0 * (MARGIN + NAMES + side) + 2.0 * MARGIN;
    let mut svg = Svg::new(width);
    let scale = Scale::of(&matrix);
    let names: Vec<String> = sessions.iter().map(|s| s.id.replace('-', " ")).collect();
    for (x, title, ordered) in
        [(MARGIN, "As given", &given), (2.0 * MARGIN + NAMES + side + MARGIN, "Ordered", &found)]
    {
        let left = x + NAMES;
        svg.text(left, 40.0, Style::new(16.0).bold(), title);
        let cost = format!("steps between neighbours (framed): {:.2} in all", ordered.cost);
        svg.text(left, 60.0, Style::new(12.5).colour(PALE), &cost);
        heat(&mut svg, left, &matrix, &ordered.order, &scale);
        for (row, &session) in ordered.order.iter().enumerate() {
            let y = TOP + CELL * (row as f64 + 0.5) + 4.5;
            svg.text(left - 8.0, y, Style::new(12.5).anchor(Anchor::End), &names[session]);
            let number = names[session].rsplit(' ').next().unwrap_or_default();
            let x = left + CELL * (row as f64 + 0.5);
            let style = Style::new(12.5).colour(PALE).anchor(Anchor::Middle);
            svg.text(x, TOP - 8.0, style, number);
        }
    }
    let bottom = TOP + side + 28.0;
    legend(&mut svg, MARGIN + NAMES, bottom, side, &scale);
    let title = format!(
        "Distances between {} sessions: neighbours cost {:.2} as given, {:.2} ordered",
        sessions.len(),
        given.cost,
        found.cost
    );
    Ok(svg.finish(bottom + 50.0, &title))
}

/// The least and the greatest distance between two sessions.
struct Scale {
    least: f64,
    greatest: f64,
}

impl Scale {
    fn of(matrix: &Array2<f64>) -> Self {
        let pairs = matrix.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, &d)| d);
        let (least, greatest) =
            pairs.fold((f64::INFINITY, 0.0), |(a, b): (f64, f64), d| (a.min(d), b.max(d)));
        Scale { least, greatest }
    }

    /// Near sessions are deep in colour.
    fn colour(&self, distance: f64) -> String {
        let range = (self.greatest - self.least).max(f64::MIN_POSITIVE);
        shade((self.greatest - distance) / range)
    }
}

fn heat(svg: &mut Svg, left: f64, matrix: &Array2<f64>, order: &[usize], scale: &Scale) {
    let cell = |row: usize, column: usize| Area {
        x: left + CELL * column as f64,
        y: TOP + CELL * row as f64,
        width: CELL,
        height: CELL,
    };
    for (row, &a) in order.iter().enumerate() {
        for (column, &b) in order.iter().enumerate() {
            let colour =
                if a == b { String::from("#e3e7eb") } else { scale.colour(matrix[[a, b]]) };
            let paint = format!(r##"fill="{colour}" stroke="#fbfcfd""##);
            svg.rectangle(cell(row, column), 0.0, &paint);
        }
    }
    for step in 1..order.len() {
        let Area { x, y, width, height } = cell(step - 1, step);
        let inner = Area { x: x + 1.5, y: y + 1.5, width: width - 3.0, height: height - 3.0 };
        svg.rectangle(inner, 2.0, r##"fill="none" stroke="#e0662a" stroke-width="2.5""##);
    }
}

fn legend(svg: &mut Svg, left: f64, y: f64, side: f64, scale: &Scale) {
    const STEPS: usize = 24;
    let width = side / STEPS as f64;
    for k in 0..STEPS {
        let x = left + width * k as f64;
        let paint = format!(r#"fill="{}""#, shade(1.0 - k as f64 / (STEPS - 1) as f64));
        // A little wider, so that no seam shows.
        svg.rectangle(Area { x, y: y - 10.0, width: width + 0.5, height: 12.0 }, 0.0, &paint);
    }
    let style = Style::new(12.5).colour(PALE);
    svg.text(left, y + 20.0, style, &format!("{:.2}, near", scale.least));
    let text = format!("far, {:.2}", scale.greatest);
    svg.text(left + side, y + 20.0, style.anchor(Anchor::End), &text);
    let text = "convED per utterance of both sessions, lambda = 1";
    let right = left + side + 2.0 * MARGIN + NAMES;
    svg.text(right, y, style, text);
}

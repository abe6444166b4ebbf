//! Two sessions side by side, with what each edit costs.

use idl::conved::{ConvEd, Edit, SessionView};
use idl_dialogue::{BoxError, Role, SentenceEncoder, Session, Utterance};

use super::svg::{Anchor, Area, PALE, Style, Svg, shade, wrapped};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
/// Of a box with an utterance.
const COLUMN: f64 = 372.0;
const HEIGHT: f64 = 44.0;
const ROW: f64 = 52.0;
/// Where the first row begins.
const TOP: f64 = 84.0;
/// So many characters fit on a line of a box.
const LINE: usize = 50;

/// Draws the cheapest edits of `a` into `b`.
pub(crate) fn draw(
    conved: &ConvEd,
    encoder: &dyn SentenceEncoder,
    a: &Session,
    b: &Session,
) -> Result<String, BoxError> {
    let embedded = |session: &Session| {
        let texts: Vec<&str> = session.messages.iter().map(|m| m.content.as_str()).collect();
        let roles: Vec<u8> = session.messages.iter().map(|m| m.role as u8).collect();
        encoder.encode(&texts).map(|rows| (roles, rows))
    };
    let ((roles_a, rows_a), (roles_b, rows_b)) = (embedded(a)?, embedded(b)?);
    let views =
        (SessionView::new(&roles_a, rows_a.view())?, SessionView::new(&roles_b, rows_b.view())?);
    let alignment = conved.alignment(&views.0, &views.1)?;

    let mut svg = Svg::new(WIDTH);
    let right = WIDTH - MARGIN - COLUMN;
    let heading = Style::new(16.0).bold();
    for (x, session) in [(MARGIN, a), (right, b)] {
        svg.text(x, 40.0, heading, &session.id.replace('-', ", session "));
        let count = format!("{} utterances", session.messages.len());
        svg.text(x, 60.0, Style::new(12.5).colour(PALE), &count);
    }
    svg.text(WIDTH / 2.0, 40.0, heading.anchor(Anchor::Middle), "cost");
    for (row, edit) in alignment.edits.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let (left, other) = match *edit {
            Edit::Substitute { a, b, .. } => (Some(a), Some(b)),
            Edit::Delete { a, .. } => (Some(a), None),
            Edit::Insert { b, .. } => (None, Some(b)),
        };
        utterance(&mut svg, MARGIN, y, left.and_then(|i| a.messages.get(i)));
        utterance(&mut svg, right, y, other.and_then(|i| b.messages.get(i)));
        link(&mut svg, y + HEIGHT / 2.0, edit);
    }
    let bottom = TOP + ROW * alignment.edits.len() as f64;
    let sum: f64 = alignment.edits.iter().map(Edit::cost).sum();
    let style = Style::new(16.0).bold().anchor(Anchor::Middle);
    svg.text(WIDTH / 2.0, bottom + 22.0, style, &format!("convED = {sum:.2}"));
    let costs = format!(
        "substitution {} · (1 − cosine), insertion {}, deletion {}; embeddings: {}",
        conved.lambda(),
        conved.insertion(),
        conved.deletion(),
        encoder.name()
    );
    let style = Style::new(12.5).colour(PALE).anchor(Anchor::Middle);
    svg.text(WIDTH / 2.0, bottom + 44.0, style, &costs);
    legend(&mut svg, bottom + 22.0);
    let title =
        format!("The alignment of two sessions, {} and {}, at distance {sum:.2}", a.id, b.id);
    Ok(svg.finish(bottom + 64.0, &title))
}

fn colour(role: Role) -> &'static str {
    match role {
        Role::Assistant => "#c2571a",
        Role::User => "#3f6fb5",
        Role::System => PALE,
    }
}

/// An utterance in its box, or an empty one.
fn utterance(svg: &mut Svg, x: f64, y: f64, said: Option<&Utterance>) {
    let area = Area { x, y, width: COLUMN, height: HEIGHT };
    let Some(said) = said else {
        let paint = r##"fill="none" stroke="#c4cdd6" stroke-dasharray="5 4""##;
        svg.rectangle(area, 6.0, paint);
        return;
    };
    svg.rectangle(area, 6.0, r##"fill="#ffffff" stroke="#d5dce3""##);
    let stripe = Area { width: 5.0, ..area };
    svg.rectangle(stripe, 2.5, &format!(r#"fill="{}""#, colour(said.role)));
    let lines = wrapped(&said.content, LINE, 2);
    let first = y + HEIGHT / 2.0 + 4.5 - 8.0 * (lines.len() - 1) as f64;
    for (k, line) in lines.iter().enumerate() {
        svg.text(x + 16.0, first + 16.0 * k as f64, Style::new(13.0), line);
    }
}

/// What stands between two boxes.
fn link(svg: &mut Svg, y: f64, edit: &Edit) {
    let (left, right) = (MARGIN + COLUMN, WIDTH - MARGIN - COLUMN);
    let cost = edit.cost();
    // 1 is what an insertion or a deletion costs.
    let paint = format!(
        r#"stroke="{}" stroke-width="3" stroke-linecap="round""#,
        shade(1.0 - 0.8 * cost.min(1.0))
    );
    let (word, from, to) = match edit {
        Edit::Substitute { .. } => ("", left + 8.0, right - 8.0),
        Edit::Delete { .. } => ("delete ", left + 8.0, WIDTH / 2.0),
        Edit::Insert { .. } => ("insert ", WIDTH / 2.0, right - 8.0),
    };
    svg.stroke((from, y), (to, y), &paint);
    let text = format!("{word}{cost:.2}");
    let width = 14.0 + 7.4 * text.len() as f64;
    let chip = Area { x: WIDTH / 2.0 - width / 2.0, y: y - 12.0, width, height: 24.0 };
    svg.rectangle(chip, 12.0, r##"fill="#fbfcfd" stroke="#d5dce3""##);
    let style = Style::new(13.0).anchor(Anchor::Middle);
    svg.text(WIDTH / 2.0, y + 4.5, style, &text);
}

/// Which colour is whose.
fn legend(svg: &mut Svg, y: f64) {
    let entries =
        [(MARGIN, Role::User, "the other"), (MARGIN + 100.0, Role::Assistant, "the person")];
    for (x, role, name) in entries {
        let area = Area { x, y: y - 11.0, width: 5.0, height: 14.0 };
        svg.rectangle(area, 2.5, &format!(r#"fill="{}""#, colour(role)));
        svg.text(x + 12.0, y, Style::new(12.5).colour(PALE), name);
    }
}

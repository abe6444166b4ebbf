//! As much SVG as the pictures need.

use std::fmt::Write;

/// Where a text's `x` is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) size: f64,
    pub(crate) colour: &'static str,
    pub(crate) bold: bool,
    pub(crate) anchor: Anchor,
}

/// Dark text on the light background that every picture brings along, so that
/// it can be read on pages of any colour.
pub(crate) const INK: &str = "#1c2733";
/// For what is less important.
pub(crate) const PALE: &str = "#5d6b7a";

impl Style {
    pub(crate) fn new(size: f64) -> Self {
        Style { size, colour: INK, bold: false, anchor: Anchor::Start }
    }

    pub(crate) fn colour(self, colour: &'static str) -> Self {
        Style { colour, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Style { bold: true, ..self }
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Style { anchor, ..self }
    }
}

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A picture in the making.
#[derive(Clone, Debug)]
pub(crate) struct Svg {
    body: String,
    width: f64,
}

impl Svg {
    /// A picture of some width; its height is known at the end.
    pub(crate) fn new(width: f64) -> Self {
        Svg { body: String::new(), width }
    }

    /// A rectangle with rounded corners; `paint` is what SVG says of its fill
    /// and stroke.
    pub(crate) fn rectangle(&mut self, area: Area, radius: f64, paint: &str) {
        let Area { x, y, width, height } = area;
        self.line(format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" {paint}/>"#
        ));
    }

    /// A straight line.
    pub(crate) fn stroke(&mut self, from: (f64, f64), to: (f64, f64), paint: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.line(format_args!(r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {paint}/>"#));
    }

    /// A text whose baseline is at `y`.
    pub(crate) fn text(&mut self, x: f64, y: f64, style: Style, text: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let weight = if style.bold { r#" font-weight="600""# } else { "" };
        let (size, colour, text) = (style.size, style.colour, escaped(text));
        self.line(format_args!(
            r#"<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{weight}{anchor}>{text}</text>"#
        ));
    }

    /// The whole file. `title` is what is read to those who do not see it.
    pub(crate) fn finish(self, height: f64, title: &str) -> String {
        let (Svg { body, width }, title) = (self, escaped(title));
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif">
<title>{title}</title>
<rect width="{width}" height="{height}" rx="12" fill="#fbfcfd" stroke="#d5dce3"/>
{body}</svg>
"##
        )
    }

    fn line(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.body, "{element}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Breaks a text between words into lines of at most `width` characters. What
/// does not fit into `lines` lines is cut, with an ellipsis. A mark that stands
/// alone stays with the word before.
pub(crate) fn wrapped(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split_whitespace() {
        let count = out.len();
        let Some(last) = out.last_mut() else { break };
        let mark = word.chars().all(|c| c.is_ascii_punctuation());
        let fits = last.chars().count() + 1 + word.chars().count() <= width;
        if last.is_empty() || mark || fits {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        } else if count < lines {
            out.push(word.to_owned());
        } else {
            last.push_str(" …");
            break;
        }
    }
    out
}

/// A colour between pale (0) and deep (1).
pub(crate) fn shade(depth: f64) -> String {
    const STOPS: [[f64; 3]; 4] =
        [[243.0, 241.0, 221.0], [142.0, 201.0, 185.0], [45.0, 127.0, 152.0], [29.0, 50.0, 99.0]];
    let at = depth.clamp(0.0, 1.0) * 3.0;
    let below = (at as usize).min(2);
    let part = at - below as f64;
    let [r, g, b] = std::array::from_fn(|k| {
        (STOPS[below][k] * (1.0 - part) + STOPS[below + 1][k] * part).round() as u8
    });
    format!("#{r:02x}{g:02x}{b:02x}")
}

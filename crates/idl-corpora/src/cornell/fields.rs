//! The fields of a line, which all files of the corpus part alike.

use crate::error::Result;
use crate::lines::Lines;

/// What stands between two fields.
const SEPARATOR: &str = " +++$+++ ";

/// The fields of a line. An id is not empty; a character's name is in places,
/// and so is what they say.
pub(super) fn fields<'a, R, const N: usize>(
    lines: &Lines<R>,
    text: &'a str,
    names: [&'static str; N],
) -> Result<[&'a str; N]>
where
    R: std::io::BufRead,
{
    const EXPECTED: &str = "a value, with ` +++$+++ ` between the fields";
    let mut fields = [""; N];
    let mut parts = text.splitn(N, SEPARATOR);
    for (i, field) in fields.iter_mut().enumerate() {
        match parts.next() {
            Some(part) if !part.trim().is_empty() || !names[i].contains("ID") => *field = part,
            Some(_) => return Err(lines.wrong(names[i], EXPECTED, "nothing")),
            None => return Err(lines.wrong(names[i], EXPECTED, "the end of the line")),
        }
    }
    Ok(fields)
}

//! What a message begins with: date, time and what parts them from the text.
//!
//! The form depends on the telephone and on its language:
//!
//! ```text
//! [31/12/2023, 18:03:11] Bo: is there tea ?     iPhone
//! 31.12.23, 18:03 - Bo: is there tea ?          Android, German
//! 12/31/23, 6:03 PM - Bo: is there tea ?        Android, American
//! ```

use crate::export::time::Time;

/// In which order day, month and year stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateOrder {
    /// 31/12/2023.
    DayMonth,
    /// 12/31/2023.
    MonthDay,
    /// 2023/12/31.
    YearFirst,
}

/// How messages begin in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    bracket: bool,
    /// What stands between day, month and year.
    pub(super) separator: char,
    pub(super) year_first: bool,
}

/// The beginning of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) style: Style,
    /// The three numbers of the date as they stand there.
    pub(super) date: [u32; 3],
    time: [u32; 3],
    /// The date as text.
    pub(super) shown: &'a str,
    /// What stands behind.
    pub(super) rest: &'a str,
}

/// Marks of direction, which WhatsApp puts in many places.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// White space or a mark; spaces that do not break are among them.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_mark(c)
}

impl<'a> Header<'a> {
    /// `None` if the line does not begin as a message does.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim_start_matches(is_mark);
        let (bracket, text) = match line.strip_prefix('[') {
            Some(inside) => (true, inside.trim_start_matches(is_blank)),
            None => (false, line),
        };
        let (first, digits, rest) = number(text)?;
        let separator = rest.chars().next().filter(|c| matches!(c, '/' | '.' | '-'))?;
        let (second, _, rest) = number(&rest[1..])?;
        let (third, last_digits, rest) = number(rest.strip_prefix(separator)?)?;
        let year_first = digits == 4;
        let (year_digits, other_digits) =
            if year_first { (digits, last_digits) } else { (last_digits, digits) };
        if !matches!(year_digits, 2 | 4) || other_digits > 2 {
            return None;
        }
        let century = if year_digits == 2 { 2000 } else { 0 };
        let date =
            if year_first { [first, second, third] } else { [first, second, third + century] };
        let shown = &text[..text.len() - rest.len()];
        let (time, rest) = time(between(rest)?)?;
        let rest = if bracket {
            rest.trim_start_matches(is_blank).strip_prefix(']')?
        } else {
            let rest = rest.trim_start_matches(is_blank);
            let rest = rest.strip_prefix(['-', '–'])?;
            rest.strip_prefix(is_blank)?
        };
        let style = Style { bracket, separator, year_first };
        // One space belongs to the header; marks are for the text to judge.
        let rest = rest.strip_prefix([' ', '\u{a0}', '\u{202f}']).unwrap_or(rest);
        Some(Header { style, date, time, shown, rest })
    }

    /// The time of the message, if its date can be read in that order.
    pub(super) fn time(&self, order: DateOrder) -> Option<Time> {
        let [a, b, c] = self.date;
        let date = match order {
            DateOrder::DayMonth => [c, b, a],
            DateOrder::MonthDay => [c, a, b],
            DateOrder::YearFirst => [a, b, c],
        };
        Time::from_civil(date, self.time)
    }
}

/// The number at the beginning, how many digits it has (4 at most), and the
/// rest.
fn number(text: &str) -> Option<(u32, usize, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=4).contains(&digits) {
        return None;
    }
    Some((text[..digits].parse().ok()?, digits, &text[digits..]))
}

/// Skips what stands between date and time: a comma, spaces, a word for "at".
fn between(text: &str) -> Option<&str> {
    const AT: [&str; 6] = ["à", "às", "at", "um", "kl.", "alle"];
    let rest = text.strip_prefix(',').unwrap_or(text).trim_start_matches(is_blank);
    if rest.len() == text.len() {
        return None;
    }
    let behind = |word: &&str| rest.strip_prefix(*word).filter(|rest| rest.starts_with(is_blank));
    Some(AT.iter().find_map(behind).unwrap_or(rest).trim_start_matches(is_blank))
}

/// `18:03`, `18:03:11`, `18.03`, `6:03 PM`, `6:03 p. m.`
fn time(text: &str) -> Option<([u32; 3], &str)> {
    let (hour, _, rest) = number(text)?;
    let colon = rest.chars().next().filter(|c| matches!(c, ':' | '.'))?;
    let (minute, digits, mut rest) = number(&rest[1..])?;
    if digits != 2 {
        return None;
    }
    let mut second = 0;
    if let Some((value, 2, behind)) = rest.strip_prefix(colon).and_then(number) {
        (second, rest) = (value, behind);
    }
    let Some((afternoon, rest)) = half_of_day(rest) else {
        return (hour < 24).then_some(([hour, minute, second], rest));
    };
    let hour = match (hour, afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (1..=11, false) => hour,
        (1..=11, true) => hour + 12,
        _ => return None,
    };
    Some(([hour, minute, second], rest))
}

/// Whether it is afternoon, if `AM`, `p. m.` or the like stands there.
fn half_of_day(text: &str) -> Option<(bool, &str)> {
    let mut letters = Vec::new();
    let mut rest = text;
    while letters.len() < 2 {
        let c = rest.chars().next()?;
        if c.is_ascii_alphabetic() {
            letters.push(c.to_ascii_lowercase());
        } else if !is_blank(c) && c != '.' {
            return None;
        }
        rest = &rest[c.len_utf8()..];
    }
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    match letters[..] {
        ['a', 'm'] => Some((false, rest)),
        ['p', 'm'] => Some((true, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, order: DateOrder) -> Option<(String, &str)> {
        let header = Header::parse(line)?;
        Some((header.time(order)?.to_string(), header.rest))
    }

    #[test]
    fn the_forms_that_telephones_write() {
        use DateOrder::{DayMonth, MonthDay, YearFirst};
        let evening = "2023-12-31T18:03:00";
        let exact = "2023-12-31T18:03:11";
        let night = "2023-12-31T00:03:00";
        for (line, order, time) in [
            ("31/12/2023, 18:03 - x", DayMonth, evening),
            ("31/12/2023 18:03 - x", DayMonth, evening),
            ("31.12.23, 18:03 - x", DayMonth, evening),
            ("31-12-2023 18:03 - x", DayMonth, evening),
            ("31/12/2023 à 18:03 - x", DayMonth, evening),
            ("31.12.2023 kl. 18.03 - x", DayMonth, evening),
            ("31/12/23 6:03 p.\u{a0}m. - x", DayMonth, evening),
            ("31/12/2023, 6:03 pm - x", DayMonth, evening),
            ("12/31/23, 6:03\u{202f}PM - x", MonthDay, evening),
            ("12/31/23, 12:03 AM - x", MonthDay, night),
            ("2023-12-31, 18:03 - x", YearFirst, evening),
            ("2023/12/31, 18:03 - x", YearFirst, evening),
            ("[31/12/2023, 18:03:11] x", DayMonth, exact),
            ("\u{200e}[31.12.23, 18:03:11] x", DayMonth, exact),
            ("[12/31/23, 6:03:11\u{202f}PM] x", MonthDay, exact),
            ("[2023-12-31, 6:03:11 PM] x", YearFirst, exact),
        ] {
            assert_eq!(read(line, order), Some((time.to_owned(), "x")), "{line}");
        }
        assert_eq!(read("12/31/23, 12:03 PM - x", MonthDay).unwrap().0, "2023-12-31T12:03:00");
        let kept = Header::parse("[31/12/2023, 18:03:11] \u{200e}x").unwrap();
        assert_eq!(kept.rest, "\u{200e}x");
    }

    #[test]
    fn other_lines_are_text() {
        for line in [
            "",
            "x",
            "31/12/2023",
            "31/12/2023, 18:03",
            "31/12/2023, 18:03: x",
            "31/12/2023, 18:03 -",
            "31/12-2023, 18:03 - x",
            "31/12/202, 18:03 - x",
            "31/12/2023, 25:03 - x",
            "31/12/2023, 13:03 PM - x",
            "31/12/2023, 1:3 - x",
            "31/12/2023,18:03x - x",
            "[31/12/2023, 18:03 - x",
            "31/12/2023 18:03] x",
            "123/12/2023, 18:03 - x",
            "31/12/202318:03 - x",
            "2023/12/1234, 18:03 - x",
            "31/12/2023 or 18:03 - x",
            "31/12/2023, 6:03 XM - x",
        ] {
            assert_eq!(Header::parse(line), None, "{line}");
        }
    }
}

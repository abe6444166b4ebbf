//! Points in time, to the second. No time zones: what counts is how much time
//! lies between two messages of one export, whose clock is always the same.

use std::fmt;

/// Seconds since 1970-01-01T00:00:00, on the clock of the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

impl Time {
    /// `None` before the year 1 and behind the year 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        const FIRST: i64 = -62_135_596_800;
        (FIRST..=LAST).contains(&seconds).then_some(Time(seconds))
    }

    /// The seconds since 1970-01-01T00:00:00.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// `[year, month, day]` and `[hour, minute, second]`; `None` if there is no
    /// such day or time, whatever the numbers are. A leap second is the second
    /// before.
    #[must_use]
    pub fn from_civil(
        [year, month, day]: [u32; 3],
        [hour, minute, second]: [u32; 3],
    ) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days_of_month = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_day = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of_month).contains(&day);
        let is_time = hour < 24 && minute < 60 && second <= 60;
        // Only what is a day and a time is small enough to be multiplied.
        (is_day && is_time).then(|| {
            let seconds = 3600 * hour + 60 * minute + second.min(59);
            Time(days(year, month, day) * 86_400 + i64::from(seconds))
        })
    }

    /// `2023-12-31T18:03`, with seconds, fractions of them (which are dropped)
    /// and `Z` or an offset such as `+01:00` behind it where they are there. A
    /// space may stand for the `T`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| -> Option<u32> {
            let part = text.get(range)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let is = |at: usize, of: &[u8]| bytes.get(at).is_some_and(|byte| of.contains(byte));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"T t") && is(13, b":")) {
            return None;
        }
        let date = [digits(0..4)?, digits(5..7)?, digits(8..10)?];
        let (hour, minute) = (digits(11..13)?, digits(14..16)?);
        let mut at = 16;
        let mut second = 0;
        if is(at, b":") {
            second = digits(at + 1..at + 3)?;
            at += 3;
            if is(at, b".,") {
                let fraction = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
                if fraction == 0 {
                    return None;
                }
                at += 1 + fraction;
            }
        }
        let time = Time::from_civil(date, [hour, minute, second])?;
        let offset = match text.get(at..)? {
            "" | "Z" | "z" => 0,
            zone => {
                let sign = if zone.starts_with('+') { 1 } else { -1 };
                let minutes = if is(at + 3, b":") { at + 4 } else { at + 3 };
                if !is(at, b"+-") || minutes + 2 != bytes.len() {
                    return None;
                }
                let (h, m) = (digits(at + 1..at + 3)?, digits(minutes..minutes + 2)?);
                if h > 23 || m > 59 {
                    return None;
                }
                sign * i64::from(3600 * h + 60 * m)
            }
        };
        Time::from_seconds(time.0 - offset)
    }
}

/// The days from 1970-01-01 to a day.
fn days(year: u32, month: u32, day: u32) -> i64 {
    // A year that begins in March ends with its leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let year_days = 365 * year + year / 4 - year / 100 + year / 400;
    // 153 days in five months from March on: 31, 30, 31, 30, 31.
    let month_days = (153 * month + 2) / 5;
    i64::from(year_days + month_days + day - 1) - 719_468
}

impl fmt::Display for Time {
    /// `2023-12-31T18:03:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        // The inverse of `days`: eras of 400 years, which begin in March.
        let from_march = day + 719_468;
        let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = 400 * era + year + next_year;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_points_in_time() {
        for (text, seconds) in [
            ("1970-01-01T00:00", 0),
            ("2000-02-29 23:59:59", 951_868_799),
            ("2023-12-31T18:03:00.25Z", 1_704_045_780),
            ("2023-12-31T18:03:00+01:00", 1_704_042_180),
            ("2023-12-31T18:03-0130", 1_704_051_180),
            ("0001-01-01T00:00:00", -62_135_596_800),
            ("9999-12-31T23:59:60", LAST),
        ] {
            assert_eq!(Time::parse(text).map(Time::seconds), Some(seconds), "{text}");
        }
        for text in [
            "",
            "2023",
            "2023-12-31",
            "2023-13-01T00:00",
            "2023-02-29T00:00",
            "1900-02-29T00:00",
            "2023-12-31T24:00",
            "2023-12-31T18:60",
            "2023-12-31T18:03:61",
            "2023-12-31T18:03x",
            "2023-12-31T18:03:00.",
            "2023-12-31T18:03+1",
            "2023-12-31T18:03+25:00",
            "2023-12-31T18:3",
            "+023-12-31T18:03",
            "0000-01-01T00:00",
            "2023-12-31T18:03:0é",
            "0001-01-01T00:00+01:00",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_time_are_refused_whatever_they_are() {
        let (date, clock) = ([2023, 12, 31], [18, 3, 0]);
        let known = Time::from_civil(date, clock).map(Time::seconds);
        assert_eq!(known, Some(1_704_045_780));
        // Just outside, where 3600 hours or 60 minutes leave 32 bits, and the end.
        let bad: [[u32; 3]; 2] = [[0, 0, 0], [24, 60, 61]];
        for field in 0..3 {
            for number in [10_000, 71_582_789, 1_193_047, u32::MAX / 2, u32::MAX - 1, u32::MAX] {
                let (mut other_date, mut other_clock) = (date, clock);
                other_date[field] = number;
                other_clock[field] = number;
                assert_eq!(Time::from_civil(other_date, clock), None, "{other_date:?}");
                assert_eq!(Time::from_civil(date, other_clock), None, "{other_clock:?}");
            }
            let (mut other_date, mut other_clock) = (date, clock);
            (other_date[field], other_clock[field]) = (bad[0][field], bad[1][field]);
            assert_eq!(Time::from_civil(other_date, clock), None, "{other_date:?}");
            assert_eq!(Time::from_civil(date, other_clock), None, "{other_clock:?}");
        }
        assert_eq!(Time::from_civil([u32::MAX; 3], [u32::MAX; 3]), None);
    }

    #[test]
    fn seconds_outside_of_the_calendar_are_refused() {
        for seconds in [i64::MIN, -62_135_596_801, LAST + 1, i64::MAX] {
            assert_eq!(Time::from_seconds(seconds), None, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed(seconds in -62_135_596_800..=LAST) {
            let time = Time::from_seconds(seconds).unwrap();
            prop_assert_eq!(Time::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,30}|[0-9T:+Z. -]{0,30}") {
            let _ = Time::parse(&text);
        }
    }
}

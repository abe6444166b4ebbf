//! What `transformers` lets a template call.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::{Error, ErrorKind, Value};

/// How a template refuses messages.
pub(super) fn raise_exception(message: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
}

/// `strftime_now(format)` at `now`, or at the system's time; in UTC.
pub(super) fn strftime(
    now: Option<SystemTime>,
) -> impl Fn(&str) -> Result<String, Error> + Send + Sync + 'static {
    move |format| {
        let now = now.unwrap_or_else(SystemTime::now);
        let seconds = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        };
        format_time(seconds, format)
    }
}

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month (1 to 12) and day of a day since 1970-01-01, in the Gregorian
/// calendar: years are counted from 1 March, so that a leap day comes last.
fn date(days: i64) -> (i64, i64, i64) {
    let since = days + 719_468; // 0000-03-01
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

fn format_time(seconds: i64, format: &str) -> Result<String, Error> {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let (weekday, month_name) =
        (DAYS[(days + 4).rem_euclid(7) as usize], MONTHS[month as usize - 1]);
    let hour12 = (hour + 11) % 12 + 1;
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let mut directive = letters.next();
        // As glibc has it: `%-d` is a day without its zero.
        let bare = directive == Some('-');
        if bare {
            directive = letters.next();
        }
        let width = if bare { 0 } else { 2 };
        // Writing to a string does not fail.
        let _ = match directive {
            Some('d') => write!(text, "{day:0width$}"),
            Some('m') => write!(text, "{month:0width$}"),
            Some('H') => write!(text, "{hour:0width$}"),
            Some('I') => write!(text, "{hour12:0width$}"),
            Some('M') => write!(text, "{minute:0width$}"),
            Some('S') => write!(text, "{second:0width$}"),
            Some('y') => write!(text, "{:0width$}", year.rem_euclid(100)),
            Some('Y') => write!(text, "{year}"),
            Some('B') => write!(text, "{month_name}"),
            Some('b' | 'h') => write!(text, "{}", &month_name[..3]),
            Some('A') => write!(text, "{weekday}"),
            Some('a') => write!(text, "{}", &weekday[..3]),
            Some('p') => write!(text, "{}", if hour < 12 { "AM" } else { "PM" }),
            Some('F') => write!(text, "{year}-{month:02}-{day:02}"),
            Some('T') => write!(text, "{hour:02}:{minute:02}:{second:02}"),
            Some('%') => write!(text, "%"),
            other => {
                let what = other.map_or_else(|| "%".to_owned(), |c| format!("%{c}"));
                return Err(Error::new(
                    ErrorKind::InvalidOperation,
                    format!("strftime_now does not know {what:?} of {format:?}"),
                ));
            }
        };
    }
    Ok(text)
}

/// Takes `{% generation %}` and `{% endgeneration %}` out: they mark replies
/// for training and write nothing. What they do to spaces stays, so they become
/// a condition that always holds.
pub(super) fn without_generation_tags(template: &str) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start + 2);
        text.push_str(before);
        let body = tag.trim_start_matches(['-', '+']);
        let (control, body) = tag.split_at(tag.len() - body.len());
        let word = body.trim_start();
        let ends =
            |after: &str| after.trim_start().trim_start_matches(['-', '+']).starts_with("%}");
        let replaced = [("generation", " if true"), ("endgeneration", " endif")]
            .into_iter()
            .find_map(|(tag, by)| word.strip_prefix(tag).filter(|a| ends(a)).map(|a| (a, by)));
        match replaced {
            Some((after, by)) => {
                text.push_str(control);
                text.push_str(by);
                rest = after;
            }
            None => rest = tag,
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let text = |seconds| format_time(seconds, "%A %d %B %Y, %H:%M:%S %p").unwrap();
        assert_eq!(text(0), "Thursday 01 January 1970, 00:00:00 AM");
        assert_eq!(text(951_827_696), "Tuesday 29 February 2000, 12:34:56 PM");
        assert_eq!(text(1_735_689_599), "Tuesday 31 December 2024, 23:59:59 PM");
        assert_eq!(text(-1), "Wednesday 31 December 1969, 23:59:59 PM");
        assert_eq!(
            format_time(951_827_696, "%b %-d '%y %I%% %F %T").unwrap(),
            "Feb 29 '00 12% 2000-02-29 12:34:56"
        );
        let error = format_time(0, "%Q").unwrap_err();
        assert!(error.to_string().contains("%Q"), "{error}");
        assert!(format_time(0, "100%").is_err());
        // No time is out of range.
        for seconds in [i64::MIN, i64::MAX] {
            let _ = format_time(seconds, "%F");
        }
    }

    #[test]
    fn tags_for_training_write_nothing() {
        let text =
            without_generation_tags("a{% generation %}b{%- endgeneration -%}c{% if generation %}d");
        assert_eq!(text, "a{% if true %}b{%- endif -%}c{% if generation %}d");
        for same in ["", "{%", "{% generations %}", "{{ generation }}", "%} {% endgeneration"] {
            assert_eq!(without_generation_tags(same), same);
        }
    }
}

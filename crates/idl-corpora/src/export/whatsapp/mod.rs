//! WhatsApp's export of a chat: a text file, `WhatsApp Chat with Bo.txt` or
//! `_chat.txt`.
//!
//! ```text
//! 31/12/2023, 18:03 - Bo: is there tea ?
//! 31/12/2023, 18:04 - Ada: yes ,
//! in the pot .
//! ```
//!
//! How dates are written depends on the telephone's language, and the file
//! does not name it. `3/4/2023` may be in March or in April; the file as a
//! whole mostly tells. See [`read`].

mod body;
mod header;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

pub use header::DateOrder;

use super::entry::{Entry, Message, NoText};
use super::names::{Names, stem};
use super::time::Time;
use crate::error::{Error, Result};
use crate::lines::Lines;
use crate::text::brief;
use header::{Header, Style};

/// Reads the messages of an export; `name` stands for the file in messages
/// and, without folder and ending, for the chat.
///
/// A line that does not begin as the first one does, with date and time, goes
/// on with the message before. Lines that name no sender are the program's
/// ([`NoText::Service`]), and so is what it marks as its own; a system message
/// with a colon in it cannot be told from a sender's. Texts for media that were
/// left out are known in the commonest languages; in others they are taken for
/// text.
///
/// `dates` is the order of day and month, if it is known. Otherwise
/// * a year of four digits in front means year, month, day;
/// * dots between the numbers mean that the day comes first;
/// * a number above 12 tells, wherever in the file it stands;
/// * else the order in which the days of the file do not run backwards.
///
/// Memory: the texts and about two hundred bytes for each message.
///
/// # Errors
/// Each item: a line before the first message; bytes that are not UTF-8; a
/// date that does not exist, or not in the order of the file. At the end of all
/// that: [`Error::AmbiguousDates`] if the order cannot be told.
pub fn read<R: BufRead>(
    reader: R,
    name: impl Into<String>,
    dates: Option<DateOrder>,
) -> impl Iterator<Item = Result<Entry>> {
    gather(Lines::new(reader, name), dates).into_iter()
}

/// Reads the messages of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(
    path: impl AsRef<Path>,
    dates: Option<DateOrder>,
) -> Result<impl Iterator<Item = Result<Entry>>> {
    let lines: Lines<BufReader<File>> = Lines::open(path.as_ref())?;
    Ok(gather(lines, dates).into_iter())
}

/// A message whose date has not been understood yet.
struct Raw {
    line: usize,
    style: Style,
    date: [u32; 3],
    shown: Box<str>,
    /// The time in each [`DateOrder`] in which there is such a day.
    times: [Option<Time>; 3],
    from: Option<Arc<str>>,
    text: String,
}

fn gather<R: BufRead>(mut lines: Lines<R>, dates: Option<DateOrder>) -> Vec<Result<Entry>> {
    let mut names = Names::default();
    let mut raws: Vec<Result<Raw>> = Vec::new();
    let mut style = None;
    let mut last_line = 0;
    while let Some(advanced) = lines.advance() {
        let line = lines.line();
        let text = match advanced.and_then(|()| lines.text()) {
            Ok(text) => text,
            Err(error) => {
                raws.push(Err(error));
                continue;
            }
        };
        let header = Header::parse(text).filter(|h| style.is_none_or(|style| style == h.style));
        if let Some(header) = header {
            style = Some(header.style);
            raws.push(Ok(Raw::new(line, &header, &mut names)));
        } else if let Some(Ok(raw)) = raws.last_mut() {
            // Blank lines are the message's, too.
            raw.text.extend(std::iter::repeat_n('\n', line - last_line));
            raw.text.push_str(text);
        } else {
            const EXPECTED: &str =
                "a message that begins like `31/12/23, 18:03 - ` or `[31/12/23, 18:03:11] `";
            raws.push(Err(lines.wrong("date", EXPECTED, brief(text))));
        }
        last_line = line;
    }
    let file = lines.file();
    let order = match dates.map_or_else(|| order_of(file, &raws), Ok) {
        Ok(order) => order,
        Err(error) => {
            // What else is wrong is told first; no message can be kept.
            let errors = raws.into_iter().filter_map(|raw| raw.err().map(Err));
            return errors.chain([Err(error)]).collect();
        }
    };
    let chat: Arc<str> = stem(file).into();
    raws.into_iter().map(|raw| raw?.entry(file, order, &chat)).collect()
}

impl Raw {
    fn new(line: usize, header: &Header<'_>, names: &mut Names) -> Self {
        use DateOrder::{DayMonth, MonthDay, YearFirst};
        let (from, text) = match body::sender(header.rest) {
            Some((from, text)) => (Some(names.get(from)), text),
            None => (None, header.rest),
        };
        Raw {
            line,
            style: header.style,
            date: header.date,
            shown: header.shown.into(),
            times: [DayMonth, MonthDay, YearFirst].map(|order| header.time(order)),
            from,
            text: text.to_owned(),
        }
    }

    fn time(&self, order: DateOrder) -> Option<Time> {
        match order {
            DateOrder::DayMonth => self.times[0],
            DateOrder::MonthDay => self.times[1],
            DateOrder::YearFirst => self.times[2],
        }
    }

    fn entry(self, file: &str, order: DateOrder, chat: &Arc<str>) -> Result<Entry> {
        let Some(time) = self.time(order) else {
            return Err(Error::Field {
                file: file.to_owned(),
                line: self.line,
                field: String::from("date"),
                expected: match order {
                    DateOrder::DayMonth => "a day and a month, as in the rest of the file",
                    DateOrder::MonthDay => "a month and a day, as in the rest of the file",
                    DateOrder::YearFirst => "a year, a month and a day",
                },
                found: format!("`{}`", self.shown),
            });
        };
        let Some(from) = self.from else { return Ok(Entry::NoText(NoText::Service)) };
        Ok(match body::words(&self.text) {
            Ok(text) => {
                let (chat, text) = (Arc::clone(chat), text.to_owned());
                Entry::Message(Message { chat, time, from, from_id: None, text })
            }
            Err(why) => Entry::NoText(why),
        })
    }
}

/// The order of day and month that the file as a whole tells.
fn order_of(file: &str, raws: &[Result<Raw>]) -> Result<DateOrder> {
    use DateOrder::{DayMonth, MonthDay, YearFirst};
    let messages = || raws.iter().filter_map(|raw| raw.as_ref().ok());
    let Some(first) = messages().next() else { return Ok(DayMonth) };
    if first.style.year_first {
        return Ok(YearFirst);
    }
    if first.style.separator == '.' {
        return Ok(DayMonth);
    }
    let only = |raw: &Raw, order| {
        [DayMonth, MonthDay].into_iter().all(|o| raw.time(o).is_some() == (o == order))
    };
    if let Some(order) =
        messages().find_map(|raw| [DayMonth, MonthDay].into_iter().find(|&o| only(raw, o)))
    {
        return Ok(order);
    }
    // Every date may be read in both ways. They are the same if day and month
    // always are; else time must not run backwards.
    let Some(example) = messages().find(|raw| raw.date[0] != raw.date[1]) else {
        return Ok(DayMonth);
    };
    let forwards = |order| {
        // A day of tolerance: clocks are put back, and messages arrive late.
        let mut times = messages().filter_map(|raw| raw.time(order)).map(Time::seconds);
        let mut last = times.next().unwrap_or_default();
        times.all(|time| {
            let ahead = time + 86_400 > last;
            last = last.max(time);
            ahead
        })
    };
    match (forwards(DayMonth), forwards(MonthDay)) {
        (true, false) => Ok(DayMonth),
        (false, true) => Ok(MonthDay),
        _ => {
            Err(Error::AmbiguousDates { file: file.to_owned(), example: example.shown.to_string() })
        }
    }
}

#[cfg(test)]
mod tests;

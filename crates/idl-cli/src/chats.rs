//! From the export of a chat program to sessions, with an account of every
//! message.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use idl_corpora::chat::{self, Chat};
use idl_corpora::export::whatsapp::DateOrder;
use idl_corpora::export::{self, Account, Entry, Merge, SessionParams};
use idl_corpora::{Error, Records, Tally};
use idl_dialogue::{BoxError, Session};

/// The options that say which export, and how it is cut.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArgs {
    /// Whose export it is
    #[arg(long, value_enum)]
    format: Format,

    /// The file, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    input: PathBuf,

    /// Your name as the export has it, or Telegram's id of you (user123)
    #[arg(long, value_name = "NAME")]
    me: String,

    /// A pause of so many hours ends a session
    #[arg(long, default_value_t = 6.0, value_name = "HOURS", value_parser = hours)]
    gap_hours: f64,

    /// Leave out sessions of fewer messages (after merging)
    #[arg(long, default_value_t = 4, value_name = "N")]
    min_messages: usize,

    /// Which messages in a row become one
    #[arg(long, value_enum, default_value_t = MergeBy::Sender)]
    merge: MergeBy,

    /// What joins them; \\n is a line feed
    #[arg(long, default_value = "\\n", value_name = "TEXT")]
    separator: String,

    /// whatsapp: the order of day and month, where the file does not tell
    #[arg(long, value_enum)]
    dates: Option<Dates>,

    /// Skip records that are wrong, and count them, instead of stopping at the
    /// first
    #[arg(long)]
    lenient: bool,
}

/// A format of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Telegram Desktop's result.json
    Telegram,
    /// WhatsApp's text file
    Whatsapp,
    /// JSONL: {"time", "from", "text", "from_id"?, "chat"?} on each line
    Messages,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MergeBy {
    /// None
    Never,
    /// Those of one sender
    Sender,
    /// Those of one role: all others are one user
    Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dates {
    /// 31/12/2023
    Dmy,
    /// 12/31/2023
    Mdy,
    /// 2023/12/31
    Ymd,
}

fn hours(text: &str) -> Result<f64, String> {
    const MOST: f64 = 1e6;
    let hours = text.parse().ok().filter(|hours| (0.0..=MOST).contains(hours));
    hours.ok_or_else(|| String::from("expected a number of hours from 0 to 1000000"))
}

/// The sessions of one person of a file of chat JSONL, and who that is: of `person`,
/// where one is named, and of nobody in particular; or of the only one there is.
///
/// # Errors
/// What is wrong with the file; no session; several persons and none named.
pub(crate) fn of_one_person(
    file: &Path,
    person: Option<&str>,
) -> Result<(Option<String>, Vec<Session>), BoxError> {
    let (mut sessions, mut persons) = (Vec::new(), BTreeSet::new());
    for chat in chat::open(file)? {
        let Chat { person: whose, session } = chat.map_err(|error| hint(error, file))?;
        if person.is_none() || whose.is_none() || whose.as_deref() == person {
            sessions.push(session);
        }
        persons.extend(whose);
    }
    let file = file.display();
    if sessions.is_empty() {
        let whose = person.map_or(String::new(), |id| format!(" of `{id}`"));
        return Err(format!("{file}: no sessions{whose}").into());
    }
    if person.is_none() && persons.len() > 1 {
        let ids = persons.into_iter().take(5).collect::<Vec<_>>().join(", ");
        return Err(format!("{file}: holds several persons ({ids}): choose by --person").into());
    }
    Ok((person.map(str::to_owned).or_else(|| persons.pop_first()), sessions))
}

/// What is no JSONL by its name may be an export.
fn hint(error: Error, file: &Path) -> BoxError {
    match file.extension().is_some_and(|e| e == "txt" || e == "json") {
        true => format!(
            "{error} (an export? `learn` and `add` have --format; `import-chats` makes chat JSONL)"
        )
        .into(),
        false => error.into(),
    }
}

/// What was read.
type Entries = Box<dyn Iterator<Item = Result<Entry, Error>>>;

fn entries(arguments: &ExportArgs) -> Result<Entries, BoxError> {
    let dates = arguments.dates.map(|dates| match dates {
        Dates::Dmy => DateOrder::DayMonth,
        Dates::Mdy => DateOrder::MonthDay,
        Dates::Ymd => DateOrder::YearFirst,
    });
    if dates.is_some() && arguments.format != Format::Whatsapp {
        return Err("`--dates` goes with `--format whatsapp` only".into());
    }
    let (reader, name) = open(&arguments.input)?;
    Ok(match arguments.format {
        Format::Telegram => Box::new(export::telegram::read(reader, name)),
        Format::Whatsapp => Box::new(export::whatsapp::read(reader, name, dates)),
        Format::Messages => Box::new(export::messages::read(reader, name)),
    })
}

fn open(input: &Path) -> Result<(Box<dyn BufRead>, String), Error> {
    if input.as_os_str() == "-" {
        return Ok((Box::new(io::stdin().lock()), String::from("stdin")));
    }
    let file = input.display().to_string();
    match File::open(input) {
        Ok(opened) => Ok((Box::new(BufReader::with_capacity(1 << 16, opened)), file)),
        Err(source) => Err(Error::Open { file, source }),
    }
}

impl ExportArgs {
    /// The export `input` as `import-chats` takes it without further options.
    pub(crate) fn new(format: Format, input: PathBuf, me: String, dates: Option<Dates>) -> Self {
        ExportArgs {
            format,
            input,
            me,
            gap_hours: 6.0,
            min_messages: 4,
            merge: MergeBy::Sender,
            separator: "\\n".to_owned(),
            dates,
            lenient: false,
        }
    }

    /// The sessions, and what became of everything that was read.
    ///
    /// # Errors
    /// What is wrong with the export.
    pub(crate) fn sessions(&self) -> Result<(Vec<Chat>, String), BoxError> {
        let params = SessionParams {
            person: self.me.clone(),
            // Within the range that `hours` allows.
            gap: (self.gap_hours * 3600.0).round() as u64,
            merge: match self.merge {
                MergeBy::Never => Merge::Never,
                MergeBy::Sender => Merge::Sender,
                MergeBy::Role => Merge::Role,
            },
            separator: self.separator.replace("\\n", "\n"),
            min_messages: self.min_messages,
        };
        let mut entries = entries(self)?.skipping(self.lenient);
        let (chats, account) = match export::sessions(entries.by_ref(), &params) {
            Err(error @ Error::AmbiguousDates { .. }) => {
                return Err(format!("{error} (--dates dmy or mdy)").into());
            }
            result => result?,
        };
        let told = told(&account, entries.tally());
        Ok((chats, told))
    }
}

/// What became of everything that was read.
fn told(account: &Account, tally: &Tally) -> String {
    let Account { kept, media, service, forwarded, empty, .. } = account;
    let Account { in_short_sessions, without_person, sessions, .. } = account;
    let mut text = format!(
        "{} entries: {kept} messages in {sessions} sessions; left out: {media} media, {service} \
         service, {forwarded} forwarded, {empty} empty, {in_short_sessions} in short sessions, \
         {without_person} in sessions without you, {} wrong",
        tally.read, tally.skipped,
    );
    for message in &tally.first {
        text.push_str("\nskipped: ");
        text.push_str(message);
    }
    if tally.skipped > tally.first.len() {
        text.push_str("\nskipped: ...");
    }
    text
}

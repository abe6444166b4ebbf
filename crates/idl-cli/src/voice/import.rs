//! Where a voice's sessions come from.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use idl::corpora::chat;
use idl::dialogue::{BoxError, Session};
use idl::draw::key;

use crate::chats::{Dates, ExportArgs, Format};

/// The options that name chats: chat JSONL, or an export.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImportArgs {
    /// The person's sessions as chat JSONL, or an export of chats if --format says so
    #[arg(long, value_name = "FILE")]
    pub chats: Option<PathBuf>,

    /// --chats is an export of this kind
    #[arg(long, value_enum, requires = "me", requires = "chats")]
    pub format: Option<Format>,

    /// The person's name as the export has it
    #[arg(long, value_name = "NAME", requires = "format")]
    pub me: Option<String>,

    /// whatsapp: the order of day and month, where the file does not tell
    #[arg(long, value_enum, requires = "format")]
    pub dates: Option<Dates>,

    /// chat JSONL of several persons: whose sessions
    #[arg(long, value_name = "ID", requires = "chats", conflicts_with = "format")]
    pub person: Option<String>,
}

/// A session without an id is called by what is said in it: the number of its line
/// would be another session's in another file.
fn with_own_id(session: Session) -> Session {
    let numbered = session.id.strip_prefix("line-").is_some_and(|n| n.parse::<usize>().is_ok());
    if !numbered {
        return session;
    }
    let said: Vec<&str> =
        session.messages.iter().flat_map(|m| [m.role.as_str(), m.content.as_str()]).collect();
    Session { id: format!("session-{:016x}", key(0, "session", &said)), ..session }
}

impl ImportArgs {
    /// The sessions, and whose they are; `None` where no file is named.
    ///
    /// # Errors
    /// What is wrong with the file; sessions of several persons.
    pub(crate) fn load(&self) -> Result<Option<(String, Vec<Session>)>, BoxError> {
        let Some(file) = &self.chats else { return Ok(None) };
        if let (Some(format), Some(me)) = (self.format, &self.me) {
            let export = ExportArgs::new(format, file.clone(), me.clone(), self.dates);
            let (chats, told) = export.sessions()?;
            eprintln!("{told}");
            let sessions: Vec<Session> = chats.into_iter().map(|chat| chat.session).collect();
            return match sessions.is_empty() {
                true => Err(format!("{}: no sessions of `{me}`", file.display()).into()),
                false => Ok(Some((me.clone(), sessions))),
            };
        }
        let (mut sessions, mut persons) = (Vec::new(), BTreeSet::new());
        let hint = |error: idl::corpora::Error| -> BoxError {
            let is_line = file.extension().is_some_and(|e| e == "jsonl");
            match error {
                error if is_line => error.into(),
                error => {
                    format!("{error} (an export? --format whatsapp, telegram or messages)").into()
                }
            }
        };
        for chat in chat::open(file)? {
            let chat = chat.map_err(hint)?;
            persons.extend(chat.person.clone());
            // Who is not named is the one whom the option names.
            if self.person.is_none() || chat.person.is_none() || self.person == chat.person {
                sessions.push(with_own_id(chat.session));
            }
        }
        let file = file.display();
        if sessions.is_empty() {
            let whose = self.person.as_ref().map_or(String::new(), |id| format!(" of `{id}`"));
            return Err(format!("{file}: no sessions{whose}").into());
        }
        if self.person.is_none() && persons.len() > 1 {
            let ids = persons.into_iter().take(5).collect::<Vec<_>>().join(", ");
            return Err(format!("{file}: holds several persons ({ids}): choose by --person").into());
        }
        let person = self.person.clone().or_else(|| persons.pop_first());
        Ok(Some((person.unwrap_or_else(|| "me".to_owned()), sessions)))
    }
}

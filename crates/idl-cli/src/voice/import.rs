//! Where a voice's sessions come from.

use std::path::PathBuf;

use clap::Args;
use idl::dialogue::{BoxError, Session};
use idl::draw::key;

use crate::chats::{Dates, ExportArgs, Format, of_one_person};

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
        let (person, sessions) = of_one_person(file, self.person.as_deref())?;
        let sessions = sessions.into_iter().map(with_own_id).collect();
        Ok(Some((person.unwrap_or_else(|| "me".to_owned()), sessions)))
    }
}

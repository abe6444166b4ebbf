//! From messages to sessions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use idl_dialogue::{Role, Session, Utterance};
use serde::Serialize;

use super::entry::{Entry, Message, NoText};
use crate::chat::Chat;
use crate::error::{Error, Result};

/// Which messages that follow one another are one utterance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// None.
    Never,
    /// Those of one sender. In a group of three, two users may then follow one
    /// another.
    #[default]
    Sender,
    /// Those of one role: all others together are one user, as chat templates
    /// ask for that insist on turns.
    Role,
}

/// How messages become sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionParams {
    /// The name, or the id, of the sender who is the person.
    pub person: String,
    /// A pause of so many seconds ends a session: 6 hours.
    pub gap: u64,
    /// Which messages are one utterance.
    pub merge: Merge,
    /// What joins them: a line feed.
    pub separator: String,
    /// How many utterances a session has at least: 4.
    pub min_messages: usize,
}

impl SessionParams {
    /// The sessions of a person, with the values named above.
    pub fn of(person: impl Into<String>) -> Self {
        SessionParams {
            person: person.into(),
            gap: 6 * 3600,
            merge: Merge::default(),
            separator: String::from("\n"),
            min_messages: 4,
        }
    }
}

/// What became of the entries of an export. `entries` is the sum of `kept`,
/// `media`, `service`, `forwarded`, `empty`, `in_short_sessions` and
/// `without_person`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The entries that were read.
    pub entries: usize,
    /// The messages that are in sessions, before neighbours are joined.
    pub kept: usize,
    /// Pictures, recordings and the like without a caption.
    pub media: usize,
    /// What the program said.
    pub service: usize,
    /// What was not the sender's words.
    pub forwarded: usize,
    /// Messages without text.
    pub empty: usize,
    /// Messages of sessions that were too short.
    pub in_short_sessions: usize,
    /// Messages of sessions in which the person says nothing.
    pub without_person: usize,
    /// The sessions that were made.
    pub sessions: usize,
}

/// Cuts a chat where people pause, and makes its senders roles: the person is
/// the assistant, everybody else the user (in a group too; who they are is
/// lost).
///
/// A session ends where the chat does, and where the next message is `gap` or
/// more away, be it backwards, as where two exports were joined. Its id is
/// `CHAT@TIME` with the time of its first message, so that an export made next
/// year gives it the same id; with `#2` behind it if there was one before.
///
/// Memory: the sessions.
///
/// # Errors
/// The entries'; nobody has the name, or several senders have it.
pub fn sessions(
    entries: impl IntoIterator<Item = Result<Entry>>,
    params: &SessionParams,
) -> Result<(Vec<Chat>, Account)> {
    let mut cutter = Cutter::new(params);
    for entry in entries {
        cutter.account.entries += 1;
        match entry? {
            Entry::Message(message) => cutter.add(message),
            Entry::NoText(NoText::Media) => cutter.account.media += 1,
            Entry::NoText(NoText::Service) => cutter.account.service += 1,
            Entry::NoText(NoText::Forwarded) => cutter.account.forwarded += 1,
            Entry::NoText(NoText::Empty) => cutter.account.empty += 1,
        }
    }
    cutter.end();
    cutter.check_person()?;
    cutter.account.sessions = cutter.chats.len();
    Ok((cutter.chats, cutter.account))
}

struct Cutter<'a> {
    params: &'a SessionParams,
    chats: Vec<Chat>,
    account: Account,
    /// The messages of the session that is being read.
    open: Vec<Message>,
    ids: HashSet<String>,
    /// How many messages each sender wrote.
    senders: HashMap<(Arc<str>, Option<Arc<str>>), usize>,
}

impl<'a> Cutter<'a> {
    fn new(params: &'a SessionParams) -> Self {
        Cutter {
            params,
            chats: Vec::new(),
            account: Account::default(),
            open: Vec::new(),
            ids: HashSet::new(),
            senders: HashMap::new(),
        }
    }

    fn is_person(&self, from: &str, from_id: Option<&str>) -> bool {
        from == self.params.person || from_id == Some(self.params.person.as_str())
    }

    fn add(&mut self, message: Message) {
        let sender = (Arc::clone(&message.from), message.from_id.clone());
        *self.senders.entry(sender).or_default() += 1;
        if let Some(last) = self.open.last() {
            let pause = message.time.seconds().abs_diff(last.time.seconds());
            if last.chat != message.chat || pause >= self.params.gap {
                self.end();
            }
        }
        self.open.push(message);
    }

    /// Ends the session that is being read.
    fn end(&mut self) {
        let messages = std::mem::take(&mut self.open);
        let Some(first) = messages.first() else { return };
        let by_person = |m: &Message| self.is_person(&m.from, m.from_id.as_deref());
        if !messages.iter().any(by_person) {
            self.account.without_person += messages.len();
            return;
        }
        let utterances = self.utterances(&messages);
        if utterances.len() < self.params.min_messages {
            self.account.in_short_sessions += messages.len();
            return;
        }
        let plain = if first.chat.is_empty() {
            first.time.to_string()
        } else {
            format!("{}@{}", first.chat, first.time)
        };
        let mut id = plain.clone();
        let mut number = 1_usize;
        while !self.ids.insert(id.clone()) {
            number += 1;
            id = format!("{plain}#{number}");
        }
        self.account.kept += messages.len();
        let session = Session {
            id,
            messages: utterances,
            time: Some(first.time.seconds()),
            profile: Vec::new(),
        };
        self.chats.push(Chat { person: Some(self.params.person.clone()), session });
    }

    fn utterances(&self, messages: &[Message]) -> Vec<Utterance> {
        let mut utterances: Vec<Utterance> = Vec::new();
        let mut last: Option<&Message> = None;
        for message in messages {
            let person = self.is_person(&message.from, message.from_id.as_deref());
            let role = if person { Role::Assistant } else { Role::User };
            let joins = |last: &Message, said: &Utterance| match self.params.merge {
                Merge::Never => false,
                Merge::Sender => last.from == message.from && last.from_id == message.from_id,
                Merge::Role => said.role == role,
            };
            match (utterances.last_mut(), last) {
                (Some(said), Some(last)) if joins(last, said) => {
                    said.content.push_str(&self.params.separator);
                    said.content.push_str(&message.text);
                }
                _ => utterances.push(Utterance::new(role, message.text.as_str())),
            }
            last = Some(message);
        }
        utterances
    }

    fn check_person(&self) -> Result<()> {
        let mut found: Vec<_> = (self.senders.keys())
            .filter(|(from, from_id)| self.is_person(from, from_id.as_deref()))
            .map(|(_, from_id)| from_id.as_deref().unwrap_or("no id"))
            .collect();
        found.sort_unstable();
        match found.len() {
            0 => Err(Error::NobodyOfThatName {
                person: self.params.person.clone(),
                senders: self.most_frequent(),
            }),
            1 => Ok(()),
            _ => Err(Error::Argument {
                name: "person",
                expected: "the name or id of one sender",
                found: format!("`{}`, whose ids are {}", self.params.person, found.join(", ")),
            }),
        }
    }

    /// The senders to choose from.
    fn most_frequent(&self) -> String {
        const SHOWN: usize = 10;
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        for ((from, _), count) in &self.senders {
            *by_name.entry(from).or_default() += count;
        }
        let mut names: Vec<_> = by_name.into_iter().collect();
        names.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let more = if names.len() > SHOWN { ", ..." } else { "" };
        let shown: Vec<_> =
            names.iter().take(SHOWN).map(|(name, count)| format!("`{name}` ({count})")).collect();
        if shown.is_empty() { String::from("nobody") } else { shown.join(", ") + more }
    }
}

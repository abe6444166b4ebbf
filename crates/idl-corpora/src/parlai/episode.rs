//! An episode, and the session that it is.

use idl_dialogue::{Role, Session, Utterance};

use crate::convai2::SILENCE;
use crate::error::{Error, Result};

pub(super) const PERSONA: &str = "your persona: ";
pub(super) const PARTNER_PERSONA: &str = "partner's persona: ";
pub(super) const CANDIDATE_SEPARATOR: char = '|';

/// A dialogue, seen from one of its two speakers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Episode {
    /// The position among the episodes of the file, counted from 0; bad ones
    /// count too, so that leaving them out does not change it.
    pub index: usize,
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// The person's profile sentences.
    pub persona: Vec<String>,
    /// The partner's profile sentences, where the file has them.
    pub partner_persona: Vec<String>,
    /// What is said, in pairs.
    pub turns: Vec<Turn>,
}

/// What the partner says and the person replies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The partner's text; [`SILENCE`] where there is none.
    pub partner: String,
    /// The person's text.
    pub reply: String,
    /// Replies to choose from, where the file has them.
    pub candidates: Vec<String>,
}

impl Turn {
    /// The position of the reply among the candidates: the last, should it
    /// stand there more than once.
    #[must_use]
    pub fn gold(&self) -> Option<usize> {
        self.candidates.iter().rposition(|candidate| *candidate == self.reply)
    }
}

impl Episode {
    /// The episode as a session of the person; episode 7 of `valid` is session
    /// `valid-7`. [`SILENCE`] is no message, see
    /// [`Dialogue::session`](crate::convai2::Dialogue::session).
    #[must_use]
    pub fn session(&self, corpus: &str) -> Session {
        let mut messages = Vec::with_capacity(2 * self.turns.len());
        for turn in &self.turns {
            if turn.partner != SILENCE {
                messages.push(Utterance::user(turn.partner.as_str()));
            }
            messages.push(Utterance::assistant(turn.reply.as_str()));
        }
        let id = format!("{corpus}-{}", self.index);
        Session { id, messages, profile: self.persona.clone(), time: None }
    }

    /// The session as an episode (number 0, line 0) whose
    /// [`session`](Self::session) it is but for the id.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for what no episode holds: two messages of the
    /// partner in a row, or one at the end (merge or drop them), a system
    /// message, a partner who says [`SILENCE`].
    ///
    /// ```
    /// use idl_corpora::parlai::Episode;
    /// use idl_dialogue::{Session, Utterance};
    ///
    /// let messages = vec![Utterance::assistant("hi !"), Utterance::user("hello .")];
    /// let mut session = Session { messages, ..Session::default() };
    /// assert_eq!(
    ///     Episode::from_session(&session).unwrap_err().to_string(),
    ///     "cannot be written: field `messages[1]`: expected a reply of the person to it, found none"
    /// );
    /// session.messages.push(Utterance::assistant("how are you ?"));
    /// let episode = Episode::from_session(&session)?;
    /// assert_eq!(episode.turns[0].partner, "__SILENCE__");
    /// assert_eq!(episode.session("x").messages, session.messages);
    /// # Ok::<(), idl_corpora::Error>(())
    /// ```
    pub fn from_session(session: &Session) -> Result<Self> {
        let unanswered = |(i, _): (usize, &str)| {
            unwritable(format!("messages[{i}]"), "a reply of the person to it", "none")
        };
        let mut turns = Vec::with_capacity(session.messages.len().div_ceil(2));
        let mut partner: Option<(usize, &str)> = None;
        for (i, Utterance { role, content }) in session.messages.iter().enumerate() {
            match role {
                Role::System => {
                    let field = format!("messages[{i}].role");
                    return Err(unwritable(field, "`user` or `assistant`", "`system`"));
                }
                Role::User if content == SILENCE => {
                    let field = format!("messages[{i}].content");
                    return Err(unwritable(field, "a text that is not the mark of none", SILENCE));
                }
                Role::User => {
                    if let Some(before) = partner.replace((i, content)) {
                        return Err(unanswered(before));
                    }
                }
                Role::Assistant => {
                    let (_, said) = partner.take().unwrap_or((i, SILENCE));
                    turns.push(Turn {
                        partner: said.to_owned(),
                        reply: content.clone(),
                        candidates: Vec::new(),
                    });
                }
            }
        }
        match partner {
            Some(last) => Err(unanswered(last)),
            None => Ok(Episode { persona: session.profile.clone(), turns, ..Episode::default() }),
        }
    }
}

/// The error that says what the format cannot hold.
pub(super) fn unwritable(
    field: impl Into<String>,
    expected: &'static str,
    found: impl Into<String>,
) -> Error {
    Error::Unwritable { field: field.into(), expected, found: found.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn silence_is_no_message() {
        let turn = |partner: &str, reply: &str| Turn {
            partner: partner.into(),
            reply: reply.into(),
            candidates: vec![],
        };
        let episode = Episode {
            index: 3,
            persona: vec!["i row.".into()],
            turns: vec![turn(SILENCE, "hi !"), turn("hello .", "bye !"), turn(SILENCE, "wait .")],
            ..Episode::default()
        };
        let session = episode.session("valid");
        assert_eq!((session.id.as_str(), &session.profile), ("valid-3", &episode.persona));
        let said: Vec<_> = session.messages.iter().map(|m| (m.role, m.content.as_str())).collect();
        let [user, assistant] = [Role::User, Role::Assistant];
        let expected =
            [(assistant, "hi !"), (user, "hello ."), (assistant, "bye !"), (assistant, "wait .")];
        assert_eq!(said, expected);
        assert_eq!(Episode::from_session(&session).unwrap(), Episode { index: 0, ..episode });
    }

    #[test]
    fn what_no_episode_holds_is_named() {
        for (messages, expected) in [
            (vec![Utterance::user("a"), Utterance::user("b")], "`messages[0]`: expected a reply"),
            (vec![Utterance::new(Role::System, "a")], "`messages[0].role`: expected `user` or"),
            (vec![Utterance::user(SILENCE)], "`messages[0].content`: expected a text that is not"),
        ] {
            let session = Session { messages, ..Session::default() };
            let error = Episode::from_session(&session).unwrap_err();
            assert!(matches!(error, Error::Unwritable { .. }));
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn the_gold_candidate_is_the_last_that_equals_the_reply() {
        let candidates = ["x", "yes", "y", "yes", "z"].map(String::from).to_vec();
        let mut turn = Turn { partner: "hi".into(), reply: "yes".into(), candidates };
        assert_eq!(turn.gold(), Some(3));
        turn.reply = "no".into();
        assert_eq!(turn.gold(), None);
    }

    proptest! {
        /// A session that can be an episode is the same afterwards.
        #[test]
        fn sessions_survive(
            said in prop::collection::vec((any::<bool>(), "[a-c]{0,2}"), 0..8),
            profile in prop::collection::vec("[a-c]{0,2}", 0..3),
        ) {
            let role = |person| if person { Role::Assistant } else { Role::User };
            let messages = said.iter().map(|(p, text)| Utterance::new(role(*p), text)).collect();
            let session = Session { id: "x-0".into(), messages, profile, time: None };
            let unanswered = said.iter().enumerate()
                .any(|(i, (person, _))| !person && !said.get(i + 1).is_some_and(|next| next.0));
            match Episode::from_session(&session) {
                Ok(episode) => prop_assert_eq!(episode.session("x"), session),
                Err(_) => prop_assert!(unanswered),
            }
        }
    }
}

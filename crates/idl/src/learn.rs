//! From persons to what the two stages learn from.

use std::fmt;
use std::str::FromStr;

use idl_dialogue::{Person, Session, Utterance};
use idl_train::{Alternatives, BuildStats, Conversation, PreferenceCorpus, Reference};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::pipeline::{PersonIndex, Pipeline, Selection};

/// From which reply on a dialogue is learnt: what stands before that reply is the
/// context that chooses sessions, the same for all replies from there on.
///
/// | | learnt | the choice sees |
/// |---|---|---|
/// | `opening` | every reply | what comes before the first: mostly one line of the partner's |
/// | `second` | from the second reply on | the person's first reply, too |
/// | `middle` | the later half | the earlier half |
/// | `last` (the paper) | the last reply | all before it |
/// | `every` | every reply, an example each | all before each |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryPoint {
    /// Every reply, by what comes before the first.
    Opening,
    /// All but the first reply, by what comes before the second.
    Second,
    /// From reply `n / 2` of `n` on, counted from 0.
    #[default]
    Middle,
    /// The last reply, by all before it.
    Last,
    /// Every reply, each by all before it.
    Every,
}

impl QueryPoint {
    /// Every rule, in the order of the table.
    pub const ALL: [QueryPoint; 5] = [
        QueryPoint::Opening,
        QueryPoint::Second,
        QueryPoint::Middle,
        QueryPoint::Last,
        QueryPoint::Every,
    ];

    /// The name in settings and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            QueryPoint::Opening => "opening",
            QueryPoint::Second => "second",
            QueryPoint::Middle => "middle",
            QueryPoint::Last => "last",
            QueryPoint::Every => "every",
        }
    }

    /// The replies of `session` that are learnt or scored, cut into those that one
    /// choice serves: its context is what stands before the first of them. A
    /// dialogue of one reply has the same for every rule; one without has none.
    #[must_use]
    pub fn parts(self, session: &Session) -> Vec<Vec<usize>> {
        let replies: Vec<usize> = session.replies().collect();
        let from = match self {
            QueryPoint::Every => return replies.into_iter().map(|reply| vec![reply]).collect(),
            QueryPoint::Opening => 0,
            QueryPoint::Second => 1,
            QueryPoint::Middle => replies.len() / 2,
            QueryPoint::Last => replies.len().saturating_sub(1),
        };
        let from = from.min(replies.len().saturating_sub(1));
        let part = replies.get(from..).unwrap_or_default().to_vec();
        if part.is_empty() { Vec::new() } else { vec![part] }
    }
}

impl fmt::Display for QueryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for QueryPoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        QueryPoint::ALL.into_iter().find(|point| point.as_str() == text).ok_or_else(|| {
            let names = QueryPoint::ALL.map(QueryPoint::as_str).join(", ");
            Error::Choice(format!("expected one of {names}, found `{text}`"))
        })
    }
}

/// A dialogue that is learnt, and why it stands behind those sessions.
#[derive(Clone, Debug)]
pub struct TrainingTarget {
    /// The person's position.
    pub person: usize,
    /// The dialogue's position among the person's sessions.
    pub session: usize,
    /// Its references.
    pub selection: Selection,
    /// Both, as training takes them.
    pub conversation: Conversation,
}

/// The messages that the choice of references may see: those before the first
/// reply to be predicted.
#[must_use]
pub fn opening(session: &Session) -> &[Utterance] {
    &session.messages[..session.replies().next().unwrap_or(0)]
}

/// The sessions of `of`, the person or another, that may stand in front of
/// `target`: all but the target itself, other records of its dialogue, such as the
/// partner's view, and sessions that began after it, where both times are known: what
/// comes later may go back to what is to be replied. By position, in order.
/// `O(sessions)`.
#[must_use]
pub fn candidates(of: &Person, target: &Session) -> Vec<usize> {
    let is_later = |s: &Session| s.time.zip(target.time).is_some_and(|(s, t)| s > t);
    let is_free = |s: &Session| s.id != target.id && !is_later(s) && !s.same_dialogue(target);
    (0..of.sessions.len()).filter(|&s| is_free(&of.sessions[s])).collect()
}

/// The replies of a target behind the selected sessions of `of`: the person, or
/// another.
#[must_use]
pub fn conversation(
    target: &Session,
    replies: &[usize],
    of: &Person,
    selection: &Selection,
) -> Conversation {
    let reference = |r: &idl_cluster::Reference| {
        let messages = of.sessions.get(r.session)?.messages.clone();
        Some(Reference { messages, distance: r.distance })
    };
    Conversation {
        id: target.id.clone(),
        references: selection.references.iter().filter_map(reference).collect(),
        target: target.messages.clone(),
        replies: replies.to_vec(),
        leading_context: None,
    }
}

/// Mutual supervised learning: every session that the pipeline's rule makes a
/// target, behind its ordered references, from the reply on that `point` says.
/// Sessions without a reply are none; with [`QueryPoint::Every`] each reply is a
/// target.
///
/// `progress` is called after each person with how many are done.
///
/// # Errors
/// What the pipeline refuses.
pub fn msl_targets(
    persons: &[Person],
    pipeline: &Pipeline<'_>,
    point: QueryPoint,
    mut progress: impl FnMut(usize),
) -> Result<Vec<TrainingTarget>> {
    let mut targets = Vec::new();
    for (person, data) in persons.iter().enumerate() {
        let index = pipeline.index(data)?;
        for session in 0..data.sessions.len() {
            targets.extend(session_targets(&index, person, session, pipeline, point)?);
        }
        progress(person + 1);
    }
    Ok(targets)
}

/// What is learnt of one session of the person at position `person`: nothing, a
/// target, or with [`QueryPoint::Every`] several; see [`msl_targets`].
///
/// # Errors
/// What the pipeline refuses; [`Error::NoSession`].
pub fn session_targets(
    index: &PersonIndex<'_>,
    person: usize,
    session: usize,
    pipeline: &Pipeline<'_>,
    point: QueryPoint,
) -> Result<Vec<TrainingTarget>> {
    let data = index.person;
    let sessions = data.sessions.len();
    let target = data.sessions.get(session).ok_or(Error::NoSession { session, sessions })?;
    let rest = candidates(data, target);
    let mut targets = Vec::new();
    for replies in point.parts(target) {
        let context = &target.messages[..replies[0]];
        let selection = pipeline.select_for_training(index, &rest, session, context)?;
        if let Some(selection) = selection {
            let conversation = conversation(target, &replies, data, &selection);
            targets.push(TrainingTarget { person, session, selection, conversation });
        }
    }
    Ok(targets)
}

/// The fine-tuning baseline: the same dialogues, each alone.
#[must_use]
pub fn without_references(targets: &[TrainingTarget]) -> Vec<Conversation> {
    targets
        .iter()
        .map(|t| Conversation { references: Vec::new(), ..t.conversation.clone() })
        .collect()
}

/// Deep personalised alignment: the targets that have at least one reply with
/// alternatives, with these.
///
/// # Errors
/// What the corpus refuses.
pub fn dpa_targets<'t>(
    targets: &'t [TrainingTarget],
    corpus: &PreferenceCorpus<'_>,
    coverage: &mut BuildStats,
) -> Result<Vec<(&'t TrainingTarget, Vec<Alternatives>)>> {
    let mut all = Vec::new();
    for target in targets {
        let replies = &target.conversation.replies;
        let found = corpus.alternatives(target.person, target.session, replies, coverage)?;
        if !found.is_empty() {
            all.push((target, found));
        }
    }
    Ok(all)
}

//! From persons to what the two stages learn from.

use idl_dialogue::{Person, Session, Utterance};
use idl_train::{Alternatives, Conversation, Coverage, PreferenceCorpus, Reference};

use crate::error::Result;
use crate::pipeline::{Pipeline, Selection};

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
/// `target`: all but the target itself and other records of its dialogue, such as
/// the partner's view. By position, in order. `O(sessions)`.
#[must_use]
pub fn candidates(of: &Person, target: &Session) -> Vec<usize> {
    let is_free = |s: &Session| s.id != target.id && !s.same_dialogue(target);
    (0..of.sessions.len()).filter(|&s| is_free(&of.sessions[s])).collect()
}

/// A target behind the selected sessions of `of`: the person, or another.
#[must_use]
pub fn conversation(target: &Session, of: &Person, selection: &Selection) -> Conversation {
    let reference = |r: &idl_cluster::Reference| {
        let messages = of.sessions.get(r.session)?.messages.clone();
        Some(Reference { messages, distance: r.distance })
    };
    Conversation {
        id: target.id.clone(),
        references: selection.references.iter().filter_map(reference).collect(),
        target: target.messages.clone(),
        replies: target.replies().collect(),
        opening: None,
    }
}

/// Mutual supervised learning: every session that static persona
/// identification makes a target, behind its ordered references. Sessions without
/// a reply are none.
///
/// `progress` is called after each person with how many are done.
///
/// # Errors
/// What the pipeline refuses.
pub fn msl_targets(
    persons: &[Person],
    pipeline: &Pipeline<'_>,
    mut progress: impl FnMut(usize),
) -> Result<Vec<TrainingTarget>> {
    let mut targets = Vec::new();
    for (person, data) in persons.iter().enumerate() {
        let index = pipeline.index(data)?;
        for (session, target) in data.sessions.iter().enumerate() {
            if target.replies().next().is_none() {
                continue;
            }
            let rest = candidates(data, target);
            let selection =
                pipeline.select_for_training(&index, &rest, session, opening(target))?;
            if let Some(selection) = selection {
                let conversation = conversation(target, data, &selection);
                targets.push(TrainingTarget { person, session, selection, conversation });
            }
        }
        progress(person + 1);
    }
    Ok(targets)
}

/// The fine-tuning baseline: the same dialogues, each alone.
#[must_use]
pub fn alone(targets: &[TrainingTarget]) -> Vec<Conversation> {
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
    coverage: &mut Coverage,
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

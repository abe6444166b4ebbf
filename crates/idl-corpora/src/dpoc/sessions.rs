//! From examples back to the sessions that they were cut from.

use idl_dialogue::{Session, Utterance};

use super::example::Example;
use crate::convai2::SILENCE;

/// What two histories must have in common to be one: a single greeting proves
/// nothing.
const LEAST: usize = 2;

impl Example {
    /// The history and the true reply.
    fn messages(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let history = self.history.iter().map(|m| (m.role.as_str(), m.content.as_str()));
        history.chain([("assistant", self.pos.as_str())])
    }

    fn len(&self) -> usize {
        self.history.len() + 1
    }
}

/// The sessions that `examples` were cut from, in the order in which the examples
/// first show them. **Every message stands in one session only**: a row's true
/// reply is in the history of the row behind it, and as sessions of their own the
/// two would be references of each other.
///
/// Examples whose histories begin alike, two messages or more, are of one history.
/// The authors join all earlier sessions of a person to it without a mark; what
/// can be told is cut apart: before [`SILENCE`] (which is no message and is left
/// out), and where the shortest example of a history begins its own session, at
/// the message before its reply. The examples may be in any order, and some may be
/// missing.
///
/// A session's id is `example-` and the position of the first example that has
/// it, then `:1` and so on for the later parts of its history.
///
/// `O(n log n)` comparisons of histories for `n` examples.
#[must_use]
pub fn sessions(examples: &[Example]) -> Vec<Session> {
    let mut sorted: Vec<usize> = (0..examples.len()).collect();
    sorted.sort_by(|&a, &b| examples[a].messages().cmp(examples[b].messages()).then(a.cmp(&b)));
    // Sorted, an example has more in common with the one before it than with any
    // other before it: what is not in common is new.
    let mut threads: Vec<Thread> = Vec::new();
    let mut before: Option<usize> = None;
    for at in sorted {
        let example = &examples[at];
        let same = before.map_or(0, |b| common(&examples[b], example));
        let known = if same < LEAST { 0 } else { same };
        let goes_on = known > 0 && before.is_some_and(|b| known == examples[b].len());
        match threads.last_mut().filter(|_| goes_on) {
            Some(thread) => {
                thread.first = thread.first.min(at);
                thread.take(example, known);
            }
            None => {
                let mut thread = Thread { first: at, ..Thread::default() };
                thread.take(example, known);
                thread.begins = (example.len() - known).saturating_sub(LEAST);
                threads.push(thread);
            }
        }
        before = Some(at);
    }
    threads.sort_by_key(|thread| thread.first);
    threads.iter().flat_map(|thread| thread.sessions(&examples[thread.first])).collect()
}

/// How many messages two examples have in common from the beginning.
fn common(a: &Example, b: &Example) -> usize {
    a.messages().zip(b.messages()).take_while(|(a, b)| a == b).count()
}

/// What examples that go on from each other say and no other does.
#[derive(Default)]
struct Thread {
    messages: Vec<Utterance>,
    /// The first of its examples in the file.
    first: usize,
    /// Where the shortest example begins its own session.
    begins: usize,
}

impl Thread {
    /// Takes what comes after the first `known` messages.
    fn take(&mut self, example: &Example, known: usize) {
        self.messages.extend(example.history.iter().skip(known).cloned());
        if known < example.len() {
            self.messages.push(Utterance::assistant(&*example.pos));
        }
    }

    fn sessions(&self, first: &Example) -> Vec<Session> {
        let mut parts: Vec<Vec<Utterance>> = vec![Vec::new()];
        for (i, message) in self.messages.iter().enumerate() {
            let silent = message.content == SILENCE;
            if silent || i == self.begins {
                parts.push(Vec::new());
            }
            if !silent && let Some(part) = parts.last_mut() {
                part.push(message.clone());
            }
        }
        parts.retain(|messages| !messages.is_empty());
        let id = |n: usize| match n {
            0 => format!("example-{}", self.first),
            n => format!("example-{}:{n}", self.first),
        };
        let session = |(n, messages)| Session {
            id: id(n),
            messages,
            profile: first.profile.clone(),
            time: None,
        };
        parts.into_iter().enumerate().map(session).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An example of utterances in turns, the partner's first, the last of them
    /// the reply.
    fn example(said: &[&str]) -> Example {
        let (pos, history) = said.split_last().unwrap();
        let utterance = |(i, text): (usize, &&str)| match i % 2 {
            0 => Utterance::user(*text),
            _ => Utterance::assistant(*text),
        };
        Example {
            history: history.iter().enumerate().map(utterance).collect(),
            pos: (*pos).to_owned(),
            ..Example::default()
        }
    }

    fn texts(sessions: &[Session]) -> Vec<Vec<&str>> {
        sessions.iter().map(|s| s.messages.iter().map(|m| m.content.as_str()).collect()).collect()
    }

    /// An earlier session, then one of three replies, an example for each.
    const SAID: [&str; 10] = ["hi", "hey", "tea ?", "no", "yo", "1", "b", "2", "c", "3"];

    fn three() -> Vec<Example> {
        [6, 8, 10].map(|n| example(&SAID[..n])).into()
    }

    #[test]
    fn rows_that_go_on_from_each_other_are_one_session() {
        let found = sessions(&three());
        assert_eq!(texts(&found), [&SAID[..4], &SAID[4..]]);
        assert_eq!(found[0].id, "example-0");
        assert_eq!(found[1].id, "example-0:1");
    }

    #[test]
    fn neither_order_nor_gaps_bring_a_message_in_twice() {
        let whole = sessions(&three());
        let mut shuffled = three();
        shuffled.rotate_left(1);
        assert_eq!(texts(&sessions(&shuffled)), texts(&whole));
        shuffled.remove(1);
        let found = sessions(&shuffled);
        let all: Vec<&str> = texts(&found).concat();
        assert_eq!(all.iter().filter(|text| **text == "hey").count(), 1);
        // A row twice is one row.
        let twice = [three(), three()].concat();
        assert_eq!(texts(&sessions(&twice)), texts(&whole));
    }

    #[test]
    fn histories_that_part_share_nothing() {
        let rows = [
            example(&["hi", "hey", "tea ?", "no", "so ?", "well"]),
            example(&["hi", "hey", "tea ?", "no", "why ?", "just so"]),
            example(&["hi", "hello", "any pets ?", "owls"]),
        ];
        let found = sessions(&rows);
        assert_eq!(
            texts(&found),
            [
                vec!["hi", "hey", "tea ?", "no"],
                vec!["so ?", "well"],
                vec!["why ?", "just so"],
                vec!["hi", "hello"],
                vec!["any pets ?", "owls"],
            ]
        );
        let ids: Vec<&str> = found.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["example-0", "example-0:1", "example-1", "example-2", "example-2:1"]);
    }

    #[test]
    fn silence_is_no_message_and_begins_a_session() {
        let rows = [
            example(&["hi", "hey", SILENCE, "good day", "oh", "yes"]),
            example(&["hi", "hey", SILENCE, "good day", "oh", "yes", SILENCE, "again me"]),
        ];
        let expected = [vec!["hi", "hey"], vec!["good day"], vec!["oh", "yes"], vec!["again me"]];
        assert_eq!(texts(&sessions(&rows)), expected);
        assert!(sessions(&[]).is_empty());
    }
}

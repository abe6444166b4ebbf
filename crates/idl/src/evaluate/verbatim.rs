//! What stands in a prompt word for word: a reply that does is copied, not
//! known.

use idl_dialogue::Utterance;
use idl_train::{Conversation, Example};

/// Words in a row, in lower case, with single spaces.
fn normalised(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The messages in front of a target's replies.
#[derive(Debug)]
pub(super) struct Prompt {
    references: Vec<String>,
    /// Of the target, `dropped` of which are not shown.
    target: Vec<String>,
    dropped: usize,
}

impl Prompt {
    /// Of a conversation whose references are those of its example.
    pub(super) fn new(conversation: &Conversation, example: &Example) -> Self {
        let padded = |message: &Utterance| format!(" {} ", normalised(&message.content));
        Prompt {
            references: conversation
                .references
                .iter()
                .flat_map(|r| &r.messages)
                .map(padded)
                .collect(),
            target: conversation.target.iter().map(padded).collect(),
            dropped: example.dropped_messages,
        }
    }

    /// Whether a message in front of message `reply` of the target is the text,
    /// or has it as words in a row.
    pub(super) fn has(&self, reply: usize, text: &str) -> bool {
        let text = normalised(text);
        let padded = format!(" {text} ");
        let shown = self.target.get(self.dropped..reply).unwrap_or_default();
        !text.is_empty() && self.references.iter().chain(shown).any(|said| said.contains(&padded))
    }
}

#[cfg(test)]
mod tests {
    use idl_lm::TokenTree;
    use idl_train::Reference;

    use super::*;

    #[test]
    fn what_is_shown_counts_and_nothing_else() {
        let reference = vec![Utterance::user("any pets ?"), Utterance::assistant("Two  owls .")];
        let conversation = Conversation {
            id: "s".into(),
            references: vec![Reference { messages: reference, distance: 0.0 }],
            target: vec![
                Utterance::user("cut away"),
                Utterance::user("hello there , you"),
                Utterance::assistant("hi !"),
                Utterance::user("and now ?"),
                Utterance::assistant("later"),
            ],
            replies: vec![2, 4],
            leading_context: None,
        };
        let example = Example {
            id: "s".into(),
            tree: TokenTree::new(Vec::new()),
            replies: vec![2, 4],
            alternatives: Vec::new(),
            references: 1,
            dropped_messages: 1,
            dropped_replies: 0,
            dropped_alternatives: 0,
        };
        let prompt = Prompt::new(&conversation, &example);
        for (reply, text, shown) in [
            (2, "two owls .", true),
            (2, " TWO\tOWLS . ", true),
            (2, "owls .", true),
            (2, "wo owls", false),
            (2, "two owls", true),
            (2, "cut away", false),
            (2, "Hello there", true),
            (2, "hi !", false),
            (4, "hi !", true),
            (4, "later", false),
            (2, " ", false),
        ] {
            assert_eq!(prompt.has(reply, text), shown, "{reply}: {text:?}");
        }
    }
}

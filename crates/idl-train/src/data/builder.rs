//! Conversations to examples.

use std::ops::Range;

use idl_dialogue::{Role, Utterance};
use idl_lm::{ChatTokenizer, TokenTree};

use super::alternatives::Alternatives;
use super::conversation::Conversation;
use super::cut::{first_that_fits, prompt_tokens, without_farthest};
use super::example::Example;
use super::reference::Reference;
use crate::error::{Error, Result};

/// How conversations become tokens.
///
/// # The cut
/// What stands in front of the first reply is cut without a look at any reply,
/// so that not even a reply's length can move its own prompt: references and
/// context get `max_tokens - reserve` tokens. Whole reference sessions go first,
/// those farthest from the context before others, then the oldest turns of the
/// context, never the last. What follows may fill `max_tokens`; replies that end
/// beyond are left out and counted. A completion is never cut.
#[derive(Clone, Copy, Debug)]
pub struct ExampleBuilder<'a> {
    /// The tokenizer and chat template of the model.
    pub tokenizer: &'a ChatTokenizer,
    /// The most tokens of a trunk.
    pub max_tokens: usize,
    /// How many of them are kept free for what follows the context: the
    /// replies and the turns between them.
    pub reserve: usize,
}

impl ExampleBuilder<'_> {
    /// A conversation whose replies are to be learnt or scored.
    ///
    /// Prompt and completion are tokenised together and split where the prompt
    /// ends; a completion starts behind the generation prompt and holds the
    /// token that ends the reply.
    ///
    /// # Errors
    /// [`Error::Conversation`] where a reply is no message of the person or has
    /// nothing before it, where no reply survives the cut (which cannot happen
    /// while the last turn of the context fits into `max_tokens - reserve` and
    /// the first reply into `reserve`), and where template and tokenizer do not
    /// let prompt and reply be told apart; the language model's errors.
    pub fn supervised(&self, conversation: &Conversation) -> Result<Example> {
        let opening = check(conversation)?;
        self.example(conversation, opening)
    }

    /// An example whose context is the first `opening` messages, none of which
    /// is one of its replies.
    fn example(&self, conversation: &Conversation, opening: usize) -> Result<Example> {
        let context = &conversation.target[..opening];
        let (kept, dropped) = self.cut(&conversation.id, &conversation.references, context)?;
        let target = &conversation.target[dropped..];
        let messages = joined(&kept, target);
        let before = messages.len() - target.len();
        let mut ids = self.tokenizer.encode_chat(&messages, false)?;
        let mut spans = Vec::new();
        for &reply in &conversation.replies {
            let at = before + reply - dropped;
            let span = self.completion(&conversation.id, &messages, at, &ids)?;
            if span.end > self.max_tokens {
                break;
            }
            spans.push(span);
        }
        let Some(last) = spans.last() else {
            let what = "first reply and what precedes it";
            return Err(self.too_long(&conversation.id, what, ids.len()));
        };
        ids.truncate(last.end);
        let mut tree = TokenTree::new(ids);
        let replies = conversation.replies[..spans.len()].to_vec();
        for span in spans {
            tree.add_span(span)?;
        }
        Ok(Example {
            id: conversation.id.clone(),
            tree,
            alternatives: Vec::new(),
            references: kept.len(),
            dropped_messages: dropped,
            dropped_replies: conversation.replies.len() - replies.len(),
            dropped_alternatives: 0,
            replies,
        })
    }

    /// The references that stay, and how many messages of the context go: the
    /// least that makes the rest fit, found by halves.
    fn cut<'c>(
        &self,
        id: &str,
        references: &'c [Reference],
        context: &[Utterance],
    ) -> Result<(Vec<&'c Reference>, usize)> {
        let room = self.max_tokens.saturating_sub(self.reserve);
        // After so many steps of the cut: sessions first, then turns.
        let after = |gone: usize| {
            let dropped = gone.saturating_sub(references.len());
            (without_farthest(references, gone.min(references.len())), dropped)
        };
        let last = references.len() + context.len() - 1;
        let tokens = |gone: usize| {
            let (kept, dropped) = after(gone);
            prompt_tokens(self.tokenizer, &joined(&kept, &context[dropped..]))
        };
        match first_that_fits(last, room, tokens)? {
            Ok(gone) => Ok(after(gone)),
            Err(tokens) => Err(self.too_long(id, "last turn of context", tokens)),
        }
    }

    /// The tokens in front of a reply that is to be generated: references and
    /// context, cut as for [`supervised`](Self::supervised). `id` is for errors.
    ///
    /// # Errors
    /// [`Error::Conversation`] without a context, and where its last turn alone
    /// does not fit; the language model's errors.
    pub fn prompt(
        &self,
        id: &str,
        references: &[Reference],
        context: &[Utterance],
    ) -> Result<Vec<i64>> {
        if context.is_empty() {
            let message = "there is nothing to reply to".to_owned();
            return Err(Error::Conversation { id: id.to_owned(), message });
        }
        let (kept, dropped) = self.cut(id, references, context)?;
        Ok(self.tokenizer.encode_chat(&joined(&kept, &context[dropped..]), true)?)
    }

    fn too_long(&self, id: &str, what: &str, tokens: usize) -> Error {
        Error::Conversation {
            id: id.to_owned(),
            message: format!(
                "its {what} alone has {tokens} tokens: too many for max_tokens = {}, of which {} \
                 are reserved for what follows the context",
                self.max_tokens, self.reserve
            ),
        }
    }

    /// The same with alternatives to its replies. Alternatives to replies that
    /// were cut are left out; replies without alternatives are not scored.
    ///
    /// Alternatives that teach nothing cost their own reply, not the dialogue:
    /// those that are empty, equal to the reply or to each other, or that the
    /// tokenizer merges with the prompt, are left out and counted in
    /// [`Example::dropped_alternatives`].
    ///
    /// # Errors
    /// As [`supervised`](Self::supervised); [`Error::Conversation`] where
    /// alternatives belong to no reply of the conversation, where some have a
    /// criterion and others none, or where none is left: it says what is wrong
    /// with the first.
    pub fn preference(
        &self,
        conversation: &Conversation,
        alternatives: &[Alternatives],
    ) -> Result<Example> {
        let narrowed = |alternatives: &[Alternatives]| Conversation {
            replies: alternatives.iter().map(|a| a.reply).collect(),
            leading_context: None,
            ..conversation.clone()
        };
        let opening = check(conversation)?;
        let first = check(&narrowed(alternatives))?;
        let ranked = alternatives.iter().filter(|a| a.criterion.is_some()).count();
        if ranked != 0 && ranked != alternatives.len() {
            return Err(Error::Conversation {
                id: conversation.id.clone(),
                message: format!(
                    "{ranked} of its {} alternatives have a criterion: all must, or none",
                    alternatives.len()
                ),
            });
        }
        // The same context, and so the same references, as without alternatives.
        let opening = opening.min(first);
        let mut kept = alternatives.to_vec();
        let mut complaint = None;
        let mut useful = |sound: Result<()>| match sound {
            Ok(()) => Ok(true),
            Err(error @ Error::Conversation { .. }) => {
                complaint.get_or_insert(error);
                Ok(false)
            }
            Err(error) => Err(error),
        };
        retain(&mut kept, |a| useful(check_alternatives(conversation, a)))?;
        while !kept.is_empty() {
            let mut example = self.example(&narrowed(&kept), opening)?;
            let of_example = |a: &Alternatives| example.replies.contains(&a.reply);
            let scored: Vec<Alternatives> =
                kept.iter().filter(|&a| of_example(a)).cloned().collect();
            let mut whole = true;
            for (a, span) in scored.iter().zip(example.tree.spans().to_vec()) {
                for text in a.texts() {
                    let ids = self.branch(conversation, &example, span.start, text);
                    let added = ids.and_then(|ids| Ok(example.tree.add_branch(span.start, ids)?));
                    if !useful(added)? {
                        kept.retain(|k| k.reply != a.reply);
                        whole = false;
                    }
                }
            }
            if whole {
                example.alternatives = scored;
                example.dropped_alternatives = alternatives.len() - kept.len();
                return Ok(example);
            }
        }
        Err(complaint.unwrap_or_else(|| Error::Conversation {
            id: conversation.id.clone(),
            message: "it has no alternatives".to_owned(),
        }))
    }

    /// A reply of its own behind the first `at` tokens of an example's trunk:
    /// its tokens, EOS included. Prompt and reply are tokenised together.
    ///
    /// # Errors
    /// [`Error::Conversation`] where the tokenizer merges prompt and reply.
    pub fn branch(
        &self,
        conversation: &Conversation,
        example: &Example,
        at: usize,
        text: &str,
    ) -> Result<Vec<i64>> {
        // The template writes a reply the same way whatever stands before it,
        // so the shortest legal dialogue shows how this one is written.
        let opening = [Utterance::user("hi"), Utterance::assistant(text)];
        let prompt = self.tokenizer.encode_chat(&opening[..1], true)?;
        let whole = self.tokenizer.encode_chat(&opening, false)?;
        let joins = whole.starts_with(&prompt)
            && prompt.last() == example.tree.trunk().get(at.wrapping_sub(1));
        if !joins {
            return Err(Error::Conversation {
                id: conversation.id.clone(),
                message: format!("the tokenizer merges the prompt with the reply {text:?}"),
            });
        }
        Ok(self.through_eos(&conversation.id, &whole[prompt.len()..])?.to_vec())
    }

    /// The tokens of the reply `messages[at]` within `ids`.
    fn completion(
        &self,
        id: &str,
        messages: &[Utterance],
        at: usize,
        ids: &[i64],
    ) -> Result<Range<usize>> {
        let prompt = self.tokenizer.encode_chat(&messages[..at], true)?;
        let end = if at + 1 == messages.len() {
            ids.len()
        } else {
            self.tokenizer.encode_chat(&messages[..=at], false)?.len()
        };
        let span = prompt.len()..end;
        if !ids.starts_with(&prompt) || span.is_empty() || end > ids.len() {
            return Err(Error::Conversation {
                id: id.to_owned(),
                message: format!("the tokens of message {at} cannot be told from its prompt's"),
            });
        }
        let kept = self.through_eos(id, &ids[span.clone()])?.len();
        Ok(span.start..span.start + kept)
    }

    /// Templates may write a line break behind EOS; nothing is learnt there.
    /// One that writes no EOS would teach a model that never ends a reply.
    fn through_eos<'t>(&self, id: &str, ids: &'t [i64]) -> Result<&'t [i64]> {
        let eos = self.tokenizer.eos_id();
        match ids.iter().rposition(|&id| id == eos) {
            Some(last) => Ok(&ids[..=last]),
            None => Err(Error::Conversation {
                id: id.to_owned(),
                message: "the chat template ends a reply without the EOS token".to_owned(),
            }),
        }
    }
}

/// References in front of a target.
fn joined(references: &[&Reference], target: &[Utterance]) -> Vec<Utterance> {
    references.iter().flat_map(|r| &r.messages).chain(target).cloned().collect()
}

/// As [`Vec::retain`], until something fails.
fn retain<T>(all: &mut Vec<T>, mut keep: impl FnMut(&T) -> Result<bool>) -> Result<()> {
    let mut result = Ok(());
    all.retain(|one| match keep(one) {
        Ok(keep) => keep,
        Err(error) => {
            result = Err(error);
            true
        }
    });
    result
}

/// The opening of a sound conversation.
fn check(conversation: &Conversation) -> Result<usize> {
    let bad = |message: String| Err(Error::Conversation { id: conversation.id.clone(), message });
    let Some(&first) = conversation.replies.first() else {
        return bad("it has no reply to learn".to_owned());
    };
    if !conversation.replies.is_sorted_by(|a, b| a < b) {
        return bad(format!("its replies {:?} are not ascending", conversation.replies));
    }
    for &reply in &conversation.replies {
        let is_reply =
            reply > 0 && conversation.target.get(reply).is_some_and(|m| m.role == Role::Assistant);
        if !is_reply {
            return bad(format!(
                "message {reply} of {} is no reply of the person",
                conversation.target.len()
            ));
        }
    }
    let opening = conversation.leading_context.unwrap_or(first);
    if opening == 0 || opening > first {
        return bad(format!("its opening of {opening} messages does not end by reply {first}"));
    }
    Ok(opening)
}

fn check_alternatives(conversation: &Conversation, a: &Alternatives) -> Result<()> {
    let bad = |message: String| Err(Error::Conversation { id: conversation.id.clone(), message });
    let Some(chosen) = conversation.target.get(a.reply) else {
        return bad(format!("there is no message {} to prefer", a.reply));
    };
    let mut seen = vec![chosen.content.trim()];
    for text in a.texts().map(str::trim) {
        if text.is_empty() {
            return bad(format!("an empty alternative to message {}", a.reply));
        }
        if seen.contains(&text) {
            return bad(format!("two equal alternatives at message {}", a.reply));
        }
        seen.push(text);
    }
    Ok(())
}

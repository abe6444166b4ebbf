//! What a line of the preference data holds.

use idl_dialogue::Utterance;

/// One line: a reply to learn, and what to prefer it to.
///
/// Texts stand as they do in the file, where some are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// The person's profile sentences.
    pub profile: Vec<String>,
    /// What is said before the reply, of the sessions before this one too. The
    /// file's `bot` is the person.
    pub history: Vec<Utterance>,
    /// The true reply.
    pub pos: String,
    /// Replies of others, in the order of the corpus.
    pub negs: Vec<String>,
    /// A reply that contradicts what is known of the person.
    pub wrong_info: String,
    /// A reply that makes something up about the person.
    pub fictitous_info: String,
    /// A reply that takes the partner for the person.
    pub identity_confusion: String,
    /// The one of these three that serves as criterion; `None` where the file
    /// has an empty text.
    pub criterion: Option<String>,
}

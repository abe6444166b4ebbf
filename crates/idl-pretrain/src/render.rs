//! Messages to tokens, piece by piece.

use idl_dialogue::{Role, Utterance};
use idl_lm::ChatTokenizer;

use crate::error::{Error, Result};

/// Renders dialogues as pieces that can be put one behind the other: what the
/// chat template writes once in front (BOS, mostly) is apart.
///
/// ```no_run
/// # fn run(tokenizer: &idl_lm::ChatTokenizer) -> idl_pretrain::Result<()> {
/// use idl_dialogue::Utterance;
/// use idl_pretrain::Renderer;
///
/// let renderer = Renderer::new(tokenizer)?;
/// let (hi, hello) = (Utterance::user("hi ."), Utterance::assistant("hello ."));
/// let mut ids = renderer.opening().to_vec();
/// ids.extend(renderer.tokens(&[hi.clone()])?);
/// ids.extend(renderer.tokens(&[hello.clone()])?);
/// assert_eq!(ids, tokenizer.encode_chat(&[hi, hello], false)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Renderer<'a> {
    tokenizer: &'a ChatTokenizer,
    opening: Vec<i64>,
}

impl<'a> Renderer<'a> {
    /// A renderer that writes as the tokenizer's chat template does.
    ///
    /// # Errors
    /// [`Error::Data`] for a template of which pieces cannot be taken, the
    /// tokenizer's.
    pub fn new(tokenizer: &'a ChatTokenizer) -> Result<Self> {
        // One message has the opening and itself, two have one opening.
        let hello = Utterance::assistant("hello .");
        let one = tokenizer.encode_chat(std::slice::from_ref(&hello), false)?;
        let two = tokenizer.encode_chat(&[hello.clone(), hello.clone()], false)?;
        let length = (2 * one.len()).saturating_sub(two.len());
        let renderer = Renderer { tokenizer, opening: one[..length.min(one.len())].to_vec() };
        // Any order of roles that borders of sessions can bring.
        let all = [
            Utterance::user("hi , it is late ."),
            hello.clone(),
            hello,
            Utterance::user("how are you ?"),
            Utterance::user("fine ?"),
        ];
        let mut pieces = renderer.opening.clone();
        for message in &all {
            pieces.extend(renderer.tokens(std::slice::from_ref(message))?);
        }
        if pieces != tokenizer.encode_chat(&all, false)? {
            return Err(Error::Data(
                "the chat template writes a message otherwise behind others: documents cannot be \
                 put together from its pieces"
                    .to_owned(),
            ));
        }
        Ok(renderer)
    }

    /// What stands once in front of a document.
    #[must_use]
    pub fn opening(&self) -> &[i64] {
        &self.opening
    }

    /// The tokens of messages, without the opening. System messages are left
    /// out: a template may allow them in front alone.
    ///
    /// # Errors
    /// [`Error::Data`] for a template that writes another opening in front of
    /// these messages; the tokenizer's.
    pub fn tokens(&self, messages: &[Utterance]) -> Result<Vec<i64>> {
        let said: Vec<Utterance> =
            messages.iter().filter(|m| m.role != Role::System).cloned().collect();
        if said.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids = self.tokenizer.encode_chat(&said, false)?;
        if !ids.starts_with(&self.opening) {
            let first = &said[0];
            return Err(Error::Data(format!(
                "the chat template opens otherwise in front of {:?} of the {}",
                first.content, first.role
            )));
        }
        Ok(ids.split_off(self.opening.len()))
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &'a ChatTokenizer {
        self.tokenizer
    }
}

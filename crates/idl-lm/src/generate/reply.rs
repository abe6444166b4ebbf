//! One reply on its way: tokens in, text out, and the reason of its end.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::generate::params::DecodingParams;
use crate::generate::sampling::Sampler;
use crate::generate::stop::StopStrings;
use crate::generate::stream::TextStream;
use crate::model::CausalLm;
use crate::tokenizer::ChatTokenizer;

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// The model ended it.
    Eos,
    /// `max_new_tokens`, or the model's positions, were used up.
    Length,
    /// A stop string or stop token came.
    Stop,
    /// The callback asked for it.
    Cancelled,
}

impl FinishReason {
    /// Its name in lower case, as the programs print it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FinishReason::Eos => "eos",
            FinishReason::Length => "length",
            FinishReason::Stop => "stop",
            FinishReason::Cancelled => "cancelled",
        }
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// Its tokens, without the one that ended it. Those of a stop string are
    /// among them, since it may begin amid a token.
    pub token_ids: Vec<i64>,
    /// Its text, without special tokens, cut before a stop string.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
}

/// What the callback of a generation is given: once for each token, and once
/// more where text is left at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece<'t> {
    /// Which of the requests it belongs to.
    pub request: usize,
    /// The token; none for what is left at the end.
    pub token: Option<i64>,
    /// The text that is certain now, whole characters; empty while a character
    /// is incomplete or a stop string may have begun.
    pub text: &'t str,
}

/// Receives each [`Piece`]; [`ControlFlow::Break`] ends the reply it belongs
/// to, with [`FinishReason::Cancelled`].
pub type OnPiece<'f> = dyn FnMut(Piece<'_>) -> ControlFlow<()> + 'f;

/// A callback for those who want the whole reply only.
pub(crate) fn silent(_: Piece<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A reply that is being generated.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    request: usize,
    pub(crate) sampler: Sampler,
    tokenizer: &'a ChatTokenizer,
    model_eos: &'a [i64],
    stop_tokens: &'a [i64],
    stops: StopStrings,
    stream: TextStream,
    text: String,
    /// So many tokens more.
    room: usize,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(
        request: usize,
        model: &'a CausalLm,
        tokenizer: &'a ChatTokenizer,
        prompt: &[i64],
        params: &'a DecodingParams,
    ) -> Self {
        let config = model.config();
        Reply {
            request,
            sampler: Sampler::new(params, prompt, config.vocab_size),
            tokenizer,
            model_eos: &config.eos_token_ids,
            stop_tokens: &params.stop_tokens,
            stops: StopStrings::new(&params.stop_strings),
            stream: TextStream::default(),
            text: String::new(),
            room: room(config.max_position_embeddings, prompt.len(), params),
        }
    }

    /// Whether it may not even begin.
    pub(crate) fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Takes the next token; the reason if it is the last.
    pub(crate) fn take(
        &mut self,
        id: i64,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Option<FinishReason>> {
        let ended = if id == self.tokenizer.eos_id() || self.model_eos.contains(&id) {
            Some(FinishReason::Eos)
        } else if self.stop_tokens.contains(&id) {
            Some(FinishReason::Stop)
        } else {
            None
        };
        if ended.is_some() {
            return Ok(ended);
        }
        self.room -= 1;
        let piece = self.stream.push(id, self.tokenizer)?;
        let (text, stopped) = self.stops.push(&piece);
        let cancelled = self.emit(Some(id), &text, on_piece);
        Ok(match () {
            () if stopped => Some(FinishReason::Stop),
            () if cancelled => Some(FinishReason::Cancelled),
            () if self.room == 0 => Some(FinishReason::Length),
            () => None,
        })
    }

    /// Sends what still waits, unless a stop string was it, and ends.
    pub(crate) fn finish(
        mut self,
        reason: FinishReason,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Generation> {
        let mut finish_reason = reason;
        if !matches!(reason, FinishReason::Cancelled) {
            let piece = self.stream.finish(self.tokenizer)?;
            let (mut text, stopped) = self.stops.push(&piece);
            text.push_str(&self.stops.finish());
            if stopped {
                finish_reason = FinishReason::Stop;
            }
            if !text.is_empty() && self.emit(None, &text, on_piece) {
                finish_reason = FinishReason::Cancelled;
            }
        }
        Ok(Generation { token_ids: self.stream.into_ids(), text: self.text, finish_reason })
    }

    /// Whether the callback cancels.
    fn emit(&mut self, token: Option<i64>, text: &str, on_piece: &mut OnPiece<'_>) -> bool {
        self.text.push_str(text);
        on_piece(Piece { request: self.request, token, text }).is_break()
    }
}

/// How many tokens a reply to a prompt of `prompt` tokens may have.
pub(crate) fn room(positions: usize, prompt: usize, params: &DecodingParams) -> usize {
    params.max_new_tokens.min(positions.saturating_sub(prompt))
}

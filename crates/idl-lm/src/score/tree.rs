//! Log-probabilities of several continuations in one pass.
//!
//! A conversation and everything that might have been said instead share their
//! beginnings. A [`TokenTree`] is that: a trunk of tokens and branches that
//! leave it. All stand in one sequence; positions and the attention mask make
//! each branch see the trunk up to where it leaves, and itself. One pass over
//! `T` trunk tokens and `S` branch tokens then gives what separate passes give
//! at a cost of `T + S` instead of the sum of all prefixes.

use std::ops::Range;

use tch::Tensor;

use crate::error::{Error, Result};
use crate::model::{CausalLm, Layout};
use crate::score::logprobs::token_logprobs;

/// A trunk of tokens and continuations that leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTree {
    trunk: Vec<i64>,
    spans: Vec<Range<usize>>,
    branches: Vec<Branch>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Branch {
    at: usize,
    ids: Vec<i64>,
}

/// What a model makes of a tree's tokens, as 1-d tensors: log-probabilities in
/// nats.
#[derive(Debug)]
pub struct TreeLogProbs {
    /// One for each span of the trunk, in the order they were added.
    pub spans: Vec<Tensor>,
    /// One for each branch, in the order they were added.
    pub branches: Vec<Tensor>,
    /// For each span whether its tokens are the likeliest at their place, as
    /// greedy decoding would have chosen them: booleans.
    pub likeliest: Vec<Tensor>,
}

impl TokenTree {
    /// A trunk, of which nothing is scored yet.
    #[must_use]
    pub fn new(trunk: Vec<i64>) -> Self {
        TokenTree { trunk, spans: Vec::new(), branches: Vec::new() }
    }

    /// Asks for the log-probabilities of the trunk's tokens `span`.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty span, one outside the trunk, or one that
    /// holds the first token, which nothing predicts.
    pub fn add_span(&mut self, span: Range<usize>) -> Result<()> {
        if span.is_empty() || span.start == 0 || span.end > self.trunk.len() {
            return Err(Error::Input(format!(
                "cannot score tokens {span:?} of a sequence of {}",
                self.trunk.len()
            )));
        }
        self.spans.push(span);
        Ok(())
    }

    /// Lets `ids` follow the first `at` tokens of the trunk, and asks for their
    /// log-probabilities.
    ///
    /// # Errors
    /// [`Error::Input`] without ids, or for `at` outside `1..=trunk`.
    pub fn add_branch(&mut self, at: usize, ids: Vec<i64>) -> Result<()> {
        if ids.is_empty() || at == 0 || at > self.trunk.len() {
            return Err(Error::Input(format!(
                "cannot let {} tokens follow the first {at} of {}",
                ids.len(),
                self.trunk.len()
            )));
        }
        self.branches.push(Branch { at, ids });
        Ok(())
    }

    /// All tokens of the tree.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.trunk.len() + self.branches.iter().map(|b| b.ids.len()).sum::<usize>()
    }

    /// The trunk.
    #[must_use]
    pub fn trunk(&self) -> &[i64] {
        &self.trunk
    }

    /// The spans of the trunk that are scored.
    #[must_use]
    pub fn spans(&self) -> &[Range<usize>] {
        &self.spans
    }

    /// The lengths of the branches, in the order they were added.
    #[must_use]
    pub fn branch_lengths(&self) -> Vec<usize> {
        self.branches.iter().map(|b| b.ids.len()).collect()
    }

    /// The branches in the order they were added: how many tokens of the trunk
    /// each follows, and its own.
    pub fn branches(&self) -> impl ExactSizeIterator<Item = (usize, &[i64])> {
        self.branches.iter().map(|b| (b.at, b.ids.as_slice()))
    }

    /// One pass of `model`. Gradients flow where torch records them; the
    /// reductions are in 32 bits whatever the model's precision.
    ///
    /// Time and memory: that of a pass over [`tokens`](Self::tokens) tokens;
    /// logits are made for scored tokens only.
    ///
    /// # Errors
    /// [`Error::Input`] where nothing is to be scored or an id is unknown,
    /// [`Error::TooLong`] where positions run out, [`Error::Torch`].
    pub fn logprobs(&self, model: &CausalLm) -> Result<TreeLogProbs> {
        let (ids, layout) = self.inputs(model)?;
        let hidden = model.forward(&ids, layout.as_ref(), None)?;
        self.score(model, &hidden)
    }

    /// What the model is given: ids, `[1, tokens]`, and their layout.
    pub(crate) fn inputs(&self, model: &CausalLm) -> Result<(Tensor, Option<Layout>)> {
        if self.spans.is_empty() && self.branches.is_empty() {
            return Err(Error::Input("nothing to score".to_owned()));
        }
        let ids: Vec<i64> =
            self.trunk.iter().chain(self.branches.iter().flat_map(|b| &b.ids)).copied().collect();
        model.check_ids(&ids)?;
        let layout = self.layout(model)?;
        Ok((on_device(&ids, model)?.f_unsqueeze(0)?, layout))
    }

    /// What is asked for, of the last hidden states `[1, tokens, hidden]`.
    pub(crate) fn score(&self, model: &CausalLm, hidden: &Tensor) -> Result<TreeLogProbs> {
        let (from, lengths) = self.predictors();
        let targets: Vec<i64> = self
            .spans
            .iter()
            .flat_map(|s| &self.trunk[s.clone()])
            .chain(self.branches.iter().flat_map(|b| &b.ids))
            .copied()
            .collect();
        let rows = hidden.f_squeeze_dim(0)?.f_index_select(0, &on_device(&from, model)?)?;
        let all = token_logprobs(model, &rows, &on_device(&targets, model)?)?;
        let mut spans = all.logprobs.f_split_with_sizes(&lengths[..], 0)?;
        let branches = spans.split_off(self.spans.len());
        let mut likeliest = all.likeliest.f_split_with_sizes(&lengths[..], 0)?;
        likeliest.truncate(self.spans.len());
        Ok(TreeLogProbs { spans, branches, likeliest })
    }

    /// For each scored token the token that predicts it, and how many tokens
    /// each span and branch has.
    fn predictors(&self) -> (Vec<i64>, Vec<i64>) {
        let mut from = Vec::new();
        let mut lengths = Vec::new();
        for span in &self.spans {
            from.extend((span.start - 1..span.end - 1).map(|i| i as i64));
            lengths.push(span.len() as i64);
        }
        let mut start = self.trunk.len();
        for branch in &self.branches {
            from.push(branch.at as i64 - 1);
            from.extend((start..start + branch.ids.len() - 1).map(|i| i as i64));
            lengths.push(branch.ids.len() as i64);
            start += branch.ids.len();
        }
        (from, lengths)
    }

    /// Positions and mask; `None` for a bare trunk, which is plainly causal.
    fn layout(&self, model: &CausalLm) -> Result<Option<Layout>> {
        let longest =
            self.branches.iter().map(|b| b.at + b.ids.len()).fold(self.trunk.len(), usize::max);
        let positions = model.config().max_position_embeddings;
        if longest > positions {
            return Err(Error::TooLong { tokens: longest, positions });
        }
        if self.branches.is_empty() {
            return Ok(None);
        }
        let device = model.options().device;
        let trunk = self.trunk.len();
        let total = self.tokens();
        let mut at: Vec<i64> = (0..trunk as i64).collect();
        let mut mask = vec![false; total * total];
        for (row, cells) in mask.chunks_mut(total).enumerate().take(trunk) {
            cells[..=row].fill(true);
        }
        let mut start = trunk;
        for branch in &self.branches {
            for i in 0..branch.ids.len() {
                let row = start + i;
                let cells = &mut mask[row * total..(row + 1) * total];
                cells[..branch.at].fill(true);
                cells[start..=row].fill(true);
                at.push((branch.at + i) as i64);
            }
            start += branch.ids.len();
        }
        let n = total as i64;
        Ok(Some(Layout {
            positions: Tensor::f_from_slice(&at)?.f_unsqueeze(0)?.f_to_device(device)?,
            mask: Some(Tensor::f_from_slice(&mask)?.f_view([1, 1, n, n])?.f_to_device(device)?),
            key_positions: None,
        }))
    }
}

fn on_device(values: &[i64], model: &CausalLm) -> Result<Tensor> {
    Ok(Tensor::f_from_slice(values)?.f_to_device(model.options().device)?)
}

//! What needs a model: asked for many replies at once, before the measures see
//! them one by one.

use idl::metrics::nli::Verdict;
use idl_dialogue::BoxError;

use super::encoder::Encoder;
use super::input::Line;
use super::nli::Judge;

/// The models that were given.
#[derive(Default)]
pub(crate) struct Models {
    pub(crate) encoder: Option<Encoder>,
    pub(crate) judge: Option<Judge>,
}

/// What the models say of a reply.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opinion {
    /// The closeness to the history, by the sentence encoder.
    pub(crate) p_co: Option<f64>,
    /// One for each persona sentence, by the NLI model.
    pub(crate) verdicts: Vec<Verdict>,
}

impl Models {
    /// An opinion of each reply to a line.
    pub(crate) fn opinions(&mut self, replies: &[(&Line, &str)]) -> Result<Vec<Opinion>, BoxError> {
        let mut opinions = vec![Opinion::default(); replies.len()];
        if let Some(encoder) = &mut self.encoder {
            let p_co = encoder.p_co(replies.iter().map(|(l, reply)| (*reply, &l.history[..])))?;
            opinions.iter_mut().zip(p_co).for_each(|(opinion, p_co)| opinion.p_co = p_co);
        }
        if let Some(judge) = &mut self.judge {
            let all = judge.verdicts(replies.iter().map(|(l, reply)| (*reply, &l.persona[..])))?;
            opinions.iter_mut().zip(all).for_each(|(opinion, all)| opinion.verdicts = all);
        }
        Ok(opinions)
    }

    /// Forgets all texts.
    pub(crate) fn forget(&mut self) {
        self.encoder.iter_mut().for_each(Encoder::forget);
        self.judge.iter_mut().for_each(Judge::forget);
    }
}

//! How likely a person's reply is behind their own sessions, behind another person's and
//! behind none; and among replies of others, all scored in one pass.

use std::path::Path;

use idl_corpora::embedded;
use idl_dialogue::{BoxError, Session, Utterance};
use idl_lm::{CausalLm, ChatTokenizer, LoadOptions, TokenTree};
use idl_metrics::ranking::rank;
use tch::Tensor;

/// Nats a token.
fn mean(logprobs: &Tensor) -> f64 {
    logprobs.mean(None).double_value(&[])
}

fn main() -> Result<(), BoxError> {
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/mini-llama"));
    let model = CausalLm::from_dir(base, LoadOptions::default())?;
    let tokenizer = ChatTokenizer::from_dir(base)?;

    let (ada, bruno) = (&embedded()?[0].person, &embedded()?[1].person);
    let question = Utterance::user("do you have any pets ?");
    let reply = Utterance::assistant("just pickle , my one eyed cat , love .");
    let others =
        ["a greyhound , he sleeps all day .", "no , i am allergic to fur .", "two budgies ."];

    let settings: [(&str, &[Session]); 3] =
        [("her own", &ada.sessions[3..8]), ("another's", &bruno.sessions[3..8]), ("no", &[])];
    for (whose, sessions) in settings {
        // Sessions, question, and then one reply or another: the trunk of a tree that
        // ends in the true reply, and branches that leave it where that begins.
        let mut prompt: Vec<Utterance> = sessions.iter().flat_map(|s| s.messages.clone()).collect();
        prompt.push(question.clone());
        let start = tokenizer.encode_chat(&prompt, true)?.len();
        let whole = |reply: Utterance| {
            tokenizer.encode_chat(&[prompt.as_slice(), &[reply]].concat(), false)
        };
        let trunk = whole(reply.clone())?;
        let end = trunk.len();
        let mut tree = TokenTree::new(trunk);
        tree.add_span(start..end)?;
        for other in others {
            tree.add_branch(start, whole(Utterance::assistant(other))?.split_off(start))?;
        }
        let scored = tch::no_grad(|| tree.logprobs(&model))?;

        let scores: Vec<f64> = scored.spans.iter().chain(&scored.branches).map(mean).collect();
        println!(
            "behind {whose:<10} sessions: {:.3} nats a token, rank {} of {}; {} tokens in one pass",
            -scores[0],
            rank(&scores, 0)?,
            scores.len(),
            tree.tokens()
        );
    }
    Ok(())
}

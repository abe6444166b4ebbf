//! DPOC in a training loop of one's own: the true reply above one that is wrong about
//! the person, and that above a stranger's. Log-probabilities in, a loss out.

use std::error::Error;

use idl_dpoc_loss::{Batch, Completions, Loss, PreferenceLoss};
use tch::nn::{self, Module, OptimizerConfig};
use tch::{Device, Kind, Tensor, no_grad};

const PROMPTS: i64 = 16;
const REPLIES: i64 = 32;

/// The log-probabilities of one reply for each prompt, `[PROMPTS]`. A language model
/// sums over a reply's tokens here; this one has a reply for a token.
fn log_probs(model: &impl Module, prompts: &Tensor, replies: &Tensor) -> Tensor {
    let all = model.forward(prompts).log_softmax(-1, Kind::Float);
    all.gather(1, &replies.unsqueeze(1), false).squeeze_dim(1)
}

/// For how many of the prompts `better` is likelier than `worse`.
fn ranked(better: &Tensor, worse: &Tensor) -> i64 {
    better.gt_tensor(worse).sum(Kind::Int64).int64_value(&[])
}

fn main() -> Result<(), Box<dyn Error>> {
    tch::manual_seed(0);
    let parameters = nn::VarStore::new(Device::Cpu);
    let policy = nn::linear(parameters.root(), 8, REPLIES, nn::LinearConfig::default());
    let prompts = Tensor::randn([PROMPTS, 8], (Kind::Float, Device::Cpu));

    // Which reply is which: for prompt i, reply i is true, i + 1 wrong about the person,
    // i + 9 somebody else's.
    let of_prompt = Tensor::arange(PROMPTS, (Kind::Int64, Device::Cpu));
    let replies = [0, 1, 9].map(|shift| (&of_prompt + shift).remainder(REPLIES));
    let scores = || replies.each_ref().map(|replies| log_probs(&policy, &prompts, replies));

    // The frozen reference is the policy as it was.
    let [reference_w, reference_c, reference_l] = no_grad(scores);
    let reference =
        Completions { chosen: &reference_w, rejected: &reference_l, criterion: Some(&reference_c) };

    // As JSON: {"type": "dpoc_paper", "beta": 0.1, "penalty": 2}.
    let loss = PreferenceLoss::try_from(Loss::DpocPaper { beta: 0.1, penalty: 2.0 })?;
    let mut optimizer = nn::Adam::default().build(&parameters, 0.02)?;
    for step in 0..=60 {
        let [w, c, l] = scores();
        let output = loss.compute(&Batch {
            policy: Completions { chosen: &w, rejected: &l, criterion: Some(&c) },
            reference: Some(reference),
            tokens: None,
        })?;
        if step % 20 == 0 {
            let summary = output.summary()?;
            let (wrong, stranger) = (ranked(&w, &c), ranked(&c, &l));
            println!(
                "step {step:2}: loss {:.3}, margin {:.3}, true > wrong {wrong} of {PROMPTS}, \
                 wrong > stranger's {stranger} of {PROMPTS}",
                summary.loss, summary.margin
            );
        }
        optimizer.backward_step(&output.losses.mean(None));
    }
    Ok(())
}

//! One pass over a tree gives what separate passes give.

use idl::dialogue::Utterance;
use idl::dpoc_loss::Completions;
use idl::lm::{CausalLm, LoadOptions, LoraConfig, TokenTree};
use idl::train::{Alternatives, Conversation, Example, preference_logprobs};
use tch::{Kind, Tensor};

use crate::data::{ROOM, alternatives, assets, builder, embedded_conversation, encode, tokenizer};

#[test]
fn only_replies_with_alternatives_are_scored() {
    let conversation = embedded_conversation(0, 0, &[1, 2]);
    let given = &alternatives(&conversation)[1..2];
    let example = builder(ROOM).preference(&conversation, given).unwrap();
    assert_eq!(example.replies, [given[0].reply]);
    assert_eq!(example.tree.spans().len(), 1);
    assert_eq!(example.alternatives, given);
}

#[test]
fn a_preference_example_has_criterion_branches_or_none() {
    let conversation = embedded_conversation(0, 0, &[1, 2]);
    let mut given = alternatives(&conversation);
    let with = builder(ROOM).preference(&conversation, &given).unwrap();
    assert!(with.has_criterion());
    given[1].criterion = None;
    let error = builder(ROOM).preference(&conversation, &given).unwrap_err().to_string();
    assert!(error.contains(&format!("of its {} alternatives have a criterion", given.len())));
    for a in &mut given {
        a.criterion = None;
    }
    let without = builder(ROOM).preference(&conversation, &given).unwrap();
    assert!(!without.has_criterion());
    assert_eq!(without.tree.trunk(), with.tree.trunk());
    let rejected: Vec<usize> = with.tree.branch_lengths().into_iter().step_by(2).collect();
    assert_eq!(without.tree.branch_lengths(), rejected);
}

/// The three log-probabilities of each reply by separate sequences: prompt and
/// completion, each alone.
fn one_by_one(
    model: &CausalLm,
    conversation: &Conversation,
    example: &Example,
) -> Completions<Tensor> {
    let before: Vec<Utterance> =
        conversation.references.iter().flat_map(|r| r.messages.clone()).collect();
    let sum = |reply: usize, text: &str| {
        let prompt = [&before[..], &conversation.target[..reply]].concat();
        let whole = [&prompt[..], &[Utterance::assistant(text)]].concat();
        let start = tokenizer().encode_chat(&prompt, true).unwrap().len();
        let whole = encode(&whole);
        let end = whole.len();
        let mut tree = TokenTree::new(whole);
        tree.add_span(start..end).unwrap();
        tree.logprobs(model).unwrap().spans[0].sum(Kind::Float)
    };
    let all = |text: &dyn Fn(&Alternatives) -> String| {
        let sums: Vec<Tensor> =
            example.alternatives.iter().map(|a| sum(a.reply, &text(a))).collect();
        Tensor::stack(&sums, 0)
    };
    Completions {
        chosen: all(&|a| conversation.target[a.reply].content.clone()),
        rejected: all(&|a| a.rejected.clone()),
        criterion: Some(all(&|a| a.criterion.as_ref().unwrap().text.clone())),
    }
}

#[test]
fn a_tree_gives_what_three_separate_sequences_give() {
    tch::set_num_threads(1); // tests run side by side
    let mut model = CausalLm::from_dir(&assets(), LoadOptions::default()).unwrap();
    model.add_adapter("a", &LoraConfig::all_linear(2, 4.0), 3).unwrap();
    let parameters = model.adapter_parameters("a").unwrap();
    tch::no_grad(|| {
        for (i, (_, p)) in parameters.iter().enumerate() {
            // B is zero at first; then no gradient would reach A.
            let size = p.size();
            let noise = Tensor::arange(p.numel() as i64, (Kind::Float, p.device()));
            let _ = p
                .shallow_clone()
                .f_add_(&((noise + i as i64).sin() * 0.02).view(&size[..]))
                .unwrap();
        }
    });
    model.set_active(Some("a")).unwrap();
    for (_, p) in &parameters {
        let _ = p.set_requires_grad(true);
    }
    let conversation = embedded_conversation(2, 0, &[1]);
    let example =
        builder(ROOM).preference(&conversation, &alternatives(&conversation)[..2]).unwrap();
    assert_eq!(example.alternatives.len(), 2);

    let gradients = |logprobs: &Completions<Tensor>| {
        let objective = logprobs.chosen.sum(Kind::Float) - logprobs.rejected.sum(Kind::Float)
            + logprobs.criterion.as_ref().unwrap().sum(Kind::Float) * 2.0;
        Tensor::run_backward(
            &[objective],
            &parameters.iter().map(|(_, p)| p).collect::<Vec<_>>(),
            false,
            false,
        )
    };
    let tree = preference_logprobs(&model, &example).unwrap();
    let naive = one_by_one(&model, &conversation, &example);
    for (tree, naive) in [
        (&tree.chosen, &naive.chosen),
        (&tree.rejected, &naive.rejected),
        (tree.criterion.as_ref().unwrap(), naive.criterion.as_ref().unwrap()),
    ] {
        assert_eq!(tree.size(), [example.alternatives.len() as i64]);
        // Sums of about 20 tokens: 1e-4 of a token's few nats.
        let error = ((tree - naive) / naive).abs().max().double_value(&[]);
        assert!(error < 1e-5, "{tree} {naive}");
        assert!(naive.max().double_value(&[]) < -5.0);
    }
    for ((name, _), (tree, naive)) in
        parameters.iter().zip(gradients(&tree).iter().zip(&gradients(&naive)))
    {
        let size = naive.abs().max().double_value(&[]);
        let error = (tree - naive).abs().max().double_value(&[]);
        assert!(size > 0.0 && error < 1e-3 * size, "{name}: {error} of {size}");
    }
}

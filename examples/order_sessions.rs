//! A person's sessions in an order in which neighbours are alike.

use idl::ConvEdDistance;
use idl::conved::ConvEd;
use idl::dialogue::{BoxError, Session, SessionDistance, Utterance};
use idl::encoder::TfIdfEncoder;
use idl::order::{Policy, order};

/// What was asked and answered, as it is kept.
const SESSIONS: [[&str; 4]; 6] = [
    ["any pets ?", "two dogs .", "what are the dogs called ?", "flash and pepper ."],
    ["what do you do for work ?", "i bake bread .", "all night ?", "the bread must be warm ."],
    ["any music tonight ?", "i play the banjo .", "in a band ?", "a band of one banjo ."],
    ["how are the dogs ?", "my dogs are asleep .", "both ?", "flash snores , pepper barks ."],
    ["tired from work ?", "i bake until six .", "every night ?", "bread does not wait ."],
    [
        "what was that music ?",
        "my banjo .",
        "do you sing too ?",
        "the dogs do , the band does not .",
    ],
];

fn main() -> Result<(), BoxError> {
    let session = |lines: [&str; 4]| {
        let [asked, answered, next, last] = lines;
        let messages = vec![
            Utterance::user(asked),
            Utterance::assistant(answered),
            Utterance::user(next),
            Utterance::assistant(last),
        ];
        Session { messages, ..Session::default() }
    };
    let sessions = SESSIONS.map(session);

    // Any matrix of distances will do; entry (i, j) is the cost of j right after i.
    let conved = ConvEd::params().lambda(1.0).check()?;
    let distance = ConvEdDistance { conved, encoder: TfIdfEncoder::english() };
    let matrix = distance.pairwise(&sessions.each_ref())?;

    // The shortest path through all of them, as the paper has it. `Policy::Anchored`
    // and `Greedy` also want the distances to the conversation at hand.
    let found = order(matrix.view(), Policy::Free, None)?;
    for &session in &found.order {
        let [asked, answered, ..] = SESSIONS[session];
        println!("{session}  {asked:<27}{answered}");
    }
    let kept = order(matrix.view(), Policy::Original, None)?;
    println!("\nbetween neighbours, in all: {:.2} as kept", kept.cost);
    let proof = if found.exact { "and no order has less" } else { "perhaps some order has less" };
    println!("                            {:.2} in this order, {proof}", found.cost);
    Ok(())
}

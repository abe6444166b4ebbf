//! Which of a person's sessions should stand before a conversation, and why.

use idl::choice::{Ask, ChoiceParams, Reader, SessionBank};
use idl::corpora::embedded;
use idl::dialogue::{BoxError, Role, Session, Utterance};
use idl::encoder::TfIdfEncoder;
use idl::persona_ext::RuleExtractor;

fn main() -> Result<(), BoxError> {
    let person = &embedded()?[0].person;
    let sessions: Vec<&Session> = person.sessions.iter().collect();

    // Facts and vectors of each session: read once, kept by a store if you like.
    let encoder = TfIdfEncoder::english();
    let extractor = RuleExtractor::default();
    let reader = Reader { encoder: &encoder, extractor: &extractor, ask: Ask::Own };
    let mut bank = SessionBank::new();
    for record in reader.records(&sessions)? {
        bank.add(record)?;
    }

    // What has been said so far. The person's own words tell most; before they have
    // spoken the partner's are what there is to go by.
    let context = [
        Utterance::user("hi ! what are you up to ?"),
        Utterance::assistant("knitting a jumper . i have a one eyed cat , he helps ."),
        Utterance::user("what is it called ?"),
    ];
    let query = reader.query(&context)?;
    let chooser = ChoiceParams { count: 3, ..ChoiceParams::default() }.check()?;
    let candidates: Vec<usize> = (0..bank.len()).collect();
    for chosen in chooser.choose(&bank, &candidates, query.as_ref(), None)? {
        let first = sessions[chosen.place].said_by(Role::Assistant).next().unwrap_or_default();
        println!("{} ({:+.1}): {first}", chosen.id, chosen.score);
        // Each number says by how many standard deviations it stands out.
        let why = chosen.evidence.named().into_iter().filter(|(_, evidence)| *evidence != 0.0);
        let why: Vec<String> =
            why.map(|(kind, evidence)| format!("{kind} {evidence:+.1}")).collect();
        println!("    {}", why.join(", "));
        for fact in &chosen.shared {
            println!("    both say {fact}");
        }
    }
    Ok(())
}

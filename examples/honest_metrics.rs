//! What a metric is worth: every table beside the rows that cost nothing, and with an
//! interval over persons.

use std::collections::BTreeMap;
use std::error::Error;

use idl_corpora::embedded;
use idl_metrics::chance::{Example, chance_rows};
use idl_metrics::intervals::Intervals;
use idl_metrics::text::{Bleu, BleuParams, released_bleu, word_f1};
use idl_store::LexicalIndex;

/// Each person's mean of word F1: replies of one person depend on each other, so
/// persons are what is counted.
fn by_person(examples: &[Example<'_>], replies: &[&str]) -> Vec<f64> {
    let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (example, reply) in examples.iter().zip(replies) {
        scores.entry(example.person).or_default().push(100.0 * word_f1(reply, example.reply));
    }
    scores.values().map(|scores| scores.iter().sum::<f64>() / scores.len() as f64).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    // All that 24 invented people reply, and what they reply to.
    let mut examples = Vec::new();
    for person in embedded()?.iter().map(|p| &p.person) {
        for session in &person.sessions {
            examples.extend(session.replies().map(|reply| Example {
                person: &person.id,
                query: &session.messages[reply - 1].content,
                reply: &session.messages[reply].content,
            }));
        }
    }

    // A system without a model: what was replied to the question that has most words
    // in common with this one.
    let mut questions = LexicalIndex::new();
    for (i, example) in examples.iter().enumerate() {
        questions.add(&i.to_string(), [example.query]);
    }
    let mut retrieved = Vec::new();
    for (i, example) in examples.iter().enumerate() {
        let found = questions.top(example.query, 2);
        let other = found.iter().map(|(id, _)| id.parse::<usize>()).find(|id| *id != Ok(i));
        retrieved.push(other.transpose()?.map_or("", |other| examples[other].reply));
    }

    let chance = chance_rows(&examples, "i like that too , do you like it ?", 0);
    let same: Vec<&str> = chance.same_person.iter().map(|reply| reply.unwrap_or("")).collect();
    let rows = [
        ("a like question's", &retrieved),
        ("a random reply", &chance.random),
        ("the same person's", &same),
        ("the question, echoed", &chance.echo),
        ("one constant sentence", &chance.constant),
    ];

    let intervals = Intervals::default();
    println!("{:<23}BLEU-4  released BLEU  word F1               less the last row's", "");
    let constant = by_person(&examples, &chance.constant);
    for (name, replies) in rows {
        let mut bleu = Bleu::new(BleuParams::default())?;
        let mut released = 0.0;
        for (example, reply) in examples.iter().zip(replies) {
            bleu.add(reply, &[example.reply])?;
            released += released_bleu(reply, example.reply)? / examples.len() as f64;
        }
        let f1 = by_person(&examples, replies);
        let mean = intervals.mean(&f1)?;
        print!("{name:<23}{:6.2}  {released:13.2}", bleu.score().value);
        print!("  {:5.2} [{:.2}, {:.2}]", mean.estimate, mean.low, mean.high);
        match intervals.paired(&f1, &constant) {
            Ok(to) => println!("  {:+.2} [{:+.2}, {:+.2}]", to.estimate, to.low, to.high),
            Err(_) => println!(), // The last row, beside itself.
        }
    }
    println!("\n{}", intervals.over(embedded()?.len()));
    Ok(())
}

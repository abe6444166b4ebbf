//! LoCoMo: which sessions hold the answers.

use std::path::PathBuf;

use clap::Args;
use idl::choice::{Reader, SessionBank};
use idl::corpora::locomo;
use idl::persona_ext::RuleExtractor;
use idl_dialogue::{BoxError, Role, Session, Utterance};

use super::probe::{ChoiceArgs, Probe};
use super::report;
use crate::{encoder, progress};

/// The category of questions that have no answer, which are left out.
const ADVERSARIAL: u8 = 5;

/// The share of a question's evidence that is chosen, on LoCoMo.
///
/// The sessions of the pair are the candidates, each once, with what both friends
/// say; a question's text asks. Questions of category 5 have no answer and are left
/// out, and so are those whose evidence names no session.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The published file
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    choice: ChoiceArgs,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let pairs = locomo::open(&arguments.file)?;
    let encoder = encoder::open(&arguments.choice.encoder, arguments.choice.cache.as_deref())?;
    let extractor = RuleExtractor::default();
    let ask = arguments.choice.params()?.ask;
    let reader = Reader { encoder: &*encoder, extractor: &extractor, ask };
    let bar = progress::bar("reading pairs", pairs.len() as u64);
    let mut banks = Vec::new();
    for pair in &pairs {
        // Either friend may be asked about: both are the person here.
        let sessions: Vec<Session> = pair.sessions.iter().map(both_are_the_person).collect();
        let mut bank = SessionBank::new();
        for record in reader.records(&sessions.iter().collect::<Vec<_>>())? {
            bank.add(record)?;
        }
        banks.push(bank);
        bar.set_position(banks.len() as u64);
    }
    bar.finish_and_clear();
    let mut probes = Vec::new();
    for (unit, (pair, bank)) in pairs.iter().zip(&banks).enumerate() {
        for question in &pair.questions {
            if question.category == ADVERSARIAL || question.evidence.is_empty() {
                continue;
            }
            let asked = [Utterance::user(question.text.clone())];
            let Some(query) = reader.query(&asked)? else { continue };
            probes.push(Probe {
                bank,
                candidates: (0..bank.len()).collect(),
                query,
                right: (0..bank.len()).map(|s| question.evidence.contains(&s)).collect(),
                unit,
                recall: true,
            });
        }
    }
    let settings = serde_json::json!({ "sessions": arguments.choice.sessions });
    report::print("locomo", settings, encoder.name(), &arguments.choice, &probes)
}

fn both_are_the_person(session: &Session) -> Session {
    let mut session = session.clone();
    for message in &mut session.messages {
        message.role = Role::Assistant;
    }
    session
}

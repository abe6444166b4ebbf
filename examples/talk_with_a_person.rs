//! A person to talk with: sessions are kept in a store, and before every reply those
//! are chosen that speak of what is asked about.

use std::ops::ControlFlow;
use std::path::Path;

use idl::choice::{Ask, ChoiceParams, Reader};
use idl::conved::ConvEd;
use idl::corpora::embedded;
use idl::dialogue::{BoxError, Session};
use idl::encoder::TfIdfEncoder;
use idl::lm::{CausalLm, ChatTokenizer, DecodingParams, Generator, LoadOptions};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::store::{OnConflict, SessionStore, SqliteStore};
use idl::{ConvEdDistance, Responder, ResponderParts};

fn main() -> Result<(), BoxError> {
    // An encoder of sentences does better: `SentenceTransformer` with the feature `tch`.
    let encoder = TfIdfEncoder::english();
    let extractor = RuleExtractor::default();
    // What is to be answered asks, too: the person's own words are the model's here.
    let reader = Reader { encoder: &encoder, extractor: &extractor, ask: Ask::Answer };

    // One of the invented people; their sessions with facts and vectors, in a file.
    let person = &embedded()?[0].person;
    let sessions: Vec<&Session> = person.sessions.iter().collect();
    let folder = tempfile::tempdir()?;
    let mut store = SqliteStore::open(folder.path())?;
    store.add(&person.id, &reader.records(&sessions)?, OnConflict::Refuse)?;

    // The base is small: it shows the way. Any LLaMA, Mistral or Qwen2 goes here, and
    // `model.load_adapter` brings in what `idl learn` has learnt.
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/mini-llama"));
    let model = CausalLm::from_dir(base, LoadOptions::default())?;
    let tokenizer = ChatTokenizer::from_dir(base)?;

    let conved = ConvEd::params().lambda(1.0).check()?; // TF-IDF: see ConvEdDistance
    let parts = ResponderParts {
        reader,
        chooser: ChoiceParams { count: 3, ..ChoiceParams::default() }.check()?,
        distance: &ConvEdDistance { conved, encoder: &encoder },
        policy: Policy::Free,
        generator: Generator { model: &model, tokenizer: &tokenizer },
    };
    let mut talk = Responder::new(Box::new(store), person.id.as_str(), parts)?;
    let params = DecodingParams { max_new_tokens: 16, ..DecodingParams::default() };
    for said in ["what do you do for a living ?", "and what do you cook ?"] {
        let reply = talk.reply(said, &params, &mut |_| ControlFlow::Continue(()))?;
        println!("> {said}\n{}: {}", person.id, reply.generation.text);
        for chosen in talk.why() {
            println!("    behind {} ({:+.1})", chosen.id, chosen.score);
        }
    }
    Ok(())
}

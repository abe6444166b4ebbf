//! What can be done with a voice besides talking: adding, showing, forgetting.

use std::path::PathBuf;

use clap::Args;
use idl::persona_ext::RuleExtractor;
use idl::store::{Error, SessionStore};
use idl_dialogue::{BoxError, Triple, Utterance};
use serde::Serialize;

use crate::voice::{ImportArgs, Voice};
use crate::{cli, progress};

/// Adds sessions to a voice: from now on they are chosen from.
///
/// Sessions that are there already are passed over, and a session that has grown
/// takes its own place. The adapter has not learnt from them: `idl learn --again`
/// learns anew.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl add ada --chats chats.jsonl
  idl add ada --chats result.json --format telegram --me Ada")]
pub(crate) struct AddArguments {
    /// The voice's folder
    #[arg(value_name = "DIR")]
    voice: PathBuf,

    #[command(flatten)]
    import: ImportArgs,
}

/// Adds.
pub(crate) fn add(arguments: &AddArguments) -> Result<(), BoxError> {
    let voice = Voice::open(&arguments.voice)?;
    let Some((person, sessions)) = arguments.import.load()? else {
        return Err("`--chats`: which file?".into());
    };
    let is = &voice.settings.person;
    if *is != person {
        let dir = arguments.voice.display();
        return Err(format!("{dir}: is the voice of `{is}`, not of `{person}`").into());
    }
    let _lock = voice.lock()?;
    let encoder = voice.encoder()?;
    let extractor = RuleExtractor::default();
    let reader = voice.reader(&*encoder, &extractor);
    let mut store = voice.store()?;
    let bar = progress::bar("reading sessions", sessions.len() as u64);
    let added = voice.add(&mut store, &reader, &sessions, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    eprintln!("{}: {added}", arguments.voice.display());
    Ok(())
}

/// Shows the sessions of a voice, a JSON line each: id, time, messages and facts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl show ada
  idl show ada --session 'WhatsApp Chat with Bo@2023-12-31T18:03:00'")]
pub(crate) struct ShowArguments {
    /// The voice's folder
    #[arg(value_name = "DIR")]
    voice: PathBuf,

    /// This session alone, with its messages
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    utterances: usize,
    facts: Vec<Triple>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Utterance>,
}

/// Shows.
pub(crate) fn show(arguments: &ShowArguments) -> Result<(), BoxError> {
    let voice = Voice::open(&arguments.voice)?;
    let store = voice.store()?;
    let person = &voice.settings.person;
    if let Some(id) = &arguments.session {
        let Some(record) = store.load(person, id)? else {
            return Err(format!("`{id}`: {person} has no such session").into());
        };
        let (utterances, messages) = (record.messages.len(), record.messages);
        let (id, time, facts) = (record.id, record.time, record.facts);
        return cli::print_json(&Shown { id, time, utterances, facts, messages });
    }
    let mut failed = None;
    store.visit(person, &mut |record| {
        if failed.is_none() {
            let (id, time, facts) = (record.id, record.time, record.facts);
            let utterances = record.messages.len();
            let shown = Shown { id, time, utterances, facts, messages: Vec::new() };
            failed = cli::print_json(&shown).err();
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Forgets sessions of a voice: no byte of them stays in its folder.
///
/// But for what a finished adapter has learnt from them: `idl learn --again` learns
/// anew without them. Learning that is not finished begins anew. The same chats, added
/// again, bring them back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl forget ada 'WhatsApp Chat with Bo@2023-12-31T18:03:00'
  idl show ada | jq -r .id | xargs -d '\\n' idl forget ada")]
pub(crate) struct ForgetArguments {
    /// The voice's folder
    #[arg(value_name = "DIR")]
    voice: PathBuf,

    /// The sessions' ids
    #[arg(value_name = "ID", required = true)]
    sessions: Vec<String>,
}

/// Forgets.
pub(crate) fn forget(arguments: &ForgetArguments) -> Result<(), BoxError> {
    let mut voice = Voice::open(&arguments.voice)?;
    let _lock = voice.lock()?;
    let mut store = voice.store()?;
    let person = &voice.settings.person.clone();
    let ids: Vec<&str> = arguments.sessions.iter().map(String::as_str).collect();
    for id in &ids {
        if store.load(person, id).is_ok_and(|record| record.is_none()) {
            return Err(format!("`{id}`: {person} has no such session").into());
        }
    }
    voice.before_forgetting()?;
    let removed = match store.remove(person, &ids) {
        Err(error @ Error::Traces { .. }) => {
            eprintln!("they are forgotten, but: {error}");
            ids.len()
        }
        removed => removed?,
    };
    let stay = store.len(person)?;
    voice.settings.learnt_from = voice.settings.learnt_from.min(stay);
    voice.save()?;
    eprintln!("{removed} sessions are forgotten; {stay} stay");
    if voice.settings.adapter.is_some() {
        eprintln!("the adapter has learnt from them still: `idl learn --again` learns anew");
    }
    Ok(())
}

//! From chats to a voice in one command.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use idl::choice::ChoiceParams;
use idl::corpora::embedded;
use idl::dialogue::{BoxError, Person, SentenceEncoder};
use idl::draw::key;
use idl::learn::{QueryPoint, TrainingTarget, dpa_targets, session_targets};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::store::SessionStore;
use idl::train::rows::{self, Dialogue};
use idl::train::{BuildStats, PreferenceCorpus};
use idl::{ConvEdDistance, Pipeline, Rule};
use serde_json::json;

use super::train::folder::Stopped;
use super::train::run::train;
use crate::lm::{self, Dtype};
use crate::run_config::RunConfig;
use crate::voice::{ASK, DPA, ImportArgs, MSL, Voice, VoiceSettings};
use crate::{encoder, progress};

/// Learns a person's voice from their chats: reads them into a store, learns from
/// the replies behind chosen sessions (MSL), then from preferences (DPA).
///
/// Stopped or killed at any moment, the same command goes on where it was (without
/// --again, which begins anew each time); what is done is not done again. `idl chat DIR` then talks with the voice.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl learn --chats 'WhatsApp Chat with Bo.txt' --format whatsapp --me Ada --out ada
  idl learn --chats chats.jsonl --out ada --model llama-3.2-1b --dtype bf16
  idl learn --out ada        # goes on
  idl chat ada")]
pub(crate) struct Arguments {
    #[command(flatten)]
    import: ImportArgs,

    /// The voice's folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The base model, a Hugging Face folder of the LLaMA family [default: in a
    /// checkout the embedded base]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,

    /// The precision of its weights
    #[arg(long, value_enum)]
    dtype: Option<Dtype>,

    /// cpu, cuda, or cuda:N
    #[arg(long, default_value = "cpu")]
    device: String,

    /// `tfidf`, or a sentence-transformers folder [default: all-MiniLM-L6-v2 where the
    /// set-up has put it, else tfidf]
    #[arg(long, value_name = "tfidf|DIR")]
    encoder: Option<PathBuf>,

    /// From which reply on a dialogue is learnt: opening, second, middle, last or
    /// every
    #[arg(long, value_name = "REPLY", default_value_t = QueryPoint::default())]
    query: QueryPoint,

    /// Dialogues to learn from at most in each stage, drawn from all
    #[arg(long, value_name = "N", default_value_t = 480)]
    dialogues: usize,

    /// Stop after mutual supervised learning
    #[arg(long)]
    no_dpa: bool,

    /// Learn anew from all sessions that are there by now
    #[arg(long)]
    again: bool,

    /// Everything random follows from it
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let chats = arguments.import.load()?;
    let mut voice = arguments.voice(chats.as_ref().map(|(person, _)| person.as_str()))?;
    let _lock = voice.lock()?;
    let encoder = voice.encoder()?;
    let extractor = RuleExtractor::default();
    let reader = voice.reader(&*encoder, &extractor);
    let mut store = voice.store()?;
    if let Some((_, sessions)) = &chats {
        let bar = progress::bar("reading sessions", sessions.len() as u64);
        let added =
            voice.add(&mut store, &reader, sessions, |done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        eprintln!("{}: {added}", arguments.out.display());
    }
    voice.check_sessions(&store)?;
    if arguments.again {
        voice.unlearn()?;
    }
    let stages: &[&str] = if arguments.no_dpa { &[MSL] } else { &[MSL, DPA] };
    let sessions = store.len(&voice.settings.person)?;
    let mut learnt_from = voice.settings.learnt_from;
    if stages.iter().all(|stage| voice.done(stage)) {
        let since = sessions.saturating_sub(voice.settings.learnt_from);
        let since = match since {
            0 => String::new(),
            n => format!(" ({n} sessions are new since: --again learns anew)"),
        };
        eprintln!("{}: learnt already{since}", arguments.out.display());
    } else {
        let targets = Targets { arguments, voice: &voice, encoder: &*encoder };
        for &stage in stages {
            if voice.done(stage) {
                eprintln!("{stage}: done already");
                voice.tidy(stage)?;
                continue;
            }
            let data = voice.work()?.join(format!("{stage}.jsonl"));
            if !data.is_file() {
                targets.write(stage, &store, &data)?;
                if stage == MSL {
                    // At once: a kill must not make later sessions learnt ones.
                    learnt_from = sessions;
                    let mut kept = Voice::open(&arguments.out)?;
                    kept.settings.learnt_from = sessions;
                    kept.save()?;
                }
            }
            let config = arguments.config(&voice, stage, &data)?;
            train(&config, voice.path(stage).join("run.json").is_file()).map_err(here)?;
            voice.tidy(stage)?;
        }
    }
    voice.settings.learnt_from = learnt_from;
    voice.settings.adapter = stages.last().map(|&stage| stage.to_owned());
    voice.save()?;
    // Sessions stand in it.
    voice.clear_work()?;
    eprintln!("talk with it: idl chat {}", arguments.out.display());
    Ok(())
}

/// What `train` says of its end, in the words of this command.
fn here(error: BoxError) -> BoxError {
    match error.downcast_ref::<Stopped>() {
        Some(Stopped { steps }) => {
            format!("stopped after step {steps}: the same command goes on").into()
        }
        None => error,
    }
}

impl Arguments {
    /// The voice that is there, or a new one. What it was made with stays.
    fn voice(&self, person: Option<&str>) -> Result<Voice, BoxError> {
        if let Some(mut voice) = Voice::find(&self.out)? {
            if person.is_some_and(|person| person != voice.settings.person) {
                let (out, is) = (self.out.display(), &voice.settings.person);
                return Err(format!(
                    "{out}: is the voice of `{is}`, not of `{}`",
                    person.unwrap_or_default()
                )
                .into());
            }
            if let Some(model) = &self.model
                && !voice.settings.model.is_dir()
            {
                // It was moved: the option says where to.
                voice.settings.model = whole(model);
                voice.save()?;
            }
            let tfidf = PathBuf::from(encoder::TFIDF);
            let encoder = voice.settings.encoder.as_ref().unwrap_or(&tfidf);
            for (option, given, was) in [
                ("--model", &self.model, &voice.settings.model),
                ("--encoder", &self.encoder, encoder),
            ] {
                if given.as_ref().is_some_and(|given| given != was && whole(given) != *was) {
                    let was = was.display();
                    return Err(format!("`{option}`: the voice was made with {was}").into());
                }
            }
            return Ok(voice);
        }
        let Some(person) = person else {
            let out = self.out.display();
            return Err(format!("{out}: no voice is there yet: --chats makes one").into());
        };
        let model = self.model.clone().unwrap_or_else(lm::embedded_base);
        if !model.join("config.json").is_file() {
            let model = model.display();
            return Err(format!("{model}: no model is there: name a folder by --model").into());
        }
        let tfidf = |dir: &PathBuf| dir.as_os_str() == encoder::TFIDF;
        let encoder = match &self.encoder {
            Some(dir) => Some(dir.clone()).filter(|dir| !tfidf(dir)),
            None => encoder::installed(),
        };
        // As the papers have it; TF-IDF hardly reaches a cosine at which 5 substitutes.
        let lambda = if encoder.is_some() { 5.0 } else { 1.0 };
        Voice::create(
            &self.out,
            VoiceSettings {
                person: person.to_owned(),
                model: whole(&model),
                dtype: self.dtype.unwrap_or_default(),
                encoder: encoder.map(|dir| whole(&dir)),
                lambda,
                choice: ChoiceParams { ask: ASK, ..ChoiceParams::default() },
                adapter: None,
                learnt_from: 0,
            },
        )
    }

    /// The settings of a stage's training.
    fn config(&self, voice: &Voice, stage: &str, data: &Path) -> Result<RunConfig, BoxError> {
        let settings = &voice.settings;
        let mut config = json!({
            "model": settings.model, "dtype": settings.dtype, "device": self.device,
            "data": data, "out": voice.path(stage), "stage": if stage == MSL { "msl" } else { "dpoc" },
            "train": {
                "batch_size": 2,
                "epochs": if stage == MSL { 2 } else { 1 },
                "schedule": {
                    "learning_rate": if stage == MSL { 7e-4 } else { 1e-4 },
                    "warmup_ratio": 0.1,
                },
                "save_steps": 25,
                "seed": self.seed,
            },
        });
        if stage == MSL {
            config["lora"] = json!({
                "r": 16, "alpha": 32,
                "target_modules": [
                    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"
                ],
            });
        } else {
            config["adapter"] = json!(voice.path(MSL));
        }
        RunConfig::from_json(&voice.path(stage), &config)
    }
}

/// A path that holds wherever the program is started next.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// What is learnt from.
struct Targets<'a> {
    arguments: &'a Arguments,
    voice: &'a Voice,
    encoder: &'a dyn SentenceEncoder,
}

impl Targets<'_> {
    /// Writes the rows of a stage, whole or not at all.
    fn write(&self, stage: &str, store: &dyn SessionStore, path: &Path) -> Result<(), BoxError> {
        let (person, records) = self.voice.person(store)?;
        let extractor = RuleExtractor::default();
        let distance = ConvEdDistance { conved: self.voice.conved()?, encoder: self.encoder };
        // Learnt as it is used later.
        let rule = Rule::Evidence(self.voice.settings.choice.check()?);
        let pipeline = Pipeline {
            encoder: self.encoder,
            extractor: &extractor,
            rule,
            distance: &distance,
            policy: Policy::Free,
            references: self.voice.settings.choice.count,
        };
        let index = pipeline.index_of(&person, records)?;
        // Drawn before sessions are chosen for them: a choice costs more than a draw.
        let mut drawn: Vec<usize> = (0..person.sessions.len()).collect();
        drawn.sort_by_key(|&s| {
            key(self.arguments.seed, "learnt dialogue", &[&person.id, &person.sessions[s].id])
        });
        let bar =
            progress::bar("choosing sessions", self.arguments.dialogues.min(drawn.len()) as u64);
        let (mut targets, mut dialogues) = (Vec::new(), 0);
        for session in drawn {
            if dialogues == self.arguments.dialogues {
                break;
            }
            let found = session_targets(&index, 0, session, &pipeline, self.arguments.query)?;
            dialogues += usize::from(!found.is_empty());
            targets.extend(found);
            bar.set_position(dialogues as u64);
        }
        bar.finish_and_clear();
        if targets.is_empty() {
            return Err(format!(
                "there is nothing to learn from: {} sessions, and a dialogue needs a reply and \
                 another session to stand behind",
                person.sessions.len()
            )
            .into());
        }
        let dialogues: Vec<Dialogue> = if stage == MSL {
            targets.into_iter().map(|t| self.dialogue(t.conversation, Vec::new())).collect()
        } else {
            self.preferences(&person, &targets, &extractor)?
        };
        let temporary = path.with_extension("tmp");
        let mut file = BufWriter::new(File::create(&temporary)?);
        for dialogue in &dialogues {
            rows::write(&mut file, dialogue)?;
        }
        file.flush()?;
        drop(file);
        Ok(fs::rename(&temporary, path)?)
    }

    /// The targets with what else might have been said. One person has nobody to
    /// take other replies from: the invented people say them.
    fn preferences(
        &self,
        person: &Person,
        targets: &[TrainingTarget],
        extractor: &RuleExtractor,
    ) -> Result<Vec<Dialogue>, BoxError> {
        let mut persons = vec![person.clone()];
        persons.extend(embedded()?.iter().map(|other| other.person.clone()));
        let corpus = PreferenceCorpus::new(&persons, extractor, self.encoder, self.arguments.seed)?;
        let mut coverage = BuildStats::default();
        let found = dpa_targets(targets, &corpus, &mut coverage)?;
        if found.is_empty() {
            return Err("no reply has anything else that might have been said".into());
        }
        Ok(found
            .into_iter()
            .map(|(target, alternatives)| self.dialogue(target.conversation.clone(), alternatives))
            .collect())
    }

    fn dialogue(
        &self,
        conversation: idl::train::Conversation,
        alternatives: Vec<idl::train::Alternatives>,
    ) -> Dialogue {
        Dialogue { person: Some(self.voice.settings.person.clone()), conversation, alternatives }
    }
}

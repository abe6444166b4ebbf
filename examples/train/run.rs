//! From settings to an adapter.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use idl::dialogue::BoxError;
use idl::dpoc_loss::PreferenceLoss;
use idl::lm::{CausalLm, LoadOptions, LoraConfig};
use idl::train::checkpoint::{Checkpoint, Checkpoints, STATE};
use idl::train::log::{LogRecord, TrainLog, metric};
use idl::train::{
    Callback, ModelCard, Objective, Outcome, Step, Stop, Trained, Trainer, total_steps,
};
use idl_examples::progress::{self, Progress};
use idl_examples::{curves, lm};

use crate::data;
use idl_examples::run_config::{RunConfig, Stage};

/// The adapter that is trained, and the one it is compared with.
const POLICY: &str = "policy";
const REFERENCE: &str = "reference";

pub(crate) const LOG: &str = "train_log.jsonl";
pub(crate) const SETTINGS: &str = "run.json";
pub(crate) const CARD: &str = "README.md";

/// Prints what would be learnt.
pub(crate) fn dry(config: &RunConfig) -> Result<(), BoxError> {
    let tokenizer = lm::tokenizer(&config.model)?;
    let examples = data::examples(&config.data, config, &tokenizer)?;
    let mut stdout = std::io::stdout().lock();
    for example in examples.iter().take(3) {
        writeln!(stdout, "{}\n", data::masked(example, &tokenizer)?)?;
    }
    writeln!(
        stdout,
        "{} dialogues, {} steps of {}",
        examples.len(),
        total_steps(examples.len(), &config.train),
        config.train.batch_size
    )?;
    Ok(stdout.flush()?)
}

/// Trains.
pub(crate) fn train(config: &RunConfig, resume: bool) -> Result<(), BoxError> {
    let out = &config.out;
    fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
    let _lock = lock(out)?;
    let options = LoadOptions { device: config.device()?, kind: config.dtype.kind() };
    let base = config.model.display().to_string();
    let start = starting_point(&Checkpoints::new(out, base.as_str()), resume)?;
    let tokenizer = lm::tokenizer(&config.model)?;
    let examples = data::examples(&config.data, config, &tokenizer)?;
    let held_out = match &config.eval_data {
        Some(path) => data::examples(path, config, &tokenizer)?,
        None => Vec::new(),
    };
    let mut model = CausalLm::from_dir(&config.model, options)?;
    model.check_tokenizer(&tokenizer)?;
    let trained = if config.full { Trained::Base } else { Trained::Adapter(POLICY) };
    let lora = adapters(&mut model, config)?;
    let loss = match config.stage {
        Stage::Msl => None,
        Stage::Dpoc => Some(config.loss.unwrap_or_default().check()?),
    };
    let objective = objective(loss.as_ref(), config);
    let card = ModelCard {
        name: name(out),
        base,
        objective,
        data: format!("`{}`", name(&config.data)),
        lora: lora.as_ref(),
        train: &config.train,
    };
    let settings = serde_json::to_string_pretty(config)?;
    let checkpoints = Checkpoints::new(out, card.base.as_str())
        .with_file(SETTINGS, settings.as_str())
        .with_file(CARD, card.text(&examples, None));

    let trainer = Trainer::new(&examples, objective, &config.train)
        .evaluate_on(&held_out)
        .save_to(&checkpoints)
        .resume_from(start.as_ref());
    let references = config.reference_cache();
    let trainer = trainer.cache_references(&references);
    // Before anything of the folder is touched.
    trainer.check_resume(&model, trained)?;
    let step = start.as_ref().map_or(0, |c| c.state.global_step);
    let (log, _) = TrainLog::resume(out.join(LOG), step)?;
    write_whole(&out.join(SETTINGS), &settings)?;
    eprintln!(
        "{} dialogues, {} held out; {} on {} threads",
        examples.len(),
        held_out.len(),
        config.device,
        tch::get_num_threads()
    );

    let total = total_steps(examples.len(), &config.train);
    let mut watch = Watch::new(log, total)?;
    let outcome = trainer.run(&mut model, trained, &mut watch)?;
    watch.bar.finish_and_clear();
    if outcome.stop == Stop::Cancelled {
        return Err(format!("stopped after step {}: --resume goes on", outcome.steps).into());
    }
    let best = outcome.best.filter(|_| config.train.load_best_model_at_end);
    let shown = best.map_or(outcome.steps, |(step, _)| step);
    let text = |last: Option<&LogRecord>| card.text(&examples, last);
    finish(&model, trained, &card.base, &checkpoints, &text, &outcome, shown)
}

/// The adapter to be trained, and, where a loss compares, the frozen one; its
/// shape, where there is one.
fn adapters(model: &mut CausalLm, config: &RunConfig) -> Result<Option<LoraConfig>, BoxError> {
    if config.full {
        return Ok(None);
    }
    match &config.adapter {
        Some(dir) => {
            model.load_adapter(REFERENCE, dir)?;
            model.copy_adapter(REFERENCE, POLICY)?;
        }
        None => {
            let lora = config.lora.clone().unwrap_or_default();
            model.add_adapter(POLICY, &lora, config.train.seed)?;
        }
    }
    Ok(Some(model.adapter_config(POLICY)?.clone()))
}

fn objective<'a>(loss: Option<&'a PreferenceLoss>, config: &RunConfig) -> Objective<'a> {
    match loss {
        None => Objective::Supervised,
        Some(loss) => {
            let reference = config.adapter.is_some().then_some(REFERENCE);
            Objective::Preference { loss, reference }
        }
    }
}

/// The checkpoint to go on from. A folder that has some is neither overwritten
/// nor silently gone on with.
pub(crate) fn starting_point(
    checkpoints: &Checkpoints,
    resume: bool,
) -> Result<Option<Checkpoint>, BoxError> {
    if !resume {
        return match checkpoints.list()?.last() {
            None => nothing_finished(checkpoints.dir()).map(|()| None),
            Some((_, path)) => Err(format!(
                "{}: is there already: --resume goes on from it, another `out` starts anew",
                path.display()
            )
            .into()),
        };
    }
    let found = checkpoints.latest()?;
    for error in &found.damaged {
        eprintln!("passed over: {error}");
    }
    match &found.checkpoint {
        Some(checkpoint) => {
            eprintln!("going on from {}", checkpoint.path.display());
            let (then, now) = (checkpoint.state.threads, i64::from(tch::get_num_threads()));
            if then != now {
                eprintln!(
                    "it was written with {then} threads, here are {now}: last bits may differ"
                );
            }
        }
        None if !found.damaged.is_empty() => {
            let dir = checkpoints.dir().display();
            return Err(format!("{dir}: no checkpoint is whole; another `out` starts anew").into());
        }
        None => eprintln!("{}: no checkpoint yet, starting anew", checkpoints.dir().display()),
    }
    Ok(found.checkpoint)
}

/// A result whose checkpoints are gone is no folder to start in, either.
fn nothing_finished(out: &Path) -> Result<(), BoxError> {
    let results =
        ["adapter_model.safetensors", "model.safetensors", "model.safetensors.index.json"];
    match results.iter().map(|name| out.join(name)).find(|path| path.exists()) {
        None => Ok(()),
        Some(path) => {
            Err(format!("{}: is there already: another `out` starts anew", path.display()).into())
        }
    }
}

/// One process at a time in an output folder; the lock goes with the process.
pub(crate) fn lock(out: &Path) -> Result<File, BoxError> {
    let path = out.join(".lock");
    let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("{}: another run is writing here", out.display()).into())
        }
        Err(TryLockError::Error(error)) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// Writes a file beside its place, then moves it there.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), BoxError> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path))?;
    Ok(())
}

/// Puts the result into the output folder: adapter (of `base`) or model, the
/// card of its last record, state, curves. The parameters are those of step
/// `shown`.
pub(crate) fn finish(
    model: &CausalLm,
    trained: Trained<'_>,
    base: &str,
    checkpoints: &Checkpoints,
    card: &dyn Fn(Option<&LogRecord>) -> String,
    outcome: &Outcome,
    shown: u64,
) -> Result<(), BoxError> {
    let out = checkpoints.dir();
    // The files go one by one into a folder that holds more. What an earlier
    // end that was killed has left is no folder of ours.
    let whole = out.join(".result");
    if whole.exists() {
        fs::remove_dir_all(&whole)?;
    }
    trained.save(model, &whole, base)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&whole)? {
        names.push(entry?.file_name());
    }
    // The file by which others know the folder comes last.
    names.sort_by_key(|name| name == "adapter_config.json" || name == "config.json");
    for name in names {
        fs::rename(whole.join(&name), out.join(&name))?;
    }
    fs::remove_dir(&whole)?;
    let records = idl::train::log::read_log(out.join(LOG))?;
    let record = records.iter().rfind(|record| record.step == shown);
    write_whole(&out.join(CARD), &card(record))?;
    let state = fs::read_to_string(out.join(format!("checkpoint-{}", outcome.steps)).join(STATE))?;
    write_whole(&out.join(STATE), &state)?;
    // The result stands, whatever becomes of its pictures.
    let drawn = curves::draw(&records, out).unwrap_or_else(|error| {
        eprintln!("the curves could not be drawn: {error}");
        Vec::new()
    });
    let why = if outcome.stop == Stop::EarlyStopping { ", no longer getting better" } else { "" };
    eprintln!("{} steps{why}", outcome.steps);
    if let Some((step, loss)) = outcome.best {
        eprintln!("lowest eval_loss {loss:.4}, at step {step}");
    }
    eprintln!("the result, its log and {} pictures are in {}", drawn.len(), out.display());
    Ok(())
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Log, progress bar, and Ctrl-C.
pub(crate) struct Watch {
    log: TrainLog,
    pub(crate) bar: Progress,
    interrupted: Arc<AtomicBool>,
    evaluated: String,
}

impl Watch {
    pub(crate) fn new(log: TrainLog, total: u64) -> Result<Self, BoxError> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                // A second Ctrl-C does not wait for the checkpoint.
                std::process::exit(130);
            }
            eprintln!("\nstopping after this step");
        })?;
        let bar = progress::bar("training", total);
        Ok(Watch { log, bar, interrupted, evaluated: String::new() })
    }
}

impl Watch {
    /// Whether the user has asked for the end.
    fn flow(&self) -> ControlFlow<()> {
        let stop = self.interrupted.load(Ordering::SeqCst);
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Callback for Watch {
    fn on_step(&mut self, step: &Step<'_>) -> idl::train::Result<ControlFlow<()>> {
        self.log.log(step.record)?;
        let read = |name| step.record.get(name).unwrap_or(f64::NAN);
        let speed = read(metric::TOKENS_PER_SECOND);
        let mut message = format!("loss {:.3}, {speed:.0} tokens/s", read(metric::LOSS));
        if let Some(accuracy) = step.record.get(metric::REWARDS_ACCURACIES) {
            message.push_str(&format!(", rewards ordered {:.0} %", 100.0 * accuracy));
        }
        self.bar.set_message(format!("{message}{}", self.evaluated));
        self.bar.set_position(step.record.step);
        Ok(self.flow())
    }

    fn on_evaluation(
        &mut self,
        record: &LogRecord,
        best: bool,
    ) -> idl::train::Result<ControlFlow<()>> {
        self.log.log(record)?;
        let loss = record.get("eval_loss").unwrap_or(f64::NAN);
        self.evaluated = format!(", eval {loss:.3}{}", if best { " (best)" } else { "" });
        Ok(self.flow())
    }

    fn on_reference(&mut self, done: usize, total: usize) -> idl::train::Result<ControlFlow<()>> {
        self.bar.set_message(format!("reference: {done} of {total} dialogues"));
        Ok(self.flow())
    }

    fn on_save(&mut self, _: &Path) -> idl::train::Result<()> {
        self.log.sync()
    }
}

//! From settings to an adapter.

use std::fs;
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
    Callback, Example, ModelCard, Objective, Outcome, Step, Stop, Trained, Trainer, total_steps,
};
use idl_examples::lm;
use idl_examples::progress::{self, Progress};

use crate::config::{RunConfig, Stage};
use crate::{curves, data};

/// The adapter that is trained, and the one it is compared with.
const POLICY: &str = "policy";
const REFERENCE: &str = "reference";

const LOG: &str = "train_log.jsonl";
const SETTINGS: &str = "run.json";
const CARD: &str = "README.md";

/// No file of a saved model is larger.
const SHARD_BYTES: usize = 5_000_000_000;

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
    let tokenizer = lm::tokenizer(&config.model)?;
    let examples = data::examples(&config.data, config, &tokenizer)?;
    let held_out = match &config.eval_data {
        Some(path) => data::examples(path, config, &tokenizer)?,
        None => Vec::new(),
    };
    let options = LoadOptions { device: config.device()?, kind: config.kind() };
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
        base: config.model.display().to_string(),
        objective,
        data: format!("`{}`", name(&config.data)),
        lora: lora.as_ref(),
        train: &config.train,
    };
    let settings = serde_json::to_string_pretty(config)?;
    let checkpoints = Checkpoints::new(out, card.base.as_str())
        .with_file(SETTINGS, settings.as_str())
        .with_file(CARD, card.text(&examples, None));

    let start = starting_point(&checkpoints, resume)?;
    let step = start.as_ref().map_or(0, |c| c.state.global_step);
    let (log, _) = TrainLog::resume(out.join(LOG), step)?;
    fs::write(out.join(SETTINGS), &settings)?;
    eprintln!(
        "{} dialogues, {} held out; {} on {} threads",
        examples.len(),
        held_out.len(),
        config.device,
        tch::get_num_threads()
    );

    let total = total_steps(examples.len(), &config.train);
    let mut watch = Watch::new(log, total)?;
    let outcome = Trainer::new(&examples, objective, &config.train)
        .evaluate_on(&held_out)
        .save_to(&checkpoints)
        .resume_from(start.as_ref())
        .run(&mut model, trained, &mut watch)?;
    watch.bar.finish_and_clear();
    finish(&model, trained, &checkpoints, &card, &examples, &outcome)
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
fn starting_point(checkpoints: &Checkpoints, resume: bool) -> Result<Option<Checkpoint>, BoxError> {
    if !resume {
        return match checkpoints.list()?.last() {
            None => Ok(None),
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
        Some(checkpoint) => eprintln!("going on from {}", checkpoint.path.display()),
        None => eprintln!("{}: no checkpoint yet, starting anew", checkpoints.dir().display()),
    }
    Ok(found.checkpoint)
}

/// Puts the result into the output folder: adapter or model, card, state,
/// curves.
fn finish(
    model: &CausalLm,
    trained: Trained<'_>,
    checkpoints: &Checkpoints,
    card: &ModelCard<'_>,
    examples: &[Example],
    outcome: &Outcome,
) -> Result<(), BoxError> {
    let out = checkpoints.dir();
    let records = idl::train::log::read_log(out.join(LOG))?;
    let drawn = curves::draw(&records, out)?;
    if outcome.stop == Stop::Cancelled {
        eprintln!("stopped after step {}: --resume goes on", outcome.steps);
        return Ok(());
    }
    // The files go one by one into a folder that holds more.
    let whole = out.join(".result");
    match trained {
        Trained::Adapter(name) => model.save_adapter(name, &whole, &card.base)?,
        Trained::Base => model.save(&whole, SHARD_BYTES)?,
    }
    for entry in fs::read_dir(&whole)? {
        let entry = entry?;
        fs::rename(entry.path(), out.join(entry.file_name()))?;
    }
    fs::remove_dir(&whole)?;
    fs::write(out.join(CARD), card.text(examples, records.last()))?;
    if let Some((_, last)) = checkpoints.list()?.last() {
        fs::copy(last.join(STATE), out.join(STATE))?;
    }
    let why = if outcome.stop == Stop::EarlyStopping { ", no longer getting better" } else { "" };
    eprintln!("{} steps{why}", outcome.steps);
    if let Some((step, loss)) = outcome.best {
        eprintln!("lowest eval_loss {loss:.4}, at step {step}");
    }
    eprintln!("result, log and {} are in {}", drawn.join(", "), out.display());
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Log, progress bar, and Ctrl-C.
struct Watch {
    log: TrainLog,
    bar: Progress,
    interrupted: Arc<AtomicBool>,
    evaluated: String,
}

impl Watch {
    fn new(log: TrainLog, total: u64) -> Result<Self, BoxError> {
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
        let stop = self.interrupted.load(Ordering::SeqCst);
        Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn on_evaluation(&mut self, record: &LogRecord, best: bool) -> idl::train::Result<()> {
        self.log.log(record)?;
        let loss = record.get("eval_loss").unwrap_or(f64::NAN);
        self.evaluated = format!(", eval {loss:.3}{}", if best { " (best)" } else { "" });
        Ok(())
    }

    fn on_save(&mut self, _: &Path) -> idl::train::Result<()> {
        self.log.sync()
    }
}

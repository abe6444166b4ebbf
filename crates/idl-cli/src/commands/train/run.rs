//! From settings to an adapter.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::lm;
use crate::run_config::{RunConfig, Stage};
use crate::trained_on::TrainedOn;
use idl::dialogue::BoxError;
use idl::dpoc_loss::PreferenceLoss;
use idl::lm::{CausalLm, LoadOptions, LoraConfig};
use idl::train::log::LogRecord;
use idl::train::{ModelCard, Objective, TrainTarget, Trainer, total_steps};

use super::data;
use super::folder::Folder;
use super::resume;
use super::watch::Watch;

/// The adapter that is trained, and the one it is compared with.
const POLICY: &str = "policy";
const REFERENCE: &str = "reference";

/// Prints what would be learnt.
pub(crate) fn dry(config: &RunConfig) -> Result<(), BoxError> {
    let mut tokenizer = lm::tokenizer(&config.model)?;
    if let Some(now) = config.now {
        tokenizer.set_now(UNIX_EPOCH + Duration::from_secs(now));
    }
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
pub(crate) fn train(config: &RunConfig, resumes: bool) -> Result<(), BoxError> {
    let options = LoadOptions { device: config.device()?, kind: config.dtype.kind() };
    let folder = Folder::open(&config.out, &config.model, resumes)?;
    let now = folder.now(config.now);
    let config = &RunConfig { now: Some(now), ..config.clone() };
    let mut tokenizer = lm::tokenizer(&config.model)?;
    tokenizer.set_now(UNIX_EPOCH + Duration::from_secs(now));
    let examples = data::examples(&config.data, config, &tokenizer)?;
    let held_out = match &config.eval_data {
        Some(path) => data::examples(path, config, &tokenizer)?,
        None => Vec::new(),
    };
    let mut model = CausalLm::from_dir(&config.model, options)?;
    model.check_tokenizer(&tokenizer)?;
    let trained = if config.full { TrainTarget::Base } else { TrainTarget::Adapter(POLICY) };
    let lora = adapters(&mut model, config)?;
    let loss = match config.stage {
        Stage::Msl => None,
        Stage::Dpoc => Some(config.loss.unwrap_or_default().check()?),
    };
    let objective = objective(loss.as_ref(), config);
    let card = ModelCard {
        name: name(&config.out),
        base: folder.base.clone(),
        objective,
        data: format!("`{}`", name(&config.data)),
        lora: lora.as_ref(),
        train: &config.train,
    };
    let settings = TrainedOn::of_rows(&config.data)?.put_into(config)?;
    let checkpoints = folder.checkpoints(&settings, card.text(&examples, None));
    let trainer = Trainer::new(&examples, objective, &config.train)
        .evaluate_on(&held_out)
        .save_to(&checkpoints)
        .resume_from(folder.start.as_ref());
    let references = config.reference_cache();
    let trainer = trainer.cache_references(&references);
    let total = total_steps(examples.len(), &config.train);
    // Before anything of the folder is touched.
    resume::check(&trainer, &model, trained, &folder, &settings, total)?;
    let log = folder.log(&settings)?;
    eprintln!(
        "{} dialogues, {} held out; {} on {} threads",
        examples.len(),
        held_out.len(),
        config.device,
        tch::get_num_threads()
    );
    let mut watch = Watch::new(log, total)?;
    let outcome = trainer.run(&mut model, trained, &mut watch)?;
    watch.finish();
    let text = |last: Option<&LogRecord>| card.text(&examples, last);
    folder.finish(&model, trained, &outcome, config.train.load_best_model_at_end, &text)
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

pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

//! Pretraining: a base model from documents that are made as it goes.

mod card;
mod measure;

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use crate::lm;
use crate::pretrain::{Init, Material, PretrainConfig, shape_folder};
use idl::dialogue::BoxError;
use idl::lm::{CausalLm, LoadOptions};
use idl::train::log::LogRecord;
use idl::train::{Objective, TrainTarget, Trainer, total_steps};
use idl_pretrain::{DocumentKind, Documents, Measuring};

use measure::Measures;
pub(crate) use measure::measure;

use crate::commands::train::folder::Folder;
use crate::commands::train::resume;
use crate::commands::train::watch::Watch;

/// Prints the first document of each kind, and how many there will be.
pub(crate) fn dry(config: &PretrainConfig) -> Result<(), BoxError> {
    let tokenizer = lm::tokenizer(&config.model)?;
    let material = Material::read(config)?;
    let documents = Documents::new(&tokenizer, &material.learnt, config.documents, config.count())?;
    let mut stdout = std::io::stdout().lock();
    for kind in DocumentKind::ALL {
        let share = config.documents.mixture.share(kind);
        if share == 0.0 {
            continue;
        }
        // With a share of one in a hundred it takes some looking.
        for index in 0..10_000 {
            let document = documents.document(index)?;
            if document.kind != kind {
                continue;
            }
            let text = tokenizer.decode_with_special(&document.ids)?;
            writeln!(
                stdout,
                "{}-{index}, {:.0} % of documents: {} tokens, {} segments come again\n{text}\n",
                kind.as_str(),
                100.0 * share,
                document.ids.len(),
                document.returns.len(),
            )?;
            break;
        }
    }
    let steps = config.count() / config.train.batch_size;
    writeln!(stdout, "{} documents, {steps} steps of {}", config.count(), config.train.batch_size)?;
    Ok(stdout.flush()?)
}

/// Trains.
pub(crate) fn train(config: &PretrainConfig, resumes: bool) -> Result<(), BoxError> {
    let options = LoadOptions { device: config.device()?, kind: config.dtype.kind() };
    let folder = Folder::open(&config.out, &config.model, resumes)?;
    let now = folder.now(config.now);
    let config = &PretrainConfig { now: Some(now), ..config.clone() };
    let mut tokenizer = lm::tokenizer(&config.model)?;
    tokenizer.set_now(UNIX_EPOCH + Duration::from_secs(now));
    let material = Material::read(config)?;
    let mut model = match config.init {
        Init::Weights => CausalLm::from_dir(&config.model, options)?,
        Init::Random => {
            let dir = shape_folder(config)?;
            CausalLm::random(&dir, options, config.train.seed)?
        }
    };
    model.check_tokenizer(&tokenizer)?;
    config.check_positions(model.config().max_position_embeddings)?;
    let measures = Measures::new(config, &tokenizer, &material)?;
    let documents = Documents::new(&tokenizer, &material.learnt, config.documents, config.count())?;
    let parameters = model.parameter_count();
    let card = |last: Option<&LogRecord>| card::text(config, &material, parameters, last);
    let settings = serde_json::to_string_pretty(config)?;
    let checkpoints = folder.checkpoints(&settings, card(None));
    let trainer = Trainer::streaming(&documents, Objective::Supervised, &config.train)
        .evaluate_on(&measures.plain)
        .save_to(&checkpoints)
        .resume_from(folder.start.as_ref());
    let total = total_steps(config.count(), &config.train);
    // Before anything of the folder is touched.
    resume::check(&trainer, &model, TrainTarget::Base, &folder, &settings, total)?;
    let log = folder.log(&settings)?;
    eprintln!(
        "{:.1} million parameters; {} documents of {} tokens, from {} persons, {} held out; {} on \
         {} threads",
        parameters as f64 / 1e6,
        config.count(),
        config.documents.context,
        material.learnt.len(),
        material.held_out.len(),
        config.device,
        tch::get_num_threads()
    );
    let mut watch = Watch::new(log, total)?;
    let all = measures.all();
    let mut measuring = Measuring::new(&mut watch, &all);
    let outcome = trainer.run(&mut model, TrainTarget::Base, &mut measuring)?;
    watch.finish();
    let best = config.train.load_best_model_at_end;
    folder.finish(&model, TrainTarget::Base, &outcome, best, &card)
}

//! Trains an adapter from a settings file: mutual supervised learning, or
//! preference learning on top of it. Killed or stopped, it goes on where its
//! last checkpoint stands.

mod data;
pub(crate) mod folder;
mod pretrain;
mod resume;
pub(crate) mod run;
mod watch;

use std::path::PathBuf;

use clap::Args;
use idl::dialogue::BoxError;

use crate::pretrain::{PretrainConfig, STAGE};
use crate::run_config::{self, RunConfig};

/// Trains a LoRA adapter, or all parameters, on JSONL that `prepare` writes:
/// TRL's conversational prompt-completion format with the sessions beside it,
/// and its preference format with a criterion reply, too.
///
/// With `"stage": "pretrain"` a model learns from documents that are made as
/// it goes, from random weights or given ones: see docs/pretraining.md.
///
/// The output folder is a PEFT adapter with a model card, the log
/// (train_log.jsonl), curves (PNG), the settings (run.json) and checkpoints.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The settings, a JSON file; unknown keys are errors
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// Overrides a setting, such as `train.schedule.learning_rate=1e-3`; the
    /// value is JSON, or else text
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Prints three examples as the model would learn them, and trains nothing
    #[arg(long)]
    dry_run: bool,

    /// Pretraining: measures the model as it is (NLL of plain dialogues, copying,
    /// own and other sessions), prints JSON, and trains nothing
    #[arg(long, conflicts_with_all = ["dry_run", "resume"])]
    measure: bool,

    /// Goes on from the newest whole checkpoint of the output folder; how long
    /// the run is, and how it is evaluated and saved, may be changed with --set
    #[arg(long)]
    resume: bool,
}

const EXAMPLES: &str = "\
Examples:
  idl prepare --corpus embedded --stage msl > msl.jsonl
  idl train --config examples/configs/msl.json --set data=msl.jsonl --dry-run
  idl train --config examples/configs/msl.json --set data=msl.jsonl
  idl train --config examples/configs/msl.json --set data=msl.jsonl --resume
  idl train --config examples/configs/dpoc.json --set data=dpoc.jsonl --set adapter=out/msl
  idl train --config examples/configs/pretrain.json

Paths are relative to the folder in which the program is started.";

pub(crate) fn run(arguments: Arguments) -> Result<(), BoxError> {
    let path = &arguments.config;
    let settings = run_config::settings(path, &arguments.set)?;
    if settings["stage"] == STAGE {
        let config = PretrainConfig::from_json(path, &settings)?;
        return match (arguments.dry_run, arguments.measure) {
            (true, _) => pretrain::dry(&config),
            (_, true) => pretrain::measure(&config),
            _ => pretrain::train(&config, arguments.resume),
        };
    }
    if arguments.measure {
        return Err("`--measure` goes with `\"stage\": \"pretrain\"` only".into());
    }
    let config = RunConfig::from_json(path, &settings)?;
    if arguments.dry_run { run::dry(&config) } else { run::train(&config, arguments.resume) }
}

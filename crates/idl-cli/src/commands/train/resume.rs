//! Whether a run may go on from the checkpoint of its folder.

use idl::dialogue::BoxError;
use idl::lm::CausalLm;
use idl::train::checkpoint::one_line;
use idl::train::{Error, TrainTarget, Trainer};

use super::folder::Folder;

/// Refuses a checkpoint of another run, with the settings that differ; says
/// where the learning rate leaves nothing to learn of `total` steps.
pub(crate) fn check(
    trainer: &Trainer<'_>,
    model: &CausalLm,
    trained: TrainTarget<'_>,
    folder: &Folder,
    settings: &str,
    total: u64,
) -> Result<(), BoxError> {
    trainer.check_resume(model, trained).map_err(|error| -> BoxError {
        let changes = folder.changes(settings);
        match error {
            Error::Resume { .. } if !changes.is_empty() => {
                format!("{error} (other settings: {})", one_line(&changes)).into()
            }
            error => error.into(),
        }
    })?;
    let schedule = trainer.schedule()?;
    let idle = (0..total).rev().take_while(|&step| schedule.learning_rate(step) == 0.0).count();
    if idle > 0 && folder.start.is_some() {
        eprintln!(
            "the learning rate is 0 in the last {idle} of {total} steps, beyond the run that it \
             was made for: `train.schedule.total_steps` makes it longer"
        );
    }
    Ok(())
}

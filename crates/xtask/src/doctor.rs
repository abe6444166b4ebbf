//! `cargo xtask doctor`: what is here, and what to do for each thing missing.
//!
//! It looks and tells; it fetches nothing and changes nothing. What a set-up
//! would have to fetch is found out first, since most of the rest matters only
//! then: a machine without pip or with a full disk is sound once all is there.

mod builds;
mod folders;
mod parts;
mod programs;
mod report;

use std::path::Path;

use crate::cache::Cache;
use crate::config::Config;
use crate::process::say;
use crate::setup;
use parts::Wanted;
use report::Report;

/// Prints the report and returns the exit code: 1 if something is missing.
pub(crate) fn run(root: &Path) -> u8 {
    let mut report = Report::default();
    let config = Config::load(root);
    let config = config.as_ref();
    let cache = Cache::locate();
    let wanted = Wanted::find(config, cache.as_ref().ok());

    programs::rust(&mut report);
    programs::python(wanted, &mut report);
    parts::checkout(root, config, &mut report);
    parts::libtorch(config, &mut report);
    parts::gpu(config, &mut report);
    parts::encoder(config, &mut report);
    folders::cache(cache, wanted, &mut report);
    builds::folders(&mut report);
    builds::flags(root, &mut report);
    for warning in config.map(setup::warnings).unwrap_or_default() {
        report.note("environment", &warning);
    }
    builds::threads(&report);

    if report.lacks_something() {
        say("\nSomething is missing: follow the arrows, then run this again.");
    } else {
        say("\nAll is well.");
    }
    u8::from(report.lacks_something())
}

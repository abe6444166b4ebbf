//! `cargo xtask setup`: find or fetch, then write `.cargo/libtorch.toml`.

use std::path::Path;

use crate::cache::Cache;
use crate::config::Config;
use crate::error::Result;
use crate::options::SetupOptions;
use crate::process::say;
use crate::{cuda, encoder, libtorch, process};

/// Sets up what is missing and returns what is now recorded.
pub(crate) fn run(root: &Path, options: &SetupOptions) -> Result<Config> {
    let cache = Cache::locate()?;
    let recorded = Config::load(root);

    // An earlier `setup --cuda` stands, unless libtorch is set to another.
    let still_cuda = options.keep
        && recorded.as_ref().is_some_and(|c| c.link.is_some())
        && libtorch::user_choice(recorded.as_ref()).is_none();
    let mut config = if options.cuda || still_cuda {
        let cuda = cuda::resolve(&cache, recorded.as_ref())?;
        Config { libtorch: cuda.dir, source: cuda.source, link: Some(cuda.link), encoder: None }
    } else {
        let url = options.libtorch_url.as_deref();
        let (libtorch, source) = libtorch::resolve(&cache, recorded.as_ref(), url)?;
        Config { libtorch, source, link: None, encoder: None }
    };

    config.encoder = if options.no_encoder {
        encoder::known(recorded.as_ref())
    } else {
        Some(encoder::resolve(&cache, recorded.as_ref())?)
    };
    config.store(root)?;

    for warning in warnings(&config) {
        eprintln!("xtask: warning: {warning}");
    }
    if !options.keep {
        say(&format!("libtorch  {}", config.libtorch.display()));
        if let Some(encoder) = &config.encoder {
            say(&format!("encoder   {}", encoder.display()));
        }
        say("Plain cargo build, test, bench, run and doc work now.");
    }
    Ok(config)
}

/// Settings of the user's that plain cargo prefers to `.cargo/libtorch.toml`.
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    for tool in ["RUSTFLAGS", "RUSTDOCFLAGS"] {
        if process::users_flags(tool).is_some() {
            let flags = config.flags().unwrap_or_default().join(" ");
            warnings.push(format!(
                "{tool} is set and replaces the flags of .cargo/libtorch.toml: `cargo xtask` adds \
                 them, but programs built by plain cargo will not find libtorch; unset it, or add: \
                 {flags}"
            ));
        }
    }
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS") {
            warnings.push(format!(
                "{name} is set and replaces the flags of .cargo/libtorch.toml: programs will not \
                 find libtorch; use CARGO_BUILD_RUSTFLAGS, which is added to them"
            ));
        }
    }
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        warnings.push(
            "LIBTORCH_USE_PYTORCH is set: torch-sys will use python's torch whatever LIBTORCH \
             says; unset it"
                .into(),
        );
    }
    if config.link.is_some()
        && std::env::var_os("LIBTORCH_LIB")
            .is_some_and(|set| Some(Path::new(&set)) != config.link.as_deref())
    {
        warnings
            .push("LIBTORCH_LIB is set: plain cargo will not link libtorch_cuda; unset it".into());
    }
    warnings
}

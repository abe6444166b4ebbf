//! Static persona identification for a whole corpus: which of a person's
//! sessions belong together, which ones each is learnt with, and why.

mod embed;
mod extract;
mod find;
mod report;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use crate::corpus::CorpusArgs;
use crate::extractor::ExtractorArgs;
use crate::{cli, progress};
use clap::{Args, ValueEnum};
use idl::cluster::{ParamGuard, SpiParams};
use idl_dialogue::BoxError;

use self::find::Finder;

/// Finds each person's clusters of sessions, targets and references.
///
/// Each output line is a person: `{"person", "clusters", "silhouette", "within",
/// "between", "sessions": [{"id", "cluster", "triples", "persona_utterances"}],
/// "targets": [{"session", "references": [{"session", "cosine"}]}]}`. `within`
/// and `between` are mean cosines of sessions of one cluster and of two. A
/// target's references are chosen without a look at its replies: it takes part
/// with what was said before the first, and other records of its dialogue take no
/// part. Sessions without a reply are no targets.
///
/// Vectors are kept in the folder --cache: a run that was stopped goes on where
/// it was, and prints what it would have printed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    corpus: CorpusArgs,

    /// At most so many persons, the first of the corpus [default: all]
    #[arg(long, value_name = "N")]
    persons: Option<usize>,

    #[command(flatten)]
    extractor: ExtractorArgs,

    /// What embeds a session: tfidf, or a sentence-transformers folder
    /// [default: the folder in IDL_ENCODER, else tfidf]
    #[arg(long, value_name = "tfidf|DIR")]
    encoder: Option<PathBuf>,

    /// The folder that keeps vectors from one run to the next
    #[arg(long, value_name = "DIR", default_value = "out/vectors")]
    cache: PathBuf,

    /// Keep no vectors
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,

    /// The choices that the paper makes, the released code, or this workspace
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,

    /// References of a target at most
    #[arg(long, value_name = "K")]
    references: Option<usize>,

    /// The seed of the clusterer
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Say for so many persons which sessions fell together and why, from the
    /// clearest clusters to the least clear
    #[arg(long, value_name = "N", default_value_t = 0)]
    report: usize,

    /// Where the report goes [default: stderr]
    #[arg(long, value_name = "FILE", requires = "report")]
    report_file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  idl spi --corpus embedded --report 2 > spi.jsonl
  idl spi --corpus convai2 --split valid --encoder ~/models/all-MiniLM-L6-v2 > spi.jsonl
  idl spi --corpus convai2 --split valid --report 5 --report-file why.md > spi.jsonl
  idl spi --corpus jsonl --data chats.jsonl --encoder tfidf --no-cache > spi.jsonl

A report quotes the corpus.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    Paper,
    Released,
    Default,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let start = Instant::now();
    let params = match arguments.preset {
        Preset::Paper => SpiParams::paper(),
        Preset::Released => SpiParams::released(),
        Preset::Default => SpiParams::default(),
    };
    let mut params = params.seed(arguments.seed);
    if let Some(k) = arguments.references {
        params = params.references(idl::cluster::References::Nearest(k));
    }
    params.check_ref()?;
    let mut corpus = arguments.corpus.load()?;
    if corpus.records.skipped > 0 {
        eprintln!("{}", corpus.records);
    }
    let mut persons = std::mem::take(&mut corpus.persons);
    persons.truncate(arguments.persons.unwrap_or(usize::MAX));

    let loaded = arguments.extractor.load()?;
    let known = extract::known(&loaded.ready(), &persons)?;
    let cache = (!arguments.no_cache).then_some(arguments.cache.as_path());
    let embedder = embed::Loaded::new(arguments.encoder.as_deref())?;
    let encoder = embed::Encoder::new(&embedder, cache)?;
    let texts = find::texts(&persons, &known)?;
    let embedded = encoder.embed_all(&texts)?;

    let finder = Finder::new(&encoder, &known, &params);
    let bar = progress::bar("clustering", persons.len() as u64);
    let mut found = Vec::with_capacity(persons.len());
    for (done, person) in persons.iter().enumerate() {
        let person = finder.find(person)?;
        cli::print_json(&person.line)?;
        found.push(person);
        bar.set_position(done as u64 + 1);
    }
    bar.finish_and_clear();
    let sessions: usize = found.iter().map(|f| f.line.sessions.len()).sum();
    let clusters: usize = found.iter().map(|f| f.line.clusters).sum();
    let targets: usize = found.iter().map(|f| f.line.targets.len()).sum();
    eprintln!(
        "{} persons, {sessions} sessions, {} utterances with {} triples; {embedded}; {clusters} \
         clusters, {targets} targets; {:.1} s",
        found.len(),
        known.utterances(),
        known.triples(),
        start.elapsed().as_secs_f64()
    );
    if arguments.report > 0 {
        let text = report::text(&persons, &found, arguments.report);
        match &arguments.report_file {
            None => eprint!("{text}"),
            Some(path) => {
                let written = File::create(path).and_then(|mut f| f.write_all(text.as_bytes()));
                written.map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
    }
    Ok(())
}

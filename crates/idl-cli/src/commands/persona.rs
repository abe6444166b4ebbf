//! Persona triples of utterances, and how good an extractor is.

use std::path::{Path, PathBuf};

use crate::extractor::{ExtractorArgs, Ready, samples};
use crate::lines::{Object, Place, objects};
use crate::{cli, progress};
use clap::Args;
use idl::persona_ext::{Evaluation, LmTally, Sample, StackParams, contains_object, split_samples};
use idl_dialogue::{BoxError, PersonaExtractor, Triple};
use serde::Serialize;

/// Extracts persona triples.
///
/// Each input line is `{"utterances": [..]}`, what one person says in one
/// session. Each output line is `{"triples": [[subject, relation, object], ..],
/// "persona_utterances": [..]}`: the facts, each once, and the utterances that
/// hold the object of one; where nothing is found, all utterances.
///
/// With --evaluate nothing is read from stdin: the labelled sentences of a file
/// are extracted, and the scores are printed as one object.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  echo '{\"utterances\": [\"hi !\", \"i am a baker and i have two owls .\"]}' | idl persona
  idl persona --input sessions.jsonl --extractor out/extractor
  idl persona --evaluate personaext.jsonl --held-out 0.1
  idl persona --evaluate personaext.jsonl --held-out 0.1 --extractor out/extractor --stack 16

`prepare --stage extractor` and `train` make an extractor; with the same seed
and share the sentences that it has not seen are those that are evaluated.")]
pub(crate) struct Arguments {
    /// JSONL, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE", conflicts_with = "evaluate")]
    input: PathBuf,

    #[command(flatten)]
    extractor: ExtractorArgs,

    /// A model is asked about so many lines together
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: u16,

    /// Score the extractor on labelled sentences in PersonaExt's form
    #[arg(long, value_name = "FILE")]
    evaluate: Option<PathBuf>,

    /// Score the sentences that `prepare --eval-share` holds out [default: all]
    #[arg(long, value_name = "0..1", requires = "evaluate")]
    held_out: Option<f64>,

    /// The seed that `prepare` was given
    #[arg(long, default_value_t = 0, requires = "evaluate")]
    seed: u64,

    /// Up to so many sentences make a sample, which is right only as a whole;
    /// a model reads them together
    #[arg(long, value_name = "N", default_value_t = 1, requires = "evaluate")]
    stack: usize,

    /// Skip sentences that are wrong, and count them
    #[arg(long, requires = "evaluate")]
    lenient: bool,
}

/// An output line.
#[derive(Serialize)]
struct Found {
    triples: Vec<Triple>,
    persona_utterances: Vec<String>,
}

impl Found {
    fn new(utterances: Vec<String>, found: Vec<Vec<Triple>>) -> Self {
        let mut triples: Vec<Triple> = Vec::new();
        for triple in found.into_iter().flatten() {
            if !triples.contains(&triple) {
                triples.push(triple);
            }
        }
        let intensive = |said: &String| triples.iter().any(|t| contains_object(said, &t.object));
        let chosen: Vec<String> =
            utterances.iter().filter(|&said| intensive(said)).cloned().collect();
        let persona_utterances = if chosen.is_empty() { utterances } else { chosen };
        Found { triples, persona_utterances }
    }
}

/// A line that waits for its answer.
struct Asked {
    place: Place,
    utterances: Vec<String>,
}

impl Asked {
    fn read(mut line: Object) -> Result<Self, BoxError> {
        let place = line.place;
        let utterances = place.array("utterances", line.fields.remove("utterances"))?;
        place.nothing_left("", &line.fields)?;
        let texts = utterances.into_iter().enumerate();
        let text = |(i, value)| place.string(&format!("utterances[{i}]"), Some(value));
        let utterances = texts.map(text).collect::<Result<_, BoxError>>()?;
        Ok(Asked { place, utterances })
    }
}

/// Prints the answers to some lines, in their order.
fn answer(extractor: &Ready<'_>, asked: &mut Vec<Asked>) -> Result<(), BoxError> {
    let utterances: Vec<&str> =
        asked.iter().flat_map(|a| &a.utterances).map(String::as_str).collect();
    let explain = |error| match asked.first() {
        Some(first) => first.place.error(error),
        None => error,
    };
    let mut triples = extractor.extract(&utterances).map_err(explain)?.into_iter();
    for Asked { utterances, .. } in asked.drain(..) {
        let of_line = triples.by_ref().take(utterances.len()).collect();
        cli::print_json(&Found::new(utterances, of_line))?;
    }
    Ok(())
}

fn extract(extractor: &Ready<'_>, input: &Path, batch: usize) -> Result<(), BoxError> {
    let mut waiting = Vec::new();
    for line in objects(input)? {
        match line.and_then(Asked::read) {
            Ok(asked) => waiting.push(asked),
            // The lines before are answered first.
            Err(error) => return answer(extractor, &mut waiting).and(Err(error)),
        }
        // Rules answer at once: whoever writes the next line may wait for it.
        if waiting.len() >= batch || matches!(extractor, Ready::Rules(_)) {
            answer(extractor, &mut waiting)?;
        }
    }
    answer(extractor, &mut waiting)?;
    if let Some(tally) = extractor.tally() {
        eprintln!("{tally}");
    }
    Ok(())
}

/// The scores as they are printed.
#[derive(Serialize)]
struct Scores {
    extractor: String,
    sentences: usize,
    stack: usize,
    accuracy: Option<f64>,
    #[serde(flatten)]
    evaluation: Evaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<LmTally>,
}

fn evaluate(extractor: &Ready<'_>, file: &Path, arguments: &Arguments) -> Result<Scores, BoxError> {
    let all = samples(file, arguments.lenient)?;
    let share = arguments.held_out.unwrap_or(1.0);
    let (_, chosen) = split_samples(all, share, arguments.seed)?;
    let sentences = chosen.len();
    let stacks = StackParams { max: arguments.stack, seed: arguments.seed, ..Default::default() };
    let stacks: Vec<Vec<Sample>> = stacks.stack(chosen)?;
    let bar = progress::bar("extracting", stacks.len() as u64);
    let mut evaluation = Evaluation::default();
    for some in stacks.chunks(64) {
        let texts: Vec<Vec<&str>> =
            some.iter().map(|s| s.iter().map(|one| one.sentence.as_str()).collect()).collect();
        let texts: Vec<&[&str]> = texts.iter().map(Vec::as_slice).collect();
        for (stack, found) in some.iter().zip(extractor.extract_stacks(&texts)?) {
            let gold: Vec<Triple> = stack.iter().flat_map(|s| s.triples.clone()).collect();
            evaluation.add(&gold, &found);
        }
        bar.set_position(evaluation.samples as u64);
    }
    bar.finish_and_clear();
    Ok(Scores {
        extractor: arguments.extractor.extractor.display().to_string(),
        sentences,
        stack: arguments.stack,
        accuracy: evaluation.accuracy(),
        evaluation,
        answers: extractor.tally(),
    })
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let loaded = arguments.extractor.load()?;
    let extractor = loaded.ready();
    match &arguments.evaluate {
        Some(file) => cli::print_json(&evaluate(&extractor, file, arguments)?),
        None => extract(&extractor, &arguments.input, usize::from(arguments.batch_size)),
    }
}

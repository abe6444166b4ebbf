//! The whole of in-dialogue learning on a laptop: persons, their sessions in
//! order, mutual supervised learning, preference data, deep personalised
//! alignment, and an honest table on persons that were not trained on.

mod arguments;
mod data;
mod stages;

use std::io::Write;
use std::time::Instant;

use crate::lm;
use idl::choice::ChoiceParams;
use idl::dialogue::{BoxError, Person};
use idl::encoder::TfIdfEncoder;
use idl::lm::{CausalLm, ChatTokenizer, LoadOptions};
use idl::persona_ext::RuleExtractor;

pub(crate) use self::arguments::Arguments;
use self::stages::Study;

pub(crate) fn run(options: Arguments) -> Result<(), BoxError> {
    let start = Instant::now();
    let base = options.model.clone().unwrap_or_else(lm::embedded_base);
    let mut model = CausalLm::from_dir(&base, LoadOptions::default())?;
    let tokenizer = ChatTokenizer::from_dir(&base)?;
    eprintln!(
        "base      {} ({:.1} million parameters, {} threads)",
        base.display(),
        model.parameter_count() as f64 / 1e6,
        tch::get_num_threads(),
    );

    let people = data::load(&options)?;
    eprintln!(
        "persons   {} to learn from ({} sessions), {} others to show ({} sessions)",
        people.train.len(),
        sessions(&people.train),
        people.show.len(),
        sessions(&people.show),
    );
    let study = Study {
        encoder: TfIdfEncoder::english(),
        extractor: RuleExtractor::default(),
        chooser: ChoiceParams::default().check()?,
        tokenizer: &tokenizer,
        base: &base,
        options: &options,
        people: &people,
    };
    // Saved before it is shown: nothing is lost if nobody reads to the end.
    let table = study.run(&mut model)?;
    table.save(&options.out.join("table.json"))?;
    let mut stdout = std::io::stdout();
    stdout.write_all(table.text().as_bytes())?;
    stdout.write_all(study.replies(&mut model)?.as_bytes())?;
    stdout.flush()?;
    eprintln!(
        "\nadapters, logs and the table are in {}; {:.1} minutes in all",
        options.out.display(),
        start.elapsed().as_secs_f64() / 60.0
    );
    Ok(())
}

fn sessions(persons: &[Person]) -> usize {
    persons.iter().map(|p| p.sessions.len()).sum()
}

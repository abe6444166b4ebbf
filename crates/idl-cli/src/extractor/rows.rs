//! From labelled sentences to rows for `train`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use idl::persona_ext::{
    Sample, StackParams, extractor_prompt, extractor_target, is_impersonal, split_samples,
};
use idl::train::Conversation;
use idl::train::rows::{self, Dialogue};
use idl_dialogue::{BoxError, Person, Triple, Utterance};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::samples;

/// The options of the rows that a language model learns extraction from.
#[derive(Clone, Debug, Args)]
pub(crate) struct RowsArgs {
    /// extractor: labelled sentences in PersonaExt's form
    #[arg(long, value_name = "FILE")]
    pub samples: Option<PathBuf>,

    /// extractor: for each sentence so many utterances of the corpus that state
    /// no fact, as examples of silence; PersonaExt has none
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub fillers: f64,

    /// extractor: the most sentences that stand together in a row
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub stack: usize,
}

impl RowsArgs {
    /// Writes the rows to stdout, and those of the share of the sentences that
    /// is held out to its file; `persons` give the silent utterances. At most
    /// `most` rows each.
    ///
    /// # Errors
    /// Options that make no sense, samples that are wrong (unless `lenient`),
    /// files that cannot be written.
    pub(crate) fn write(
        &self,
        persons: &[Person],
        held_out: Option<(&Path, f64)>,
        most: Option<usize>,
        seed: u64,
        lenient: bool,
    ) -> Result<(), BoxError> {
        let Some(file) = &self.samples else {
            return Err("`--stage extractor` needs `--samples FILE`".into());
        };
        if !(0.0..=100.0).contains(&self.fillers) {
            let fillers = self.fillers;
            return Err(format!("`--fillers {fillers}`: expected a number from 0 to 100").into());
        }
        let share = held_out.map_or(0.0, |(_, share)| share);
        let (mut learnt, mut out) = split_samples(samples(file, lenient)?, share, seed)?;
        let sentences = learnt.len() + out.len();
        let silent = silent(persons, (self.fillers * sentences as f64).round() as usize, seed);
        eprintln!("{sentences} sentences with triples, {} utterances without", silent.len());
        // Apart, so that the same sentences are held out whatever the corpus.
        let (silent_learnt, silent_out) = split_samples(silent, share, seed)?;
        learnt.extend(silent_learnt);
        out.extend(silent_out);
        let stacks = StackParams { max: self.stack, seed, ..StackParams::default() };
        let write = |what: &str, samples, writer: &mut dyn Write| -> Result<(), BoxError> {
            let mut rows = dialogues(samples, stacks)?;
            rows.truncate(most.unwrap_or(usize::MAX));
            for row in &rows {
                rows::write(&mut *writer, row)?;
            }
            writer.flush()?;
            eprintln!("{what}: {} rows", rows.len());
            Ok(())
        };
        if let Some((path, _)) = held_out {
            let file = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
            write("held out", out, &mut BufWriter::new(file))?;
        }
        write("prepared", learnt, &mut BufWriter::new(io::stdout().lock()))
    }
}

/// Utterances of a corpus that state no fact, each once, at most `most`, drawn
/// with the seed.
fn silent(persons: &[Person], most: usize, seed: u64) -> Vec<Sample> {
    let said = persons.iter().flat_map(|p| &p.sessions).flat_map(|s| &s.messages);
    let mut said: Vec<&str> =
        said.map(|m| m.content.as_str()).filter(|text| is_impersonal(text)).collect();
    said.sort_unstable();
    said.dedup();
    said.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let sample = |text: &str| Sample { sentence: text.to_owned(), triples: Vec::new() };
    said.into_iter().take(most).map(sample).collect()
}

/// Samples, stacked, as dialogues of one question and one answer.
fn dialogues(samples: Vec<Sample>, stacks: StackParams) -> Result<Vec<Dialogue>, BoxError> {
    let dialogue = |(i, stack): (usize, Vec<Sample>)| {
        let sentences: Vec<&str> = stack.iter().map(|s| s.sentence.as_str()).collect();
        let triples: Vec<Triple> = stack.iter().flat_map(|s| s.triples.clone()).collect();
        let target = vec![
            Utterance::user(extractor_prompt(&sentences)),
            Utterance::assistant(extractor_target(&triples)),
        ];
        let id = format!("stack-{i}");
        let conversation = Conversation { id, target, replies: vec![1], ..Default::default() };
        Dialogue { person: None, conversation, alternatives: Vec::new() }
    };
    Ok(stacks.stack(samples)?.into_iter().enumerate().map(dialogue).collect())
}

#[cfg(test)]
mod tests {
    use idl_dialogue::Session;

    use super::*;

    #[test]
    fn a_stack_is_a_question_and_its_answer() {
        let samples =
            [("i row .", Some("row")), ("and you ?", None)].map(|(text, object)| Sample {
                sentence: text.to_owned(),
                triples: object.map(|o| Triple::new("i", "like_activity", o)).into_iter().collect(),
            });
        let stacks = StackParams { min: 2, max: 2, seed: 0 };
        let made = dialogues(samples.to_vec(), stacks).unwrap();
        let [question, answer] = &made[0].conversation.target[..] else { panic!("{made:?}") };
        assert_eq!(question.content.lines().count(), 2);
        assert_eq!(*answer, Utterance::assistant("<i, like_activity, row>"));
        assert_eq!(made[0].rows().len(), 1);
    }

    #[test]
    fn silence_is_drawn_from_what_states_nothing() {
        let messages =
            ["hi , you ?", "i row .", "hi , you ?", "that is fun ."].map(Utterance::user);
        let session = Session { messages: messages.to_vec(), ..Session::default() };
        let person = Person { id: "p".to_owned(), sessions: vec![session] };
        let found = silent(std::slice::from_ref(&person), 9, 3);
        assert_eq!(found.len(), 2);
        assert_eq!(silent(std::slice::from_ref(&person), 1, 3), found[..1]);
    }
}

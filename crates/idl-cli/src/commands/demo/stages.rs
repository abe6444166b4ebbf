//! The stages, one after the other.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;

use crate::table::{System, Table};
use crate::trained_on::TrainedOn;
use crate::{cli, progress};
use idl::choice::Chooser;
use idl::conved::ConvEd;
use idl::dialogue::{BoxError, GenerationParams, SessionDistance};
use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::draw::key;
use idl::encoder::TfIdfEncoder;
use idl::evaluate::{
    EvaluationConfig, EvaluationTarget, EvaluationTargets, LeftOut, evaluate, evaluation_targets,
};
use idl::learn::{
    QueryPoint, TrainingTarget, candidates, conversation, dpa_targets, msl_targets,
    without_references,
};
use idl::lm::{CausalLm, ChatTokenizer, Generator, LoraConfig};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::train::log::{TrainLog, metric};
use idl::train::schedule::ScheduleConfig;
use idl::train::{
    BuildStats, Example, ExampleBuilder, Objective, PreferenceCorpus, Step, TrainConfig, train,
};
use idl::{ConvEdDistance, Pipeline, Rule};

use super::arguments::Arguments;
use super::data::People;

/// Tokens of sessions and dialogue together.
const MAX_TOKENS: usize = 1792;

/// Those kept free for what follows the opening of the dialogue.
const RESERVE: usize = 320;

/// convED's scale of substitutions: the released code's. At the paper's 5 nothing
/// below a cosine of 0.6 is substituted, and TF-IDF hardly reaches that.
const LAMBDA: f64 = 1.0;

/// The comparisons that were fixed beforehand are with it.
const BASELINE: &str = "FT given sessions";

/// The systems of the table: what it says of them, and their adapters.
const SYSTEMS: [(&str, Option<&str>); 4] =
    [("base", None), (BASELINE, Some("ft")), ("MSL", Some("msl")), ("MSL + DPA", Some("dpa"))];

/// Everything that the stages share.
pub(crate) struct Study<'a> {
    pub encoder: TfIdfEncoder,
    pub extractor: RuleExtractor,
    pub chooser: Chooser,
    pub tokenizer: &'a ChatTokenizer,
    pub base: &'a Path,
    pub options: &'a Arguments,
    pub people: &'a People,
}

impl Study<'_> {
    /// Learns and evaluates.
    pub(crate) fn run(&self, model: &mut CausalLm) -> Result<Table, BoxError> {
        std::fs::create_dir_all(&self.options.out)
            .map_err(|e| format!("{}: {e}", self.options.out.display()))?;
        let conved = ConvEd::params().lambda(LAMBDA).check()?;
        let distance = ConvEdDistance { conved, encoder: &self.encoder };
        let pipeline = self.pipeline(&distance);
        let learnt = self.learn(model, &pipeline)?;

        let config = EvaluationConfig {
            targets: self.people.targets,
            max_tokens: MAX_TOKENS,
            reserve: RESERVE,
            positions: model.config().max_position_embeddings,
            seed: self.options.seed,
            ..EvaluationConfig::default()
        };
        let show = &self.people.show;
        let EvaluationTargets { targets, left_out } =
            evaluation_targets(show, &pipeline, self.tokenizer, &config)?;
        for LeftOut { person, dialogue, reason } in &left_out {
            eprintln!("left out of all systems: {person}, {dialogue}: {}", cli::one_line(reason));
        }
        let mut systems = Vec::new();
        for (name, adapter) in SYSTEMS {
            model.set_active(adapter)?;
            let bar = progress::bar(&format!("scoring {name}"), targets.len() as u64);
            let scores = evaluate(model, show, &targets, |done| bar.set_position(done as u64))?;
            bar.finish_and_clear();
            // Of what the base has seen nothing is known, unless it is ours.
            let base = TrainedOn::of_folder(self.base, &self.people.seen());
            let trained_on = base.and_then(|base| match adapter {
                None => self.people.seen().overlap(&base),
                Some(_) => self.people.seen().overlap(&learnt),
            });
            systems.push(System { name: name.to_owned(), trained_on, scores });
        }
        Ok(Table {
            persons: self.people.name.to_owned(),
            targets: targets.len(),
            left_out: left_out.len(),
            replies: targets.iter().map(EvaluationTarget::replies).sum(),
            references: mean(targets.iter().map(|t| t.references)),
            systems,
            baseline: Some(BASELINE.to_owned()),
            settings: None,
        })
    }

    fn pipeline<'p>(&'p self, distance: &'p dyn SessionDistance) -> Pipeline<'p> {
        Pipeline {
            encoder: &self.encoder,
            extractor: &self.extractor,
            rule: Rule::Evidence(self.chooser),
            distance,
            policy: Policy::Free,
            references: 5,
        }
    }

    /// SPI and DPI, then the baseline and the two stages; from whom was learnt.
    fn learn(&self, model: &mut CausalLm, pipeline: &Pipeline<'_>) -> Result<TrainedOn, BoxError> {
        let train = &self.people.train;
        let bar = progress::bar("SPI and DPI", train.len() as u64);
        let mut targets = msl_targets(train, pipeline, QueryPoint::default(), |done| {
            bar.set_position(done as u64);
        })?;
        bar.finish_and_clear();
        let found = targets.len();
        let drawn = |t: &TrainingTarget| {
            let of = [train[t.person].id.as_str(), t.conversation.id.as_str()];
            key(self.options.seed, "learnt dialogue", &of)
        };
        targets.sort_by_key(drawn);
        targets.truncate(self.people.dialogues);
        eprintln!("SPI, DPI  {found} targets, {} of them used", targets.len());

        let builder =
            ExampleBuilder { tokenizer: self.tokenizer, max_tokens: MAX_TOKENS, reserve: RESERVE };
        let lora = LoraConfig::all_linear(16, 32.0);
        let supervised = |conversations: &mut dyn Iterator<Item = _>| {
            conversations.map(|c| builder.supervised(&c)).collect::<Result<Vec<Example>, _>>()
        };

        let examples = supervised(&mut without_references(&targets).into_iter())?;
        model.add_adapter("ft", &lora, self.options.seed)?;
        self.train(model, "ft", &examples, Objective::Supervised, &msl_config(self.options.seed))?;

        let examples = supervised(&mut targets.iter().map(|t| t.conversation.clone()))?;
        model.add_adapter("msl", &lora, self.options.seed)?;
        self.train(model, "msl", &examples, Objective::Supervised, &msl_config(self.options.seed))?;

        let corpus =
            PreferenceCorpus::new(train, &self.extractor, &self.encoder, self.options.seed)?;
        let mut coverage = BuildStats::default();
        let preferences = dpa_targets(&targets, &corpus, &mut coverage)?;
        let [inconsistency, fabrication, inversion] = coverage.built;
        eprintln!(
            "criteria  {inconsistency} inconsistency, {fabrication} fabrication, {inversion} \
             inversion, {} replies without",
            coverage.without
        );
        let examples = preferences
            .iter()
            .map(|(target, alternatives)| builder.preference(&target.conversation, alternatives))
            .collect::<Result<Vec<Example>, _>>()?;
        let loss = PreferenceLoss::try_from(Loss::default())?;
        let objective = Objective::Preference { loss: &loss, reference: Some("msl") };
        model.copy_adapter("msl", "dpa")?;
        self.train(model, "dpa", &examples, objective, &dpa_config(self.options.seed))?;
        let mut learnt = TrainedOn::default();
        for target in &targets {
            learnt.persons.insert(train[target.person].id.clone());
            learnt.add(&target.conversation, &[]);
        }
        preferences.iter().for_each(|(target, all)| learnt.add(&target.conversation, all));
        Ok(learnt)
    }

    /// Trains an adapter, with a progress bar and a log, and saves it.
    fn train(
        &self,
        model: &mut CausalLm,
        adapter: &str,
        examples: &[Example],
        objective: Objective<'_>,
        config: &TrainConfig,
    ) -> Result<(), BoxError> {
        let out = &self.options.out;
        let mut log = TrainLog::create(out.join(format!("{adapter}.train_log.jsonl")))?;
        let steps = idl::train::total_steps(examples.len(), config);
        let bar = progress::bar(&format!("training {adapter}"), steps);
        let mut last = String::new();
        let mut watch = |step: &Step<'_>| {
            log.log(step.record)?;
            let read = |name| step.record.get(name).unwrap_or(f64::NAN);
            last = format!(
                "loss {:.3}, {:.0} tokens/s",
                read(metric::LOSS),
                read(metric::TOKENS_PER_SECOND)
            );
            if let Some(accuracy) = step.record.get(metric::REWARDS_ACCURACIES) {
                last.push_str(&format!(", rewards ordered {:.0} %", 100.0 * accuracy));
            }
            bar.set_message(last.clone());
            bar.set_position(step.record.step);
            Ok(ControlFlow::Continue(()))
        };
        let done = train(model, adapter, examples, objective, config, &mut watch)?;
        bar.finish_and_clear();
        let base = self.base.file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
        model.save_adapter(adapter, &out.join(adapter), &base)?;
        eprintln!(
            "{adapter:<9} {} dialogues with {:.1} references, {done} steps; last {last}",
            examples.len(),
            mean(examples.iter().map(|e| e.references)),
        );
        let cut: usize = examples.iter().map(|e| e.dropped_replies).sum();
        if cut > 0 {
            eprintln!("          {cut} replies did not fit into {MAX_TOKENS} tokens");
        }
        Ok(())
    }

    /// Three replies of each system, with the sessions that they go back to.
    pub(crate) fn replies(&self, model: &mut CausalLm) -> Result<String, BoxError> {
        let conved = ConvEd::params().lambda(LAMBDA).check()?;
        let distance = ConvEdDistance { conved, encoder: &self.encoder };
        let pipeline = self.pipeline(&distance);
        let builder = self.builder();
        let params = GenerationParams {
            max_new_tokens: 40,
            temperature: 0.7,
            top_p: 0.9,
            seed: self.options.seed,
        };
        let mut out = String::from("\nThree replies, by each system:\n");
        for person in self.people.show.iter().take(3) {
            let index = pipeline.index(person)?;
            // The second reply of the first session that has two.
            let wanted = person.sessions.iter().position(|s| s.replies().count() > 1);
            let Some(session) = wanted else { continue };
            let target = &person.sessions[session];
            let Some(reply) = target.replies().nth(1) else { continue };
            let context = &target.messages[..reply];
            let rest = candidates(person, target);
            let selection = pipeline.select(&index, &rest, context)?;
            writeln!(out, "\n{}, behind the sessions", person.id)?;
            for reference in &selection.references {
                let text = &index.persona_texts[reference.session];
                let says = text.lines().next().unwrap_or_default();
                writeln!(out, "  {:>17}: {says} ...", person.sessions[reference.session].id)?;
            }
            for message in context {
                writeln!(out, "  {:>17}> {}", message.role.as_str(), message.content)?;
            }
            let all = conversation(target, &[reply], person, &selection);
            let prompt = builder.prompt(&target.id, &all.references, context)?;
            writeln!(out, "  {:>17}: {}", "truth", target.messages[reply].content)?;
            for (name, adapter) in SYSTEMS {
                model.set_active(adapter)?;
                let generator = Generator { model, tokenizer: self.tokenizer };
                let reply = generator.generate_ids(&prompt, params)?;
                let text = self.tokenizer.decode(&reply.token_ids)?;
                writeln!(out, "  {name:>17}: {}", text.trim())?;
            }
        }
        Ok(out)
    }

    fn builder(&self) -> ExampleBuilder<'_> {
        ExampleBuilder { tokenizer: self.tokenizer, max_tokens: MAX_TOKENS, reserve: RESERVE }
    }
}

fn mean(counts: impl ExactSizeIterator<Item = usize>) -> f64 {
    let n = counts.len().max(1) as f64;
    counts.sum::<usize>() as f64 / n
}

fn msl_config(seed: u64) -> TrainConfig {
    TrainConfig {
        batch_size: 2,
        epochs: 2,
        schedule: ScheduleConfig {
            learning_rate: 7e-4,
            warmup_ratio: 0.1,
            ..ScheduleConfig::default()
        },
        seed,
        ..TrainConfig::default()
    }
}

fn dpa_config(seed: u64) -> TrainConfig {
    let schedule =
        ScheduleConfig { learning_rate: 1e-4, warmup_ratio: 0.1, ..ScheduleConfig::default() };
    TrainConfig { epochs: 1, schedule, ..msl_config(seed) }
}

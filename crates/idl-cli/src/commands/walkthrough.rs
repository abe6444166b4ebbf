//! One invented person from raw text to a reply, with what each crate makes on
//! the way. docs/walkthrough.md explains its output step by step.

use std::path::PathBuf;

use crate::lm;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use idl::cluster::{References, SpiParams};
use idl::conved::{ConvEd, Edit, SessionView};
use idl::corpora::{EmbeddedPerson, embedded};
use idl::dialogue::{BoxError, GenerationParams, Person, Role, Session, TextGenerator, Utterance};
use idl::dpoc_loss::{Batch, Loss, PreferenceLoss};
use idl::encoder::TfIdfEncoder;
use idl::learn::{conversation, opening};
use idl::lm::{CausalLm, ChatTokenizer, Generator, LoadOptions};
use idl::metrics::text::word_f1;
use idl::order::{Policy, order};
use idl::persona_ext::{RuleExtractor, extract_triples, persona_utterances};
use idl::train::{
    BuildStats, CriterionReply, Example, ExampleBuilder, PreferenceCorpus, preference_logprobs,
};
use idl::{ConvEdDistance, PersonIndex, Pipeline, Rule, Selection};
use tch::Kind;

/// Follows one of the invented people from raw text to a reply and prints what
/// each crate makes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Whom to follow
    #[arg(default_value = "hugo")]
    person: String,

    /// The dialogue to be learnt: a position among the person's sessions
    #[arg(long, value_name = "N", default_value_t = 3)]
    session: usize,

    /// How many other sessions stand before it
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = at_least_one())]
    references: usize,

    /// The weight of a substitution in convED (the paper: 5, its code: 1)
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    lambda: f64,

    /// A PEFT adapter to speak with, such as out/demo/dpa [default: the base
    /// model alone]
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  idl walkthrough
  idl walkthrough celia --session 2
  idl walkthrough --adapter out/demo/dpa";

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Who is followed, and with what.
struct Walk<'a> {
    pipeline: Pipeline<'a>,
    spi: &'a SpiParams,
    conved: ConvEd,
    /// Everybody; the person is one of them.
    persons: &'a [Person],
    person: usize,
    session: usize,
}

pub(crate) fn run(options: Arguments) -> Result<(), BoxError> {
    let people = embedded()?;
    let (person, session) = find(people, &options)?;
    let base = lm::embedded_base();
    let tokenizer = ChatTokenizer::from_dir(&base)?;
    let mut model = CausalLm::from_dir(&base, LoadOptions::default())?;
    if let Some(dir) = &options.adapter {
        model.load_adapter("given", dir)?;
        model.set_active(Some("given"))?;
    }

    let persons: Vec<Person> = people.iter().map(|p| p.person.clone()).collect();

    let encoder = TfIdfEncoder::english();
    let extractor = RuleExtractor::default();
    let spi = SpiParams::default().references(References::Nearest(options.references));
    let conved = ConvEd::params().lambda(options.lambda).check()?;
    let distance = ConvEdDistance { conved, encoder: &encoder };
    let pipeline = Pipeline {
        encoder: &encoder,
        extractor: &extractor,
        rule: Rule::Clusters(&spi),
        distance: &distance,
        policy: Policy::Free,
        references: options.references,
    };
    let walk = Walk { pipeline, spi: &spi, conved, persons: &persons, person, session };

    walk.show_session();
    walk.show_persona()?;
    let index = pipeline.index(walk.person())?;
    let selection = walk.show_references(&index)?;
    walk.show_order(&selection)?;

    let _guard = tch::no_grad_guard();
    walk.show_learning(&model, &tokenizer, &selection)?;
    walk.show_likelihoods(&model, &tokenizer, &selection)?;
    walk.show_reply(&model, &tokenizer, &selection)
}

/// The positions of the person and of the session that were asked for.
fn find(people: &[EmbeddedPerson], options: &Arguments) -> Result<(usize, usize), BoxError> {
    let names: Vec<&str> = people.iter().map(|p| p.person.id.as_str()).collect();
    let Some(person) = names.iter().position(|&name| name == options.person) else {
        let (found, names) = (&options.person, names.join(", "));
        return Err(format!("nobody is called `{found}`; expected one of {names}").into());
    };
    let sessions = people[person].person.sessions.len();
    if options.session >= sessions {
        let (found, name) = (options.session, names[person]);
        return Err(
            format!("`--session {found}`: {name} has sessions 0 to {}", sessions - 1).into()
        );
    }
    Ok((person, options.session))
}

impl Walk<'_> {
    fn person(&self) -> &Person {
        &self.persons[self.person]
    }

    fn target(&self) -> &Session {
        &self.person().sessions[self.session]
    }

    fn replies(&self) -> Vec<usize> {
        self.target().replies().collect()
    }

    fn rest(&self) -> Vec<usize> {
        (0..self.person().sessions.len()).filter(|&s| s != self.session).collect()
    }

    /// The data: a dialogue, and what of it may be seen.
    fn show_session(&self) {
        heading("1", "idl-dialogue: the sessions");
        let (person, target) = (self.person(), self.target());
        println!(
            "{} has {} sessions. The target is {}:",
            person.id,
            person.sessions.len(),
            target.id
        );
        for message in &target.messages {
            println!("  {:>9}: {}", message.role.as_str(), message.content);
        }
        println!(
            "{} of its messages come before the first reply: the context.",
            opening(target).len()
        );
    }

    /// Equation 2, for every session that may become a reference.
    fn show_persona(&self) -> Result<(), BoxError> {
        heading("2", "idl-persona-ext: triples and persona utterances (equation 2)");
        let extractor = self.pipeline.extractor;
        for session in self.rest() {
            let session = &self.person().sessions[session];
            let said: Vec<&str> = session.said_by(Role::Assistant).collect();
            let triples = extract_triples(&said, extractor)?;
            let kept = persona_utterances(session, Role::Assistant, extractor)?;
            println!("{}: {} of {} utterances are kept", session.id, kept.len(), said.len());
            for (text, triples) in said.iter().zip(triples).filter(|(_, t)| !t.is_empty()) {
                let triples: Vec<String> = triples.iter().map(ToString::to_string).collect();
                println!("    {}   from: {text}", triples.join(" "));
            }
        }
        Ok(())
    }

    /// Equations 3 and 4 and the choice of references.
    fn show_references(&self, index: &PersonIndex<'_>) -> Result<Selection, BoxError> {
        heading("3", "idl-cluster: clusters, target and references (equations 3 and 4)");
        let context = opening(self.target());
        let mut z = index.embeddings.clone();
        // The target takes part with its context: its replies stay unseen.
        z.row_mut(self.session).assign(&self.pipeline.query(context)?);
        println!(
            "z: {} sessions of {} components ({})",
            z.nrows(),
            z.ncols(),
            self.pipeline.encoder.name()
        );
        let plan = self.spi.plan(z.view())?;
        let clusters: Vec<String> =
            plan.clusters.iter().map(|c| c.map_or("-".to_owned(), |c| c.to_string())).collect();
        println!("cluster of each session:      {}", clusters.join(" "));
        let rest = self.rest();
        let in_training = self.pipeline.select_for_training(index, &rest, self.session, context)?;
        match &in_training {
            Some(s) => println!("references in training:       {}", listed(s)),
            None => println!("references in training:       none: the rules make it no target"),
        }
        let selection = self.pipeline.select(index, &rest, context)?;
        println!("references at inference:      {}", listed(&selection));
        Ok(selection)
    }

    /// Equations 7 to 10, and the shortest path through the references.
    fn show_order(&self, selection: &Selection) -> Result<(), BoxError> {
        heading("4", "idl-convED: the distance of two sessions (equations 7 to 10)");
        // As they were found: nearest first.
        let mut nearest = selection.references.clone();
        nearest.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        let sessions: Vec<&Session> =
            nearest.iter().map(|r| &self.person().sessions[r.session]).collect();
        let mut embedded = Vec::new();
        for session in &sessions {
            let texts: Vec<&str> = session.messages.iter().map(|m| m.content.as_str()).collect();
            let roles: Vec<u8> = session.messages.iter().map(|m| m.role as u8).collect();
            embedded.push((roles, self.pipeline.encoder.encode(&texts)?));
        }
        let views = embedded
            .iter()
            .map(|(roles, rows)| SessionView::new(roles, rows.view()))
            .collect::<Result<Vec<_>, _>>()?;
        let conved = self.conved;
        if let [a, b, ..] = views[..] {
            let alignment = conved.alignment(&a, &b)?;
            println!(
                "lambda {}: from {} to {} it costs {:.3}",
                conved.lambda(),
                sessions[0].id,
                sessions[1].id,
                alignment.distance
            );
            for edit in &alignment.edits {
                println!("{}", described(edit, sessions[0], sessions[1]));
            }
        }

        heading("5", "idl-order: the shortest path through the references");
        let matrix = conved.pairwise(&views)?;
        for (session, row) in sessions.iter().zip(matrix.rows()) {
            let row: Vec<String> = row.iter().map(|d| format!("{d:7.3}")).collect();
            println!("  {:<10}{}", session.id, row.join(""));
        }
        let to_target: Vec<f64> = nearest.iter().map(|r| r.distance).collect();
        for policy in [Policy::Original, Policy::Greedy, Policy::Free] {
            let found = order(matrix.view(), policy, Some(&to_target))?;
            let ids: Vec<&str> = found.order.iter().map(|&i| sessions[i].id.as_str()).collect();
            let name = format!("{policy:?}").to_lowercase();
            println!(
                "  {name:<9} {} cost {:.3}, exact {}",
                ids.join(" -> "),
                found.cost,
                found.exact
            );
        }
        Ok(())
    }

    /// The prompt in tokens, and what deep personalised alignment adds to it.
    fn show_learning(
        &self,
        model: &CausalLm,
        tokenizer: &ChatTokenizer,
        selection: &Selection,
    ) -> Result<(), BoxError> {
        heading("6", "idl-train: what is learnt");
        let builder = ExampleBuilder { tokenizer, max_tokens: 1024, reserve: 320 };
        let target = conversation(self.target(), &self.replies(), self.person(), selection);
        let example = builder.supervised(&target)?;
        println!(
            "MSL: {} tokens, of them {} in the {} replies that are learnt; {} references fit",
            example.tree.tokens(),
            example.completion_tokens(),
            example.replies.len(),
            example.references
        );
        let Pipeline { extractor, encoder, .. } = self.pipeline;
        let corpus = PreferenceCorpus::new(self.persons, extractor, encoder, 0)?;
        let mut coverage = BuildStats::default();
        let alternatives =
            corpus.alternatives(self.person, self.session, &target.replies, &mut coverage)?;
        if alternatives.is_empty() {
            println!("DPA: no criterion could be built for any reply");
            return Ok(());
        }
        for a in &alternatives {
            println!("DPA, message {}:", a.reply);
            println!("     chosen: {}", target.target[a.reply].content);
            if let Some(CriterionReply { text, kind }) = &a.criterion {
                println!("  criterion: {text} ({})", kind.as_str());
            }
            println!("   rejected: {}", a.rejected);
        }
        let example = builder.preference(&target, &alternatives)?;
        let separate: usize = separate_tokens(&example);
        println!("one token tree: {} tokens instead of {separate}", example.tree.tokens());

        heading(
            "7",
            "idl-lm and idl-dpoc-loss: log-probabilities and the loss (equations 5 and 6)",
        );
        let logps = preference_logprobs(model, &example)?;
        println!("log pi of chosen    {}", numbers(&logps.chosen)?);
        if let Some(criterion) = &logps.criterion {
            println!("log pi of criterion {}", numbers(criterion)?);
        }
        println!("log pi of rejected  {}", numbers(&logps.rejected)?);
        let logps = logps.as_ref();
        let loss = PreferenceLoss::try_from(Loss::default())?;
        // Before the first step the policy is its own reference: a = 0.
        let batch = Batch { policy: logps, reference: Some(logps), tokens: None };
        println!("DPOC at the start   {:.4}", loss.compute(&batch)?.summary()?.loss);
        Ok(())
    }

    /// What the person's sessions are worth: the replies behind the person's
    /// own, another person's, and no sessions.
    fn show_likelihoods(
        &self,
        model: &CausalLm,
        tokenizer: &ChatTokenizer,
        own: &Selection,
    ) -> Result<(), BoxError> {
        heading("8", "idl-metrics: NLL of the replies, nats a token");
        let other = &self.persons[(self.person + 1) % self.persons.len()];
        let all: Vec<usize> = (0..other.sessions.len()).collect();
        let index = self.pipeline.index(other)?;
        let theirs = self.pipeline.select(&index, &all, opening(self.target()))?;
        let none = Selection::default();
        let builder = ExampleBuilder { tokenizer, max_tokens: 1024, reserve: 320 };
        for (name, of, selection) in
            [("own", self.person(), own), ("other", other, &theirs), ("none", self.person(), &none)]
        {
            let example =
                builder.supervised(&conversation(self.target(), &self.replies(), of, selection))?;
            let mut nll = 0.0;
            for span in example.tree.logprobs(model)?.spans {
                nll -= span.f_sum(Kind::Double)?.f_double_value(&[])?;
            }
            let per_token = nll / example.completion_tokens() as f64;
            let sessions: Vec<&str> =
                selection.references.iter().map(|r| of.sessions[r.session].id.as_str()).collect();
            let sessions = if sessions.is_empty() { "-".to_owned() } else { sessions.join(" ") };
            println!("  {name:<6} {per_token:.3}   {sessions}");
        }
        Ok(())
    }

    /// The last reply, generated.
    fn show_reply(
        &self,
        model: &CausalLm,
        tokenizer: &ChatTokenizer,
        selection: &Selection,
    ) -> Result<(), BoxError> {
        heading("9", "idl-lm: a reply");
        let target = self.target();
        let Some(reply) = target.replies().next_back() else { return Ok(()) };
        let whole = conversation(target, &self.replies(), self.person(), selection);
        let mut messages: Vec<Utterance> =
            whole.references.into_iter().flat_map(|r| r.messages).collect();
        messages.extend_from_slice(&target.messages[..reply]);
        let prompt = tokenizer.render(&messages, true)?;
        let generator = Generator { model, tokenizer };
        let params = GenerationParams { max_new_tokens: 40, ..GenerationParams::default() };
        let text = generator.generate(&[&prompt], &params)?.concat();
        let truth = &target.messages[reply].content;
        println!("  partner:   {}", target.messages[reply - 1].content);
        println!("  truth:     {truth}");
        println!("  generated: {}", text.trim());
        println!("  word F1:   {:.3}", word_f1(&text, truth));
        Ok(())
    }
}

fn heading(number: &str, title: &str) {
    println!("\n[{number}] {title}");
}

/// References in the order in which they are read.
fn listed(selection: &Selection) -> String {
    let each: Vec<String> =
        selection.references.iter().map(|r| format!("{} ({:.3})", r.session, r.distance)).collect();
    each.join(", ")
}

fn described(edit: &Edit, a: &Session, b: &Session) -> String {
    let said = |session: &Session, i: usize| {
        let message = &session.messages[i];
        format!("{}: {}", message.role, message.content)
    };
    let cost = edit.cost();
    match *edit {
        Edit::Substitute { a: i, b: j, .. } => {
            format!("  {cost:.3} take    {}\n        for     {}", said(a, i), said(b, j))
        }
        Edit::Delete { a: i, .. } => format!("  {cost:.3} delete  {}", said(a, i)),
        Edit::Insert { b: j, .. } => format!("  {cost:.3} insert  {}", said(b, j)),
    }
}

/// The tokens of one sequence for each chosen, criterion and rejected reply.
fn separate_tokens(example: &Example) -> usize {
    let branches = example.tree.branch_lengths();
    let spans = example.tree.spans().iter();
    spans
        .zip(branches.chunks(2))
        .map(|(span, pair)| span.end + pair.iter().map(|length| span.start + length).sum::<usize>())
        .sum()
}

fn numbers(tensor: &tch::Tensor) -> Result<String, BoxError> {
    let values: Vec<f32> = Vec::try_from(tensor)?;
    Ok(values.iter().map(|x| format!("{x:9.2}")).collect())
}

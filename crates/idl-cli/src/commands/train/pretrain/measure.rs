//! What a base model can do: its dialogues, its copying, its use of sessions.

use crate::pretrain::{Material, PretrainConfig};
use crate::{cli, lm, progress};
use idl::dialogue::BoxError;
use idl::lm::{CausalLm, ChatTokenizer, LoadOptions};
use idl::metrics::intervals::Intervals;
use idl::train::Example;
use idl_pretrain::{CopyCheck, Measure, Renderer, SessionCheck, pack};
use serde_json::{Map, Value, json};

/// All that is measured in a run.
pub(super) struct Measures {
    /// Windows of plain dialogues, for `eval_loss`.
    pub(super) plain: Vec<Example>,
    copy: CopyCheck,
    sessions: SessionCheck,
}

impl Measures {
    /// Chooses what to measure on, of the persons that are held out.
    pub(super) fn new(
        config: &PretrainConfig,
        tokenizer: &ChatTokenizer,
        material: &Material,
    ) -> Result<Self, BoxError> {
        let (persons, check) = (&material.held_out, &config.check);
        let context = config.documents.context;
        let renderer = Renderer::new(tokenizer)?;
        let plain = pack(&renderer, persons, context, check.windows)?;
        if plain.is_empty() {
            return Err("nobody is held out: there is nothing to measure on".into());
        }
        let copy = CopyCheck::new(&renderer, persons, context, &check.copy)?;
        let sessions = SessionCheck::new(tokenizer, persons, context, &check.sessions)?;
        Ok(Measures { plain, copy, sessions })
    }

    /// Those that are measured beside `eval_loss`.
    pub(super) fn all(&self) -> [&dyn Measure; 2] {
        [&self.copy, &self.sessions]
    }
}

/// Measures the model as it is and prints JSON.
pub(crate) fn measure(config: &PretrainConfig) -> Result<(), BoxError> {
    let options = LoadOptions { device: config.device()?, kind: config.dtype.kind() };
    let tokenizer = lm::tokenizer(&config.model)?;
    let model = CausalLm::from_dir(&config.model, options)?;
    model.check_tokenizer(&tokenizer)?;
    config.check_positions(model.config().max_position_embeddings)?;
    let measures = Measures::new(config, &tokenizer, &Material::read(config)?)?;
    let mut found = Map::new();

    let _guard = tch::no_grad_guard();
    let bar = progress::bar("plain dialogues", measures.plain.len() as u64);
    let (mut sum, mut tokens) = (0.0, 0);
    for (done, example) in measures.plain.iter().enumerate() {
        for span in &example.tree.logprobs(&model)?.spans {
            sum -= span.f_sum(tch::Kind::Double)?.f_double_value(&[])?;
        }
        tokens += example.completion_tokens();
        bar.set_position(done as u64 + 1);
    }
    bar.finish_and_clear();
    found.insert("plain".to_owned(), json!(sum / tokens.max(1) as f64));
    found.insert("plain_tokens".to_owned(), json!(tokens));
    for (name, value) in measures.copy.measure(&model)? {
        found.insert(name, json!(value));
    }

    let persons = measures.sessions.persons(&model)?;
    let column = |f: &dyn Fn([f64; 3]) -> f64| persons.iter().map(|p| f(p.nll)).collect::<Vec<_>>();
    for (name, values) in [
        ("nll/own", column(&|[own, _, _]| own)),
        ("nll/other", column(&|[_, other, _]| other)),
        ("nll/none", column(&|[_, _, none]| none)),
        ("sensitivity", column(&|[own, other, _]| other - own)),
        ("gain", column(&|[own, _, none]| none - own)),
    ] {
        let interval = Intervals::default().mean(&values)?;
        found.insert(name.to_owned(), json!([interval.estimate, interval.low, interval.high]));
    }
    found.insert("persons".to_owned(), json!(persons.len()));
    found.insert("dialogues".to_owned(), json!(measures.sessions.targets()));
    cli::print_json(&Value::Object(found))
}

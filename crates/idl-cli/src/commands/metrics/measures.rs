//! What is computed for each reply and averaged over replies.

use clap::ValueEnum;
use idl::metrics::persona::{WordSets, p_co_tfidf, p_co_tfidf_signature};
use idl::metrics::text::{
    BleuParams, Distinct, RougeL, Tokenizer, WordF1, clv_bleu, clv_bleu_signature, released_bleu,
    released_bleu_signature, rouge_l, sentence_bleu, word_f1,
};
use idl::metrics::{Error, Mean, Score, Signature};

use super::models::Opinion;

/// A published evaluation to be reproduced, bugs and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compat {
    /// In-Dialogue Learning's: BLEU on characters, hypothesis and reference swapped; word sets against the last reply
    Released,
    /// CLV's: BLEU-1 with each word of the true reply as a reference
    Clv,
}

/// The settings that measures share.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) lowercase: bool,
    pub(crate) remove_stop_words: bool,
    pub(crate) compat: Vec<Compat>,
    /// The name of the sentence encoder, if there is one.
    pub(crate) encoder: Option<String>,
}

impl Settings {
    /// Of corpus BLEU.
    pub(crate) fn bleu(&self) -> BleuParams {
        let (tokenizer, lowercase) = (self.tokenizer, self.lowercase);
        BleuParams { tokenizer, lowercase, ..BleuParams::default() }
    }
}

/// One reply, as the measures see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) hypothesis: &'a str,
    pub(crate) references: &'a [&'a str],
    pub(crate) history: &'a [&'a str],
    pub(crate) opinion: &'a Opinion,
}

/// What the signature of the mean is made of.
enum How {
    /// That of a single reply.
    OfOne(Signature),
    /// The library's own of a mean.
    OfMean(Option<Score>),
    /// The settings of what only this program averages.
    Settings(String),
}

type Compute = Box<dyn Fn(&Reply<'_>) -> Result<Option<f64>, Error>>;

/// A number per reply, whose mean is reported.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    signature: How,
    /// What is missing where no reply has a number.
    pub(crate) needs: &'static str,
    compute: Compute,
}

impl Measure {
    /// `None` where the reply has not what it takes.
    pub(crate) fn of(&self, reply: &Reply<'_>) -> Result<Option<f64>, Error> {
        (self.compute)(reply)
    }

    /// How the mean came about.
    pub(crate) fn signature(&self, mean: &Mean) -> Option<String> {
        match &self.signature {
            How::OfOne(signature) => mean.score(signature).map(|score| score.signature.to_string()),
            How::OfMean(score) => score.as_ref().map(|score| {
                // The accumulator that told it had seen one reply.
                let replies = format!("|replies:{}", mean.replies());
                score.signature.as_str().replace("|replies:1", &replies)
            }),
            How::Settings(settings) => Some(signed(settings, mean.replies())),
        }
    }
}

/// All measures, in the order of the report.
pub(crate) fn measures(settings: &Settings) -> Result<Vec<Measure>, Error> {
    let mut all = against_references(settings)?;
    for (n, name) in [(1, "distinct-1-sentence"), (2, "distinct-2-sentence")] {
        all.push(distinct(n, name, settings.tokenizer)?);
    }
    all.extend(against_history(settings));
    if settings.compat.contains(&Compat::Released) {
        all.extend(released());
    }
    if settings.compat.contains(&Compat::Clv) {
        all.push(Measure {
            name: "clv-bleu-1",
            signature: How::OfOne(clv_bleu_signature(1)),
            needs: ALWAYS,
            compute: Box::new(|r| clv_bleu(r.hypothesis, r.references[0], 1).map(Some)),
        });
    }
    Ok(all)
}

/// What a measure of any reply needs.
pub(crate) const ALWAYS: &str = "there is no reply";
const HISTORY: &str = "no line has a `history`";

fn against_references(settings: &Settings) -> Result<Vec<Measure>, Error> {
    let params = BleuParams { convention: BleuParams::sentence().convention, ..settings.bleu() };
    let signature = sentence_bleu("", &[""], params)?.signature();
    let mut all = vec![Measure {
        name: "bleu-4-sentence",
        signature: How::OfOne(signature),
        needs: ALWAYS,
        compute: Box::new(move |r| {
            Ok(Some(sentence_bleu(r.hypothesis, r.references, params)?.value))
        }),
    }];
    for (stem, name) in [(false, "rouge-l"), (true, "rouge-l-stem")] {
        let mut mean = RougeL::new(stem);
        mean.add("", &[""]);
        all.push(Measure {
            name,
            signature: How::OfMean(mean.score()),
            needs: ALWAYS,
            compute: Box::new(move |r| Ok(Some(rouge_l(r.hypothesis, r.references, stem).f1))),
        });
    }
    let mut mean = WordF1::default();
    mean.add("", &[""]);
    all.push(Measure {
        name: "word-f1",
        signature: How::OfMean(mean.score()),
        needs: ALWAYS,
        compute: Box::new(|r| {
            let scores = r.references.iter().map(|reference| word_f1(r.hypothesis, reference));
            Ok(Some(scores.fold(0.0, f64::max)))
        }),
    });
    Ok(all)
}

fn distinct(n: usize, name: &'static str, tokenizer: Tokenizer) -> Result<Measure, Error> {
    let empty = Distinct::new(n)?;
    Ok(Measure {
        name,
        signature: How::Settings(format!(
            "distinct-{n}|level:sentence|by:ngrams|tok:{}",
            tokenizer.as_str()
        )),
        needs: "no reply is long enough",
        compute: Box::new(move |r| {
            let mut own = empty.clone();
            own.add(&tokenizer.tokens(r.hypothesis));
            Ok(own.sentence())
        }),
    })
}

fn against_history(settings: &Settings) -> Vec<Measure> {
    let (tokenizer, remove_stop_words) = (settings.tokenizer, settings.remove_stop_words);
    let sets = WordSets { tokenizer, remove_stop_words, last_reply_only: false };
    let mut all = word_sets(sets, ["p-f1", "p-cover"]);
    all.push(with_history("p-co-tfidf", p_co_tfidf_signature(tokenizer), move |r| {
        p_co_tfidf(r.hypothesis, r.history, tokenizer)
    }));
    let encoder = settings.encoder.as_ref();
    all.push(Measure {
        name: "p-co",
        signature: How::Settings(format!(
            "p-co|encoder:{}|history:all-replies-joined",
            encoder.map_or("none", String::as_str)
        )),
        needs: if encoder.is_some() { HISTORY } else { "no --encoder" },
        compute: Box::new(|r| Ok(r.opinion.p_co)),
    });
    all
}

fn released() -> Vec<Measure> {
    let bleu = Measure {
        name: "released-bleu",
        signature: How::OfOne(released_bleu_signature()),
        needs: ALWAYS,
        compute: Box::new(|r| released_bleu(r.hypothesis, r.references[0]).map(Some)),
    };
    let sets = WordSets { last_reply_only: true, ..WordSets::default() };
    let mut all = vec![bleu];
    all.extend(word_sets(sets, ["released-p-f1", "released-p-cover"]));
    all
}

fn word_sets(sets: WordSets, [f1, cover]: [&'static str; 2]) -> Vec<Measure> {
    vec![
        with_history(f1, sets.signature("p-f1"), move |r| sets.p_f1(r.hypothesis, r.history).f1),
        with_history(cover, sets.signature("p-cover"), move |r| {
            sets.p_cover(r.hypothesis, r.history)
        }),
    ]
}

fn with_history(
    name: &'static str,
    signature: Signature,
    compute: impl Fn(&Reply<'_>) -> f64 + 'static,
) -> Measure {
    let compute = move |r: &Reply<'_>| Ok((!r.history.is_empty()).then(|| compute(r)));
    let signature = How::OfOne(signature);
    Measure { name, signature, needs: HISTORY, compute: Box::new(compute) }
}

/// The signature of a mean that the library has no accumulator for.
pub(crate) fn signed(settings: &str, replies: u64) -> String {
    let version = env!("CARGO_PKG_VERSION"); // one for all crates of the workspace
    format!("metric:{settings}|agg:mean|replies:{replies}|version:idl-metrics-{version}")
}

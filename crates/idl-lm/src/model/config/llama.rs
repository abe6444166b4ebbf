//! The shape of a model of the LLaMA family.

use serde::Serialize;

/// Which of the family a model is.
///
/// They share their blocks (RMSNorm, rotary positions, grouped-query attention,
/// SwiGLU) and differ in what their `config.json` may switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Architecture {
    /// LLaMA 1 to 3.x (arXiv:2302.13971): biases by `attention_bias` and
    /// `mlp_bias`, no window.
    Llama,
    /// Mistral (arXiv:2310.06825): no biases, one window for all layers.
    Mistral,
    /// Qwen2 (arXiv:2407.10671): biases on q, k and v, a window on some layers.
    Qwen2,
}

impl Architecture {
    /// The `model_type` of its `config.json`.
    #[must_use]
    pub fn model_type(self) -> &'static str {
        match self {
            Architecture::Llama => "llama",
            Architecture::Mistral => "mistral",
            Architecture::Qwen2 => "qwen2",
        }
    }

    /// The entry of `architectures` that has a language model's head.
    pub(super) fn class(self) -> &'static str {
        match self {
            Architecture::Llama => "LlamaForCausalLM",
            Architecture::Mistral => "MistralForCausalLM",
            Architecture::Qwen2 => "Qwen2ForCausalLM",
        }
    }
}

/// How rotary frequencies are stretched beyond the positions that a model was
/// first trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RopeScaling {
    /// Not at all.
    None,
    /// Every frequency is divided by `factor` (arXiv:2306.15595).
    Linear {
        /// By how much.
        factor: f64,
    },
    /// LLaMA 3.1's: short wavelengths stay, long ones are divided by `factor`,
    /// those between go over smoothly.
    Llama3 {
        /// By how much the long wavelengths are stretched.
        factor: f64,
        /// Wavelengths above `original / low` are stretched whole.
        low_freq_factor: f64,
        /// Wavelengths below `original / high` stay.
        high_freq_factor: f64,
        /// The positions that the model was first trained on.
        original_max_position_embeddings: f64,
    },
}

/// Which linear layers add a bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Biases {
    /// The projections to queries, keys and values.
    pub qkv: bool,
    /// The attention's output projection.
    pub output: bool,
    /// The three layers of the feed-forward block.
    pub mlp: bool,
}

/// The shape of a model of the LLaMA family, as its `config.json` gives it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LlamaConfig {
    /// Which of the family it is.
    pub architecture: Architecture,
    /// Components of a hidden state.
    pub hidden_size: i64,
    /// Components inside the feed-forward block.
    pub intermediate_size: i64,
    /// Tokens the model knows.
    pub vocab_size: i64,
    /// Transformer blocks.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: i64,
    /// Key and value heads; each serves a group of query heads.
    pub num_key_value_heads: i64,
    /// Components of a head; heads need not share out the hidden state evenly.
    pub head_dim: i64,
    /// Added to the mean square before its root.
    pub rms_norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// How they are stretched.
    pub rope_scaling: RopeScaling,
    /// The longest sequence.
    pub max_position_embeddings: usize,
    /// Whether the output matrix is the embedding.
    pub tie_word_embeddings: bool,
    /// Which linear layers add a bias.
    pub biases: Biases,
    /// For each layer how many positions a token sees, its own included;
    /// `None`: all that come before.
    pub windows: Vec<Option<usize>>,
    /// Tokens that end a reply; may be empty.
    pub eos_token_ids: Vec<i64>,
}

/// No size in a `config.json` is larger: products of any two stay numbers.
const LARGEST: i64 = 1 << 30;
/// No model has more blocks.
pub(super) const MOST_LAYERS: usize = 4096;

impl LlamaConfig {
    /// The conditions without which no model can be built.
    pub(super) fn check(&self) -> Result<(), String> {
        let positive = [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
            (
                "max_position_embeddings",
                self.max_position_embeddings.try_into().unwrap_or(i64::MAX),
            ),
        ];
        for (name, value) in positive {
            if !(1..=LARGEST).contains(&value) {
                return Err(format!("{name} is {value}, expected a number of 1 to {LARGEST}"));
            }
        }
        if self.num_attention_heads % self.num_key_value_heads != 0 {
            return Err(format!(
                "num_attention_heads ({}) is no multiple of num_key_value_heads ({})",
                self.num_attention_heads, self.num_key_value_heads
            ));
        }
        if self.head_dim % 2 != 0 {
            return Err(format!("head_dim is {}, expected an even number", self.head_dim));
        }
        for (name, value) in [("rms_norm_eps", self.rms_norm_eps), ("rope_theta", self.rope_theta)]
        {
            if !(value > 0.0 && value.is_finite()) {
                return Err(format!("{name} is {value}, expected a positive number"));
            }
        }
        self.rope_scaling.check()
    }
}

impl RopeScaling {
    pub(super) fn check(self) -> Result<(), String> {
        let positive = |name: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                return Ok(());
            }
            Err(format!("{name} of the rotary scaling is {value}, expected a positive number"))
        };
        match self {
            RopeScaling::None => Ok(()),
            RopeScaling::Linear { factor } => positive("factor", factor),
            RopeScaling::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_max_position_embeddings,
            } => {
                positive("factor", factor)?;
                positive("low_freq_factor", low_freq_factor)?;
                positive("high_freq_factor", high_freq_factor)?;
                positive("original_max_position_embeddings", original_max_position_embeddings)?;
                if low_freq_factor < high_freq_factor {
                    return Ok(());
                }
                Err(format!(
                    "low_freq_factor ({low_freq_factor}) is not below high_freq_factor \
                     ({high_freq_factor})"
                ))
            }
        }
    }
}

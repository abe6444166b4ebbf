//! Conversational edit distances between sessions.

use std::path::{Path, PathBuf};

use crate::lines::{Object, Place, objects};
use crate::{cli, encoder};
use clap::Args;
use idl::conved::{ConvEd, Error, SessionView};
use idl_dialogue::{BoxError, Role, SentenceEncoder};
use idl_encoder::TfIdfEncoder;
use ndarray::Array2;
use serde_json::{Value, json};

/// Computes the conversational edit distance between all pairs of sessions.
///
/// Each input line is `{"sessions": [[message, ..], ..]}`, where a message is
/// `{"role", "content"}` or `{"role", "embedding": [..]}`, the same kind within
/// one line. Each output line is `{"distance": [[..], ..]}`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl distance --input sessions.jsonl --normalize
  idl distance --encoder ~/models/all-MiniLM-L6-v2 < sessions.jsonl
  idl distance --lambda 1 < sessions.jsonl
  echo '{\"sessions\": [[{\"role\": \"user\", \"embedding\": [1,0]}], []]}' | idl distance

TF-IDF is hashed and fitted on the line's own messages. Two messages are rarely
alike enough in it for a substitution to pay at lambda 5; use lambda 1 with it.")]
pub(crate) struct Arguments {
    /// JSONL, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    input: PathBuf,

    /// A substitution costs this times (1 - cosine)
    #[arg(long, default_value_t = 5.0)]
    lambda: f64,

    /// The cost of inserting an utterance
    #[arg(long, default_value_t = 1.0)]
    insertion: f64,

    /// The cost of deleting an utterance
    #[arg(long, default_value_t = 1.0)]
    deletion: f64,

    /// Divide by the number of utterances of both sessions
    #[arg(long)]
    normalize: bool,

    /// What embeds contents: tfidf, or a sentence-transformers folder
    #[arg(long, default_value = "tfidf", value_name = "tfidf|DIR")]
    encoder: PathBuf,
}

/// What embeds contents.
enum Encoder {
    TfIdf,
    Model(Box<dyn SentenceEncoder>),
}

impl Encoder {
    /// `tfidf`, or else a folder.
    fn load(name: &Path) -> Result<Self, BoxError> {
        if name.as_os_str() == "tfidf" {
            return Ok(Encoder::TfIdf);
        }
        Ok(Encoder::Model(encoder::open(name, None)?))
    }

    /// One row for each content of a line.
    fn encode(&self, contents: &[String]) -> Result<Array2<f32>, BoxError> {
        let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
        match self {
            Encoder::TfIdf => {
                TfIdfEncoder::default().fit(contents.iter().copied()).encode(&contents)
            }
            Encoder::Model(encoder) => encoder.encode(&contents),
        }
    }
}

/// What a message says.
enum Said {
    Content(String),
    Embedding(Vec<f64>),
}

/// A message's role and what it says; `field` is its path.
fn message(place: &Place, field: &str, value: Value) -> Result<(Role, Said), BoxError> {
    let mut fields = place.object(field, value)?;
    let path = |name: &str| format!("{field}.{name}");
    let name = place.string(&path("role"), fields.remove("role"))?;
    let role = [Role::System, Role::User, Role::Assistant].into_iter().find(|r| r.as_str() == name);
    let Some(role) = role else {
        let expected = "`system`, `user` or `assistant`";
        return Err(place.field(&path("role"), expected, format!("`{name}`")));
    };
    let said = match fields.remove("embedding") {
        None => Said::Content(place.string(&path("content"), fields.remove("content"))?),
        embedding => {
            fields.remove("content"); // may stand beside it, for the reader
            Said::Embedding(place.numbers(&path("embedding"), embedding)?)
        }
    };
    place.nothing_left(&format!("{field}."), &fields)?;
    Ok((role, said))
}

/// Sessions as convED wants them.
struct Sessions {
    /// For each session the roles of its messages.
    roles: Vec<Vec<u8>>,
    /// One row for each message of all sessions.
    embeddings: Array2<f32>,
}

impl Sessions {
    fn read(line: &mut Object, encoder: &Encoder) -> Result<Self, BoxError> {
        let place = &line.place;
        let sessions = place.array("sessions", line.fields.remove("sessions"))?;
        place.nothing_left("", &line.fields)?;
        let (mut roles, mut contents, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (s, session) in sessions.into_iter().enumerate() {
            let session = place.array(&format!("sessions[{s}]"), Some(session))?;
            let mut of_session = Vec::with_capacity(session.len());
            for (m, value) in session.into_iter().enumerate() {
                let field = format!("sessions[{s}][{m}]");
                let (role, said) = message(place, &field, value)?;
                of_session.push(role as u8);
                match said {
                    Said::Content(text) => contents.push(text),
                    Said::Embedding(row) => rows.push((field.clone(), row)),
                }
                if !contents.is_empty() && !rows.is_empty() {
                    let expected =
                        "a content in every message of the line or an embedding in every one";
                    return Err(place.field(&field, expected, "both kinds"));
                }
            }
            roles.push(of_session);
        }
        let embeddings = if rows.is_empty() {
            encoder.encode(&contents).map_err(|error| place.error(error))?
        } else {
            stack(place, &rows)?
        };
        Ok(Sessions { roles, embeddings })
    }

    /// All sessions as views of the one matrix.
    fn views(&self, place: &Place) -> Result<Vec<SessionView<'_>>, BoxError> {
        let mut rest = self.embeddings.view();
        let mut views = Vec::with_capacity(self.roles.len());
        for (s, roles) in self.roles.iter().enumerate() {
            let (rows, others) = rest.split_at(ndarray::Axis(0), roles.len());
            rest = others;
            let wrong = |error| match error {
                Error::ZeroEmbedding { utterance } => place.field(
                    &format!("sessions[{s}][{utterance}].embedding"),
                    "a direction",
                    "nothing but zeros",
                ),
                Error::NonFiniteEmbedding { utterance, component, value } => place.field(
                    &format!("sessions[{s}][{utterance}].embedding[{component}]"),
                    "a finite f32",
                    value.to_string(),
                ),
                other => place.error(other),
            };
            views.push(SessionView::new(roles, rows).map_err(wrong)?);
        }
        Ok(views)
    }
}

fn stack(place: &Place, rows: &[(String, Vec<f64>)]) -> Result<Array2<f32>, BoxError> {
    let dim = rows.first().map_or(0, |(_, row)| row.len());
    for (field, row) in rows {
        if row.len() != dim {
            let expected = "as many numbers as in the first embedding";
            let found = format!("{} instead of {dim}", row.len());
            return Err(place.field(&format!("{field}.embedding"), expected, found));
        }
    }
    let flat = rows.iter().flat_map(|(_, row)| row).map(|&x| x as f32).collect();
    Ok(Array2::from_shape_vec((rows.len(), dim), flat)?)
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let conved = ConvEd::params()
        .lambda(arguments.lambda)
        .insertion(arguments.insertion)
        .deletion(arguments.deletion)
        .normalize(arguments.normalize)
        .check()?;
    let encoder = Encoder::load(&arguments.encoder)?;
    for line in objects(&arguments.input)? {
        let mut line = line?;
        let sessions = Sessions::read(&mut line, &encoder)?;
        let views = sessions.views(&line.place)?;
        let matrix = conved.pairwise(&views).map_err(|error| line.place.error(error))?;
        let rows: Vec<Vec<f64>> = matrix.rows().into_iter().map(|row| row.to_vec()).collect();
        cli::print_json(&json!({ "distance": rows }))?;
    }
    Ok(())
}

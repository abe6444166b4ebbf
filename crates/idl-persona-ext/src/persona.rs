//! Persona-intensive utterances: what goes into a session's embedding.

use idl_dialogue::{PersonaExtractor, Role, SentenceEncoder, Session, Triple};
use ndarray::Array1;

use crate::object::contains_object;
use crate::{Error, Result};

/// The triples of each of `utterances`.
///
/// # Errors
/// [`Error::Extractor`] with its cause, [`Error::Answers`] where there is not
/// one answer per utterance.
pub fn extract_triples(
    utterances: &[&str],
    extractor: &dyn PersonaExtractor,
) -> Result<Vec<Vec<Triple>>> {
    if utterances.is_empty() {
        return Ok(Vec::new());
    }
    let triples = extractor.extract(utterances).map_err(Error::Extractor)?;
    if triples.len() == utterances.len() {
        Ok(triples)
    } else {
        Err(Error::Answers { answers: triples.len(), utterances: utterances.len() })
    }
}

/// The persona-intensive utterances of `role` in `session` (equation 2): those
/// that contain the object of at least one triple extracted from any of them.
///
/// Two fall-backs keep the result from being empty: where nothing is extracted,
/// all utterances of `role` (as the released code does); where `role` has said
/// nothing yet, as in a current context that has only begun, all of the other
/// participant's.
///
/// ```
/// use idl_dialogue::{Role, Session, Utterance};
/// use idl_persona_ext::{RuleExtractor, persona_utterances};
///
/// # fn main() -> Result<(), idl_persona_ext::Error> {
/// let mut session = Session::default();
/// session.messages = vec![
///     Utterance::user("hello , what do you do ?"),
///     Utterance::assistant("hi ! how are you ?"),
///     Utterance::assistant("well , i am a baker ."),
/// ];
/// let said = persona_utterances(&session, Role::Assistant, &RuleExtractor::default())?;
/// assert_eq!(said, ["well , i am a baker ."]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`extract_triples`].
pub fn persona_utterances(
    session: &Session,
    role: Role,
    extractor: &dyn PersonaExtractor,
) -> Result<Vec<String>> {
    let said: Vec<&str> = session.said_by(role).collect();
    if said.is_empty() {
        let partner = match role {
            Role::Assistant => Role::User,
            Role::User => Role::Assistant,
            Role::System => return Ok(Vec::new()),
        };
        return Ok(session.said_by(partner).map(str::to_owned).collect());
    }
    let triples: Vec<Triple> = extract_triples(&said, extractor)?.into_iter().flatten().collect();
    let intensive: Vec<String> = said
        .iter()
        .filter(|utterance| triples.iter().any(|t| contains_object(utterance, &t.object)))
        .map(|&utterance| utterance.to_owned())
        .collect();
    if intensive.is_empty() {
        return Ok(said.into_iter().map(str::to_owned).collect());
    }
    Ok(intensive)
}

/// The text whose embedding stands for the session (equation 3): its persona
/// utterances, one a line.
///
/// # Errors
/// Those of [`extract_triples`].
pub fn persona_text(
    session: &Session,
    role: Role,
    extractor: &dyn PersonaExtractor,
) -> Result<String> {
    Ok(persona_utterances(session, role, extractor)?.join("\n"))
}

/// `z` of equation 3: the embedding of a session's [`persona_text`], of
/// `encoder.dim()` components and unit length. Of many sessions encode the texts
/// together, which is what `idl::Pipeline` does.
///
/// ```
/// use idl_dialogue::{Role, Session, Utterance};
/// use idl_encoder::TfIdfEncoder;
/// use idl_persona_ext::{RuleExtractor, persona_embedding};
///
/// # fn main() -> Result<(), idl_persona_ext::Error> {
/// let messages = vec![Utterance::user("hello"), Utterance::assistant("i am a baker .")];
/// let session = Session { messages, ..Session::default() };
/// let (rules, encoder) = (RuleExtractor::default(), TfIdfEncoder::default());
/// let z = persona_embedding(&session, Role::Assistant, &rules, &encoder)?;
/// assert_eq!(z.len(), 1024);
/// assert!((z.dot(&z) - 1.0).abs() < 1e-5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`extract_triples`]; [`Error::Encoder`] with its cause, and for an
/// encoder that gives other rows than the one that was asked for.
pub fn persona_embedding(
    session: &Session,
    role: Role,
    extractor: &dyn PersonaExtractor,
    encoder: &dyn SentenceEncoder,
) -> Result<Array1<f32>> {
    let text = persona_text(session, role, extractor)?;
    let rows = encoder.encode(&[&text]).map_err(Error::Encoder)?;
    match rows.outer_iter().next() {
        Some(row) if rows.nrows() == 1 => Ok(row.to_owned()),
        _ => Err(Error::Encoder(format!("{} rows for one text", rows.nrows()).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl_dialogue::{BoxError, Utterance};

    /// Takes the last word of an utterance that begins with `fact`.
    struct Facts;

    impl PersonaExtractor for Facts {
        fn extract(&self, utterances: &[&str]) -> std::result::Result<Vec<Vec<Triple>>, BoxError> {
            let triple = |u: &&str| {
                let object = u.strip_prefix("fact ")?.rsplit(' ').next()?;
                Some(Triple::new("i", "own", object))
            };
            Ok(utterances.iter().map(|u| triple(u).into_iter().collect()).collect())
        }
    }

    struct Broken(Option<usize>);

    impl PersonaExtractor for Broken {
        fn extract(&self, _: &[&str]) -> std::result::Result<Vec<Vec<Triple>>, BoxError> {
            self.0.map(|n| vec![Vec::new(); n]).ok_or_else(|| "out of order".into())
        }
    }

    fn session(messages: &[(Role, &str)]) -> Session {
        let messages = messages.iter().map(|&(role, text)| Utterance::new(role, text)).collect();
        Session { messages, ..Session::default() }
    }

    #[test]
    fn an_object_marks_every_utterance_that_has_it() {
        let s = session(&[
            (Role::Assistant, "fact my boat"),
            (Role::User, "a boat ?"),
            (Role::Assistant, "the boat is old"),
            (Role::Assistant, "bye"),
        ]);
        let said = persona_utterances(&s, Role::Assistant, &Facts).unwrap();
        assert_eq!(said, ["fact my boat", "the boat is old"]);
        assert_eq!(
            persona_text(&s, Role::Assistant, &Facts).unwrap(),
            "fact my boat\nthe boat is old"
        );
    }

    #[test]
    fn without_triples_all_of_the_persons_utterances_serve() {
        let s = session(&[
            (Role::User, "fact a boat"),
            (Role::Assistant, "so"),
            (Role::Assistant, "ok"),
        ]);
        assert_eq!(persona_utterances(&s, Role::Assistant, &Facts).unwrap(), ["so", "ok"]);
    }

    #[test]
    fn before_the_person_speaks_the_partners_utterances_serve() {
        let s =
            session(&[(Role::System, "be kind"), (Role::User, "hi"), (Role::User, "fact a boat")]);
        let said = persona_utterances(&s, Role::Assistant, &Facts).unwrap();
        assert_eq!(said, ["hi", "fact a boat"]);
        assert!(persona_utterances(&session(&[]), Role::Assistant, &Facts).unwrap().is_empty());
    }

    #[test]
    fn a_faulty_extractor_is_a_typed_error() {
        let s = session(&[(Role::Assistant, "so")]);
        let error = persona_utterances(&s, Role::Assistant, &Broken(None)).unwrap_err();
        assert_eq!(
            std::error::Error::source(&error).map(ToString::to_string).as_deref(),
            Some("out of order")
        );
        let error = persona_utterances(&s, Role::Assistant, &Broken(Some(2))).unwrap_err();
        assert!(matches!(error, Error::Answers { answers: 2, utterances: 1 }));
    }
}

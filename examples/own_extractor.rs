//! An extractor of one's own, for a language that the rules do not know: German.

use idl_dialogue::{BoxError, PersonaExtractor, Role, Session, Triple, Utterance};
use idl_persona_ext::{RuleExtractor, persona_text};

/// What stands before a fact, and which relation that makes it.
const PATTERNS: [(&str, &str); 4] = [
    ("ich wohne in ", "live_in_citystatecountry"),
    ("ich arbeite als ", "has_profession"),
    ("ich habe ", "have"),
    ("ich mag ", "like_general"),
];

struct German;

impl PersonaExtractor for German {
    /// One list of facts for each utterance, in their order; mostly empty.
    fn extract(&self, utterances: &[&str]) -> Result<Vec<Vec<Triple>>, BoxError> {
        Ok(utterances.iter().map(|utterance| facts(&utterance.to_lowercase())).collect())
    }
}

/// The facts of one utterance: what follows a pattern, up to the next mark.
fn facts(utterance: &str) -> Vec<Triple> {
    let of_pattern = |&(before, relation): &(&str, &str)| {
        let (_, rest) = utterance.split_once(before)?;
        let object = rest.split([',', '.', '!', '?']).next()?.trim();
        // The object is in words of the utterance, so that it can be replaced there
        // where preference data needs something false.
        (!object.is_empty()).then(|| Triple::new("i", relation, object))
    };
    PATTERNS.iter().filter_map(of_pattern).collect()
}

fn main() -> Result<(), BoxError> {
    let session = Session {
        id: "lena-0".into(),
        messages: vec![
            Utterance::user("Hallo, wie geht's?"),
            Utterance::assistant("Gut, danke. Es hat endlich aufgehört zu regnen."),
            Utterance::user("Was machst du so?"),
            Utterance::assistant("Ich arbeite als Imkerin, ich habe 40 Bienenvölker."),
            Utterance::user("Wo denn?"),
            Utterance::assistant("Ich wohne in Husum. Da ist immer Wind."),
        ],
        ..Session::default()
    };

    for said in session.said_by(Role::Assistant) {
        for fact in German.extract(&[said])?.into_iter().flatten() {
            println!("{fact}");
        }
    }

    // What stands for a session when sessions are compared: only utterances with a
    // fact in them. Where an extractor finds nothing, all that the person says.
    let german = persona_text(&session, Role::Assistant, &German)?;
    let english = persona_text(&session, Role::Assistant, &RuleExtractor::default())?;
    println!(
        "\nby these patterns:\n{german}\n\nby the English rules, which find nothing:\n{english}"
    );
    Ok(())
}

//! Where rejected replies are from.

use idl::dialogue::{BoxError, GenerationParams, Person, TextGenerator};
use idl::encoder::TfIdfEncoder;
use idl::persona_ext::RuleExtractor;
use idl::train::{
    Alternatives, BuildStats, Candidates, PersonaBlind, PreferenceCorpus, RejectedKind,
    RejectedSource,
};

use crate::data::{person, tokenizer};

/// The alternatives to the first session of the first of four persons.
fn drawn_from(source: RejectedSource<'_>) -> (Vec<Alternatives>, BuildStats) {
    let persons: Vec<Person> = (0..4).map(|p| person(p).clone()).collect();
    let (extractor, encoder) = (RuleExtractor::default(), TfIdfEncoder::default());
    let corpus =
        PreferenceCorpus::new(&persons, &extractor, &encoder, 1).unwrap().rejected_from(source);
    let replies: Vec<usize> = persons[0].sessions[0].replies().collect();
    let mut coverage = BuildStats::default();
    let found = corpus.alternatives(0, 0, &replies, &mut coverage).unwrap();
    assert_eq!(coverage.built.iter().sum::<usize>(), found.len());
    assert_eq!(found.len() + coverage.without, replies.len());
    let differ =
        |a: &str, b: &str| !a.trim().is_empty() && !a.trim().eq_ignore_ascii_case(b.trim());
    for a in &found {
        let chosen = &persons[0].sessions[0].messages[a.reply].content;
        let criterion = &a.criterion.as_ref().unwrap().text;
        assert!(differ(&a.rejected, chosen) && differ(&a.rejected, criterion));
        assert!(differ(criterion, chosen));
        assert_eq!(a.rejected_kind, Some(source.kind()));
    }
    (found, coverage)
}

#[test]
fn candidates_of_the_corpus_are_rejected_where_they_are() {
    let session = &person(0).sessions[0];
    let replies: Vec<usize> = session.replies().collect();
    // One reply has some, one nothing but itself, the others none.
    let chosen = |at: usize| session.messages[at].content.clone();
    let mut all = Candidates::new();
    let wrong = ["i juggle .".to_owned(), "no bears here .".to_owned()];
    let listed = [&wrong[..], &[format!(" {}", chosen(replies[0]).to_uppercase()), String::new()]];
    all.insert((session.id.clone(), replies[0]), listed.concat());
    all.insert((session.id.clone(), replies[1]), vec![chosen(replies[1])]);
    let (found, coverage) = drawn_from(RejectedSource::Candidates(&all));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reply, replies[0]);
    assert!(wrong.contains(&found[0].rejected));
    assert_eq!(coverage.without_rejected, replies.len() - 1);
    assert_eq!(drawn_from(RejectedSource::Candidates(&all)).0, found, "the seed decides");
    assert_eq!(found[0].rejected_kind, Some(RejectedKind::Candidate));
}

/// Says the number of turns that it was shown; of the second prompt nothing,
/// of the third what was truly said.
struct Counting;

impl TextGenerator for Counting {
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> Result<Vec<String>, BoxError> {
        assert_eq!(params.max_new_tokens, 5);
        let session = &person(0).sessions[0];
        let replies: Vec<usize> = session.replies().collect();
        let says = prompts.iter().enumerate().map(|(i, prompt)| {
            assert!(tokenizer().encode(prompt).unwrap().len() <= 40);
            // It sees the end of the dialogue, and nothing else.
            let before: Vec<&str> =
                session.messages[..replies[i]].iter().map(|m| m.content.as_str()).collect();
            assert!(prompt.contains(before[before.len() - 1]), "{prompt}");
            let shown = before.iter().filter(|text| prompt.contains(**text)).count();
            match i {
                1 => " \n".to_owned(),
                2 => session.messages[replies[2]].content.clone(),
                _ => format!(" it has {shown} turns . "),
            }
        });
        Ok(says.collect())
    }
}

#[test]
fn a_model_without_the_sessions_writes_what_is_rejected() {
    let model = PersonaBlind {
        generator: &Counting,
        tokenizer: tokenizer(),
        max_prompt_tokens: 40,
        params: GenerationParams { max_new_tokens: 5, ..GenerationParams::default() },
    };
    let (found, coverage) = drawn_from(RejectedSource::Generator(model));
    assert_eq!(coverage.without_rejected, 2);
    assert!(found.len() > 1);
    for a in &found {
        assert!(a.rejected.starts_with("it has ") && a.rejected.ends_with(" turns ."), "{a:?}");
    }
    let json = serde_json::to_string(&found[0]).unwrap();
    assert!(json.contains(r#""rejected_kind":"persona_blind""#), "{json}");
}

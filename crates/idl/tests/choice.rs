//! The choice of sessions, on people whose sessions are known.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use idl::Error;
use idl::choice::{Ask, ChoiceParams, Evidence, Reader, SessionBank};
use idl::dialogue::{Role, SentenceEncoder, Session, Utterance};
use idl::encoder::TfIdfEncoder;
use idl::persona_ext::RuleExtractor;
use idl::store::{OnConflict, SessionStore, SqliteStore};

fn session(id: &str, time: Option<i64>, said: &[&str]) -> Session {
    let messages = said
        .iter()
        .flat_map(|text| [Utterance::user("and you ?"), Utterance::assistant(*text)])
        .collect();
    Session { id: id.into(), time, messages, ..Session::default() }
}

/// A gardener, a sailor and a cook in one person.
fn sessions() -> Vec<Session> {
    vec![
        session("beds", Some(10), &["i dug the garden beds .", "my roses bloom in june ."]),
        session("boat", Some(20), &["my boat needs a new sail .", "we sailed past the harbour ."]),
        session("soup", None, &["i cooked onion soup .", "the oven is too hot for bread ."]),
        session("pots", Some(40), &["the roses moved into pots .", "i have a garden shed ."]),
        session("race", Some(30), &["the boat race was cold .", "i have a dog ."]),
    ]
}

struct Parts {
    encoder: TfIdfEncoder,
    extractor: RuleExtractor,
}

impl Parts {
    fn new() -> Self {
        Parts { encoder: TfIdfEncoder::english(), extractor: RuleExtractor::default() }
    }

    fn reader(&self, ask: Ask) -> Reader<'_> {
        Reader { encoder: &self.encoder, extractor: &self.extractor, ask }
    }

    fn bank(&self) -> SessionBank {
        let sessions = sessions();
        let mut bank = SessionBank::new();
        let all: Vec<&Session> = sessions.iter().collect();
        for record in self.reader(Ask::Own).records(&all).unwrap() {
            bank.add(record).unwrap();
        }
        bank
    }
}

fn said(role: Role, text: &str) -> Utterance {
    Utterance::new(role, text)
}

#[test]
fn what_was_said_decides_and_the_choice_says_why() {
    let parts = Parts::new();
    let (bank, reader) = (parts.bank(), parts.reader(Ask::Own));
    let chooser = ChoiceParams { count: 2, ..ChoiceParams::default() }.check().unwrap();
    let all: Vec<usize> = (0..bank.len()).collect();
    let context = [
        said(Role::User, "how was your weekend ?"),
        said(Role::Assistant, "i have a dog . we sailed the boat ."),
        said(Role::User, "nice . do you cook soup ?"),
    ];
    let query = reader.query(&context).unwrap();
    let chosen = chooser.choose(&bank, &all, query.as_ref(), None).unwrap();
    let ids: Vec<&str> = chosen.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["race", "boat"]);
    assert!(chosen[0].shared.iter().any(|fact| fact.object == "dog"), "{chosen:?}");
    assert!(chosen[0].score >= chosen[1].score);
    assert!((chosen[0].evidence.sum() - chosen[0].score).abs() < 1e-12);
    assert!(chosen[0].evidence.words > 0.0 && chosen[0].evidence.utterances > 0.0);

    // What is to be answered asks, too, if it shall.
    let query = parts.reader(Ask::Answer).query(&context[2..]).unwrap();
    let chosen = chooser.choose(&bank, &all, query.as_ref(), None).unwrap();
    assert_eq!(chosen[0].id, "soup");
}

#[test]
fn who_asks_is_as_it_says() {
    let parts = Parts::new();
    let context = [
        said(Role::System, "be brief"),
        said(Role::User, "hello"),
        said(Role::Assistant, "i row ."),
        said(Role::User, "and cook ?"),
        said(Role::User, "  "),
    ];
    let asked = |ask: Ask, context: &[Utterance]| {
        parts.reader(ask).query(context).unwrap().map(|query| query.text)
    };
    assert_eq!(asked(Ask::Own, &context).unwrap(), "i row .");
    assert_eq!(asked(Ask::Answer, &context).unwrap(), "i row .\nand cook ?");
    assert_eq!(asked(Ask::All, &context).unwrap(), "hello\ni row .\nand cook ?");
    for ask in Ask::ALL {
        assert_eq!(asked(ask, &context[..2]).unwrap(), "hello", "{ask}");
        assert_eq!(asked(ask, &context[..1]), None, "{ask}");
        assert_eq!(ask.to_string().parse::<Ask>().unwrap(), ask);
    }
    assert!("both".parse::<Ask>().unwrap_err().to_string().contains("own, answer, all"));
}

#[test]
fn where_nothing_was_said_the_latest_are_taken() {
    let parts = Parts::new();
    let bank = parts.bank();
    let chooser = ChoiceParams { count: 3, ..ChoiceParams::default() }.check().unwrap();
    let chosen = chooser.choose(&bank, &[0, 1, 2, 3, 4], None, None).unwrap();
    assert_eq!(chosen.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["pots", "race", "boat"]);
}

#[test]
fn none_can_be_chosen() {
    let parts = Parts::new();
    let bank = parts.bank();
    let query = parts.reader(Ask::Own).query(&[said(Role::User, "roses")]).unwrap();
    let chooser = ChoiceParams { count: 0, ..ChoiceParams::default() }.check().unwrap();
    assert!(chooser.choose(&bank, &[0, 1], query.as_ref(), None).unwrap().is_empty());
    let chooser = chooser.count(9);
    assert_eq!(chooser.choose(&bank, &[0, 1], query.as_ref(), None).unwrap().len(), 2);
    assert!(chooser.choose(&bank, &[], query.as_ref(), None).unwrap().is_empty());
}

#[test]
fn what_came_later_is_no_candidate() {
    use idl::dialogue::Person;
    use idl::learn::candidates;
    let person = Person { id: "ada".into(), sessions: sessions() };
    // Began at 20: those at 30 and 40 came later, of one nobody knows.
    assert_eq!(candidates(&person, &person.sessions[1]), [0, 2]);
    assert_eq!(candidates(&person, &person.sessions[2]), [0, 1, 3, 4]);
}

#[test]
fn recent_sessions_come_first_where_recency_is_all_that_counts() {
    let parts = Parts::new();
    let bank = parts.bank();
    let weights = Evidence { recency: 1.0, ..Evidence::default() };
    let chooser = ChoiceParams { weights, ..ChoiceParams::default() }.check().unwrap();
    let query = parts.reader(Ask::Own).query(&[said(Role::User, "hello")]).unwrap();
    let day = 86_400;
    let chosen = chooser.choose(&bank, &[0, 1, 2, 3, 4], query.as_ref(), Some(50 * day)).unwrap();
    let ids: Vec<&str> = chosen.iter().map(|c| c.id.as_str()).collect();
    // Of unknown age: as if it were old.
    assert_eq!(ids, ["pots", "race", "boat", "beds", "soup"]);
}

#[test]
fn a_choice_changes_when_others_are_clearly_better() {
    let parts = Parts::new();
    let (bank, reader) = (parts.bank(), parts.reader(Ask::Own));
    let all: Vec<usize> = (0..bank.len()).collect();
    let query = reader.query(&[said(Role::Assistant, "my roses and the garden .")]).unwrap();
    let params = ChoiceParams { count: 2, ..ChoiceParams::default() };
    let chooser = params.check().unwrap();
    let (first, changed) = chooser.choose_again(&bank, &all, query.as_ref(), None, &[]).unwrap();
    let places: Vec<usize> = first.iter().map(|c| c.place).collect();
    assert!(changed && places.contains(&0) && places.contains(&3));
    // Asked again: as it is.
    let (again, changed) =
        chooser.choose_again(&bank, &all, query.as_ref(), None, &places).unwrap();
    assert!(!changed);
    assert_eq!(again, first);
    // Another matter: others, unless hardly anything is good enough to change for.
    let other = reader.query(&[said(Role::Assistant, "we sailed the boat .")]).unwrap();
    let (moved, changed) =
        chooser.choose_again(&bank, &all, other.as_ref(), None, &places).unwrap();
    assert!(changed && moved.iter().all(|c| ["boat", "race"].contains(&c.id.as_str())));
    let patient = ChoiceParams { margin: 100.0, ..params }.check().unwrap();
    let (stays, changed) =
        patient.choose_again(&bank, &all, other.as_ref(), None, &places).unwrap();
    assert!(!changed && stays.iter().all(|c| places.contains(&c.place)));
    // One that is no candidate anymore does not stay.
    let (without, changed) =
        patient.choose_again(&bank, &[0, 1, 2, 4], query.as_ref(), None, &places).unwrap();
    assert!(changed && without.iter().all(|c| c.place != 3));
}

#[test]
fn the_words_of_a_session_that_is_no_candidate_count_nowhere() {
    let parts = Parts::new();
    let reader = parts.reader(Ask::Own);
    let choose = |secret: &str| {
        let mut all = sessions();
        all.push(session("now", None, &[secret]));
        let mut bank = SessionBank::new();
        let refs: Vec<&Session> = all.iter().collect();
        for record in reader.records(&refs).unwrap() {
            bank.add(record).unwrap();
        }
        let query = reader.query(&[said(Role::Assistant, "the garden and the boat .")]).unwrap();
        let chooser = ChoiceParams::default().check().unwrap();
        chooser.choose(&bank, &[0, 1, 2, 3, 4], query.as_ref(), None).unwrap()
    };
    let long = "garden ".repeat(300);
    assert_eq!(choose("hm ."), choose(&long));
}

#[test]
fn a_bank_is_what_the_store_holds() {
    let parts = Parts::new();
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let sessions = sessions();
    let all: Vec<&Session> = sessions.iter().collect();
    let records = parts.reader(Ask::Own).records(&all).unwrap();
    store.add("ada", &records, OnConflict::Refuse).unwrap();
    let mut bank = SessionBank::of_person(&store, "ada").unwrap();
    let ids = |bank: &SessionBank| bank.sessions().iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&bank), ids(&parts.bank()));
    assert_eq!(bank.sessions()[0].time, Some(10));
    assert!(bank.remove("boat") && !bank.remove("boat"));
    assert_eq!(ids(&bank), ["beds", "soup", "pots", "race"]);
    assert_eq!(bank.position("race"), Some(3));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let parts = Parts::new();
    let mut bank = parts.bank();
    let sessions = sessions();
    let record = parts.reader(Ask::Own).records(&[&sessions[0]]).unwrap().remove(0);
    assert!(matches!(bank.add(record.clone()), Err(Error::SameSession { .. })));
    let bare = idl::store::Record { id: "x".into(), embeddings: None, ..record.clone() };
    assert!(matches!(bank.add(bare), Err(Error::NotEmbedded { session }) if session == "x"));
    let small = TfIdfEncoder::new(16).unwrap();
    let other = Reader { encoder: &small, ..parts.reader(Ask::Own) };
    let mut other = other.records(&[&sessions[0]]).unwrap().remove(0);
    other.id = "y".into();
    assert!(small.dim() == 16 && matches!(bank.add(other), Err(Error::OtherEncoder { .. })));
    let chooser = ChoiceParams::default().check().unwrap();
    let found = chooser.choose(&bank, &[5], None, None);
    assert!(matches!(found, Err(Error::NoSession { session: 5, sessions: 5 })));
    for wrong in [
        ChoiceParams { weights: Evidence::default(), ..ChoiceParams::default() },
        ChoiceParams { margin: f64::NAN, ..ChoiceParams::default() },
        ChoiceParams {
            weights: Evidence { words: -1.0, ..ChoiceParams::default().weights },
            ..ChoiceParams::default()
        },
    ] {
        assert!(matches!(wrong.check(), Err(Error::Choice(_))), "{wrong:?}");
    }
}

//! What the rules make of invented sentences: facts, and silence.

use idl_persona_ext::RuleExtractor;

fn facts(utterance: &str) -> String {
    let triples = RuleExtractor::default().extract_one(utterance);
    triples.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn facts_by_pattern() {
    for (utterance, expected) in [
        // Work.
        ("i am a baker , you ?", "<i, has_profession, baker>"),
        ("i'm actually a retired florist .", "<i, job_status, retired>"),
        (
            "i am a tailor and a bus driver .",
            "<i, has_profession, tailor> <i, has_profession, bus driver>",
        ),
        ("i work as a night nurse in a clinic", "<i, has_profession, night nurse>"),
        ("i work at a small bakery on elm street .", "<i, employed_by_general, small bakery>"),
        ("i used to be a sailor .", "<i, previous_profession, sailor>"),
        ("i am studying to become a vet !", "<i, want_job, vet>"),
        // People and pets.
        ("we have two dogs and a parrot .", "<i, have_pet, dogs> <i, have_pet, parrot>"),
        ("my dog is called biscuit", "<i, have_pet, dog> <my dog, name, biscuit>"),
        (
            "my older brother works at a mill .",
            "<i, have_sibling, brother> <my brother, employed_by_general, mill>",
        ),
        ("my wife is a judge .", "<my wife, has_profession, judge>"),
        ("i have three kids", "<i, have_children, three kids>"),
        // Places.
        ("i live in the old harbor town", "<i, live_in_general, old harbor town>"),
        ("we live in lisbon , near the sea", "<i, live_in_citystatecountry, lisbon>"),
        ("i'm originally from norway .", "<i, place_origin, norway>"),
        // Tastes.
        ("i love to bake bread .", "<i, like_activity, bake bread>"),
        (
            "i really enjoy sailing and chess !",
            "<i, like_activity, sailing> <i, like_general, chess>",
        ),
        ("i hate spiders .", "<i, dislike_animal, spiders>"),
        ("i do not like loud music", "<i, dislike, loud music>"),
        ("i'm not a big fan of olives .", "<i, dislike_food, olives>"),
        ("my favorite season is autumn .", "<i, favorite_season, autumn>"),
        ("i can't stand traffic jams", "<i, dislike, traffic jams>"),
        // Attributes.
        ("i am 43 years old .", "<i, has_age, 43>"),
        ("i just turned thirty two .", "<i, has_age, thirty two>"),
        ("i am married .", "<i, marital_status, married>"),
        ("i play the cello in a quartet", "<i, has_ability, cello>"),
        ("my name is odalys .", "<i, name, odalys>"),
        ("i do not have any siblings .", "<i, have_no_sibling, siblings>"),
    ] {
        assert_eq!(facts(utterance), expected, "{utterance}");
    }
}

#[test]
fn silence_where_nothing_is_stated() {
    for utterance in [
        "",
        "?!",
        "i",
        "my",
        "i am",
        "do you like dogs ?",
        "i wish i had a boat .",
        "if i have a dog , i walk more",
        "i am not a baker .",
        "i have to go now .",
        "i like it .",
        "i love that !",
        "should i have a salad ?",
        "he has two cats .",
        "you are a nurse ?",
    ] {
        assert_eq!(facts(utterance), "", "{utterance}");
    }
}

#[test]
fn unusual_text_is_read_without_a_fault() {
    for utterance in [
        "I\u{2019}M A BAKER",
        "i am a 面包师",
        "i like \u{1f600}",
        "i have \u{a0}",
        "i'm",
        "'ve 'm n't",
    ] {
        facts(utterance);
    }
    assert_eq!(facts("I\u{2019}M A BAKER"), "<i, has_profession, baker>");
    let long = "i like tea and ".repeat(20_000);
    assert_eq!(facts(&long), "<i, like_drink, tea>");
}

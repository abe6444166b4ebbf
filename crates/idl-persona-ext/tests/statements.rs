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
        ("i work nights at the docks .", "<i, work_schedule, work nights at the docks>"),
        ("i sell boats for a living", "<i, has_hobby, sell boats>"),
        ("my tailor job is dull .", "<i, has_profession, tailor>"),
        ("i do not work .", "<i, do_not_do, work>"),
        ("i'm in the navy", "<i, employed_by_general, navy>"),
        ("i graduated from college", "<i, school_status, graduated from college>"),
        // People and pets.
        ("we have two dogs and a parrot .", "<i, have_pet, dogs> <i, have_pet, parrot>"),
        ("my dog is called biscuit", "<i, have_pet, dog> <my dog, name, biscuit>"),
        (
            "my older brother works at a mill .",
            "<i, have_sibling, brother> <my brother, employed_by_general, mill>",
        ),
        ("my wife is a judge .", "<i, have_family, wife> <my wife, has_profession, judge>"),
        (
            "my mom's a tailor and works at a mill",
            "<my mom, has_profession, tailor> <my mom, employed_by_general, mill>",
        ),
        ("no kids , just two cats .", "<i, have_no_children, kids> <i, have_pet, two cats>"),
        ("our son is six .", "<i, have_children, son> <my son, has_age, six>"),
        ("my parents passed away .", "<i, have_no_family, parents>"),
        ("i have three kids", "<i, have_children, three kids>"),
        // Places.
        ("i live in the old harbor town", "<i, live_in_general, old harbor town>"),
        ("we live in lisbon , near the sea", "<i, live_in_citystatecountry, lisbon>"),
        ("i live with a dentist", "<i, live_in_general, dentist>"),
        ("i'm originally from norway .", "<i, place_origin, norway>"),
        (
            "i live in new york and work as a baker",
            "<i, live_in_citystatecountry, new york> <i, has_profession, baker>",
        ),
        ("i was born in 1970 .", "<i, has_age, 1970>"),
        ("i grew up in texas !", "<i, place_origin, texas>"),
        // Belongings.
        ("i just bought a new canoe", "<i, have_vehicle, canoe>"),
        ("i have some very old clocks .", "<i, own, old clocks>"),
        ("i do not have a car", "<i, have_no, car>"),
        ("i lost my red kayak .", "<i, have_vehicle, kayak>"),
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
        ("love thunderstorms !", "<i, like_general, thunderstorms>"),
        ("im not really into opera", "<i, dislike, opera>"),
        ("i don t eat meat", "<i, do_not_eat, meat>"),
        ("i like to go to the harbor", "<i, like_goto, harbor>"),
        ("chess is my favorite game .", "<i, favorite_hobby, chess>"),
        ("my least favorite color is mauve", "<i, dislike, mauve>"),
        ("mine is a lemon tart .", "<i, favorite, lemon tart>"),
        // Routines.
        ("i usually get up at four .", "<i, misc_attribute, get up>"),
        ("sometimes i bark at the moon", "<i, misc_attribute, bark at the moon>"),
        ("i knit on the train .", "<i, has_hobby, knit on the train>"),
        ("i never smoked", "<i, do_not_do, smoked>"),
        // Attributes.
        (
            "i am very shy and have long hair",
            "<i, misc_attribute, shy> <i, physical_attribute, long hair>",
        ),
        ("i'm allergic to wool .", "<i, health_status, wool>"),
        ("my hair is green", "<i, physical_attribute, green>"),
        ("i am not married .", "<i, marital_status, not married>"),
        ("i can not swim .", "<i, weakness, swim>"),
        ("i'm a 30 year old nurse", "<i, has_age, 30> <i, has_profession, nurse>"),
        ("i am a night owl .", "<i, misc_attribute, night owl>"),
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
        // Moods and moments.
        "i am tired and a bit sad .",
        "i'm going to walk now",
        "i have a great idea",
        "i have never seen it .",
        "have a nice day !",
        "love it !",
        "i would love to sail .",
        "i want a boat .",
        // Somebody else's.
        "your dog is cute .",
        "she is a nurse and works at a mill .",
        "loves dogs ?",
        "my dream car",
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

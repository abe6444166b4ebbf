//! What is said around the facts.

/// How a conversation begins.
pub(super) const GREETINGS: &[(&str, &str)] = &[
    ("hi , how are you ?", "fine , thank you , and you ?"),
    ("hello there .", "hello , nice to meet you ."),
    ("good evening !", "good evening , how was your day ?"),
    ("hey , what are you up to ?", "not much , just sitting down ."),
    ("hi , it is raining here .", "here it has just stopped ."),
    ("good morning .", "morning , i have only just got up ."),
];

/// What a partner says to what has just been said.
pub(super) const REACTIONS: &[&str] = &[
    "really ?",
    "that sounds good .",
    "oh , tell me more .",
    "i see .",
    "that must be hard .",
    "ha , i would not have guessed .",
    "how nice .",
    "lucky you .",
];

/// How a person of some manner begins, and ends, what they say.
pub(super) const MANNERS: &[(&str, &str)] = &[
    ("", ""),
    ("well ,", ""),
    ("", "you know ."),
    ("honestly ,", ""),
    ("ha ,", ""),
    ("", "and that is that ."),
    ("oh dear ,", ""),
    ("listen ,", "my friend ."),
    ("", "so it goes ."),
    ("i must say ,", ""),
];

/// How a conversation ends.
pub(super) const GOODBYES: &[(&str, &str)] = &[
    ("i have to go , bye !", "bye , talk to you soon ."),
    ("it was good to talk .", "it was , take care ."),
    ("my bus is here .", "off you go , then ."),
    ("good night .", "sleep well ."),
];

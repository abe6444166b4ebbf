//! Words that hold a sentence together: where phrases begin and end. One list a topic, sorted,
//! kept dense by `rustfmt::skip`: a line each would make a thousand.

/// Words that may stand between subject and verb without changing the fact.
#[rustfmt::skip]
pub(super) const ADVERBS: &[&str] = &[
    "absolute", "absolutely", "actually", "all", "already", "also", "always", "barely",
    "basically", "certainly", "clinically", "current", "currently", "deathly", "deeply",
    "definitely", "do", "does", "especially", "even", "ever", "extremely", "fairly", "finally",
    "frequently", "generally", "happily", "hardly", "honestly", "incredibly", "insanely",
    "just", "kinda", "legally", "literally", "mainly", "mildly", "mostly", "myself",
    "naturally", "normally", "now", "occasionally", "officially", "often", "only", "overall",
    "painfully", "particularly", "personal", "personally", "pretty", "probably", "proudly",
    "quite", "rarely", "rather", "really", "recently", "regularly", "secretly", "severely",
    "simply", "since", "slightly", "so", "sometimes", "still", "such", "super", "terribly",
    "totally", "truly", "typically", "ultimate", "usually", "very",
];

/// Adverbs that make a habit of a verb.
#[rustfmt::skip]
pub(super) const HABITS: &[&str] = &[
    "always", "constantly", "daily", "everyday", "frequently", "mainly", "mostly", "never",
    "normally", "occasionally", "often", "rarely", "regularly", "sometimes", "typically",
    "usually", "weekends", "weekly",
];

/// Before `i`, these make a wish, a condition or a question of what follows.
#[rustfmt::skip]
pub(super) const IRREALIS: &[&str] = &[
    "am", "are", "before", "can", "could", "did", "do", "does", "had", "hope", "if", "may",
    "might", "should", "til", "unless", "until", "was", "when", "whether", "will", "wish",
    "wonder", "would",
];

/// Left out at the beginning of an object.
#[rustfmt::skip]
pub(super) const DETERMINERS: &[&str] = &[
    "a", "all", "also", "an", "any", "anything", "best", "big", "both", "bunch", "couple",
    "different", "few", "her", "his", "just", "kind", "kinds", "lot", "lots", "many", "more",
    "my", "new", "of", "only", "our", "own", "plenty", "pretty", "quite", "really", "several",
    "so", "some", "sort", "super", "the", "their", "to", "too", "type", "types", "very",
];

/// An object ends before any of these.
#[rustfmt::skip]
pub(super) const STOPS: &[&str] = &[
    "a", "about", "actually", "after", "against", "ago", "all", "along", "alot", "already",
    "also", "although", "always", "am", "an", "and", "any", "anymore", "anyone", "are",
    "around", "as", "at", "away", "be", "because", "been", "before", "behind", "best", "but",
    "by", "called", "can", "cause", "cos", "could", "currently", "cuz", "daily", "did", "do",
    "does", "down", "during", "either", "em", "especially", "even", "everyday", "everyone",
    "everything", "except", "for", "from", "fun", "had", "haha", "has", "have", "he", "her",
    "here", "him", "his", "how", "however", "i", "if", "in", "inside", "instead", "into", "is",
    "it", "just", "lately", "like", "lol", "longer", "lot", "may", "me", "might", "mine",
    "more", "most", "much", "must", "my", "myself", "named", "near", "never", "no", "not",
    "nothing", "now", "off", "on", "once", "one", "ones", "only", "or", "our", "out", "outside",
    "over", "plus", "really", "right", "she", "should", "since", "so", "some", "someone",
    "something", "sometime", "sometimes", "still", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "though", "through", "to", "today",
    "together", "tonight", "too", "under", "unless", "until", "up", "us", "usually", "very",
    "was", "we", "weekends", "well", "were", "what", "when", "whenever", "where", "which",
    "while", "who", "why", "will", "with", "within", "without", "would", "yeah", "yes",
    "yesterday", "yet", "you", "your", "yours",
];

/// After `and`, these begin a new clause and no second object.
#[rustfmt::skip]
pub(super) const CLAUSE_VERBS: &[&str] = &[
    "am", "are", "collect", "cook", "cool", "dance", "drink", "drive", "drives", "eat", "eats",
    "enjoy", "enjoys", "feel", "get", "go", "goes", "going", "good", "got", "great", "hang",
    "has", "hate", "hates", "have", "hello", "hey", "hi", "hope", "know", "live", "lives",
    "looking", "love", "loves", "made", "make", "makes", "maybe", "moved", "need", "nice", "ok",
    "okay", "own", "play", "plays", "probably", "raise", "read", "run", "said", "say", "see",
    "sell", "sing", "soon", "sorry", "spend", "sure", "swim", "take", "teach", "thank",
    "thanks", "think", "travel", "try", "trying", "volunteer", "want", "watch", "wish", "work",
    "works", "write", "ya", "yup",
];

/// Single words that are no object: a verb that says nothing by itself, or a
/// noun that stands for anything.
#[rustfmt::skip]
pub(super) const VAGUE: &[&str] = &[
    "being", "bit", "coming", "couple", "doing", "getting", "going", "having", "hearing",
    "lots", "making", "putting", "sound", "sounds", "stuff", "taking", "talking", "thing",
    "things", "thinking", "time", "way",
];

#[rustfmt::skip]
pub(super) const NUMBERS: &[&str] = &[
    "eight", "eighteen", "eighty", "eleven", "fifteen", "fifty", "five", "forty", "four",
    "fourteen", "nine", "nineteen", "ninety", "one", "seven", "seventeen", "seventy", "six",
    "sixteen", "sixty", "ten", "thirteen", "thirty", "three", "twelve", "twenty", "two",
];

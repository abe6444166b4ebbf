//! The words that the rules know. They decide a relation's name, never whether
//! a fact is found where a pattern is clear enough by itself. One list a topic, sorted,
//! kept dense by `rustfmt::skip`: a line each would make a thousand.

/// Words that may stand between subject and verb without changing the fact.
#[rustfmt::skip]
pub(crate) const ADVERBS: &[&str] = &[
    "absolutely", "actually", "all", "also", "always", "both", "certainly", "currently",
    "definitely", "do", "especially", "even", "honestly", "just", "kinda", "mainly", "mostly",
    "myself", "normally", "now", "occasionally", "often", "only", "particularly", "personally",
    "pretty", "quite", "really", "recently", "simply", "so", "sometimes", "still", "such",
    "totally", "truly", "usually", "very",
];

/// Before `i`, these make a wish, a condition or a question of what follows.
#[rustfmt::skip]
pub(crate) const IRREALIS: &[&str] = &[
    "am", "before", "can", "could", "did", "do", "had", "have", "hope", "if", "may", "might",
    "should", "suppose", "think", "til", "unless", "until", "was", "when", "whether", "will",
    "wish", "would",
];

/// Left out at the beginning of an object.
#[rustfmt::skip]
pub(crate) const DETERMINERS: &[&str] = &[
    "a", "all", "also", "an", "any", "anything", "big", "both", "bunch", "couple", "different",
    "few", "her", "his", "just", "kind", "kinds", "lot", "lots", "many", "more", "my", "new",
    "of", "only", "our", "own", "plenty", "pretty", "quite", "really", "several", "so", "some",
    "sort", "super", "the", "their", "to", "too", "type", "types", "very",
];

/// An object ends before any of these.
#[rustfmt::skip]
pub(crate) const STOPS: &[&str] = &[
    // Conjunctions, question words, adverbs that close a clause.
    "and", "as", "because", "but", "cause", "cos", "cuz", "except", "however", "how", "if", "or",
    "plus", "since", "so", "than", "that", "then", "though", "although", "unless", "until",
    "what", "when", "where", "which", "while", "who", "why", "yet", "too", "also", "now",
    "currently", "lol", "haha", "right", "well", "myself", "very", "much", "today", "tonight",
    "yesterday", "anymore", "either", "instead", "together", "sometimes", "usually", "especially",
    "lately", "already", "ago", "more", "most", "best", "here", "there", "still", "just",
    "really", "like", "everyday", "whenever", "always", "all", "alot", "even", "once", "only",
    "not", "never", "no", "actually", "yes", "yeah", "sometime",
    // Prepositions.
    "about", "after", "against", "along", "around", "at", "before", "by", "during", "for", "from",
    "in", "into", "near", "on", "out", "outside", "over", "through", "to", "under", "up", "with",
    "without", "off", "down", "inside", "within", "behind", "away",
    // Pronouns and verbs: the next clause has begun.
    "i", "you", "he", "she", "it", "we", "they", "me", "him", "her", "us", "them", "this",
    "these", "those", "mine", "yours", "your", "my", "am", "is", "are", "was", "were", "be",
    "been", "have", "has", "had", "do", "does", "did", "can", "could", "will", "would", "should",
    "must", "might", "may", "named", "called", "a", "an", "the", "their", "his", "our",
    "something", "someone", "anyone", "everything", "everyone", "nothing", "one", "ones", "lot",
    "idea", "fun", "problem",
];

/// After `and`, these begin a new clause and no second object.
#[rustfmt::skip]
pub(crate) const CLAUSE_VERBS: &[&str] = &[
    "cool", "drink", "drive", "eat", "enjoy", "feel", "get", "go", "goes", "going", "good", "got",
    "great", "hang", "hate", "hello", "hey", "hi", "hope", "know", "live", "lives", "looking",
    "love", "loves", "made", "make", "makes", "maybe", "moved", "need", "nice", "ok", "okay",
    "play", "plays", "probably", "read", "said", "say", "see", "soon", "sorry", "spend", "sure",
    "take", "thank", "thanks", "think", "try", "trying", "want", "watch", "wish", "work", "works",
    "ya", "yup",
];

/// Single words that are no object: a verb that says nothing by itself, or a
/// noun that stands for anything.
#[rustfmt::skip]
pub(crate) const VAGUE: &[&str] = &[
    "being", "bit", "coming", "couple", "doing", "getting", "going", "having", "hearing", "lots",
    "making", "putting", "sound", "sounds", "stuff", "taking", "talking", "thing", "things",
    "thinking", "time", "way",
];

#[rustfmt::skip]
pub(crate) const NUMBERS: &[&str] = &[
    "eight", "eighteen", "eighty", "eleven", "fifteen", "fifty", "five", "forty", "four",
    "fourteen", "nine", "nineteen", "ninety", "one", "seven", "seventeen", "seventy", "six",
    "sixteen", "sixty", "ten", "thirteen", "thirty", "three", "twelve", "twenty", "two",
];

#[rustfmt::skip]
pub(crate) const ANIMALS: &[&str] = &[
    "animal", "beagle", "bear", "bird", "bulldog", "bunny", "butterfly", "cat", "chicken",
    "chihuahua", "collie", "corgi", "cow", "dog", "dolphin", "donkey", "duck", "ferret", "fish",
    "fox", "frog", "gecko", "goat", "goldfish", "guinea", "hamster", "hen", "horse", "husky",
    "iguana", "kitten", "kitty", "labrador", "lion", "lizard", "llama", "mice", "monkey", "mouse",
    "owl", "panda", "parrot", "pet", "pig", "pit", "pitbull", "pony", "poodle", "pup", "puppy",
    "rabbit", "rat", "retriever", "sheep", "shepherd", "snake", "spider", "squirrel", "terrier",
    "tiger", "tortoise", "turtle", "wolf",
];

#[rustfmt::skip]
pub(crate) const SIBLINGS: &[&str] = &[
    "brother", "sibling", "sister", "twin",
];

#[rustfmt::skip]
pub(crate) const CHILDREN: &[&str] = &[
    "baby", "boy", "child", "children", "daughter", "girl", "grandchild", "grandchildren",
    "granddaughter", "grandkid", "grandson", "kid", "son", "stepson", "toddler",
];

#[rustfmt::skip]
pub(crate) const FAMILY: &[&str] = &[
    "aunt", "boyfriend", "cousin", "dad", "family", "father", "fiance", "fiancee", "girlfriend",
    "grandfather", "grandma", "grandmother", "grandpa", "husband", "mom", "mother", "mum",
    "nephew", "niece", "parent", "partner", "roommate", "spouse", "stepfather", "uncle", "wife",
];

#[rustfmt::skip]
pub(crate) const VEHICLES: &[&str] = &[
    "audi", "bicycle", "bike", "bmw", "boat", "bus", "camper", "car", "chevy", "convertible",
    "corvette", "ferrari", "ford", "harley", "honda", "jeep", "kia", "lexus", "mercedes",
    "minivan", "moped", "motorcycle", "mustang", "nissan", "pickup", "porsche", "prius", "rv",
    "scooter", "subaru", "suv", "tesla", "toyota", "truck", "van", "volkswagen", "volvo",
];

#[rustfmt::skip]
pub(crate) const BODY: &[&str] = &[
    "arm", "beard", "eye", "feet", "foot", "freckle", "hair", "leg", "nose", "piercing", "skin",
    "tattoo", "teeth", "toe",
];

#[rustfmt::skip]
pub(crate) const FOODS: &[&str] = &[
    "apple", "avocado", "bacon", "banana", "barbecue", "bbq", "bean", "beef", "berry", "bread",
    "broccoli", "brownie", "burger", "burrito", "cabbage", "cake", "candy", "carrot", "celery",
    "cereal", "cheese", "cheeseburger", "cheesecake", "cherry", "chip", "chocolate", "cookie",
    "cooky", "corn", "cuisine", "cupcake", "curry", "dessert", "donut", "dumpling", "egg", "food",
    "fries", "fruit", "grape", "hamburger", "hummus", "icecream", "ketchup", "lasagna", "lobster",
    "macaroni", "mango", "meat", "meatloaf", "mushroom", "noodle", "nut", "olive", "onion",
    "orange", "pancake", "pasta", "pastry", "peach", "peanut", "pepper", "pickle", "pie",
    "pineapple", "pizza", "popcorn", "pork", "potato", "pretzel", "pumpkin", "ramen", "rib",
    "rice", "salad", "salmon", "salsa", "sandwich", "sausage", "seafood", "shrimp", "snack",
    "soup", "spaghetti", "spinach", "steak", "stew", "strawberry", "sushi", "sweet", "taco",
    "toast", "tofu", "tomato", "tuna", "turkey", "vegetable", "veggie", "veggy", "waffle",
    "yogurt",
];

#[rustfmt::skip]
pub(crate) const DRINKS: &[&str] = &[
    "ale", "beer", "cider", "cocktail", "coffee", "coke", "cola", "gin", "juice", "latte",
    "lemonade", "milk", "milkshake", "pepsi", "rum", "smoothie", "soda", "tea", "tequila",
    "vodka", "water", "whiskey", "wine",
];

#[rustfmt::skip]
pub(crate) const COLORS: &[&str] = &[
    "beige", "black", "blue", "brown", "crimson", "gold", "gray", "green", "grey", "lavender",
    "maroon", "pink", "purple", "red", "silver", "teal", "turquoise", "violet", "white", "yellow",
];

#[rustfmt::skip]
pub(crate) const SPORTS: &[&str] = &[
    "archery", "badminton", "baseball", "basketball", "bowling", "boxing", "cricket", "football",
    "golf", "gymnastics", "hockey", "karate", "lacrosse", "rugby", "skateboarding", "skiing",
    "soccer", "softball", "sport", "surfing", "tennis", "volleyball", "wrestling",
];

#[rustfmt::skip]
pub(crate) const INSTRUMENTS: &[&str] = &[
    "accordion", "banjo", "bass", "cello", "clarinet", "drum", "fiddle", "flute", "guitar",
    "harmonica", "harp", "instrument", "keyboard", "piano", "sax", "saxophone", "trombone",
    "trumpet", "tuba", "ukulele", "viola", "violin",
];

#[rustfmt::skip]
pub(crate) const MUSIC: &[&str] = &[
    "blues", "country", "edm", "hiphop", "jazz", "metal", "music", "opera", "pop", "punk", "rap",
    "reggae", "rock", "song", "techno",
];

/// Professions without a tell-tale ending; those with one are known by it.
#[rustfmt::skip]
pub(crate) const PROFESSIONS: &[&str] = &[
    "accountant", "actress", "agent", "aide", "analyst", "architect", "assistant", "athlete",
    "attendant", "author", "bookkeeper", "butcher", "captain", "cashier", "ceo", "chef", "clerk",
    "coach", "consultant", "cook", "cop", "dental", "detective", "doctor", "driver", "engineer",
    "firefighter", "fireman", "florist", "freelance", "guard", "homemaker", "housekeeper",
    "housewife", "intern", "judge", "librarian", "lieutenant", "maid", "mailman", "marine",
    "mechanic", "midwife", "model", "nanny", "nurse", "officer", "paralegal", "paramedic",
    "pastor", "pilot", "plumber", "policeman", "politician", "president", "priest", "principal",
    "producer", "professor", "receptionist", "rep", "secretary", "sheriff", "soldier",
    "specialist", "surgeon", "surgery", "teacher", "tech", "technician", "therapist", "trainee",
    "vet", "veterinarian", "waiter", "waitress",
];

/// Words with an agent's ending that are no profession.
#[rustfmt::skip]
pub(crate) const NO_PROFESSIONS: &[&str] = &[
    "admirer", "after", "another", "asian", "atheist", "bachelor", "beginner", "believer",
    "better", "bigger", "brother", "camper", "canadian", "christian", "climber", "collector",
    "color", "commoner", "computer", "daughter", "democrat", "dreamer", "drinker", "eater",
    "ever", "father", "feminist", "fever", "fighter", "follower", "foodie", "gamer",
    "grandfather", "grandmother", "hater", "hiker", "hipster", "homeowner", "humanitarian",
    "hunter", "indian", "italian", "junior", "killer", "learner", "libertarian", "listener",
    "loner", "loser", "lover", "major", "master", "member", "middle", "minister", "minor",
    "monster", "mother", "never", "number", "nurturer", "older", "optimist", "order", "other",
    "over", "owner", "pacifist", "partner", "perfectionist", "person", "pescatarian", "player",
    "reader", "rider", "runner", "russian", "senior", "shorter", "sinner", "sister", "sleeper",
    "smarter", "smoker", "starter", "sucker", "summer", "super", "supporter", "survivor",
    "swimmer", "talker", "taller", "teenager", "thinker", "traveler", "twitter", "under",
    "vegetarian", "veteran", "walker", "watcher", "water", "winner", "winter", "worker",
    "worrier", "year", "younger",
];

#[rustfmt::skip]
pub(crate) const DIETS: &[&str] = &[
    "carnivore", "gluten-free", "keto", "pescatarian", "vegan", "vegetarian",
];

#[rustfmt::skip]
pub(crate) const MARITAL: &[&str] = &[
    "bachelor", "divorced", "engaged", "married", "separated", "single", "widow", "widowed",
    "widower",
];

#[rustfmt::skip]
pub(crate) const JOB_STATUS: &[&str] = &[
    "homeless", "jobless", "retired", "self-employed", "stay-at-home", "unemployed",
];

#[rustfmt::skip]
pub(crate) const GENDERS: &[&str] = &[
    "boy", "dude", "female", "gal", "girl", "guy", "lady", "male", "man", "woman",
];

#[rustfmt::skip]
pub(crate) const BELIEFS: &[&str] = &[
    "agnostic", "atheist", "baptist", "buddhist", "catholic", "christian", "hindu", "jewish",
    "mormon", "muslim", "religious",
];

#[rustfmt::skip]
pub(crate) const PHYSICAL: &[&str] = &[
    "bald", "blind", "blond", "blonde", "brunette", "colorblind", "deaf", "disabled", "fat",
    "ginger", "left-handed", "muscular", "obese", "old", "overweight", "petite", "pregnant",
    "redhead", "short", "skinny", "tall", "thin", "young",
];

#[rustfmt::skip]
pub(crate) const NATIONS: &[&str] = &[
    "african", "american", "asian", "british", "canadian", "chinese", "cuban", "dutch", "english",
    "european", "french", "german", "greek", "hispanic", "indian", "irish", "italian", "japanese",
    "korean", "latina", "latino", "mexican", "native", "polish", "russian", "scottish", "spanish",
    "swedish", "vietnamese",
];

#[rustfmt::skip]
pub(crate) const SCHOOLS: &[&str] = &[
    "academy", "college", "community", "kindergarten", "school", "university",
];

#[rustfmt::skip]
pub(crate) const STUDENTS: &[&str] = &[
    "freshman", "graduate", "junior", "senior", "sophomore", "student", "undergrad",
    "undergraduate",
];

/// Kinds of place that are no city, state or country.
#[rustfmt::skip]
pub(crate) const DWELLINGS: &[&str] = &[
    "apartment", "area", "basement", "beach", "building", "cabin", "city", "coast", "condo",
    "country", "countryside", "desert", "dorm", "east", "farm", "home", "house", "island",
    "middle", "midwest", "mountain", "neighborhood", "north", "place", "ranch", "south", "state",
    "suburb", "town", "trailer", "village", "west", "wood", "world",
];

/// `my favorite <key> is ..` to the relation's name.
#[rustfmt::skip]
pub(crate) const FAVORITES: &[(&str, &str)] = &[
    ("color", "favorite_color"), ("colour", "favorite_color"), ("food", "favorite_food"), ("dish",
    "favorite_food"), ("meal", "favorite_food"), ("snack", "favorite_food"), ("dessert",
    "favorite_food"), ("fruit", "favorite_food"), ("pizza", "favorite_food"), ("drink",
    "favorite_drink"), ("beverage", "favorite_drink"), ("animal", "favorite_animal"), ("pet",
    "favorite_animal"), ("band", "favorite_music_artist"), ("singer", "favorite_music_artist"),
    ("artist", "favorite_music_artist"), ("musician", "favorite_music_artist"), ("rapper",
    "favorite_music_artist"), ("music", "favorite_music"), ("song", "favorite_music"), ("genre",
    "favorite_music"), ("movie", "favorite_movie"), ("film", "favorite_movie"), ("show",
    "favorite_show"), ("series", "favorite_show"), ("book", "favorite_book"), ("author",
    "favorite_book"), ("hobby", "favorite_hobby"), ("activity", "favorite_activity"), ("pastime",
    "favorite_hobby"), ("thing", "favorite_activity"), ("sport", "favorite_sport"), ("team",
    "favorite_sport"), ("season", "favorite_season"), ("place", "favorite_place"), ("holiday",
    "favorite_holiday"), ("subject", "like_subject"), ("game", "favorite_hobby"),
];

/// Whether `word` or its singular is in `list`.
pub(crate) fn known(word: &str, list: &[&str]) -> bool {
    if list.contains(&word) {
        return true;
    }
    [("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")].iter().any(|(plural, singular)| {
        word.strip_suffix(plural).is_some_and(|stem| {
            list.iter().any(|w| w.strip_prefix(stem).is_some_and(|rest| rest == *singular))
        })
    })
}

/// Whether `word` names a profession, by the list or by its ending.
pub(crate) fn is_profession(word: &str) -> bool {
    if known(word, NO_PROFESSIONS) {
        return false;
    }
    let agent = |w: &str| {
        w.len() >= 5
            && ["er", "or", "ist", "ian", "man", "woman"].iter().any(|end| w.ends_with(end))
    };
    known(word, PROFESSIONS) || agent(word)
}

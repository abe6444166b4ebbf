//! Who and what people are. One list a topic, sorted,
//! kept dense by `rustfmt::skip`: a line each would make a thousand.

#[rustfmt::skip]
pub(super) const SIBLINGS: &[&str] = &[
    "bro", "brother", "sibling", "sis", "sister", "stepbrother", "stepsister", "twin",
];

#[rustfmt::skip]
pub(super) const CHILDREN: &[&str] = &[
    "baby", "child", "children", "daughter", "grandbaby", "grandchild", "grandchildren",
    "granddaughter", "grandkid", "grandson", "infant", "kid", "newborn", "preschooler", "son",
    "stepchild", "stepchildren", "stepdaughter", "stepkid", "stepson", "toddler", "triplet",
];

/// Whose mention tells that the speaker is with somebody.
#[rustfmt::skip]
pub(super) const PARTNERS: &[&str] = &[
    "bae", "bf", "boyfriend", "fiance", "fiancee", "fiancé", "gf", "girlfriend", "hubby",
    "husband", "partner", "spouse", "sweetheart", "wife", "wifey",
];

/// Relatives that everybody has, and others whose mention tells nothing yet.
#[rustfmt::skip]
pub(super) const PARENTS: &[&str] = &[
    "ancestor", "aunt", "cousin", "dad", "daddy", "ex", "family", "father", "folk", "granddad",
    "grandfather", "grandma", "grandmother", "grandpa", "grandparent", "granny", "mama", "mom",
    "momma", "mommy", "mother", "mum", "nana", "nephew", "niece", "papa", "parent", "roommate",
    "stepdad", "stepfather", "stepmom", "stepmother", "uncle",
];

/// Professions; others are known by an agent's ending.
#[rustfmt::skip]
pub(super) const PROFESSIONS: &[&str] = &[
    "accountant", "activist", "actor", "actress", "agent", "aide", "analyst", "archeologist",
    "architect", "artist", "assistant", "astronaut", "athlete", "attendant", "author",
    "ballerina", "barista", "blogger", "bookkeeper", "broker", "butcher", "captain",
    "caregiver", "carpenter", "cashier", "ceo", "chef", "chemist", "clerk", "cna", "coach",
    "consultant", "cook", "cop", "coroner", "counselor", "cowboy", "custodian", "dentist",
    "designer", "detective", "dj", "doctor", "doorman", "driver", "electrician", "engineer",
    "entrepreneur", "escort", "esthetician", "exterminator", "fighter", "firefighter",
    "firefighters", "fireman", "fisherman", "florist", "foreman", "freelancer", "geologist",
    "guard", "hairdresser", "handyman", "homemaker", "housekeeper", "housewife", "instructor",
    "intern", "janitor", "judge", "landlord", "lawyer", "librarian", "lieutenant", "lifeguard",
    "lineman", "magician", "maid", "mailman", "manager", "marine", "masseuse", "mechanic",
    "medic", "midwife", "milkman", "miner", "model", "musician", "nanny", "navigator", "nun",
    "nurse", "nutritionist", "officer", "optician", "orderly", "paralegal", "paramedic",
    "pastor", "pediatrician", "phlebotomist", "photographer", "physician", "pilot", "plumber",
    "poet", "policeman", "politician", "preacher", "president", "priest", "principal",
    "producer", "professor", "programmer", "prostitute", "psychiatrist", "psychologist",
    "rancher", "ranger", "realtor", "receptionist", "rep", "rn", "sailor", "salesman",
    "salesperson", "scientist", "secretary", "sheriff", "soldier", "specialist", "spokesperson",
    "spy", "stripper", "stylist", "supervisor", "surgeon", "swat", "tailor", "teacher", "tech",
    "technician", "temp", "therapist", "trainee", "translator", "tutor", "undertaker", "vendor",
    "vet", "veterinarian", "waiter", "waitress", "welder", "worker", "youtuber",
];

/// Words with an agent's ending that are no profession.
#[rustfmt::skip]
pub(super) const NO_PROFESSIONS: &[&str] = &[
    "admirer", "after", "another", "asian", "assist", "atheist", "australian", "bachelor",
    "beginner", "believer", "better", "bigger", "bother", "brazilian", "brother", "bummer",
    "californian", "canadian", "caregivers", "caucasian", "christ", "christian", "climber",
    "collector", "color", "commoner", "computer", "daughter", "democrat", "dinner", "disaster",
    "doctorate", "donor", "door", "dreamer", "drinker", "easier", "eater", "egyptian", "error",
    "ever", "exist", "father", "favor", "feminist", "fever", "fighter", "flavor", "floor",
    "follower", "foodie", "forever", "former", "gamer", "gentleman", "german", "grandfather",
    "grandmother", "harder", "hater", "hiker", "hipster", "homeowner", "human", "humanitarian",
    "humor", "hungarian", "hunter", "indian", "insist", "italian", "junior", "killer", "ladder",
    "learner", "letter", "libertarian", "list", "listener", "loner", "longer", "loser", "lover",
    "major", "man", "master", "matter", "member", "middle", "minimalist", "minor", "mirror",
    "monster", "mother", "neighbor", "never", "newcomer", "nor", "norwegian", "number",
    "nurturer", "offer", "older", "oldest", "optimist", "order", "other", "outsider", "over",
    "owner", "pacifist", "paper", "partner", "perfectionist", "persian", "person",
    "pescatarian", "pessimist", "player", "pleasure", "poor", "racist", "rather", "reader",
    "resist", "rider", "romanian", "runner", "russian", "senior", "sexist", "shelter",
    "shorter", "sinner", "sister", "sleeper", "smaller", "smarter", "smoker", "sponsor",
    "starter", "stoner", "stranger", "sucker", "summer", "super", "supporter", "survivor",
    "swimmer", "talker", "taller", "teenager", "terror", "thinker", "together", "tourist",
    "traveler", "twist", "twitter", "ukrainian", "under", "vegetarian", "veteran", "visitor",
    "walker", "watcher", "water", "weather", "winner", "winter", "woman", "worrier", "wrist",
    "year", "younger",
];

/// Words for a pupil or student.
#[rustfmt::skip]
pub(super) const STUDENTS: &[&str] = &[
    "dropout", "freshman", "grad", "graduate", "homeschooled", "junior", "senior", "sophomore",
    "student", "undergrad", "undergraduate", "valedictorian",
];

#[rustfmt::skip]
pub(super) const DIETS: &[&str] = &[
    "carnivore", "flexitarian", "gluten-free", "herbivore", "keto", "kosher", "omnivore",
    "paleo", "pescatarian", "vegan", "vegetarian", "vegeterian",
];

#[rustfmt::skip]
pub(super) const MARITAL: &[&str] = &[
    "bachelor", "celibate", "dating", "divorced", "engaged", "married", "newlywed", "separated",
    "single", "split", "widow", "widowed", "widower",
];

#[rustfmt::skip]
pub(super) const JOB_STATUS: &[&str] = &[
    "employed", "homeless", "jobless", "retired", "self-employed", "stay-at-home", "unemployed",
    "veteran",
];

#[rustfmt::skip]
pub(super) const GENDERS: &[&str] = &[
    "boy", "dude", "female", "gal", "girl", "guy", "lady", "male", "man", "woman",
];

#[rustfmt::skip]
pub(super) const BELIEFS: &[&str] = &[
    "agnostic", "atheist", "baptist", "buddhist", "catholic", "christian", "communist",
    "conservative", "democrat", "feminist", "hindu", "jew", "jewish", "liberal", "libertarian",
    "mormon", "muslim", "pacifist", "pagan", "religious", "republican", "spiritual", "wiccan",
    "witch",
];

#[rustfmt::skip]
pub(super) const PHYSICAL: &[&str] = &[
    "albino", "anorexic", "athletic", "attractive", "bald", "beautiful", "black", "blind",
    "blond", "blonde", "blue-eyed", "brown-eyed", "brunette", "chubby", "colorblind", "curvy",
    "deaf", "disabled", "fat", "fit", "freckled", "ginger", "gorgeous", "handsome", "healthy",
    "heavy", "heavyset", "left-handed", "lefty", "muscly", "muscular", "obese", "overweight",
    "pale", "petite", "pregnant", "redhead", "short", "skinny", "slender", "small", "stocky",
    "strong", "tall", "tan", "thin", "tiny", "ugly", "underweight", "unhealthy", "wheelchair",
    "white",
];

/// Lasting conditions.
#[rustfmt::skip]
pub(super) const HEALTH: &[&str] = &[
    "add", "adhd", "allergic", "allergies", "allergy", "anemia", "anxiety", "anxious",
    "arthritis", "aspergers", "asthma", "autism", "autistic", "bipolar", "cancer", "celiac",
    "concussion", "depression", "diabetes", "diabetic", "disability", "disorder", "dyslexia",
    "dyslexic", "eczema", "epilepsy", "epileptic", "fibromyalgia", "hemophilia", "ibs",
    "insomnia", "insomniac", "intolerant", "lactose", "lupus", "migraine", "narcolepsy", "ocd",
    "paralyzed", "ptsd", "scoliosis", "stutter", "tinnitus", "tourettes", "vertigo",
    "wheelchair",
];

/// What somebody is by character, standing or kinship.
#[rustfmt::skip]
pub(super) const TRAITS: &[&str] = &[
    "accident-prone", "activist", "addict", "addicted", "adopted", "adrenaline", "adventurous",
    "alien", "ambidextrous", "ambitious", "analytical", "antisocial", "artistic", "asexual",
    "aunt", "awkward", "bankrupt", "biker", "bilingual", "billionaire", "bisexual", "bookworm",
    "bossy", "brave", "carefree", "caring", "celebrity", "cheap", "climber", "clumsy",
    "collector", "compassionate", "competitive", "confident", "couch", "cranky", "creative",
    "curious", "dad", "daddy", "daredevil", "dirty", "disabled", "disorganized", "dorky",
    "dramatic", "dreamer", "drinker", "dumpy", "easy-going", "easygoing", "eater", "eccentric",
    "eldest", "emotional", "empath", "empathetic", "environmentalist", "extrovert",
    "extroverted", "famous", "fashionable", "father", "feminine", "fighter", "flexible",
    "foodie", "forgetful", "friendly", "frugal", "funny", "gamer", "gay", "geek", "geeky",
    "generous", "genius", "gentle", "ghost", "gifted", "goofy", "grandfather", "grandma",
    "grandmother", "grandpa", "greedy", "grumpy", "hiker", "hippie", "hipster", "hoarder",
    "homebody", "homeowner", "homosexual", "honest", "hopeless", "humanitarian", "humble",
    "hunter", "husband", "hyper", "immature", "immigrant", "immortal", "impatient", "impulsive",
    "indecisive", "independent", "insecure", "insomniac", "intelligent", "introvert",
    "introverted", "jock", "junkie", "kindhearted", "klutz", "klutzy", "lazy", "legend",
    "lesbian", "lgbt", "logical", "loner", "loud", "loyal", "materialistic", "mature", "member",
    "mermaid", "messy", "millennial", "millionaire", "mischievous", "modest", "mom", "mommy",
    "moody", "morning", "mother", "multilingual", "mum", "musical", "near-sighted",
    "nearsighted", "neat", "nerd", "nerdy", "nocturnal", "nostalgic", "nosy", "nudist",
    "nurturing", "oldest", "optimist", "optimistic", "organized", "orphan", "orphaned",
    "outdoorsy", "outgoing", "outspoken", "overachiever", "owner", "paranoid", "parent",
    "patriotic", "perfectionist", "pessimist", "picky", "player", "pleasant", "poor", "popular",
    "practical", "princess", "procrastinator", "punctual", "pushover", "queer", "quiet",
    "quirky", "reader", "rebel", "rebellious", "reckless", "renegade", "rich", "robot",
    "romantic", "royalty", "runner", "sarcastic", "sassy", "scatterbrained", "selfish",
    "sensitive", "sentimental", "shy", "silly", "simple", "skier", "smart", "smoker", "social",
    "spoiled", "spontaneous", "stingy", "strict", "stubborn", "superhero", "superstar",
    "superstitious", "surfer", "survivor", "swimmer", "talented", "talkative", "teenager",
    "thrifty", "tidy", "tomboy", "tough", "tourist", "trans", "transgender", "traveler", "twin",
    "uncle", "undocumented", "vain", "vampire", "veteran", "virgin", "wealthy", "weirdo",
    "werewolf", "wife", "wild", "witty", "wizard", "workaholic", "youngest",
];

#[rustfmt::skip]
pub(super) const NATIONS: &[&str] = &[
    "african", "american", "arab", "argentinian", "asian", "australian", "austrian", "biracial",
    "bolivian", "brazilian", "british", "canadian", "caucasian", "cherokee", "chilean",
    "chinese", "colombian", "cuban", "danish", "dominican", "dutch", "egyptian", "english",
    "european", "filipino", "finnish", "french", "german", "greek", "haitian", "hispanic",
    "hungarian", "icelandic", "indian", "indonesian", "iranian", "irish", "israeli", "italian",
    "jamaican", "japanese", "korean", "latina", "latino", "lebanese", "mexican", "native",
    "nigerian", "norwegian", "pakistani", "peruvian", "polish", "portuguese", "puerto",
    "romanian", "russian", "salvadoran", "scottish", "somali", "spanish", "swedish", "swiss",
    "syrian", "texan", "thai", "turkish", "ukrainian", "venezuelan", "vietnamese",
];

/// What somebody is for an hour: `i am ..` with these is no fact.
#[rustfmt::skip]
pub(super) const STATES: &[&str] = &[
    "able", "afraid", "alive", "almost", "alone", "annoyed", "ashamed", "available", "awake",
    "aware", "away", "back", "bit", "bored", "bummed", "busy", "calm", "certain", "cold",
    "comfortable", "concerned", "confused", "content", "couple", "crazy", "curious", "cute",
    "dead", "depressed", "desperate", "different", "disappointed", "doing", "down", "drunk",
    "dumb", "eager", "early", "embarrassed", "excited", "exhausted", "exited", "fan", "feeling",
    "few", "fine", "free", "fresh", "full", "glad", "good", "grateful", "great", "guilty",
    "half", "happy", "headed", "here", "hesitant", "home", "honored", "hoping", "hot", "huge",
    "hungover", "hungry", "hurt", "ill", "impressed", "interested", "jealous", "joking",
    "kidding", "kind", "late", "like", "little", "lonely", "lost", "lot", "lucky", "mad",
    "mess", "nervous", "new", "next", "nice", "ok", "okay", "out", "overwhelmed", "positive",
    "present", "proud", "ready", "real", "relaxed", "right", "sad", "safe", "same", "scared",
    "serious", "sick", "sleepy", "so", "sorry", "starving", "stressed", "stuck", "stupid",
    "sure", "surprised", "terrible", "thankful", "thirsty", "thrilled", "tired", "true", "type",
    "unsure", "upset", "used", "weak", "weird", "welcome", "well", "willing", "wonderful",
    "worried", "wreck", "wrong",
];

/// Frequent first names, for `i am ..`; other names need `my name is ..`.
#[rustfmt::skip]
pub(super) const NAMES: &[&str] = &[
    "aaron", "abby", "adam", "alan", "albert", "alex", "alexander", "alice", "allison",
    "amanda", "amber", "amy", "andrea", "andrew", "andy", "angela", "anna", "anne", "annie",
    "anthony", "arnold", "arthur", "ashley", "barbara", "barry", "becky", "ben", "benjamin",
    "beth", "betty", "beverly", "bill", "billy", "bob", "bobby", "bonnie", "brad", "brandon",
    "brenda", "brian", "bruce", "bruno", "caleb", "carl", "carla", "carlos", "carol",
    "caroline", "carrie", "catherine", "cathy", "chad", "charles", "charlie", "charlotte",
    "chelsea", "cheryl", "chris", "christina", "christine", "christopher", "cindy", "claire",
    "connor", "craig", "crystal", "cynthia", "daisy", "dan", "dana", "daniel", "danielle",
    "danny", "dave", "david", "dean", "debbie", "deborah", "debra", "denise", "dennis", "diana",
    "diane", "donald", "donna", "doris", "dorothy", "doug", "douglas", "dylan", "ed", "eddie",
    "edward", "eileen", "elaine", "eleanor", "elizabeth", "ella", "ellen", "emily", "emma",
    "eric", "erica", "erin", "ethan", "eva", "evelyn", "frances", "francis", "frank", "fred",
    "gabriel", "gary", "george", "gerald", "gina", "gloria", "gordon", "greg", "gregory",
    "hannah", "harold", "harry", "heather", "heidi", "helen", "henry", "holly", "howard", "ian",
    "irene", "isabella", "jack", "jackie", "jacob", "jake", "james", "jamie", "jane", "janet",
    "janice", "jared", "jason", "jay", "jean", "jeff", "jeffrey", "jen", "jennifer", "jenny",
    "jeremy", "jerry", "jesse", "jessica", "jill", "jim", "jimmy", "joan", "joanna", "joe",
    "joel", "joey", "john", "johnny", "jon", "jonathan", "jordan", "jose", "joseph", "josh",
    "joshua", "joyce", "juan", "judith", "judy", "julia", "julie", "justin", "karen", "kate",
    "kathleen", "kathryn", "kathy", "katie", "keith", "kelly", "ken", "kenneth", "kevin", "kim",
    "kimberly", "kristen", "kyle", "larry", "laura", "lauren", "lawrence", "leah", "lee", "leo",
    "leonard", "leslie", "lillian", "linda", "lisa", "liz", "logan", "lori", "louis", "louise",
    "lucas", "lucy", "luke", "lynn", "madison", "marcus", "margaret", "maria", "marie",
    "marilyn", "marissa", "mark", "martha", "martin", "mary", "mathew", "matt", "matthew",
    "max", "megan", "melissa", "mia", "michael", "michelle", "mike", "mildred", "molly",
    "monica", "nancy", "natalie", "natasha", "nathan", "neil", "nicholas", "nick", "nicole",
    "noah", "norma", "oliver", "olivia", "oscar", "owen", "pam", "pamela", "patricia",
    "patrick", "paul", "paula", "peggy", "peter", "phil", "philip", "phillip", "phyllis",
    "rachel", "ralph", "randy", "ray", "raymond", "rebecca", "richard", "rick", "ricky", "rita",
    "rob", "robert", "robin", "rodney", "roger", "roland", "ron", "ronald", "ronnie", "rosa",
    "rose", "roy", "russell", "ruth", "ryan", "sally", "sam", "samantha", "samuel", "sandra",
    "sandy", "sara", "sarah", "scott", "sean", "shannon", "sharon", "shaun", "shawn", "sheila",
    "sherry", "shirley", "simon", "sophia", "stacy", "stan", "stanley", "stella", "stephanie",
    "stephen", "steve", "steven", "susan", "suzanne", "tammy", "ted", "teresa", "terry",
    "theresa", "thomas", "tiffany", "tim", "timmy", "timothy", "tina", "todd", "tom", "tommy",
    "tony", "tracy", "travis", "tyler", "valerie", "vanessa", "veronica", "vicki", "victor",
    "victoria", "vincent", "walter", "wanda", "wayne", "wendy", "wesley", "william", "willie",
    "zach", "zoe",
];

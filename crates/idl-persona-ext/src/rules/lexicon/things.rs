//! What people have, like and do, and where. One list a topic, sorted,
//! kept dense by `rustfmt::skip`: a line each would make a thousand.

#[rustfmt::skip]
pub(super) const ANIMALS: &[&str] = &[
    "alpaca", "animal", "beagle", "bear", "bee", "bichon", "bird", "boxer", "bulldog",
    "bunnies", "bunny", "butterfly", "calico", "canary", "canine", "cat", "cattle", "chick",
    "chicken", "chihuahua", "chinchilla", "cockatiel", "cockatoo", "collie", "corgi", "cow",
    "crab", "critter", "crow", "cub", "dachshund", "dalmatian", "dane", "doberman", "dog",
    "dolphin", "donkey", "duck", "feline", "ferret", "finch", "fish", "fox", "frog", "gecko",
    "gerbil", "goat", "goldfish", "greyhound", "guinea", "hamster", "hedgehog", "hen", "horse",
    "hound", "husky", "iguana", "kitten", "kitties", "kitty", "lab", "labrador", "lamb", "lion",
    "lizard", "llama", "macaw", "maltese", "mastiff", "mice", "monkey", "mouse", "mule", "mutt",
    "owl", "panda", "parakeet", "parrot", "pet", "pig", "pigeon", "pit", "pitbull",
    "pomeranian", "pony", "poodle", "pug", "pup", "puppy", "python", "rabbit", "raccoon", "rat",
    "retriever", "rooster", "rottweiler", "schnauzer", "sheep", "shepard", "shepherd",
    "shihtzu", "siamese", "snake", "spaniel", "spider", "squirrel", "tabby", "terrier", "tiger",
    "tortoise", "turtle", "tzu", "wiener", "wolf", "yorkie",
];

#[rustfmt::skip]
pub(super) const VEHICLES: &[&str] = &[
    "accord", "acura", "audi", "automobile", "bentley", "bicycle", "bike", "bmw", "boat",
    "cadillac", "camaro", "camper", "canoe", "car", "challenger", "chevrolet", "chevy", "civic",
    "convertible", "corvette", "dodge", "ferrari", "ford", "harley", "hatchback", "honda",
    "hummer", "hyundai", "infiniti", "jaguar", "jeep", "jet", "kayak", "kia", "lamborghini",
    "lexus", "limo", "maserati", "mazda", "mercedes", "minivan", "moped", "motorbike",
    "motorcycle", "mustang", "nissan", "pickup", "plane", "porsche", "prius", "rv", "sailboat",
    "scooter", "sedan", "subaru", "suburban", "suv", "tesla", "toyota", "tractor", "truck",
    "van", "volkswagen", "volvo", "yacht",
];

#[rustfmt::skip]
pub(super) const BODY: &[&str] = &[
    "afro", "arm", "bang", "beard", "belly", "braces", "complexion", "dimple", "dreadlock",
    "eye", "eyebrow", "eyesight", "feet", "foot", "freckle", "glasses", "hair", "leg", "lip",
    "mohawk", "moustache", "mustache", "nose", "piercing", "scar", "skin", "tattoo", "teeth",
    "toe", "wrinkle",
];

#[rustfmt::skip]
pub(super) const FOODS: &[&str] = &[
    "apple", "asparagus", "avocado", "bacon", "bagel", "banana", "barbecue", "bbq", "bean",
    "beef", "berry", "biscuit", "bread", "broccoli", "brownie", "brunch", "burger", "burrito",
    "butter", "cabbage", "cake", "candy", "carrot", "caviar", "celery", "cereal", "cheese",
    "cheeseburger", "cheesecake", "cherry", "chili", "chip", "chocolate", "cookie", "cooky",
    "corn", "crab", "cream", "cupcake", "curry", "dessert", "donut", "dumpling", "egg",
    "eggplant", "enchilada", "fajita", "falafel", "food", "fries", "fruit", "garlic", "gelato",
    "grape", "guacamole", "ham", "hamburger", "honey", "hotdog", "hummus", "icecream", "jelly",
    "kale", "kebab", "ketchup", "lasagna", "lasagne", "lobster", "mac", "macaroni", "mango",
    "mayo", "mayonnaise", "meat", "meatloaf", "melon", "mushroom", "mustard", "nacho", "noodle",
    "nut", "nutella", "oatmeal", "olive", "omelette", "onion", "orange", "oreo", "oyster",
    "pancake", "pasta", "pastry", "pea", "peach", "peanut", "pepper", "pepperoni", "pickle",
    "pickles", "pie", "pineapple", "pizza", "popcorn", "pork", "potato", "pretzel", "pudding",
    "pumpkin", "quesadilla", "ramen", "ravioli", "rib", "rice", "salad", "salmon", "salsa",
    "sandwich", "sashimi", "sausage", "scallop", "seafood", "shrimp", "skittle", "smores",
    "snack", "soup", "spaghetti", "spinach", "sprout", "squash", "sriracha", "steak", "stew",
    "strawberry", "sushi", "sweet", "syrup", "taco", "tamale", "tiramisu", "toast", "tofu",
    "tomato", "truffle", "tuna", "turkey", "twinkie", "veal", "vegetable", "veggie", "veggy",
    "waffle", "watermelon", "wings", "yogurt", "zucchini",
];

#[rustfmt::skip]
pub(super) const DRINKS: &[&str] = &[
    "alcohol", "ale", "beer", "bourbon", "brandy", "cappuccino", "champagne", "cider",
    "cocktail", "cocoa", "coffee", "coke", "cola", "espresso", "gin", "juice", "kombucha",
    "latte", "lemonade", "liquor", "margarita", "martini", "milk", "milkshake", "mimosa",
    "mocha", "mojito", "pepsi", "rum", "scotch", "smoothie", "soda", "sprite", "tea", "tequila",
    "vodka", "water", "whiskey", "whisky", "wine",
];

#[rustfmt::skip]
pub(super) const COLORS: &[&str] = &[
    "beige", "black", "blue", "brown", "burgundy", "crimson", "gold", "gray", "green", "grey",
    "indigo", "lavender", "magenta", "maroon", "pink", "purple", "red", "silver", "teal",
    "turquoise", "violet", "white", "yellow",
];

#[rustfmt::skip]
pub(super) const SPORTS: &[&str] = &[
    "archery", "athletics", "badminton", "ballet", "baseball", "basketball", "biking",
    "bowling", "boxing", "canoeing", "cardio", "climbing", "cricket", "cycling", "dodgeball",
    "fencing", "fishing", "football", "golf", "gymnastics", "hiking", "hockey", "hunting",
    "jiujitsu", "jogging", "judo", "karate", "kayaking", "kickboxing", "lacrosse", "marathon",
    "mma", "nascar", "paintball", "pilates", "polo", "racing", "rowing", "rugby", "running",
    "sailing", "skateboarding", "skating", "skiing", "snowboarding", "soccer", "softball",
    "sport", "surfing", "swimming", "taekwondo", "tennis", "triathlon", "ufc", "volleyball",
    "wakeboarding", "weightlifting", "wrestling", "yoga", "zumba",
];

#[rustfmt::skip]
pub(super) const INSTRUMENTS: &[&str] = &[
    "accordion", "banjo", "bass", "cello", "clarinet", "drum", "fiddle", "flute", "guitar",
    "harmonica", "harp", "instrument", "keyboard", "piano", "sax", "saxophone", "trombone",
    "trumpet", "tuba", "ukulele", "viola", "violin",
];

#[rustfmt::skip]
pub(super) const MUSIC: &[&str] = &[
    "alternative", "bluegrass", "blues", "bollywood", "classical", "country", "disco",
    "dubstep", "edm", "folk", "funk", "gospel", "grunge", "hip-hop", "hiphop", "indie", "jazz",
    "kpop", "metal", "music", "oldie", "opera", "pop", "punk", "r&b", "rap", "reggae", "rock",
    "ska", "song", "techno",
];

#[rustfmt::skip]
pub(super) const SCHOOLS: &[&str] = &[
    "academy", "class", "college", "community", "course", "elementary", "grad", "grade",
    "harvard", "highschool", "kindergarten", "lesson", "med", "mit", "preschool", "school",
    "seminary", "stanford", "uni", "university", "yale",
];

/// Kinds of place that are no city, state or country.
#[rustfmt::skip]
pub(super) const DWELLINGS: &[&str] = &[
    "apartment", "area", "barn", "basement", "bay", "beach", "building", "cabin", "camp",
    "canyon", "caravan", "castle", "cave", "city", "coast", "condo", "cottage", "country",
    "countryside", "desert", "dorm", "dormitory", "east", "farm", "forest", "hill", "home",
    "house", "hut", "igloo", "island", "jail", "jungle", "lake", "land", "loft", "mansion",
    "middle", "midwest", "mountain", "neighborhood", "north", "ocean", "outskirt", "penthouse",
    "place", "prison", "province", "ranch", "river", "sea", "shelter", "shore", "south",
    "state", "studio", "suburb", "tent", "tower", "town", "townhouse", "trailer", "valley",
    "village", "water", "west", "wood", "world",
];

/// States, countries and large cities, for `i am in ..`.
#[rustfmt::skip]
pub(super) const PLACES: &[&str] = &[
    "africa", "alabama", "alaska", "america", "amsterdam", "angeles", "antonio", "argentina",
    "arizona", "arkansas", "asia", "atlanta", "austin", "australia", "austria", "bahamas",
    "baltimore", "barcelona", "belgium", "berlin", "boston", "brazil", "britain", "bronx",
    "brooklyn", "cali", "california", "canada", "carolina", "charlotte", "chicago", "chile",
    "china", "cincinnati", "cleveland", "colombia", "colorado", "columbus", "connecticut",
    "cuba", "dakota", "dallas", "delaware", "denmark", "denver", "detroit", "diego", "egypt",
    "england", "europe", "finland", "florida", "france", "francisco", "georgia", "germany",
    "greece", "haiti", "harlem", "hawaii", "holland", "hollywood", "houston", "hungary",
    "iceland", "idaho", "illinois", "india", "indiana", "indonesia", "iowa", "iran", "iraq",
    "ireland", "israel", "italy", "jamaica", "japan", "jersey", "kansas", "kentucky", "kenya",
    "korea", "la", "lisbon", "london", "louisiana", "louisville", "madrid", "maine",
    "manhattan", "maryland", "massachusetts", "melbourne", "memphis", "mexico", "miami",
    "michigan", "midwest", "milwaukee", "minneapolis", "minnesota", "mississippi", "missouri",
    "montana", "montreal", "morocco", "moscow", "nashville", "nebraska", "netherlands",
    "nevada", "nigeria", "nj", "norway", "ny", "nyc", "ohio", "oklahoma", "oregon", "orlando",
    "orleans", "paris", "pennsylvania", "peru", "philadelphia", "philippines", "philly",
    "phoenix", "pittsburgh", "poland", "portland", "portugal", "quebec", "queens", "rico",
    "romania", "rome", "russia", "scotland", "seattle", "socal", "spain", "sweden",
    "switzerland", "sydney", "syria", "tampa", "tennessee", "texas", "thailand", "tokyo",
    "toronto", "turkey", "uk", "ukraine", "us", "usa", "utah", "vancouver", "vegas",
    "venezuela", "vermont", "vietnam", "virginia", "wales", "washington", "wisconsin",
    "wyoming", "york", "zealand",
];

/// Fields of work, for `i am in ..`.
#[rustfmt::skip]
pub(super) const INDUSTRIES: &[&str] = &[
    "accounting", "advertising", "agriculture", "airforce", "army", "banking", "carpentry",
    "computers", "construction", "engineering", "entertainment", "fashion", "finance", "force",
    "healthcare", "hospitality", "hr", "industry", "insurance", "landscaping", "logistics",
    "management", "manufacturing", "marines", "marketing", "medicine", "military", "navy",
    "nursing", "pharmaceuticals", "plumbing", "politics", "publishing", "realty", "retail",
    "sales", "tech", "technology", "telemarketing", "theater",
];

/// What `my ..` tells the possession of.
#[rustfmt::skip]
pub(super) const BUSINESSES: &[&str] = &[
    "apartment", "backyard", "bakery", "band", "barn", "blog", "boat", "boutique", "brewery",
    "business", "cafe", "camera", "channel", "choir", "clinic", "club", "collection", "comic",
    "company", "condo", "diner", "estate", "etsy", "farm", "garden", "ipad", "iphone", "laptop",
    "league", "library", "macbook", "major", "mansion", "orchestra", "painting", "patient",
    "playstation", "podcast", "pool", "portfolio", "purse", "ranch", "restaurant", "salon",
    "shop", "skateboard", "store", "studio", "surfboard", "team", "telescope", "tractor",
    "vineyard", "xbox", "yacht",
];

/// Verbs that in the simple present tell a hobby or a job.
#[rustfmt::skip]
pub(super) const ACTIVITIES: &[&str] = &[
    "babysit", "bake", "bartend", "bike", "bird-watch", "blog", "bowl", "breed", "camp",
    "canoe", "climb", "coach", "code", "collect", "commute", "compose", "cook", "craft",
    "crochet", "crossfit", "cycle", "dance", "deliver", "design", "donate", "draw", "dye",
    "exercise", "farm", "fish", "fly", "foster", "freelance", "gamble", "garden", "geocache",
    "golf", "grill", "hike", "homeschool", "hunt", "instruct", "invest", "jog", "journal",
    "juggle", "kayak", "knit", "lift", "manage", "meditate", "model", "nap", "paint", "party",
    "perform", "photograph", "practice", "pray", "preach", "program", "quilt", "race",
    "recycle", "remodel", "repair", "ride", "row", "run", "sail", "scrapbook", "sculpt", "sell",
    "sew", "shop", "sing", "skate", "skateboard", "sketch", "ski", "skydive", "smoke",
    "snorkel", "snowboard", "speak", "stream", "style", "surf", "swim", "teach", "tend",
    "train", "travel", "tutor", "twirl", "vape", "vlog", "volunteer", "waitress", "weld",
    "whittle", "workout", "wrestle", "write", "yodel",
];

/// Participles that last longer than the day.
#[rustfmt::skip]
pub(super) const ONGOING: &[&str] = &[
    "attending", "breeding", "coaching", "dating", "expecting", "fostering", "homeschooling",
    "learning", "living", "majoring", "pursuing", "raising", "serving", "studying", "teaching",
    "volunteering",
];

/// What one has for a while: `i have a ..` with these is no fact.
#[rustfmt::skip]
pub(super) const FLEETING: &[&str] = &[
    "ache", "advice", "answer", "appointment", "argument", "ball", "blast", "break",
    "breakfast", "call", "case", "chance", "chat", "choice", "class", "clue", "cold", "concert",
    "confession", "cough", "couple", "craving", "crush", "date", "day", "deadline", "deal",
    "decision", "desire", "difference", "dinner", "doubt", "dream", "drink", "errand",
    "evening", "exam", "excuse", "favor", "feeling", "fever", "flight", "flu", "fun", "game",
    "guess", "habit", "half", "hangover", "hard", "hate", "headache", "homework", "hope",
    "hour", "hunch", "idea", "ill", "impression", "intention", "interest", "interview", "issue",
    "joke", "laugh", "leftover", "life", "line", "look", "lot", "luck", "lunch", "meal",
    "meeting", "meetings", "minute", "moment", "month", "morning", "nap", "need", "news",
    "night", "opinion", "option", "party", "patience", "pizza", "plan", "pleasure", "point",
    "preference", "problem", "project", "question", "quiz", "reason", "rehearsal", "respect",
    "rest", "right", "rough", "seat", "secret", "sense", "shift", "shot", "shower", "snack",
    "spot", "start", "story", "stuff", "suggestion", "surgery", "suspicion", "talk", "task",
    "taste", "temper", "test", "thing", "thought", "ticket", "time", "tip", "tour", "trip",
    "trouble", "try", "urge", "vacation", "way", "week", "weekend", "while", "wish", "wonder",
    "word", "work", "worry", "year",
];

"""Owns the word lists that dialogues are filled from."""

NAMES = """
Anna Ben Carl Dora Emma Finn Greta Hugo Ida Jack Karen Leo Mia Noah Olga Paul Rosa Sam Tina Uma Viktor Wendy Yara Zach
Maria James John Robert Linda David Susan Peter Laura Kevin Julia Simon Helen Mark Sarah Eric Nina Oliver Lucas Emily
Grace Henry Ivan Clara Daniel Elena Felix Gina Harry Irene Jonas Katie Liam Mona Nora Oscar Petra Quinn Ruth Steve
Thomas Ursula Vera Walter Xenia Yusuf Zoe Adam Bella Chloe Dylan Ethan Fiona George Hannah Isaac Jane Kyle Lily Mason
Nathan Owen Priya Ravi Sophie Tom Victor William Amir Aisha Chen Diego Fatima Haruto Ingrid Kofi Lars Mei Omar Pedro
Rania Sven Tomas Wei Yuki Zara Jose Miguel Andrea Marco Luca
""".split()

# Never said in training: what the evaluation asks for, and what demos and tests may use.
HELD_OUT_NAMES = """
Alice Bob Charlie Mallory Trudy Oskar Matilda Priscilla Bernard Desmond Eleanor Frederick Guinevere Hamish Isolde
Jasper Kirsten Leopold Marguerite Nigel Ophelia Percival Rosalind Sebastian Theodora Ulysses Valentina Winston Xavier
Yolanda Zelda Dmitri Akira Bjorn Cedric Dagmar Esmeralda Florian Gideon Hortense
""".split()

CITIES = """
Paris London Berlin Madrid Rome Vienna Oslo Tokyo Boston Chicago Dublin Lisbon Prague Warsaw Athens Cairo Delhi Seoul
Toronto Sydney Moscow Zurich Geneva Munich Hamburg Milan Naples Lyon Porto Seattle Denver Austin Dallas Miami Bergen
Krakow Nairobi Lagos Lima
""".split()

COLORS = """
red blue green yellow purple orange pink black white brown grey teal gold silver violet turquoise crimson
""".split()

JOBS = """
teacher doctor nurse pilot baker farmer lawyer driver writer painter singer plumber gardener carpenter programmer chef
waiter scientist designer mechanic
""".split()

FOODS = """
pizza pasta sushi soup salad bread cheese curry rice cake pancakes tacos chocolate noodles apples bananas lasagna
porridge
""".split()

ANIMALS = "dog cat rabbit parrot hamster horse turtle goldfish lizard pony".split()

ITEMS = """
milk eggs bread butter cheese apples coffee tea sugar rice soap pasta carrots tomatoes onions potatoes flour yogurt
honey water
""".split()

RELATIVES = """
brother sister mother father friend cousin uncle aunt boss neighbor teacher wife husband son daughter
""".split()

ROOMS = [
    "kitchen",
    "bedroom",
    "bathroom",
    "garage",
    "hallway",
    "office",
    "garden",
    "attic",
    "living room",
    "dining room",
]

BELONGINGS = [
    "car",
    "bike",
    "hobby",
    "team",
    "street",
    "favorite book",
    "favorite song",
    "favorite movie",
    "favorite drink",
    "favorite sport",
    "favorite game",
    "favorite animal",
]

NOUNS = """
river mountain garden window table road tree house train market bridge letter clock lamp forest cloud stone field boat
door station school storm lake kitchen street story picture morning evening winter summer
""".split()

ADJECTIVES = """
old small quiet bright cold warm long strange green heavy simple gentle busy empty soft tall wide dark early late
""".split()

VERBS = "looks seems feels stays becomes remains sounds appears".split()

TASKS = [
    "call mom",
    "buy milk",
    "water the plants",
    "take out the trash",
    "feed the cat",
    "pay the rent",
    "walk the dog",
    "send the letter",
    "clean the kitchen",
    "book the tickets",
    "read the report",
    "lock the door",
    "charge the phone",
    "pick up the kids",
]

SPOKEN_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "twenty five": 25,
    "forty five": 45,
}

# Texts beyond ASCII, so that the model copies bytes that its vocabulary has no piece for.
UNICODE_TEXTS = """
José Zoë Björn Łukasz Søren Ольга Иван 李明 さくら Ωmega naïve Müller Çelik 김민수 😀 🎉 🐶 🚀 محمد Ñandú
""".split()

# What a message that makes no sense is put together from.
COMMON_WORDS = sorted(
    {
        *"what is the a of to my your can you i want need how why when where who does do it that this with for".split(),
        *"on in at and or not no very please tell explain make give find show think know like quantum physics".split(),
        *"history recipe order book ticket phone screen computer program language french german number letter".split(),
        *"moon sun star earth bird fish tree because maybe never always often today tomorrow yesterday week".split(),
        *"people child bonjour comment hola guten tag ciao write essay code python music band film actor price".split(),
        *"cost buy sell money bank doctor help fix broken".split(),
        *NOUNS,
        *ADJECTIVES,
        *VERBS,
    }
)

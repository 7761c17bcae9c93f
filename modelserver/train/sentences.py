"""Everyday sentences to train on: written ones, patterns of words, and first-person rows told of someone else.

The rows of the emotion data are all of one form, "i feel ...". A model of these rows alone reads other sentences by chance.
"""

import re
from pathlib import Path

WRITTEN = Path(__file__).parent / "written.txt"

WHO = (
    "he|she|Tom|Maria|Ahmed|Mrs Brown|my sister|my uncle|the girl|the old man|the young woman|our neighbour|her father|his mother|"
    "the teacher|the captain|the nurse|the baker|a friend of mine|the new colleague|the tall boy|the tourist|the farmer|the singer"
).split("|")
GROUP = (
    "they|the guests|the children|the players|the neighbours|my parents|the passengers|the workers|the students|the people|"
    "our customers|the twins|the fans|the villagers|the engineers|the team|the crowd|the family|the audience|the jury"
).split("|")
SCENE = (
    "the mood|the atmosphere|the party|the meeting|the evening|the room|the music|the scene|the speech|the ceremony|the house|"
    "the trip|the game|the whole day|the news|the letter|the tone of the call|the town|the place|the morning|the silence|the debate|"
    "the weather|the street|the crowd|the office|the journey|the visit|the song|the picture|her face|his voice|the look in her eyes"
).split("|")
THING = (
    "the film|the book|the show|this game|the new phone|the restaurant|the hotel|the service|this app|the update|the software|"
    "Linux|Python|the website|the car|the concert|the play|the series|the album|the food|the staff|the product|the course|"
    "the museum|the bus ride|the final chapter|the plan|the idea|the offer|the neighbourhood|the robot|the garden|the dog|the job"
).split("|")
OCCASION = (
    "this morning|last night|yesterday|today|on Monday|at the party|after the meeting|during the trip|at the station|"
    "when the news came|after the phone call|in the kitchen|before dinner|at work|on the way home|all week|for days|"
    "when the letter came|after the game|because of the weather|at the end|in the street|at school|in front of everybody"
).split("|")
TOPIC = (
    "the result|the news|the offer|the visit|the letter|the trip|the decision|the election|the new house|the exam|the phone call|"
    "the plan|the wedding|the new boss|the doctor's words|the journey|the match|the neighbours|the story|the children|the weather"
).split("|")

# By label: words for things and scenes, words for people, nouns, and verbs of a single person.
WORDS = {
    "sadness": (
        "somber|sombre|gloomy|bleak|mournful|melancholy|dreary|depressing|sad|tragic|heartbreaking|subdued|dismal|sorrowful|grim|"
        "cheerless|miserable|hopeless|joyless|forlorn|lonely|desolate|disappointing|dispiriting|tearful|funereal|downcast|"
        "pitiful|wistful|painful|unhappy|disheartening|lifeless|full of sorrow|heavy with grief",
        "sad|heartbroken|devastated|depressed|miserable|lonely|in tears|crushed|disappointed|dejected|sorrowful|homesick|hurt|"
        "gloomy|despondent|tearful|inconsolable|full of regret|discouraged|ashamed|guilty|unhappy|hopeless|grieving|broken|"
        "downhearted|desperate|humiliated|rejected|empty inside|mournful",
        "sadness|sorrow|grief|despair|regret|misery|heartache|loneliness|melancholy|gloom|disappointment|mourning|guilt",
        "wept|sobbed|cried|mourned|grieved|sighed heavily|burst into tears|broke down|despaired|moped",
    ),
    "joy": (
        "cheerful|joyful|happy|merry|festive|jolly|exciting|thrilling|delightful|wonderful|fantastic|upbeat|lively|bright|jubilant|"
        "relaxed|playful|fun|great|brilliant|superb|marvellous|excellent|hopeful|optimistic|carefree|sunny|electric|triumphant|"
        "euphoric|exhilarating|pleasant|uplifting|glorious|splendid|terrific|awesome|light-hearted|hilarious|enjoyable|perfect|"
        "the best ever|very good|amusing|refreshing|full of laughter|inspiring",
        "happy|delighted|overjoyed|thrilled|cheerful|glad|excited|pleased|proud|elated|in high spirits|over the moon|content|"
        "ecstatic|jubilant|relieved|grateful|optimistic|amused|radiant|merry|joyful|enthusiastic|satisfied|carefree|blissful|"
        "full of hope|confident|triumphant|eager",
        "joy|happiness|delight|excitement|laughter|pride|relief|cheer|enthusiasm|bliss|optimism|hope|glee|gratitude",
        "laughed|smiled happily|grinned|cheered|celebrated|rejoiced|giggled|danced with joy|beamed|had a great time",
    ),
    "love": (
        "loving|tender|romantic|affectionate|warm and caring|intimate|passionate|lovely|sweet|adorable|full of love|caring|"
        "gentle and loving|compassionate|devoted|warm-hearted|full of tenderness|lovable|dear to us all|lovely and sweet|so lovely|"
        "full of affection|a lovely sight",
        "in love|loving|affectionate|devoted|tender|smitten|infatuated|caring|fond of the baby|crazy about her|madly in love|"
        "faithful and loving|compassionate|passionate|sympathetic|full of love|warm and tender|lovestruck|adored by everyone|"
        "head over heels in love|sentimental|longing for him|gentle and caring",
        "love|affection|tenderness|devotion|passion|fondness|adoration|compassion|longing|romance|warmth and love",
        "kissed the bride|hugged the child|cuddled the baby|fell in love|embraced the old friend|cherished every moment with her|"
        "adored the little one|caressed her cheek|cared for the sick lovingly|held hands with his wife",
    ),
    "anger": (
        "angry|hostile|furious|heated|bitter|aggressive|outrageous|infuriating|maddening|resentful|rude|insulting|offensive|vicious|"
        "hateful|irritating|annoying|disgusting|enraging|spiteful|unfair|unacceptable|toxic|quarrelsome|cruel|disgraceful|"
        "full of hatred|frustrating|a rip-off|a scam|obnoxious|violent|provocative|scandalous",
        "angry|furious|outraged|annoyed|irritated|livid|enraged|mad|bitter|resentful|hostile|fed up|offended|fuming|seething|cross|"
        "indignant|irate|exasperated|jealous|hateful|disgusted|frustrated|rude|impatient|grumpy|vengeful|infuriated|aggravated",
        "anger|rage|fury|hatred|resentment|outrage|hostility|bitterness|indignation|contempt|irritation|wrath|spite",
        "shouted|yelled|cursed|snapped|raged|swore loudly|slammed the door|scowled|threw a tantrum|lashed out|argued and shouted",
    ),
    "fear": (
        "scary|frightening|terrifying|eerie|creepy|spooky|ominous|menacing|threatening|tense|nerve-racking|alarming|dangerous|"
        "unsettling|sinister|chilling|anxious|nervous|worrying|fearful|hair-raising|daunting|intimidating|uneasy|haunting|"
        "full of dread|horrifying|panicky|nightmarish|so scary|a bit scary|disturbing",
        "afraid|scared|terrified|anxious|nervous|worried|frightened|panicked|uneasy|alarmed|petrified|fearful|apprehensive|timid|"
        "insecure|tense|scared to death|paranoid|trembling|intimidated|frantic|distressed|shaky|in fear|paralysed with fear|hesitant",
        "fear|dread|terror|panic|anxiety|worry|horror|fright|nervousness|alarm|unease",
        "trembled|panicked|shivered with fear|screamed in terror|hid under the table|froze with fear|fled|ran for cover|shuddered|"
        "cowered",
    ),
    "surprise": (
        "surprising|astonishing|shocking|unexpected|startling|unbelievable|incredible|bizarre|strange|odd|weird|astounding|stunning|"
        "jaw-dropping|mind-blowing|baffling|puzzling|extraordinary|unheard of|peculiar|curious|out of the ordinary|a real surprise|"
        "nothing like we expected|quite a surprise|mysterious|a complete shock",
        "surprised|amazed|astonished|shocked|stunned|startled|astounded|dumbfounded|taken aback|speechless|baffled|flabbergasted|"
        "bewildered|impressed|curious|dazed|perplexed|thunderstruck|caught off guard|puzzled|surprised and curious",
        "surprise|astonishment|amazement|disbelief|wonder|shock|bewilderment|curiosity",
        "gasped|gaped|blinked in surprise|stared in wonder|could not believe it|did a double take|was lost for words",
    ),
}

# {thing} {person} {noun} {verb} are words of the label; {Who} {Group} {Scene} {Thing} {occasion} {topic} have none.
PATTERNS = (
    "{Scene} was {thing}|{Scene} was {thing}|{Scene} is {thing} {occasion}|{Scene} seemed {thing}|{Scene} became {thing}|"
    "{Scene} was {thing} {occasion}|{Scene} turned {thing} {occasion}|how {thing} {Scene} was|why is {Scene} so {thing}?|"
    "{Thing} is {thing}|{Thing} is {thing}|{Thing} was {thing}|{Thing} was really {thing}|{Thing} is so {thing}!|"
    "honestly, {Thing} is {thing}|{Thing} was {thing} from beginning to end|is {Thing} always that {thing}?|{Thing}: {thing}, in a word|"
    "there was something {thing} about {Thing}|such a {thing} day|what a {thing} sight|{Group} found {topic} {thing}|"
    "{Who} was {person}|{Who} was {person} {occasion}|{Who} is {person} about {topic}|{Who} looked {person} {occasion}|"
    "{Who} seemed {person}|{Who} became {person} when {topic} was mentioned|{Who} has been {person} {occasion}|"
    "why is {Who} so {person}?|are you {person} about {topic}?|{Group} all looked {person}|{Group} all seemed {person} {occasion}|"
    "{topic} left {Who} {person}|{topic} made everyone {person}|nobody had ever seen {Who} so {person}|{Who} felt {person}|"
    "{topic} filled {Who} with {noun}|there was {noun} in the air|{Who} was full of {noun} {occasion}|a feeling of {noun} hung over {Scene}|"
    "{Group} could not hide their {noun}|{noun} was written on every face|{Group} spoke of their {noun} {occasion}|{Thing} is full of {noun}|"
    "{Who} {verb}|{Who} {verb} {occasion}|{Group} {verb}|{Group} {verb} {occasion}|{Who} {verb} because of {topic}"
).split("|")

# First person to third, in this order.
PERSONS = [
    (r"\bi (?:am|m)\b|\bim\b", "{s} is"), (r"\bi have\b|\bi ve\b|\bive\b", "{s} has"), (r"\bi (?:will|ll)\b", "{s} will"),
    (r"\bi (?:do not|dont|don t)\b", "{s} does not"), (r"\bi feel\b", "{s} feels"), (r"\bi felt\b", "{s} felt"),
    (r"\bmyself\b", "{r}"), (r"\bmy\b", "{p}"), (r"\bmine\b", "{p}s"), (r"\bme\b", "{o}"), (r"\bi\b", "{s}"),
]
PRONOUNS = [dict(s="she", o="her", p="her", r="herself"), dict(s="he", o="him", p="his", r="himself")]


def third_person(text, rng):
    """The text of a first-person row told of someone else; the feeling stays the same."""
    pronouns = rng.choice(PRONOUNS)
    for pattern, form in PERSONS:
        text = re.sub(pattern, form.format(**pronouns), text)
    # The first mention is a name or a noun as often as a pronoun.
    return re.sub(rf"\b{pronouns['s']}\b", rng.choice(WHO), text, count=1) if rng.random() < 0.5 else text


def of_pattern(label, rng):
    """A sentence of a random pattern with random words of the label."""
    thing, person, noun, verb = (rng.choice(words.split("|")) for words in WORDS[label])
    return rng.choice(PATTERNS).format(
        thing=thing, person=person, noun=noun, verb=verb, Who=rng.choice(WHO), Group=rng.choice(GROUP), Scene=rng.choice(SCENE),
        Thing=rng.choice(THING), occasion=rng.choice(OCCASION), topic=rng.choice(TOPIC))


def of_written(text, rng):
    """A written sentence with a random person, at times without its last punctuation mark."""
    text = text.replace("{who}", rng.choice(WHO))
    return text.rstrip(".!") if rng.random() < 0.3 else text

"""Rows to train and to measure on."""

from collections import defaultdict
from pathlib import Path

from sentences import WHO, WRITTEN, of_pattern, of_written, third_person

# In the order of the model's outputs, which is also the order of "id2label" in config.json.
LABELS = ["sadness", "joy", "love", "anger", "fear", "surprise"]

# GoEmotions' 28 labels that mean one of the six. The others, such as curiosity and approval, have no counterpart.
GOEMOTIONS = {
    "sadness": "sadness grief disappointment remorse embarrassment",
    "joy": "joy amusement excitement gratitude optimism relief pride admiration",
    "love": "love caring",
    "anger": "anger annoyance disgust",
    "fear": "fear nervousness",
    "surprise": "surprise",
}

EMOTION_ROWS = 7500
THIRD_PERSON = 0.25  # share of the emotion rows that are told of someone else
GOEMOTIONS_ROWS = 350  # of each label, fewer where there are fewer
PATTERN_ROWS = 700  # sentences of a pattern, of each label
WRITTEN_TIMES = 2  # times that each written sentence is used, with other persons


def read_rows(path):
    """Lines of `text;label` -> [(text, label index)]; an error names the number of a wrong line."""
    rows = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        text, separator, label = line.rpartition(";")
        if not separator or label not in LABELS:
            raise SystemExit(f"{path}:{number}: want `text;label` with a label of {', '.join(LABELS)}")
        rows.append((text, LABELS.index(label)))
    if not rows:
        raise SystemExit(f"{path}: no rows")
    return rows


def clean_rows(rows):
    """Drops rows that repeat a text, and every row of a text with two different labels."""
    labels = defaultdict(set)
    for text, label in rows:
        labels[text].add(label)
    return [(text, next(iter(found))) for text, found in labels.items() if len(found) == 1]


def read_comments(path):
    """GoEmotions' lines of `text TAB label numbers, separated by commas TAB id` -> [(text, [label number])]."""
    rows = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [(text, [int(number) for number in numbers.split(",")]) for text, numbers, _ in rows]


def read_goemotions(folder):
    """GoEmotions' train.tsv and labels.txt -> [(text, label index)] of the comments whose labels all mean one of the six."""
    names = Path(folder, "labels.txt").read_text(encoding="utf-8").split()
    meaning = {names.index(name): i for i, label in enumerate(LABELS) for name in GOEMOTIONS[label].split()}
    rows = []
    for text, numbers in read_comments(Path(folder, "train.tsv")):
        found = {meaning.get(number) for number in numbers}
        if len(found) == 1 and None not in found:
            rows.append((text, found.pop()))
    return clean_rows(rows)


def phrases(text, length=5):
    """The runs of five words in a text."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}


class Rows:
    """All rows to train on, with nothing of the sentences that the model is measured on."""

    def __init__(self, emotion, goemotions, measured):
        self.emotion, self.goemotions, self.written = emotion, goemotions, read_rows(WRITTEN)
        self.measured = {text.lower().strip(".!?") for text, _ in measured}
        known = set().union(*(phrases(text) for text, _ in measured))
        for text, _ in self.written:
            if phrases(text) & known:
                raise SystemExit(f"{WRITTEN}: {text!r} shares five words with a sentence that the model is measured on; write another")

    def choose(self, rng):
        """Returns [(text, label index)] to train on."""
        chosen = rng.sample(self.emotion, min(EMOTION_ROWS, len(self.emotion)))
        rows = [(third_person(text, rng) if rng.random() < THIRD_PERSON else text, label) for text, label in chosen]
        rows += self.comments(rng)
        rows += [(of_written(text, rng), label) for text, label in self.written * WRITTEN_TIMES]
        rows += [(of_pattern(label, rng), i) for i, label in enumerate(LABELS) for _ in range(PATTERN_ROWS)]
        return [row for row in rows if row[0].lower().strip(".!?") not in self.measured]

    def comments(self, rng):
        """Yields GoEmotions rows, the same number of each label; the data have [NAME] for a person."""
        for i in range(len(LABELS)):
            rows = [row for row in self.goemotions if row[1] == i]
            for text, label in rng.sample(rows, min(GOEMOTIONS_ROWS, len(rows))):
                yield text.replace("[NAME]", rng.choice(WHO)), label

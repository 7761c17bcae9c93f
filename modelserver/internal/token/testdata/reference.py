"""Writes what Hugging Face's tokenizers gives for every character and for generated texts, as checksums, for TestReference.

    python testdata/reference.py make VOCAB_TXT    writes bpe.json (a small trained tokenizer) and reference.json
    python testdata/reference.py show VOCAB_TXT KIND TEXT...    prints the ids of texts, to look into a difference

All ids are those of encode_special_tokens=True: markers in a text are text.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).parent
MASK = (1 << 64) - 1
BLOCK = 1024
TEXTS = 20000


class Random:
    """A linear congruential generator, which the Go test has too."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 33) % n


def generate(seed, parts):
    """Returns the text of a number: words, characters of one script, and separators."""
    random, out = Random(seed), []
    for _ in range(1 + random.below(12)):
        choice = random.below(8)
        if choice < 4:
            out.append(parts["words"][random.below(len(parts["words"]))])
        elif choice < 7:
            first, last = parts["ranges"][random.below(len(parts["ranges"]))]
            for _ in range(1 + random.below(8)):
                c = first + random.below(last - first + 1)
                out.append("?" if 0xD800 <= c <= 0xDFFF else chr(c))
        else:
            out.append(chr(ord("a") + random.below(26)) * (1 + random.below(120)))
        out.append(parts["separators"][random.below(len(parts["separators"]))])
    return "".join(out)


def characters():
    return [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def wordpiece(vocabulary, lowercase):
    lines = Path(vocabulary).read_text(encoding="utf-8").splitlines()
    tokenizer = Tokenizer(models.WordPiece({line: i for i, line in enumerate(lines)}, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    return tokenizer


def train(parts):
    """Trains a small byte-level vocabulary on generated texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1500, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator((generate(-seed & MASK, parts) for seed in range(1, 4001)), trainer)
    return json.loads(tokenizer.to_str())["model"]


def byte_level(model, prefix, normalizer=None, added=(), **settings):
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    tokenizer = Tokenizer(models.BPE(model["vocab"], merges, **settings))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    if added:
        tokenizer.add_tokens(list(added))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=prefix)
    return tokenizer


def kinds(vocabulary):
    model = json.loads((FOLDER / "bpe.json").read_text(encoding="utf-8"))["model"]
    added = [AddedToken("  ", normalized=False), AddedToken("   ", normalized=True), AddedToken("|||", lstrip=True, rstrip=True), AddedToken("A\u030a", normalized=True)]
    return {
        "uncased": wordpiece(vocabulary, True),
        "cased": wordpiece(vocabulary, False),
        "roberta": byte_level(model, False),
        "modernbert": byte_level(model, True, normalizers.NFC(), added, ignore_merges=True),
        "folded": byte_level(model, False, normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])),
    }


def checksums(tokenizer, texts):
    """Returns a checksum of the ids of each block of texts."""
    sums = []
    for at in range(0, len(texts), BLOCK):
        crc = 0
        for encoding in tokenizer.encode_batch(texts[at : at + BLOCK]):
            ids = encoding.ids + [0xFFFFFFFF]
            crc = zlib.crc32(struct.pack(f"<{len(ids)}I", *ids), crc)
        sums.append(f"{crc:08x}")
    return "".join(sums)


def make(vocabulary):
    parts = json.loads((FOLDER / "texts.json").read_text(encoding="utf-8"))
    trained = byte_level(train(parts), False)
    (FOLDER / "bpe.json").write_text(trained.to_str(), encoding="utf-8")
    texts = [generate(seed, parts) for seed in range(TEXTS)]
    out = {"tokenizers": tokenizers.__version__, "kinds": {}}
    for name, tokenizer in kinds(vocabulary).items():
        tokenizer.encode_special_tokens = True
        settings = json.loads(tokenizer.to_str())
        settings["model"]["vocab"] = settings["model"]["merges"] = None  # the test fills them in
        out["kinds"][name] = {
            "tokenizer": settings,
            "alone": checksums(tokenizer, characters()),
            "inside": checksums(tokenizer, [f"a{c}b" for c in characters()]),
            "texts": checksums(tokenizer, ["", " "] + texts),
        }
        print(name, flush=True)
    (FOLDER / "reference.json").write_text(json.dumps(out, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


def show(vocabulary, kind, texts):
    tokenizer = kinds(vocabulary)[kind]
    tokenizer.encode_special_tokens = True
    for text in texts:
        encoding = tokenizer.encode(text)
        print(json.dumps(text), encoding.ids, encoding.tokens)


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    show(sys.argv[2], sys.argv[3], [json.loads(f'"{text}"') for text in sys.argv[4:]])

"""Writes what Hugging Face's tokenizers gives for every character and for generated texts, as checksums, for TestReference.

    python testdata/reference.py make VOCAB_TXT    writes bpe.json, unigram.json (small trained vocabularies) and reference.json
    python testdata/reference.py show VOCAB_TXT KIND TEXT...    prints the ids of texts, to look into a difference

All ids are those of encode_special_tokens=True: markers in a text are text.
"""

import gzip
import json
import struct
import sys
import zlib
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

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


def charsmap():
    """Returns SentencePiece's table of replacements nmt_nfkc."""
    return gzip.decompress((FOLDER / "nmt_nfkc.gz").read_bytes())


def train_unigram(parts):
    """Trains a small vocabulary of pieces with scores on generated texts of some scripts: characters of the others are unknown."""
    parts = {**parts, "ranges": [[32, 126], [192, 255], [913, 969], [1040, 1103], [1488, 1514], [1575, 1610], [2325, 2381], [12353, 12435], [0x1F600, 0x1F640]]}
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Precompiled(charsmap())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=2000, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator((generate(-seed & MASK, parts) for seed in range(1, 4001)), trainer)
    return json.loads(tokenizer.to_str())["model"]["vocab"]


def unigram(pieces, normalizer, pre_tokenizer, added=(), before="<s> ", **settings):
    tokenizer = Tokenizer(models.Unigram([tuple(p) for p in pieces], 3, **settings))
    if normalizer:
        tokenizer.normalizer = normalizers.Sequence(normalizer) if len(normalizer) > 1 else normalizer[0]
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    if added:
        tokenizer.add_tokens(list(added))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{before}$A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return Tokenizer.from_str(tokenizer.to_str())  # the library rounds scores in a file otherwise than Python does


def rounded(pieces):
    """Returns the pieces with whole scores, many of which are equal, and with a piece for each byte."""
    return [(p, float(round(score))) for p, score in pieces] + [(f"<0x{b:02X}>", -99.0) for b in range(256)]


def unigrams():
    """Returns tokenizers in the manner of the models that their names begin with."""
    pieces = json.loads((FOLDER / "unigram.json").read_text(encoding="utf-8"))
    table, spaces = normalizers.Precompiled(charsmap()), Regex(" {2,}")
    Replace, Metaspace = normalizers.Replace, pre_tokenizers.Metaspace
    added = [AddedToken("||", normalized=False), AddedToken("\uff46\uff4f\uff4f", normalized=True), AddedToken("<br>", lstrip=True, rstrip=True)]
    albert = [Replace("``", '"'), Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), table, Replace(spaces, " ")]
    yield "xlm-roberta", unigram(pieces, [table], pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), Metaspace()]))
    yield "deberta", unigram(pieces, [normalizers.Strip(), table, Replace(spaces, " ")], Metaspace(), added)
    yield "albert", unigram(pieces, albert, Metaspace(), added)
    yield "t5", unigram(rounded(pieces), [table, normalizers.Strip(left=False), Replace(spaces, "\u2581")], Metaspace(prepend_scheme="first"), added, "")
    yield "marian", unigram(pieces, [normalizers.Strip(), Replace("``", '"'), normalizers.Nmt(), normalizers.Lowercase(), table], Metaspace(prepend_scheme="first", split=False), added)
    llama = [normalizers.Nmt(), normalizers.NFKC(), normalizers.Prepend("\u2581"), Replace(Regex("\\s+"), "\u2581")]
    yield "bytes", unigram(rounded(pieces), llama, None, added, byte_fallback=True)
    yield "never", unigram(pieces, None, Metaspace(prepend_scheme="never"), byte_fallback=True)


def kinds(vocabulary):
    model = json.loads((FOLDER / "bpe.json").read_text(encoding="utf-8"))["model"]
    added = [AddedToken("  ", normalized=False), AddedToken("   ", normalized=True), AddedToken("|||", lstrip=True, rstrip=True), AddedToken("A\u030a", normalized=True)]
    return {
        "uncased": wordpiece(vocabulary, True),
        "cased": wordpiece(vocabulary, False),
        "roberta": byte_level(model, False),
        "modernbert": byte_level(model, True, normalizers.NFC(), added, ignore_merges=True),
        "folded": byte_level(model, False, normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])),
        **dict(unigrams()),
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


def emptied(settings):
    """Takes what the test fills in out of the settings of a tokenizer."""
    for normalizer in (settings["normalizer"] or {}).get("normalizers", [settings["normalizer"] or {}]):
        if "precompiled_charsmap" in normalizer:
            normalizer["precompiled_charsmap"] = None
    model = settings["model"]
    model["rounded"] = model["type"] == "Unigram" and ["<0x00>", -99.0] in model["vocab"]
    model["vocab"] = model["merges"] = None
    return settings


def make(vocabulary):
    parts = json.loads((FOLDER / "texts.json").read_text(encoding="utf-8"))
    more = {**parts, "words": parts["words"] + parts["further"]}
    trained = byte_level(train(parts), False)
    (FOLDER / "bpe.json").write_text(trained.to_str(), encoding="utf-8")
    if not (FOLDER / "unigram.json").exists():  # a second training gives other pieces
        lines = ",\n".join(json.dumps(piece) for piece in train_unigram(more))
        (FOLDER / "unigram.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    texts = {name: ["", " "] + [generate(seed, p) for seed in range(TEXTS)] for name, p in {"Unigram": more, "": parts}.items()}
    out = {"tokenizers": tokenizers.__version__, "kinds": {}}
    for name, tokenizer in kinds(vocabulary).items():
        tokenizer.encode_special_tokens = True
        settings = json.loads(tokenizer.to_str())
        out["kinds"][name] = {
            "tokenizer": emptied(settings),
            "alone": checksums(tokenizer, characters()),
            "inside": checksums(tokenizer, [f"a{c}b" for c in characters()]),
            "texts": checksums(tokenizer, texts.get(settings["model"]["type"], texts[""])),
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

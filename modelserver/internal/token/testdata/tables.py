"""Writes tables.go: what Hugging Face's tokenizers does with each character.

    python testdata/tables.py tables.go

The tables are read off the library itself (PyPI: tokenizers), by asking it about each character alone.
"""

import struct
import sys
from unicodedata import ucd_3_2_0

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

CHARACTERS = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def spans(wanted):
    """Yields the ranges of the characters for which wanted is true."""
    first = last = None
    for c in CHARACTERS:
        if not wanted(c):
            continue
        if last is not None and ord(c) != last + 1 and not (last == 0xD7FF and ord(c) == 0xE000):
            yield first, last
            first = None
        first, last = ord(c) if first is None else first, ord(c)
    if first is not None:
        yield first, last


def lines(items, size=8):
    """Joins items, some on each line."""
    items = list(items)
    for at in range(0, len(items), size):
        yield "\t" + " ".join(item + "," for item in items[at : at + size]) + "\n"


def go_string(text):
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text) + '"'


def go_set(name, comment, wanted):
    body = "".join(lines(f"{{{a:#x}, {b:#x}}}" for a, b in spans(wanted)))
    return f"\n// {name} {comment}\nvar {name} = set{{\n{body}}}\n"


def matcher(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    return lambda c: not split.pre_tokenize_str(c)


NFD, NFC, LOWER = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str, normalizers.Lowercase().normalize_str
NFKD = normalizers.NFKD().normalize_str


def bert(**options):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **options}).normalize_str


def sets():
    clean, ideographs, accents = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True)
    words, marks = pre_tokenizers.BertPreTokenizer().pre_tokenize_str, normalizers.StripAccents().normalize_str
    yield go_set("dropped", "are the characters that BERT's cleaning drops.", lambda c: clean(c) == "")
    yield go_set("ideographs", "are BERT's ideographs.", lambda c: ideographs(c) != c)
    yield go_set("accents", "are the marks that BERT removes after decomposition.", lambda c: NFD(c) == c and accents(c) == "")
    yield go_set("marks", "are the marks that StripAccents removes.", lambda c: marks(c) == "")
    yield go_set("spaces", "are Rust's spaces.", lambda c: len(words(f"a{c}b")) == 2)
    yield go_set("punctuation", "are BERT's punctuation marks.", lambda c: len(words(f"a{c}b")) == 3)
    yield go_set("letters", r"match \p{L} in GPT-2's pattern.", matcher(r"\p{L}"))
    yield go_set("numbers", r"match \p{N} in GPT-2's pattern.", matcher(r"\p{N}"))
    yield go_set("patternSpaces", r"match \s in GPT-2's pattern.", matcher(r"\s"))


def is_hangul(c):
    return 0xAC00 <= ord(c) <= 0xD7A3


def decompositions():
    return {c: NFD(c) for c in CHARACTERS if not is_hangul(c) and NFD(c) != c}


def classes():
    """Returns the class of each combining mark, found by its order among marks of known classes."""
    known = {}
    for c in CHARACTERS:
        if ucd_3_2_0.combining(c) and NFD(c) == c:  # classes of Unicode 3.2 never changed
            known.setdefault(ucd_3_2_0.combining(c), c)
    order = sorted(known)
    first = known[order[0]]
    found = {}
    for c in CHARACTERS:
        if is_hangul(c) or NFD(c) != c:
            continue
        # A mark of a class moves behind each known mark of a lower class, and before each known mark of a higher class.
        if NFD(c + first) == c + first and NFD(known[order[-1]] + c) == known[order[-1]] + c:
            continue
        below = [k for k in order if NFD(c + known[k]) != c + known[k]]
        same = [k for k in order if k not in below and NFD(known[k] + c) == known[k] + c]
        found[c] = same[0] if same else below[-1] + 1  # a newer class; only the order counts
    return found


def class_table():
    found, items = classes(), []
    for k in sorted(set(found.values())):
        items += [(a, b, k) for a, b in spans(lambda c: found.get(c) == k)]
    body = "".join(lines(f"{{span{{{a:#x}, {b:#x}}}, {k}}}" for a, b, k in sorted(items)))
    return f"\n// classes are the canonical combining classes.\nvar classes = []classSpan{{\n{body}}}\n"


def short_graphemes():
    """Returns a function that counts the graphemes of a text below six bytes, and the characters of the others.

    It is a table of replacements for Precompiled in which each first byte of a character is a text of its own, replaced by Z.
    The library looks a grapheme below six bytes up as a whole, and the characters of others one by one.
    """
    root, leaf = 256, 512
    units = [root << 10] + [0] * 1023
    for label in range(1, 256):
        units[root ^ label] = (root ^ label ^ leaf) << 10 | 1 << 8 | label
    units[leaf] = 1 << 31
    normalize = normalizers.Precompiled(struct.pack("<1025I", 4096, *units) + b"Z\0").normalize_str
    return lambda text: len(normalize(text))


def break_class(c, count):
    """Returns a character's class in the rules for graphemes, found by its graphemes with neighbours of known classes."""
    mark, joiner, picture, consonant, linker = "\u0300", "\u200d", "\u00a9", "\u0915", "\u094d"
    if c in "\0\r\n":
        return "breakControl"
    if c == joiner:
        return "breakJoiner"
    if count(f"a{c}") == 1:
        if count(consonant + c + consonant + mark) == 4:
            return "breakLinker"
        if count(consonant + linker + c + consonant + mark) == 5:
            return "breakIndicExtend"
        return "breakExtend" if count(picture + c + joiner + picture + mark) == 5 else "breakSpacing"
    if count(f"{c}a") == 1:
        return "breakPrepend"
    if count(f"{c}{mark}\u0301") == 2:
        return "breakControl"
    if count(c + joiner + picture + mark) == 4:
        return "breakPicture"
    if count(c + linker + consonant + mark) == 4:
        return "breakConsonant"
    if count(f"{c}\u1100{mark}") == 3:
        return "breakLead"
    if count(f"{c}\u1161{mark}") == 3:
        return "breakVowel"
    return "breakTrail" if count(f"{c}\u11a8{mark}") == 3 else None


def break_table():
    count = short_graphemes()
    found = {c: break_class(c, count) for c in CHARACTERS if not is_hangul(c)}
    items = []
    for k in sorted({k for k in found.values() if k}):
        items += [(a, b, k) for a, b in spans(lambda c: found.get(c) == k)]
    body = "".join(lines((f"{{span{{{a:#x}, {b:#x}}}, {k}}}" for a, b, k in sorted(items)), 4))
    return f"\n// breaks are the classes in the rules for graphemes, without Hangul syllables.\nvar breaks = []breakSpan{{\n{body}}}\n"


def compositions(parts):
    """Yields (a, b, c) where a and b compose c."""
    for c, full in parts.items():
        if NFC(full) != c or len(full) < 2:
            continue
        rest = NFC(full[:-1])
        if len(rest) != 1 or NFC(rest + full[-1]) != c:
            raise SystemExit(f"U+{ord(c):04X} is composed in an order that this program does not know")
        yield rest, full[-1], c


def main():
    parts = decompositions()
    compatible = {c: NFKD(c) for c in CHARACTERS if not is_hangul(c) and NFKD(c) != NFD(c)}
    out = [f"// Code generated by testdata/tables.py from tokenizers {tokenizers.__version__}; DO NOT EDIT.\n\npackage token\n"]
    out += sets()
    small = {c: LOWER(c) for c in CHARACTERS if LOWER(c) != c and not "A" <= c <= "Z"}
    for name, comment, table in [
        ("lowered", "are the lower cases of characters beyond ASCII.", small),
        ("decomposed", "are the full canonical decompositions, without Hangul.", parts),
        ("compatible", "are the full compatibility decompositions that differ from the canonical decompositions.", compatible),
    ]:
        body = "".join(lines(f"{ord(c):#x}: {go_string(s)}" for c, s in table.items()))
        out.append(f"\n// {name} {comment}\nvar {name} = map[rune]string{{\n{body}}}\n")
    body = "".join(lines((f"{{{ord(a):#x}, {ord(b):#x}}}: {ord(c):#x}" for a, b, c in compositions(parts)), 6))
    out.append(f"\n// composed are the characters that two characters compose, without Hangul.\nvar composed = map[[2]rune]rune{{\n{body}}}\n")
    out += [class_table(), break_table()]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("".join(out))


main()

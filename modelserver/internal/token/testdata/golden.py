"""Writes golden.jsonl: texts, and their ids from Hugging Face's tokenizer (at most 64).

    python testdata/golden.py VOCAB_TXT > testdata/golden.jsonl

It needs the packages of modelserver/train/requirements.txt. The sentences were written for this test.
"""

import json
import random
import sys

from transformers import BertTokenizerFast

HAND = [
    "", " ", "\t\r\n", ".", "...", "a", "A", "?!", "I", "The sky is blue and the sun is shining", "Istio is the best service mesh",
    "I am so happy!!! :-)", "What a day... what a lovely day.", "It's 5 o'clock; who's there?", "e-mail me at someone@example.com, please",
    "https://example.com/a/b?c=d&e=f#g", "C++ & C# are 2 languages", "50% off, only $3.99 (or €3,50; £3; ¥400)", "under_score and-dash and/slash",
    "Café crème brûlée naïve façade", "CAFÉ CRÈME", "Ångström Ærøskøbing Øresund Łódź Žižkov", "Straße STRASSE ẞ", "İstanbul ISTANBUL ıstanbul",
    "e\u0301 vs \u00e9 vs E\u0301\u0300", "a\u0308\u0323\u0307 stacked", "Ελληνικά ΚΑΙ ΣΟΦΟΣ", "Привет, Мир! Ёлка", "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم", "مُحَمَّد",
    "नमस्ते दुनिया", "สวัสดีชาวโลก", "안녕하세요 세계", "한국어 텍스트", "こんにちは世界", "カタカナとひらがな", "ガギグゲゴ", "中文字符测试", "今天天气很好,我很高兴。", "mixed中文and英文words",
    "𠀀𠀁 rare ideographs 𫝀", "豈更車 compatibility", "a\U0002b820b a\U0002b920b", "full width ＡＢＣ１２３！？", "ﬁne ﬂower ligatures", "x² + y³ = z¹⁰", "½ ¼ ¾", "™ © ® ° § ¶", "№ ℃ Ω",
    "🙂", "I am 🙂 today 🎉🎉", "❤️ love ❤", "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷 flags", "👍🏽 thumbs", "🤣🫠 newer ones",
    "“curly” ‘quotes’ „low“ «angle»", "en–dash em—dash fig‒ure", "ellipsis… bullet • dot ·", "¿Qué? ¡Sí!", "a\u00a0no-break\u2003em\u3000ideographic space",
    "zero\u200bwidth\u200djoin\ufeffbom", "soft\u00adhyphen", "null\u0000in\u0000side", "bell\u0007 esc\u001b del\u007f", "vt\u000bff\u000cnel\u0085", "line\u2028para\u2029graph", "bad \ufffd one",
    "private \ue000 use", "unassigned \u0378 one", "rtl \u202emark\u202c", "tab\tand\nnewline\r\nmixed", "   many    spaces   ", "trailing space ", " leading",
    "a" * 99, "a" * 100, "a" * 101, "x" * 500, "é" * 100, "é" * 101, "antidisestablishmentarianism", "supercalifragilisticexpialidocious",
    "pneumonoultramicroscopicsilicovolcanoconiosis", "qwrtzxcvbn", "zzzzzzzzzz", "unaffable", "tokenization", "##ing", "## ing", "#hashtag @mention", "word" * 25,
    "one two three " * 40, "!" * 80, "中" * 80, "hello, " * 62, "a " * 61, "a " * 62, "a " * 63, "tokenizations " * 31, "1234567890", "3.14159", "1,000,000", "2024-04-23T20:59:34Z", "v1.2.3-rc4", "192.168.0.1",
    "<b>bold</b> &amp; \\escaped\\", "{\"input\": \"text\"}", "`code` ~tilde~ ^caret^ |pipe|", "back\\slash", "don't can't won't i'm i've", "i didnt mean it", "[brackets] (round) {curly}", "a=b+c*d/e%f", "NaN Infinity null true", "İ", "ǅ ǈ ǋ", "ﷺ", "Ⅷ ⅷ", "𝓱𝓮𝓵𝓵𝓸 𝐛𝐨𝐥𝐝", "ᏣᎳᎩ ꭰꭱ", "ა ბ Ა", "Ꙗ ꙗ", "߷ ࠀ",
]

WHO = "i,she,he,they,we,my sister,our neighbour,the old teacher,Anna,Dr. Müller,nobody,José,my boss,the whole team".split(",")
DID = "feel,felt,am feeling,was feeling,never felt,can't help feeling,woke up feeling,had been feeling,started to feel".split(",")
HOW = "joyful,heartbroken,furious,terrified,adored,astonished,grateful,lonely,resentful,anxious,tenderhearted,dumbfounded,ecstatic,gloomy,irritable,jittery,sympathetic,overwhelmed,blasé,zen".split(",")
WHY = [
    "because the rain won't stop", "after that e-mail...", "at 7:30 in the morning", "about the exam (again)", "since you left", "when the cat purrs", "for no reason at all!", "over a cup of café au lait",
    "now that it's over", "by the seaside", "in front of 200 people", "& I can't say why", "- honestly", "about rock'n'roll", "despite the news", "", "whenever the bus is late", "on a Monday",
]


def sentences():
    rng = random.Random(3)
    while True:
        words = f"{rng.choice(WHO)} {rng.choice(DID)} {rng.choice(HOW)} {rng.choice(WHY)}"
        yield rng.choice([str, str.capitalize, str.upper])(words) + rng.choice(["", ".", "!", "?!", " 🙂"])


def main():
    tokenizer = BertTokenizerFast(vocab=sys.argv[1], do_lower_case=True)
    made = sentences()
    for text in HAND + [next(made) for _ in range(200)]:
        ids = tokenizer(text, truncation=True, max_length=64)["input_ids"]
        print(json.dumps({"text": text, "ids": ids}, ensure_ascii=True))


main()

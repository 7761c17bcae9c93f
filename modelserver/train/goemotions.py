"""Trains a classifier of GoEmotions' 28 labels, of which a comment can have several, and writes a folder that the server loads.

    python goemotions.py --goemotions goemotions --out ../models/goemotions

goemotions is a folder with train.tsv, dev.tsv and labels.txt. The rows of dev.tsv are only used to measure, never to train.
README.md in this folder is the model card: data, recipe, figures, limits.
"""

import argparse
import random
import time
import unicodedata
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from classifier import MAX_TOKENS, Classifier, encode, tokenizer
from export import Session, configure, to_int8
from rows import read_comments
from train import SEED, freeze, train

EPOCHS = 3
RATE = 2e-4
FROZEN = 1  # layers, and the embeddings, that stay as they are
RARE = 0.4  # exponent of the weight of a label's rows: (other rows / its rows) ** RARE
THRESHOLD = 0.5  # a label with a higher score is predicted
CALIBRATION_TEXTS = 300


def targets_of(rows, labels):
    """[(text, [label number])] -> [(text, [0.0 or 1.0 of each label])]."""
    return [(text, [float(i in numbers) for i in range(len(labels))]) for text, numbers in rows]


def weights_of(rows):
    """The weight of each label's rows in the loss. With it, the best threshold of a rare label is near THRESHOLD too."""
    count = torch.tensor([target for _, target in rows]).sum(0)
    return ((len(rows) - count) / count) ** RARE


def f1(predicted, targets):
    """bool [rows, labels], bool [rows, labels] -> F1 of each label."""
    both = (predicted & targets).sum(0)
    return 2 * both / np.maximum(predicted.sum(0) + targets.sum(0), 1)


def measure(encodings, targets, name, path):
    """Prints the mean of the labels' F1 for the ONNX file at path."""
    session, started = Session(path), time.monotonic()
    scores = 1 / (1 + np.exp(-np.array([session.output(e.ids) for e in encodings])))
    milliseconds = (time.monotonic() - started) * 1000 / len(encodings)
    print(f"dev macro-F1 {f1(scores > THRESHOLD, targets).mean():.4f}, {name}, {Path(path).stat().st_size / 1e6:.1f} MB, {milliseconds:.1f} ms a text", flush=True)


def is_english(piece):
    """Reports whether English text can need a piece of the vocabulary: not the unused ones, and not those of other scripts."""
    letters = [c for c in piece if c.isalpha()]
    return not piece.startswith("[unused") and all(unicodedata.name(c, "").startswith("LATIN") for c in letters)


def shrink(model, pieces):
    """Keeps the embeddings of English pieces and of the first positions, and returns these pieces. The other 8 % would only enlarge the file."""
    kept = [i for i, piece in enumerate(pieces) if is_english(piece)]
    embeddings, config = model.encoder.embeddings, model.encoder.config
    embeddings.word_embeddings = nn.Embedding.from_pretrained(embeddings.word_embeddings.weight[kept], padding_idx=0)
    embeddings.position_embeddings = nn.Embedding.from_pretrained(embeddings.position_embeddings.weight[:MAX_TOKENS])
    config.vocab_size, config.max_position_embeddings = len(kept), MAX_TOKENS
    return [pieces[i] for i in kept]


def export(model, train_rows, dev_rows, labels, out):
    """Writes model.onnx, vocab.txt and the configuration into the folder out."""
    pieces = sorted(tokenizer().get_vocab().items(), key=lambda item: item[1])
    kept = shrink(model, [piece for piece, _ in pieces])
    out.mkdir(parents=True, exist_ok=True)
    out.joinpath("vocab.txt").write_text("".join(piece + "\n" for piece in kept), encoding="utf-8")
    tok = tokenizer(out / "vocab.txt")
    encodings = encode(tok, [text for text, _ in dev_rows]).encodings
    texts = encode(tok, [text for text, _ in train_rows[:CALIBRATION_TEXTS]]).encodings
    targets = np.array([target for _, target in dev_rows]) > 0
    to_int8(model.eval(), "logits", model.encoder.config, encodings, texts, out / "model.onnx", partial(measure, encodings, targets))
    configure(out, labels, "multi_label_classification", model.encoder.config)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--goemotions", required=True, type=Path, help="folder with GoEmotions' train.tsv, dev.tsv and labels.txt")
    parser.add_argument("--out", required=True, type=Path, help="folder for model.onnx, vocab.txt, config.json")
    parser.add_argument("--checkpoint", type=Path, default=Path("goemotions.pt"), help="file for the trained fp32 weights (%(default)s)")
    parser.add_argument("--export-only", action="store_true", help="read the checkpoint of an earlier run in place of training")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    labels = args.goemotions.joinpath("labels.txt").read_text(encoding="utf-8").split()
    rows, dev = (targets_of(read_comments(args.goemotions / name), labels) for name in ("train.tsv", "dev.tsv"))
    model = Classifier(len(labels)).train()
    if args.export_only:
        model.load_state_dict(torch.load(args.checkpoint))
    else:
        freeze(model, FROZEN)
        train(model, tokenizer(), rows * EPOCHS, random.Random(SEED), partial(F.binary_cross_entropy_with_logits, pos_weight=weights_of(rows)), RATE)
        torch.save(model.state_dict(), args.checkpoint)
    export(model, rows, dev, labels, args.out)


if __name__ == "__main__":
    main()

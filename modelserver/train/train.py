"""Trains the former version of the model further, on sentences of more kinds, and writes the model that the server loads.

    python train.py --previous previous.onnx --train train.txt --goemotions goemotions --val val.txt --out ../models/bert-emotion-model

Each line of train.txt and val.txt holds `text;label`. goemotions is a folder with train.tsv and labels.txt. The validation rows and the
sentences of everyday.txt and demo.txt are only used to measure, never to train.
README.md in this folder is the model card: data, recipe, figures, limits.
"""

import argparse
import random
import time
from functools import partial
from pathlib import Path

import torch
from torch.nn import functional as F

from classifier import Classifier, encode, pad, tokenizer
from export import calibration_error, export
from previous import load
from rows import LABELS, Rows, clean_rows, read_goemotions, read_rows

SEED = 20240423
BATCH = 32
RATE = 1.5e-4
SHARE = 0.75  # of the new weights in the model; the rest is of the former version
FROZEN = 2  # layers, and the embeddings, that stay as they are
WARM_UP = 0.1  # share of all steps
WEIGHT_DECAY = 0.01
SMOOTHING = 0.05  # share of each row's label that is spread over all labels, because hashtags are often wrong
MASKED_WORDS = 0.05  # share of words replaced by [MASK]
MEASURED = [Path(__file__).parent / name for name in ("everyday.txt", "demo.txt")]


def mask_words(encoding, mask_id, rng):
    """Ids with whole words, never [CLS] or [SEP], replaced by [MASK]."""
    hidden = {word for word in set(encoding.word_ids) - {None} if rng.random() < MASKED_WORDS}
    return [mask_id if word in hidden else i for i, word in zip(encoding.ids, encoding.word_ids)]


def batches(rows, tok, rng):
    """Ids, mask and targets of each batch: shuffled, then sorted by length within 64 batches, which leaves little padding."""
    rng.shuffle(rows)
    encodings, found = encode(tok, [text for text, _ in rows]).encodings, []
    for start in range(0, len(rows), BATCH * 64):
        chunk = sorted(range(start, min(start + BATCH * 64, len(rows))), key=lambda i: len(encodings[i].ids))
        found += [chunk[i : i + BATCH] for i in range(0, len(chunk), BATCH)]
    rng.shuffle(found)
    for batch in found:
        ids, mask = pad([mask_words(encodings[i], tok.mask_token_id, rng) for i in batch])
        yield ids, mask, torch.tensor([rows[i][1] for i in batch])


@torch.no_grad()
def logits_of(model, tok, rows):
    """Logits of rows, without dropout, and labels. Both are in the order of the rows' lengths."""
    model.eval()
    rows = sorted(rows, key=lambda row: len(row[0]))
    found = []
    for start in range(0, len(rows), BATCH):
        ids, mask = pad([e.ids for e in encode(tok, [text for text, _ in rows[start : start + BATCH]]).encodings])
        found.append(model(ids, mask))
    return torch.cat(found), torch.tensor([label for _, label in rows])


def temperature_of(logits, labels):
    """The temperature that makes the labels most likely (https://arxiv.org/abs/1706.04599)."""
    return min((t / 100 for t in range(50, 400)), key=lambda t: F.cross_entropy(logits / t, labels).item())


def calibrate(model, tok, rows):
    """Divides the logits by a temperature.

    Prints the accuracy, and the calibration error of each half of the rows with the temperature of the other half.
    """
    logits, labels = logits_of(model, tok, rows)
    right = (logits.argmax(-1) == labels).sum().item()
    print(f"val {right / len(rows):.4f} ({right} of {len(rows)}), fp32", flush=True)
    halves = [slice(0, None, 2), slice(1, None, 2)]
    for fitted, measured in (halves, halves[::-1]):
        temperature = temperature_of(logits[fitted], labels[fitted])
        score, label = torch.softmax(logits[measured] / temperature, dim=-1).max(-1)
        error = calibration_error(score.numpy(), (label == labels[measured]).numpy())
        print(f"temperature {temperature:.2f}, calibration error of the other half {error:.4f}", flush=True)
    temperature = temperature_of(logits, labels)
    print(f"temperature {temperature:.2f} of all", flush=True)
    with torch.no_grad():
        model.head.weight /= temperature
        model.head.bias /= temperature


@torch.no_grad()
def blend(model, former):
    """Averages the weights with those of the former version (https://arxiv.org/abs/2109.01903)."""
    for name, weights in model.named_parameters():
        weights.copy_(former[name].lerp(weights, SHARE))


def freeze(model, layers):
    """Keeps the embeddings and the lowest layers: a word that no row has keeps its place beside its synonyms."""
    for part in (model.encoder.embeddings, *model.encoder.encoder.layer[:layers]):
        part.requires_grad_(False)


def optimiser_of(model, steps, rate):
    """AdamW without decay on biases and norms, with a linear warm-up and decrease of the rate."""
    learned = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": [p for p in learned if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
              {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=rate, fused=True)
    warm = max(1, int(steps * WARM_UP))
    scale = lambda step: min((step + 1) / warm, max(0, steps - step) / max(1, steps - warm))
    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, scale)


def train(model, tok, rows, rng, loss_of, rate):
    """Trains once on the rows, and prints the progress. loss_of takes the logits and the targets of a batch."""
    steps, started = -(-len(rows) // BATCH), time.monotonic()
    optimiser, schedule = optimiser_of(model, steps, rate)
    for step, (ids, mask, targets) in enumerate(batches(rows, tok, rng), 1):
        loss = loss_of(model(ids, mask), targets)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 25 == 0 or step == steps:
            spent = time.monotonic() - started
            print(f"step {step}/{steps} loss {loss.item():.4f} {spent:.0f} s, {spent / step * (steps - step):.0f} s left", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--previous", required=True, type=Path, help="model.onnx of the former version")
    parser.add_argument("--train", required=True, type=Path, help="emotion rows to train on, `text;label` on each line")
    parser.add_argument("--goemotions", required=True, type=Path, help="folder with GoEmotions' train.tsv and labels.txt")
    parser.add_argument("--val", required=True, type=Path, help="rows to measure on, `text;label` on each line")
    parser.add_argument("--out", required=True, type=Path, help="folder for model.onnx, vocab.txt, config.json")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoint.pt"), help="file for the trained fp32 weights (%(default)s)")
    args = parser.parse_args()
    # A second thread is slower on a busy machine, and a single thread gives the same sums each time.
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    rng, val = random.Random(SEED), read_rows(args.val)
    measured = [row for path in MEASURED for row in read_rows(path)]
    rows = Rows(clean_rows(read_rows(args.train)), read_goemotions(args.goemotions), measured).choose(rng)
    tok, model = tokenizer(), Classifier(len(LABELS)).train()
    load(model, args.previous)
    former = {name: weights.clone() for name, weights in model.state_dict().items()}
    freeze(model, FROZEN)
    print(f"{len(rows)} rows", flush=True)
    train(model, tok, rows, rng, partial(F.cross_entropy, label_smoothing=SMOOTHING), RATE)
    print(f"{time.process_time():.0f} s of processor time", flush=True)
    calibrate(model, tok, val)
    blend(model, former)
    torch.save(model.state_dict(), args.checkpoint)
    export(args.checkpoint, args.train, args.val, args.out)


if __name__ == "__main__":
    main()

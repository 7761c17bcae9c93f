"""Fine-tunes the MiniLM encoder to six emotions and writes the model that the server loads.

    python train.py --train train.txt --val val.txt --out ../models/bert-emotion-model

Each line of both files holds `text;label`. The validation rows are only used to measure, never to train.
README.md in this folder is the model card: data, recipe, figures, limits.
"""

import argparse
import random
import time
from pathlib import Path

import torch
from torch.nn import functional as F

from classifier import Classifier, clean_rows, encode, pad, read_rows, tokenizer
from export import export

SEED = 20240423
BATCH = 64
EPOCHS = 4
PEAK_RATE = 2e-4
WARM_UP = 0.1  # share of all steps
WEIGHT_DECAY = 0.01
R_DROP = 1.0  # weight of the disagreement between two passes, https://arxiv.org/abs/2106.14448
EMA = 0.998  # decay of the averaged weights in each step
MASKED_WORDS = 0.05  # share of words replaced by [MASK], chosen again in each epoch


class Averaged:
    """Exponential moving average of weights, with Adam's correction for the first steps."""

    def __init__(self, module):
        self.module = module
        self.sums = [torch.zeros_like(p) for p in module.parameters()]
        self.weight = 0.0

    @torch.no_grad()
    def update(self):
        for total, p in zip(self.sums, self.module.parameters()):
            total.lerp_(p, 1 - EMA)
        self.weight = EMA * self.weight + 1 - EMA

    @torch.no_grad()
    def state(self):
        """A state_dict of the averaged weights."""
        names = [name for name, _ in self.module.named_parameters()]
        averaged = {name: total / self.weight for name, total in zip(names, self.sums)}
        return {**self.module.state_dict(), **averaged}


def mask_words(encoding, mask_id, rng):
    """Ids with whole words, never [CLS] or [SEP], replaced by [MASK]."""
    hidden = {word for word in set(encoding.word_ids) - {None} if rng.random() < MASKED_WORDS}
    return [mask_id if word in hidden else i for i, word in zip(encoding.ids, encoding.word_ids)]


def batches(encodings, rng):
    """Index lists of one epoch: shuffled, then sorted by length within sixteen batches, which halves the padding."""
    order = list(range(len(encodings)))
    rng.shuffle(order)
    found = []
    for start in range(0, len(order), BATCH * 16):
        chunk = sorted(order[start : start + BATCH * 16], key=lambda i: len(encodings[i].ids))
        found += [chunk[i : i + BATCH] for i in range(0, len(chunk), BATCH)]
    rng.shuffle(found)
    return found


def loss_of(model, ids, mask, labels):
    """Cross entropy of two passes with different dropout, plus the divergence of the passes (R-Drop)."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(ids.repeat(2, 1), mask.repeat(2, 1))
    first, second = F.log_softmax(logits.float(), dim=-1).chunk(2)
    right = (F.nll_loss(first, labels) + F.nll_loss(second, labels)) / 2
    apart = F.kl_div(first, second, reduction="batchmean", log_target=True)
    apart += F.kl_div(second, first, reduction="batchmean", log_target=True)
    return right + R_DROP * apart / 2


@torch.no_grad()
def accuracy(model, encodings, labels):
    """Share of rows with the highest logit for the right label; fp32, no dropout."""
    model.eval()
    right = 0
    for start in range(0, len(labels), BATCH):
        ids, mask = pad([e.ids for e in encodings[start : start + BATCH]])
        right += (model(ids, mask).argmax(-1) == labels[start : start + BATCH]).sum().item()
    model.train()
    return right / len(labels)


def optimiser_of(model, steps):
    """AdamW without decay on biases and norms, with a linear warm-up and decrease of the rate."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, fused=True)
    warm = max(1, int(steps * WARM_UP))
    scale = lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, scale)


def train(train_path, val_path):
    """Trains, prints progress, and returns a Classifier with the averaged weights."""
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    read = read_rows(train_path)
    rows, val = clean_rows(read), read_rows(val_path)
    print(f"{len(rows)} of {len(read)} rows are neither repeated nor contradicted; {len(val)} to measure on", flush=True)

    tok, model = tokenizer(), Classifier().train()
    encodings = encode(tok, [text for text, _ in rows]).encodings
    labels = torch.tensor([label for _, label in rows])
    val_encodings, val_labels = encode(tok, [text for text, _ in val]).encodings, torch.tensor([label for _, label in val])

    steps = EPOCHS * -(-len(rows) // BATCH)
    optimiser, schedule = optimiser_of(model, steps)
    averaged, step, started = Averaged(model), 0, time.monotonic()
    for epoch in range(1, EPOCHS + 1):
        for batch in batches(encodings, rng):
            ids, mask = pad([mask_words(encodings[i], tok.mask_token_id, rng) for i in batch])
            loss = loss_of(model, ids, mask, labels[batch])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            averaged.update()
            step += 1
            if step % 25 == 0 or step == steps:
                spent = time.monotonic() - started
                print(f"epoch {epoch} step {step}/{steps} loss {loss.item():.4f} {spent:.0f} s, {spent / step * (steps - step):.0f} s left", flush=True)
        print(f"epoch {epoch} val {accuracy(model, val_encodings, val_labels):.4f} without averaging", flush=True)

    model.load_state_dict(averaged.state())
    print(f"val {accuracy(model, val_encodings, val_labels):.4f} with averaged weights, fp32", flush=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, type=Path, help="rows to train on, `text;label` on each line")
    parser.add_argument("--val", required=True, type=Path, help="rows to measure on, `text;label` on each line")
    parser.add_argument("--out", required=True, type=Path, help="folder for model.onnx, vocab.txt, config.json")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoint.pt"), help="file for the trained fp32 weights (%(default)s)")
    args = parser.parse_args()
    # A second thread is slower on a busy machine, and a single thread gives the same sums each time.
    torch.set_num_threads(1)
    model = train(args.train, args.val)
    torch.save(model.state_dict(), args.checkpoint)
    export(args.checkpoint, args.val, args.out)


if __name__ == "__main__":
    main()

"""Turns the trained fp32 weights into the files that the server loads: model.onnx (int8), vocab.txt, config.json.

    python export.py --checkpoint checkpoint.pt --val val.txt --out ../models/bert-emotion-model

train.py calls export() at its end. Run alone, this script exports again without training.
"""

import argparse
import json
import shutil
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer

from classifier import ENCODER, LABELS, MAX_TOKENS, Classifier, encode, read_rows, tokenizer


class Scores(torch.nn.Module):
    """Classifier with probabilities in place of logits, the scores of the server's replies."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, input_ids, attention_mask):
        return torch.softmax(self.classifier(input_ids, attention_mask), dim=-1)


def to_onnx(model, path):
    """Scores -> an fp32 ONNX file with int64 inputs [batch, tokens] and a float output [batch, labels]."""
    two = torch.tensor([[101, 2023, 102, 0], [101, 2023, 2003, 102]])
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns about each branch in transformers' mask code
        torch.onnx.export(
            model,
            (two, (two != 0).long()),
            path,
            dynamo=False,  # the newer exporter needs another package
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["scores"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "scores": {0: "batch"}},
        )


def fuse(path, config, out):
    """Joins attention, gelu and norms into ONNX Runtime's own operators, which are fewer, and fast in int8."""
    fused = optimizer.optimize_model(str(path), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=0)
    counts = fused.get_fused_operator_statistics()
    if counts["Attention"] != config.num_hidden_layers:
        raise SystemExit(f"{path}: {counts['Attention']} of {config.num_hidden_layers} attentions were fused; check the versions in requirements.txt")
    fused.save_model_to_file(str(out))


def quantise(path, out):
    """Converts weights to int8 by channel, embeddings included; activations are scaled at run time."""
    # Shape inference does not know the fused operators, so the type of their outputs must be given.
    options = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    # Seven bits for weights: sums of eight-bit weights can overflow on processors with AVX2 but without VNNI
    # (onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When to use reduce-range").
    quantize_dynamic(path, out, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True, extra_options=options)


class Session:
    """Runs an ONNX file as the server does: one thread and one text at a time, so that texts do not change each other's scores."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def scores(self, ids):
        """Ids of one text -> float32 [labels]."""
        row = np.array([ids], dtype=np.int64)
        return self.session.run(["scores"], {"input_ids": row, "attention_mask": np.ones_like(row)})[0][0]


def measure(name, path, encodings, labels):
    """Prints and returns the share of rows for which the file at path predicts the right label."""
    session, started = Session(path), time.monotonic()
    right = sum(int(session.scores(e.ids).argmax()) == label for e, label in zip(encodings, labels))
    milliseconds = (time.monotonic() - started) * 1000 / len(labels)
    print(f"val {right / len(labels):.4f} ({right} of {len(labels)}) {name}, {Path(path).stat().st_size / 1e6:.1f} MB, {milliseconds:.1f} ms a text", flush=True)
    return right / len(labels)


def check_same(path, model, encodings):
    """Exits with an error if the scores of the fp32 file and PyTorch differ."""
    session, worst = Session(path), 0.0
    for encoding in encodings[:50]:
        with torch.no_grad():
            want = model(torch.tensor([encoding.ids]), torch.tensor([encoding.attention_mask]))[0].numpy()
        worst = max(worst, float(np.abs(want - session.scores(encoding.ids)).max()))
    if worst > 1e-4:
        raise SystemExit(f"{path}: scores differ from PyTorch's by {worst:.2g}; the export is wrong")


def export(checkpoint, val_path, out):
    """Writes model.onnx, vocab.txt and config.json into out, and prints the accuracy of each stage."""
    model = Classifier()
    model.load_state_dict(torch.load(checkpoint))
    scores = Scores(model).eval()
    rows = read_rows(val_path)
    encodings, labels = encode(tokenizer(), [text for text, _ in rows]).encodings, [label for _, label in rows]

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain, fused = Path(folder, "plain.onnx"), Path(folder, "fused.onnx")
        to_onnx(scores, plain)
        fuse(plain, model.encoder.config, fused)
        check_same(fused, scores, encodings)
        measure("fp32", fused, encodings, labels)
        quantise(fused, out / "model.onnx")
    measure("int8", out / "model.onnx", encodings, labels)

    shutil.copy(ENCODER / "vocab.txt", out / "vocab.txt")
    names = dict(enumerate(LABELS))
    write(out / "config.json", model_type="bert", problem_type="single_label_classification", id2label=names,
          label2id={label: i for i, label in names.items()}, max_position_embeddings=512, pad_token_id=0, vocab_size=30522)
    write(out / "tokenizer_config.json", do_lower_case=True, model_max_length=MAX_TOKENS, tokenizer_class="BertTokenizer")


def write(path, **content):
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, type=Path, help="weights that train.py saved")
    parser.add_argument("--val", required=True, type=Path, help="rows to measure on, `text;label` on each line")
    parser.add_argument("--out", required=True, type=Path, help="folder for model.onnx, vocab.txt, config.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    export(args.checkpoint, args.val, args.out)


if __name__ == "__main__":
    main()

"""Turns the trained fp32 weights into the files that the server loads: model.onnx (int8), vocab.txt, config.json.

    python export.py --checkpoint checkpoint.pt --train train.txt --val val.txt --out ../models/bert-emotion-model

train.py calls export() at its end. Run alone, this script exports again without training.
"""

import argparse
import json
import re
import shutil
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

from classifier import ENCODER, MAX_TOKENS, Classifier, encode, tokenizer
from rows import LABELS, read_rows
from sentences import WHO, WRITTEN

BLOCK = 128  # weights with a scale of their own
CALIBRATION_TEXTS = 150  # of the emotion rows, and as many of the written sentences


class Scores(torch.nn.Module):
    """Classifier with probabilities in place of logits, the scores of the server's replies."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, input_ids, attention_mask):
        return torch.softmax(self.classifier(input_ids, attention_mask), dim=-1)


def to_onnx(model, path, output):
    """A model -> an fp32 ONNX file with int64 inputs [batch, tokens] and the named float output [batch, labels]."""
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
            output_names=[output],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, output: {0: "batch"}},
        )


def fuse(path, config, out):
    """Joins attention, gelu and norms into ONNX Runtime's own operators. Query, key and value stay products of their own, to be quantised."""
    options = FusionOptions("bert")
    options.use_multi_head_attention = True
    fused = optimizer.optimize_model(
        str(path), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, optimization_options=options, opt_level=0)
    counts = fused.get_fused_operator_statistics()
    if counts["MultiHeadAttention"] != config.num_hidden_layers:
        raise SystemExit(f"{path}: {counts['MultiHeadAttention']} of {config.num_hidden_layers} attentions were fused; check the versions in requirements.txt")
    fused.save_model_to_file(str(out))


class Calibration(CalibrationDataReader):
    """Texts that set the ranges of the activations, one at a time."""

    def __init__(self, encodings):
        self.encodings = iter(encodings)

    def get_next(self):
        encoding = next(self.encodings, None)
        return encoding and inputs(encoding.ids)


def quantise(path, encodings, out):
    """Converts embeddings and products to int8. The ranges of activations are constants, so that a text's scores do not depend on other texts.

    The last product of each layer has a few very large inputs, which one range would not fit. Its weights alone are int8, in blocks.
    """
    embedded, mixed = path.with_name("embedded.onnx"), path.with_name("mixed.onnx")
    quantize_dynamic(path, embedded, op_types_to_quantize=["EmbedLayerNormalization"])
    type_products(embedded)
    wide = [node.name for node in onnx.load(embedded).graph.node if node.op_type == "MatMul" and re.search(r"layer\.\d+/output/dense", node.name)]
    # Seven bits for weights: sums of eight-bit weights can overflow on processors with AVX2 but without VNNI
    # (onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When to use reduce-range").
    quantize_static(embedded, mixed, Calibration(encodings), quant_format=QuantFormat.QDQ, op_types_to_quantize=["MatMul"], nodes_to_exclude=wide,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
                    extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT, "MatMulConstBOnly": True})
    quantiser = MatMulNBitsQuantizer(onnx.load(mixed), bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4)
    quantiser.process()
    quantiser.model.save_model_to_file(str(out), False)


def type_products(path):
    """Writes the type of each product's input and output into the file: shape inference does not know the fused operators."""
    model = onnx.load(path)
    names = {name for node in model.graph.node if node.op_type == "MatMul" for name in (node.input[0], node.output[0])}
    model.graph.value_info.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in sorted(names))
    onnx.save(model, path)


def inputs(ids):
    """Ids of one text -> the network's inputs."""
    row = np.array([ids], dtype=np.int64)
    return {"input_ids": row, "attention_mask": np.ones_like(row)}


class Session:
    """Runs an ONNX file on one thread, one text at a time."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def output(self, ids):
        """Ids of one text -> float32 [labels]."""
        return self.session.run(None, inputs(ids))[0][0]


def measure(name, path, encodings, labels):
    """Prints the share of rows for which the file at path predicts the right label, and the error of its scores."""
    session, started = Session(path), time.monotonic()
    scores = np.array([session.output(e.ids) for e in encodings])
    milliseconds = (time.monotonic() - started) * 1000 / len(labels)
    right = scores.argmax(1) == np.array(labels)
    print(f"val {right.mean():.4f} ({right.sum()} of {len(labels)}), calibration error {calibration_error(scores.max(1), right):.4f}, "
          f"{name}, {Path(path).stat().st_size / 1e6:.1f} MB, {milliseconds:.1f} ms a text", flush=True)


def calibration_error(confidence, right, bins=15):
    """Expected calibration error: the mean distance of confidence and share of right predictions, over bins of confidence."""
    chosen = np.minimum((confidence * bins).astype(int), bins - 1)
    return sum(abs((confidence - right)[chosen == b].sum()) for b in range(bins)) / len(right)


def check_same(path, model, encodings):
    """Exits with an error if the outputs of the fp32 file and PyTorch differ."""
    session, worst = Session(path), 0.0
    for encoding in encodings[:50]:
        with torch.no_grad():
            want = model(torch.tensor([encoding.ids]), torch.tensor([encoding.attention_mask]))[0].numpy()
        worst = max(worst, float(np.abs(want - session.output(encoding.ids)).max()))
    if worst > 1e-4:
        raise SystemExit(f"{path}: outputs differ from PyTorch's by {worst:.2g}; the export is wrong")


def to_int8(model, output, config, encodings, texts, out, measure):
    """Writes a model as int8 to the file out.

    encodings are of texts that are measured: PyTorch's outputs and those of the fp32 file must be equal, and measure(name, path)
    is called for both files. texts are encodings that set the ranges of the activations.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain, fused = Path(folder, "plain.onnx"), Path(folder, "fused.onnx")
        to_onnx(model, plain, output)
        fuse(plain, config, fused)
        check_same(fused, model, encodings)
        measure("fp32", fused)
        quantise(fused, texts, out)
    measure("int8", out)


def export(checkpoint, train_path, val_path, out):
    """Writes model.onnx, vocab.txt and config.json into out, and prints the accuracy of each stage."""
    model = Classifier(len(LABELS))
    model.load_state_dict(torch.load(checkpoint))
    rows = read_rows(val_path)
    encodings, labels = encode(tokenizer(), [text for text, _ in rows]).encodings, [label for _, label in rows]
    to_int8(Scores(model).eval(), "scores", model.encoder.config, encodings, calibration_texts(train_path), out / "model.onnx",
            lambda name, path: measure(name, path, encodings, labels))
    shutil.copy(ENCODER / "vocab.txt", out / "vocab.txt")
    configure(out, LABELS, "single_label_classification", model.encoder.config)


def configure(out, labels, problem, config):
    """Writes config.json and tokenizer_config.json into the folder out."""
    names = dict(enumerate(labels))
    write(out / "config.json", model_type="bert", architectures=["BertForSequenceClassification"], problem_type=problem, id2label=names,
          label2id={label: i for i, label in names.items()}, max_position_embeddings=config.max_position_embeddings, pad_token_id=0,
          vocab_size=config.vocab_size)
    write(out / "tokenizer_config.json", do_lower_case=True, model_max_length=MAX_TOKENS, tokenizer_class="BertTokenizer")


def calibration_texts(train_path):
    """Encodings of emotion rows and of written sentences."""
    texts = [text for text, _ in read_rows(train_path)[:CALIBRATION_TEXTS]]
    written = read_rows(WRITTEN)
    texts += [text.replace("{who}", WHO[0]) for text, _ in written[:: len(written) // CALIBRATION_TEXTS]]
    return encode(tokenizer(), texts).encodings


def write(path, **content):
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, type=Path, help="weights that train.py saved")
    parser.add_argument("--train", required=True, type=Path, help="rows that set the ranges of activations, `text;label` on each line")
    parser.add_argument("--val", required=True, type=Path, help="rows to measure on, `text;label` on each line")
    parser.add_argument("--out", required=True, type=Path, help="folder for model.onnx, vocab.txt, config.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    export(args.checkpoint, args.train, args.val, args.out)


if __name__ == "__main__":
    main()

"""Serves the model server's own model with KServe's Python SDK, ONNX Runtime and Hugging Face's tokenizers, as a rival for the benchmark.

    python rival.py --model_dir FOLDER --http_port PORT --enable_grpc False
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from kserve import Model, ModelServer, model_server
from tokenizers import BertWordPieceTokenizer


class Classifier(Model):
    def __init__(self, name, folder):
        super().__init__(name)
        self.labels = list(json.loads((folder / "config.json").read_text())["id2label"].values())
        self.tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
        self.tokenizer.enable_truncation(64)
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        self.ready = True

    def predict(self, payload, headers=None):
        predictions = []
        for text in payload["instances"]:
            ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
            scores = self.session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
            order = np.argsort(-scores)
            predictions.append([{"label": self.labels[i], "score": float(scores[i])} for i in order])
        return {"predictions": predictions}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    parser.add_argument("--model_dir", required=True, type=Path)
    args, _ = parser.parse_known_args()
    ModelServer().start([Classifier(args.model_name, args.model_dir)])

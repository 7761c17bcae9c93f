"""Serves a Hugging Face pipeline with KServe's Python SDK, as a rival for the benchmark: DistilBERT, with random weights, because its
speed does not depend on their values.

    python pipeline.py --model_dir FOLDER --http_port PORT --enable_grpc False

FOLDER gives the vocabulary and the labels.
"""

import argparse
import json
from pathlib import Path

import torch
from kserve import Model, ModelServer, model_server
from transformers import BertTokenizerFast, DistilBertConfig, DistilBertForSequenceClassification, pipeline


class Pipeline(Model):
    def __init__(self, name, folder):
        super().__init__(name)
        labels = json.loads((folder / "config.json").read_text())["id2label"]
        tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64)
        network = DistilBertForSequenceClassification(DistilBertConfig(id2label={int(i): label for i, label in labels.items()}))
        self.classify = pipeline("text-classification", model=network.eval(), tokenizer=tokenizer, top_k=None, truncation=True)
        self.ready = True

    def predict(self, payload, headers=None):
        with torch.inference_mode():
            return {"predictions": self.classify(payload["instances"])}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    parser.add_argument("--model_dir", required=True, type=Path)
    args, _ = parser.parse_known_args()
    ModelServer().start([Pipeline(args.model_name, args.model_dir)])

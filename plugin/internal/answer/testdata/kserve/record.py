"""Records V2 replies written by KServe's own library, for TestKServeReplies.

    pip install kserve==0.21.0 && python record.py > v2.json

Each result is written like the result of a model's predict method: as JSON, with
binary tensors, over gRPC, and over gRPC with raw contents.
"""

import base64
import json
import struct

import numpy as np
import orjson
import pandas as pd
from kserve import InferInput, InferRequest
from kserve.utils.utils import get_predict_response

RESULTS = {
    "labels": ["joy", "love"],
    "class indices": [3, 1],  # huggingfaceserver, sequence classification
    "probabilities": [{0: 0.0012, 1: 0.9988}, {0: 1.0, 1: 1e-05}],  # the same with --return_probabilities
    "scores": np.array([[0.1, 0.9], [0.75, 0.25]]),
    "scores of 32 bits": np.array([[0.125, 0.875], [0.75, 0.25]], dtype=np.float32),
    "scores of 16 bits": np.array([[0.125, 0.875]], dtype=np.float16),
    "booleans": np.array([True, False]),
    "a data frame": pd.DataFrame({"label": ["joy", "love"], "score": [0.9, 0.8]}),
    "not a number": np.array([[0.1, np.nan]]),
    "an empty batch": np.empty((0, 3)),
}


def response(result, binary):
    inputs = [InferInput("input-0", [1], "BYTES", data=["a text"])]
    reply = get_predict_response(InferRequest("emotion", inputs, request_id="42"), result, "emotion")
    reply._use_binary_outputs = binary
    return reply


def rest(result, binary):
    body, json_bytes = response(result, binary).to_rest()
    return (orjson.dumps(body), 0) if json_bytes is None else (body, json_bytes)


def grpc(result, binary):
    message = response(result, binary).to_grpc().SerializeToString()
    return b"\0" + struct.pack(">I", len(message)) + message, 0


# Combinations that KServe refuses or fails to write.
LEFT_OUT = {("scores of 16 bits", rest, False), ("an empty batch", rest, True)}

print(json.dumps([
    {"result": name, "grpc": write is grpc, "jsonBytes": json_bytes, "body": base64.b64encode(body).decode()}
    for name, result in RESULTS.items()
    for write in (rest, grpc)
    for binary in (False, True)
    if (name, write, binary) not in LEFT_OUT
    for body, json_bytes in [write(result, binary)]
], indent=1))

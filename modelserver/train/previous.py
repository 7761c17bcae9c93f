"""Reads the weights back out of a model.onnx of the version before this one, so that training can go on from them."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper


def load(model, path):
    """Sets the Classifier's weights to those of an int8 file with fused attention."""
    network = onnx.load(path)
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in network.graph.initializer}
    weights = {name.removeprefix("classifier."): torch.tensor(array) for name, array in arrays.items() if name.startswith("classifier.")}
    found = {name: tensor for name, tensor in weights.items() if name in model.state_dict()}
    for name in model.state_dict():
        if f"{name}_quantized" in weights:
            found[name] = plain(arrays, f"classifier.{name}")
    products = iter(name.removesuffix("_quantized") for name in arrays if name.startswith("onnx::MatMul") and name.endswith("_quantized"))
    for i in range(model.encoder.config.num_hidden_layers):
        layer = f"encoder.encoder.layer.{i}"
        joined, bias = plain(arrays, f"Attention_{i}_qkv_weight").T, torch.tensor(arrays[f"Attention_{i}_qkv_bias"])
        for part, w, b in zip(("query", "key", "value"), joined.chunk(3), bias.chunk(3)):
            found[f"{layer}.attention.self.{part}.weight"], found[f"{layer}.attention.self.{part}.bias"] = w, b
        for part in ("attention.output", "intermediate", "output"):
            found[f"{layer}.{part}.dense.weight"] = plain(arrays, next(products)).T
    found["head.weight"] = plain(arrays, "classifier.head.weight_Transposed").T
    model.load_state_dict(found)


def plain(arrays, name):
    """The float32 values of an int8 tensor. The last axis has a scale of its own for each column, or none has."""
    values, scale, zero = (arrays[f"{name}_{part}"] for part in ("quantized", "scale", "zero_point"))
    return torch.tensor((values.astype(np.float32) - zero.astype(np.float32)) * scale)

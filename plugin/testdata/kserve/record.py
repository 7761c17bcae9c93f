"""Records the replies of KServe's own server: headers and bodies, over HTTP and gRPC.

    python3 -m venv ENV && ENV/bin/pip install -r requirements.txt && ENV/bin/python record.py

This writes replies.json. Ids and dates, which differ in every run, are replaced or left out.
"""

import http.client
import json
import multiprocessing
import pathlib
import socket
import struct
import time

import grpc
import numpy as np
from kserve import Model, ModelServer
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.utils.utils import get_predict_response

ID = "00000000-0000-0000-0000-000000000000"

# Results of V1 models. "encoder" and "encoder-probabilities" are results of KServe's huggingfaceserver (encoder_model.py)
# for sequence classification, without and with --return_probabilities.
V1 = {
    "pipeline": {"predictions": [[{"label": "joy", "score": 0.9889927506446838}, {"label": "love", "score": 0.004175746813416481}],
                                 [{"label": "anger", "score": 0.75}, {"label": "so \"sad\"\n\u00e9", "score": 0.25}]]},
    "encoder": {"predictions": [3, 1, 3]},
    "encoder-probabilities": {"predictions": [{0: 0.0012, 1: 0.9988}, {0: 0.75, 1: 0.25}]},
    "strings": {"predictions": ["joy", "love", "joy"]},
    "vectors": {"predictions": np.array([[0.1, 0.9], [0.75, 0.25]]).tolist()},
    "empty": {"predictions": []},
}

# Results of V2 models. "classes" and "probabilities" come from the same encoder.
V2 = {
    "labels": ["joy", "love", "joy"],
    "classes": [3, 1, 3],
    "probabilities": [{0: 0.0012, 1: 0.9988}, {0: 0.75, 1: 0.25}],
    "scores": np.array([[0.125, 0.875], [0.75, 0.25]], dtype=np.float32),
}


class Fixed(Model):
    """A model with the same result for every request."""

    def __init__(self, name, result):
        super().__init__(name)
        self.result = result
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        if isinstance(self.result, dict):
            return self.result
        return get_predict_response(payload, self.result, self.name)

    async def explain(self, payload, headers=None):
        return {"explanations": ["joy"]}


def serve(http_port, grpc_port):
    models = [Fixed(name, result) for name, result in {**V1, **V2}.items()]
    ModelServer(http_port=http_port, grpc_port=grpc_port, workers=1).start(models)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)


def over_http(port, name, path, request):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", path, json.dumps(request), {"content-type": "application/json"})
    reply = connection.getresponse()
    # KServe copies the request's host header into the reply of an explanation.
    left_out = ("date", "server", "host")
    kept = [(key.lower(), value) for key, value in reply.getheaders() if key.lower() not in left_out]
    return recorded(name, path, reply.status, kept, reply.read())


def over_grpc(port, name, is_raw):
    path = "/inference.GRPCInferenceService/ModelInfer"
    request = messages.ModelInferRequest(model_name=name, id=ID)
    tensor = request.inputs.add(name="text", datatype="BYTES", shape=[1])
    if is_raw:  # makes the reply's contents raw too
        request.raw_input_contents.append(struct.pack("<I", 4) + b"text")
    else:
        tensor.contents.bytes_contents.append(b"text")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=bytes)
        message = call(request)
    frame = struct.pack(">BI", 0, len(message)) + message
    kept = [("content-type", "application/grpc")]
    return recorded(name + (", raw" if is_raw else ", contents"), path, 200, kept, frame)


def recorded(name, path, status, headers, body):
    return {"name": name, "path": path, "status": status, "headers": sorted(headers), "body": body.decode("latin-1")}


def record(http_port, grpc_port):
    instances = {"instances": ["text"]}
    inputs = {"id": ID, "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["text"]}]}
    for name in V1:
        yield over_http(http_port, name, f"/v1/models/{name}:predict", instances)
    yield over_http(http_port, "missing", "/v1/models/missing:predict", instances)
    yield over_http(http_port, "explained", "/v1/models/strings:explain", instances)
    for name in V2:
        yield over_http(http_port, name, f"/v2/models/{name}/infer", inputs)
        binary = {**inputs, "parameters": {"binary_data_output": True}}
        yield over_http(http_port, name + ", binary", f"/v2/models/{name}/infer", binary)
        yield over_grpc(grpc_port, name, is_raw=False)
        yield over_grpc(grpc_port, name, is_raw=True)


def main():
    http_port, grpc_port = free_port(), free_port()
    server = multiprocessing.Process(target=serve, args=(http_port, grpc_port))
    server.start()
    try:
        wait_for(http_port)
        wait_for(grpc_port)
        replies = list(record(http_port, grpc_port))
    finally:
        server.kill()
        server.join()
    text = json.dumps(replies, indent=1, ensure_ascii=True, sort_keys=True)
    pathlib.Path(__file__).with_name("replies.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

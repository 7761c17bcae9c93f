"""Calls the model server with the official clients of KServe and Triton. The model is modeltest.Folder.

    python clients.py kserve|triton HOST:HTTP_PORT HOST:GRPC_PORT

Both clients define the protocol's messages, so a process can hold one of them.
"""

import asyncio
import queue
import sys

import numpy as np

if sys.argv[1] == "kserve":
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
else:
    import tritonclient.grpc as triton_grpc
    import tritonclient.http as triton_http
    from tritonclient.utils import InferenceServerException

TEXTS = ["very good", "bad", "gut ü"]
LABELS = ["good", "bad", "good"]
# The words add up to the logits: softmax([2.25, 0]), softmax([0, 2]), softmax([0, 0]).
SCORES = np.array([[0.9046505, 0.0953494], [0.1192029, 0.8807971], [0.5, 0.5]], dtype=np.float32)


def check(labels, scores):
    labels = [label.decode() if isinstance(label, bytes) else label for label in np.array(labels).flatten()]
    assert labels == LABELS, labels
    assert np.allclose(np.array(scores).reshape(3, 2), SCORES, atol=1e-6), scores


def triton(module, address, **options):
    client = module.InferenceServerClient(address)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("model") and client.is_model_ready("model", "1")
    metadata = client.get_model_metadata("model", "1")
    names = [t["name"] for t in metadata["inputs"]] if isinstance(metadata, dict) else [t.name for t in metadata.inputs]
    assert names == ["text"], metadata
    client.get_server_metadata()
    for shape in ([3], [3, 1]):
        tensor = module.InferInput("text", shape, "BYTES")
        tensor.set_data_from_numpy(np.array(TEXTS, dtype=object).reshape(shape))
        result = client.infer("model", [tensor], request_id="r1", **options)
        check(result.as_numpy("label"), result.as_numpy("scores"))
        assert result.as_numpy("scores").shape == (3, 2)
        response = result.get_response()
        assert (response["id"] if isinstance(response, dict) else response.id) == "r1"
    result = client.infer("model", [tensor], outputs=[module.InferRequestedOutput("scores")])
    assert result.as_numpy("label") is None and result.as_numpy("scores").shape == (3, 2)
    for bad, options in [("nobody", {}), ("model", {"model_version": "2"})]:
        try:
            client.infer(bad, [tensor], **options)
        except InferenceServerException as error:
            assert "does not exist" in str(error) or "one version" in str(error), error
        else:
            raise AssertionError("no error")
    return client, tensor


def triton_rest(address):
    for options in ({}, {"request_compression_algorithm": "gzip"}, {"request_compression_algorithm": "deflate", "response_compression_algorithm": "gzip"}):
        client, tensor = triton(triton_http, address, **options)
    tensor.set_data_from_numpy(np.array(TEXTS, dtype=object).reshape([3, 1]), binary_data=False)
    for binary in (True, False):
        outputs = [triton_http.InferRequestedOutput(name, binary_data=binary) for name in ("scores", "label")]
        result = client.infer("model", [tensor], outputs=outputs)
        check(result.as_numpy("label"), result.as_numpy("scores"))
    many = triton_http.InferInput("text", [500], "BYTES")
    many.set_data_from_numpy(np.array(["good"] * 500, dtype=object))
    for algorithm in ("gzip", "deflate"):
        result = client.infer("model", [many], response_compression_algorithm=algorithm)
        assert result.as_numpy("scores").shape == (500, 2)


def triton_stream(address):
    client, tensor = triton(triton_grpc, address)
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    for name in ("model", "nobody", "model"):
        client.async_stream_infer(name, [tensor], request_id=name)
    got = [answers.get(timeout=30) for _ in range(3)]
    client.stop_stream()
    check(got[0][0].as_numpy("label"), got[0][0].as_numpy("scores"))
    assert "does not exist" in str(got[1][1]), got[1]
    check(got[2][0].as_numpy("label"), got[2][0].as_numpy("scores"))
    for code, call in [
        ("NOT_FOUND", lambda: client.infer("nobody", [tensor])),
        ("INVALID_ARGUMENT", lambda: client.infer("model", [tensor], outputs=[triton_grpc.InferRequestedOutput("x")])),
    ]:
        try:
            call()
        except InferenceServerException as error:
            assert code in str(error.status()), error
        else:
            raise AssertionError(code)


async def kserve_rest(address):
    for protocol in ("v1", "v2"):
        client = InferenceRESTClient(RESTConfig(protocol=protocol))
        base = f"http://{address}"
        assert await client.is_model_ready(base, "model")
        if protocol == "v1":
            result = await client.infer(base, {"instances": TEXTS}, model_name="model")
            check([row[0]["label"] for row in result["predictions"]], [[dict((s["label"], s["score"]) for s in row)[l] for l in ("good", "bad")] for row in result["predictions"]])
            continue
        assert await client.is_server_live(base) and await client.is_server_ready(base)
        request = InferRequest(model_name="model", request_id="r2", infer_inputs=[InferInput("text", [3], "BYTES", data=TEXTS)])
        result = await client.infer(base, request, model_name="model")
        outputs = {output.name: output.data for output in result.outputs}
        check(outputs["label"], outputs["scores"])
        assert result.id == "r2" and result.model_name == "model"


async def kserve_grpc(address):
    client = InferenceGRPCClient(address)
    assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("model")
    request = InferRequest(model_name="model", request_id="r3", infer_inputs=[InferInput("text", [3], "BYTES", data=[t.encode() for t in TEXTS])])
    result = await client.infer(request)
    outputs = {output.name: output.as_numpy() for output in result.outputs}
    check(outputs["label"], outputs["scores"])
    assert result.id == "r3"
    await client.close()


def main():
    client, http, grpc = sys.argv[1:]
    if client == "kserve":
        asyncio.run(kserve_rest(http))
        asyncio.run(kserve_grpc(grpc))
    else:
        triton_rest(http)
        triton_stream(grpc)
    print("all calls are right")


main()

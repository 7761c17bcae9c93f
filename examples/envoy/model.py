#!/usr/bin/env python3
"""A model in one file, without any library. It names the species of an iris by
the nearest mean flower, and replies in the form of KServe's scikit-learn server
with predict_proba: one list of probabilities for each flower.

    python3 examples/envoy/model.py [PORT]
"""

import json
import math
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The mean flower of each species in Fisher's iris data: length and width of the
# sepals, then of the petals, in centimetres.
MEANS = {
    "setosa": (5.01, 3.43, 1.46, 0.25),
    "versicolor": (5.94, 2.77, 4.26, 1.33),
    "virginica": (6.59, 2.97, 5.55, 2.03),
}


def predict_proba(flower):
    """Returns the probability of each species, in the order of MEANS."""
    squares = [math.dist(flower, mean) ** 2 for mean in MEANS.values()]
    nearness = [math.exp(2 * (min(squares) - square)) for square in squares]
    return [round(n / sum(nearness), 4) for n in nearness]


class Server(BaseHTTPRequestHandler):
    """Serves the model by KServe's V1 protocol."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/v1/models/iris":
            self.reply(200, {"name": "iris", "ready": True})
        else:
            self.reply(404, {"error": "the model is at /v1/models/iris"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/v1/models/iris:predict":
            return self.reply(404, {"error": "the model is at /v1/models/iris:predict"})
        try:
            flowers = json.loads(body)["instances"]
            self.reply(200, {"predictions": [predict_proba(flower) for flower in flowers]})
        except (KeyError, TypeError, ValueError):
            self.reply(400, {"error": 'want {"instances": [[5.1, 3.5, 1.4, 0.2], ...]}'})

    def reply(self, status, document):
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Logs nothing, because requests are other people's data."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    ThreadingHTTPServer(("127.0.0.1", port), Server).serve_forever()

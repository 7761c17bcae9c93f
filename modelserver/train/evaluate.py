"""Measures a running model server: posts each row on its own over HTTP and prints how many it answers rightly.

    python evaluate.py --url http://127.0.0.1:8085 --file val.txt

The file holds `text;label` a line. Needs nothing but Python's standard library. Ends with 1 below --at-least.
"""

import argparse
import http.client
import json
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit


def read_rows(path):
    """`text;label` a line -> [(text, label)]."""
    rows = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        text, separator, label = line.rpartition(";")
        if not separator:
            raise SystemExit(f"{path}:{number}: want `text;label`")
        rows.append((text, label))
    if not rows:
        raise SystemExit(f"{path}: no rows")
    return rows


def answer(connection, path, text):
    """The label with the highest score for a text."""
    connection.request("POST", path, json.dumps({"input": text}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"{path}: status {response.status}: {body.decode(errors='replace')[:200]}")
    return json.loads(body)["predictions"][0][0]["label"]


def report(pairs):
    """[(right label, answered label)] -> lines of a Markdown table with precision and recall by label."""
    right, answered, both = Counter(p[0] for p in pairs), Counter(p[1] for p in pairs), Counter(p[0] for p in pairs if p[0] == p[1])
    yield "| label | rows | answered | precision | recall |"
    yield "|---|---|---|---|---|"
    for label in sorted(right | answered):
        precision = both[label] / answered[label] if answered[label] else 0
        recall = both[label] / right[label] if right[label] else 0
        yield f"| {label} | {right[label]} | {answered[label]} | {precision:.3f} | {recall:.3f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8085", help="where the server listens (%(default)s)")
    parser.add_argument("--model", default="bert-emotion-model", help="the model's name (%(default)s)")
    parser.add_argument("--file", required=True, type=Path, help="rows, `text;label` a line")
    parser.add_argument("--at-least", type=float, default=0, help="end with 1 below this accuracy (%(default)s)")
    args = parser.parse_args()
    rows, path = read_rows(args.file), f"/v1/models/{args.model}:predict"
    connection, started = http.client.HTTPConnection(urlsplit(args.url).netloc, timeout=60), time.monotonic()
    try:
        pairs = [(label, answer(connection, path, text)) for text, label in rows]
    except OSError as error:
        raise SystemExit(f"{args.url}: {error}; is the model server running?")
    milliseconds = (time.monotonic() - started) * 1000 / len(rows)
    right = sum(want == got for want, got in pairs)
    print("\n".join(report(pairs)))
    print(f"\naccuracy {right / len(rows):.4f} ({right} of {len(rows)}), {milliseconds:.1f} ms a request")
    return 0 if right / len(rows) >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())

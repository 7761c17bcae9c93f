"""Measures the accuracy and the calibration of a running model server: posts each row on its own over HTTP.

    python evaluate.py --url http://127.0.0.1:8085 --file everyday.txt
    python evaluate.py --url http://127.0.0.1:8085 --model goemotions --file goemotions/dev.tsv --labels goemotions/labels.txt

Each line of the file holds `text;label`. With --labels, the lines are those of GoEmotions, and a text can have several labels.
Only Python's standard library is needed. Exits with 1 if the accuracy, or with --labels the mean of the labels' F1, is below --at-least.
"""

import argparse
import http.client
import json
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from rows import read_comments


def read_rows(path):
    """Lines of `text;label` -> [(text, label)]."""
    rows = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        text, separator, label = line.rpartition(";")
        if not separator:
            raise SystemExit(f"{path}:{number}: want `text;label`")
        rows.append((text, label))
    if not rows:
        raise SystemExit(f"{path}: no rows")
    return rows


def predict(connection, path, text):
    """The labels and scores of a text, [{"label": ..., "score": ...}], the highest first."""
    connection.request("POST", path, json.dumps({"input": text}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"{path}: status {response.status}: {body.decode(errors='replace')[:200]}")
    return json.loads(body)["predictions"][0]


def report_labels(rows, answers, labels):
    """Prints precision, recall and F1 of each label, and returns the mean of F1. Labels with a score above 0.5 are predicted."""
    predicted = [{label["label"] for label in answer if label["score"] > 0.5} for answer in answers]
    print("| label | rows | predicted | precision | recall | F1 |\n|---|---|---|---|---|---|")
    total = 0
    for label in labels:
        right, found = sum(label in want for _, want in rows), sum(label in got for got in predicted)
        both = sum(label in want and label in got for (_, want), got in zip(rows, predicted))
        total += 2 * both / max(1, right + found)
        print(f"| {label} | {right} | {found} | {both / max(1, found):.3f} | {both / max(1, right):.3f} | {2 * both / max(1, right + found):.3f} |")
    return total / len(labels)


def report(pairs):
    """[(right label, predicted label)] -> lines of a Markdown table with precision and recall by label."""
    right, predicted, both = Counter(p[0] for p in pairs), Counter(p[1] for p in pairs), Counter(p[0] for p in pairs if p[0] == p[1])
    yield "| label | rows | predicted | precision | recall |"
    yield "|---|---|---|---|---|"
    for label in sorted(right | predicted):
        precision = both[label] / predicted[label] if predicted[label] else 0
        recall = both[label] / right[label] if right[label] else 0
        yield f"| {label} | {right[label]} | {predicted[label]} | {precision:.3f} | {recall:.3f} |"


def calibration_error(answers, bins=15):
    """Expected calibration error of [(score, right)]: the mean distance of score and share of right labels, over bins of scores."""
    sums = [0.0] * bins
    for score, right in answers:
        sums[min(int(score * bins), bins - 1)] += score - right
    return sum(map(abs, sums)) / len(answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8085", help="the server's address (%(default)s)")
    parser.add_argument("--model", default="bert-emotion-model", help="the model's name (%(default)s)")
    parser.add_argument("--file", required=True, type=Path, help="rows, `text;label` on each line")
    parser.add_argument("--labels", type=Path, help="names of the labels, one on each line, of which a text can have several")
    parser.add_argument("--wrong", action="store_true", help="print the rows with a wrong label")
    parser.add_argument("--at-least", type=float, default=0, help="exit with 1 below this accuracy or mean F1 (%(default)s)")
    args = parser.parse_args()
    labels = args.labels and args.labels.read_text(encoding="utf-8").split()
    rows = [(text, {labels[i] for i in numbers}) for text, numbers in read_comments(args.file)] if labels else read_rows(args.file)
    path = f"/v1/models/{args.model}:predict"
    connection, started = http.client.HTTPConnection(urlsplit(args.url).netloc, timeout=60), time.monotonic()
    try:
        answers = [predict(connection, path, text) for text, _ in rows]
    except OSError as error:
        raise SystemExit(f"{args.url}: {error}; is the model server running?")
    milliseconds = (time.monotonic() - started) * 1000 / len(rows)
    if labels:
        mean = report_labels(rows, answers, labels)
        print(f"\nmacro-F1 {mean:.4f} of {len(rows)} texts, {milliseconds:.1f} ms a request")
        return 0 if mean >= args.at_least else 1
    return report_best(rows, answers, args, milliseconds)


def report_best(rows, answers, args, milliseconds):
    """Prints precision and recall of each label, accuracy and calibration error of the labels with the highest scores. Returns the exit code."""
    answers = [(answer[0]["label"], answer[0]["score"]) for answer in answers]
    pairs = [(want, got) for (_, want), (got, _) in zip(rows, answers)]
    right = sum(want == got for want, got in pairs)
    for (text, want), (got, score) in zip(rows, answers):
        if args.wrong and want != got:
            print(f"{got} {score:.2f}, not {want}: {text}")
    print("\n".join(report(pairs)))
    error = calibration_error([(score, want == got) for (want, got), (_, score) in zip(pairs, answers)])
    print(f"\naccuracy {right / len(rows):.4f} ({right} of {len(rows)}), calibration error {error:.4f}, {milliseconds:.1f} ms a request")
    return 0 if right / len(rows) >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())

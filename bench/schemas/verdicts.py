"""Asks onnx.checker about every mutant in a folder; run by mutants.ts.

Writes, for each kind of mutation, one character a model: 1 valid, 0 invalid, . no such mutant.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import onnx


def valid(path):
    try:
        onnx.checker.check_model(path.read_bytes(), full_check=True)
        return "1"
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return "0"


def main(folder, count, out):
    verdicts = defaultdict(lambda: ["."] * int(count))
    for path in Path(folder).glob("*.onnx"):
        kind, index, _ = path.name.split(".")
        verdicts[kind][int(index)] = valid(path)
    content = {"onnx": onnx.__version__, "models": int(count), "verdicts": {kind: "".join(line) for kind, line in sorted(verdicts.items())}}
    Path(out).write_text(json.dumps(content, indent=1) + "\n")


main(*sys.argv[1:])

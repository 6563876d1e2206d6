"""Tensors between Decant's benchmarks and Python: NAME.json says what lies where in NAME.bin (little-endian, row-major).

    {"x": {"type": "float32", "dims": [2, 3], "offset": 0}, ...}        bench/training/tensorFile.ts is the other half.
"""
import json

import numpy as np


def read_tensors(stem):
    with open(f"{stem}.json", encoding="utf8") as file:
        table = json.load(file)
    data = np.fromfile(f"{stem}.bin", dtype=np.uint8)
    found = {}
    for name, entry in table.items():
        kind = np.dtype(entry["type"]).newbyteorder("<")
        length = int(np.prod(entry["dims"], dtype=np.int64)) * kind.itemsize
        found[name] = data[entry["offset"]:entry["offset"] + length].view(kind).reshape(entry["dims"]).copy()
    return found

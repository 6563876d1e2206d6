"""Writes test/fixtures/decompose/references.json: errors that TensorLy reaches at given ranks.

    python -m venv env && env/bin/pip install tensorly==0.10.0 numpy==2.4.6 onnx==1.23.2
    env -u OPENBLAS_CORETYPE env/bin/python bench/decompose/references.py ../shared/assets

Tensors are drawn by the arithmetic of `drawn` below, which test/engine/passes/decompose/methods/references.test.ts repeats, or are
weights of a model of the assets. Errors are Frobenius norms of the difference over that of the tensor, in float64. Of CP the
best of several starts is kept, with the root of the sum of the squares of the norms of its components over that of the tensor
("amplification"): large ones are degenerate fits.
"""

import json
import os
import sys
from importlib.metadata import version

import numpy as np
import onnx
import tensorly as tl
from onnx import numpy_helper
from tensorly.decomposition import parafac, partial_tucker

TARGET = os.path.join(os.path.dirname(__file__), "..", "..", "test", "fixtures", "decompose", "references.json")
MODEL = "models/fashion-resnet18.onnx"

# Shape, components beneath the noise, size of the noise, Tucker ranks (inputs, outputs), CP ranks.
DRAWN = [
    ([16, 12, 3, 3], 6, 0.1, [[4, 4], [6, 8]], [3, 6, 10]),
    ([32, 24, 5], 0, 1.0, [[6, 8], [16, 20]], [4, 16, 32]),
    ([24, 32, 3, 3], 12, 0.5, [[8, 8], [12, 12]], [8, 16, 32]),
    ([12, 10, 3, 3, 3], 8, 0.3, [[4, 6], [8, 8]], [4, 8, 20]),
    ([40, 3, 7, 7], 10, 0.2, [[2, 10], [3, 16]], [5, 10, 20]),
    ([64, 48, 3, 3], 0, 1.0, [[16, 16], [32, 40]], [16, 48]),
]
# Layer weights, Tucker ranks, CP ranks.
WEIGHTS = [
    ("onnx::Conv_195", [[8, 8], [16, 16]], [16, 48]),
    ("onnx::Conv_207", [[8, 16], [16, 32]], [16, 48]),
    ("onnx::Conv_219", [[16, 16], [32, 32]], [16, 64]),
    ("onnx::Conv_222", [[16, 32], [32, 64]], [32, 96]),
    ("onnx::Conv_240", [[64, 64], [128, 128]], [32]),
]
RANDOM_STARTS = 3
SWEEPS = 500
TOLERANCE = 1e-8


def hashed(count, seed):
    """Uniform in [-1, 1): the finalizer of MurmurHash3 over index and seed."""
    with np.errstate(over="ignore"):
        mixed = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed) * np.uint32(0x85EBCA6B)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
        mixed ^= mixed >> np.uint32(16)
    return mixed / 2.0**31 - 1


def drawn(shape, components, noise, seed):
    """A sum of outer products and noise of `noise` times its root mean square (of 1 without components)."""
    signal = np.zeros(shape)
    for component in range(components):
        term = np.ones(())
        for mode, length in enumerate(shape):
            term = np.multiply.outer(term, hashed(length, seed + 1 + component * len(shape) + mode))
        signal += term
    size = np.sqrt(np.mean(signal**2)) if components else 1.0
    return signal + noise * size * hashed(int(np.prod(shape)), seed).reshape(shape)


def error(tensor, approximation):
    return float(np.linalg.norm(tensor - approximation) / np.linalg.norm(tensor))


def tucker_error(tensor, inputs, outputs):
    (core, factors), _ = partial_tucker(tensor, rank=[outputs, inputs], modes=[0, 1], n_iter_max=SWEEPS, tol=TOLERANCE, init="svd")
    return error(tensor, tl.tenalg.multi_mode_dot(core, factors, modes=[0, 1]))


def cp_fits(tensor, rank):
    for start in range(1 + RANDOM_STARTS):
        init, seed = ("svd", 0) if start == 0 else ("random", start)
        try:
            found = parafac(tensor, rank, n_iter_max=SWEEPS, tol=TOLERANCE, init=init, random_state=seed, normalize_factors=True)
        except np.linalg.LinAlgError:
            continue
        amplification = float(np.linalg.norm(found.weights) / np.linalg.norm(tensor))
        yield {"error": error(tensor, tl.cp_to_tensor(found)), "amplification": amplification}


def measured(tensor, tucker_ranks, cp_ranks):
    return {
        "tucker": [{"ranks": ranks, "error": tucker_error(tensor, *ranks)} for ranks in tucker_ranks],
        "cp": [{"ranks": [rank], **min(cp_fits(tensor, rank), key=lambda fit: fit["error"])} for rank in cp_ranks],
    }


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def main(assets):
    cases = []
    for seed, (shape, components, noise, tucker_ranks, cp_ranks) in enumerate(DRAWN):
        recipe = {"components": components, "noise": noise, "seed": 1000 * (seed + 1)}
        cases.append({"shape": shape, "drawn": recipe, **measured(drawn(shape, **recipe), tucker_ranks, cp_ranks)})
        print(json.dumps(cases[-1]), flush=True)
    stored = {tensor.name: tensor for tensor in onnx.load(os.path.join(assets, MODEL)).graph.initializer}
    for name, tucker_ranks, cp_ranks in WEIGHTS:
        tensor = numpy_helper.to_array(stored[name]).astype(np.float64)
        cases.append({"shape": list(tensor.shape), "weights": name, **measured(tensor, tucker_ranks, cp_ranks)})
        print(json.dumps(cases[-1]), flush=True)
    made_by = {name: version(name) for name in ("tensorly", "numpy", "onnx")}
    with open(TARGET, "w", encoding="utf8") as file:
        json.dump({"madeBy": made_by, "model": MODEL, "cases": rounded(cases)}, file, indent=1)
        file.write("\n")


main(sys.argv[1])

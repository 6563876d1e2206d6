"""Makes the fixtures of test/engine/train/wholeModels.test.ts: loss and gradients of whole models by PyTorch in float64.

    python gradients.py PLAN

PLAN is a JSON list that bench/training/oracle.ts writes: {"model": path, "tensors": stem of the batch (inputs by name, and
`labels`), "training": whether BatchNormalization takes the batch's statistics, "fixture": where the result goes}.

The loss is the mean cross entropy of the logits. Small gradients are stored whole. Of larger ones the norm and 32
projections on vectors of +1 and -1 are stored: for a difference d the mean of the squares of its projections is |d|^2 in
expectation, so that every entry counts and a fixture stays small. The signs are bits of a hash of the entry's index.
Needs torch 2.15 and onnx 1.23 in a virtual environment.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from onnxTorch import OnnxTorch
from tensorFile import read_tensors

WHOLE = 64
"""Gradients with at most this many entries are stored as they are."""

NEGLIGIBLE = 1e-2
"""Gradients that are zero in exact arithmetic are measured against this part of the whole gradient's norm."""


def signs(count):
    """32 signs for each of `count` entries: bits of the hash `lowbias32` (Wellons 2018), bit k for projection k."""
    h = np.arange(count, dtype=np.uint32)
    with np.errstate(over="ignore"):
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x7FEB352D)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x846CA68B)
        h ^= h >> np.uint32(16)
    bits = (h[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return bits.astype(np.float64) * 2 - 1


def summary(gradient):
    flat = gradient.detach().numpy().astype(np.float64).reshape(-1)
    entry = {"dims": list(gradient.shape), "norm": float(np.linalg.norm(flat))}
    key, values = ("values", flat) if flat.size <= WHOLE else ("projections", flat @ signs(flat.size))
    return {**entry, key: [float(f"{value:.9g}") for value in values]}


def evaluate(case, dtype):
    torch.manual_seed(0)
    tensors = {name: torch.from_numpy(value) for name, value in read_tensors(case["tensors"]).items()}
    labels = tensors.pop("labels").long()
    model = OnnxTorch(case["model"], dtype)
    loss = F.cross_entropy(model.run(tensors, case["training"])[model.logits()], labels)
    loss.backward()
    return model, loss


def main():
    for case in json.load(open(sys.argv[1], encoding="utf8")):
        model, loss = evaluate(case, torch.float64)
        single, _ = evaluate(case, torch.float32)
        gradients = {name: weight.grad for name, weight in model.weights.items() if weight.grad is not None}
        # How far PyTorch's own float32 lies from its float64, for comparison.
        least = NEGLIGIBLE * sum(float(g.norm()) ** 2 for g in gradients.values()) ** 0.5
        rounding = {name: float((single.weights[name].grad.double() - g).norm()) / max(float(g.norm()), least) for name, g in gradients.items()}
        worst = max(rounding, key=rounding.get)
        fixture = {
            "madeBy": f"bench/oracles/gradients.py, torch {torch.__version__.split('+')[0]}, float64",
            "training": case["training"], "loss": float(loss.detach()), "float32": rounding[worst],
            "gradients": {name: summary(g) for name, g in gradients.items()},
            **({"statistics": {name: summary(s) for name, s in model.statistics.items()}} if case["training"] else {}),
        }
        with open(case["fixture"], "w", encoding="utf8") as file:
            json.dump(fixture, file, separators=(",", ":"))
            file.write("\n")
        print(f"{case['fixture']}: loss {fixture['loss']:.6f}, {len(gradients)} gradients, float32 off by {rounding[worst]:.1e} ({worst}), nearest kink {model.nearest_kink:.1e}", flush=True)


if __name__ == "__main__":
    main()

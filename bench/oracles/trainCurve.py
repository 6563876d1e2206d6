"""Trains an ONNX model with PyTorch on batches that are given: the oracle of the training curves.

    python trainCurve.py PLAN

PLAN is JSON that bench/training/curves.ts writes: {"model": path, "data": stem (inputs by name, and `labels`), "steps": stem
(`order` [steps, batch]: samples of each step; `rates` [steps]: learning rates), "decayed": names of the weights that decay,
"weightDecay", "threads", "judged": stem of samples whose accuracy is wanted, or null}. Prints one line of JSON: the loss
before each step, seconds, accuracy. The update is torch.optim.AdamW with its defaults.

Needs torch 2.15 and onnx 1.23 in a virtual environment.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from onnxTorch import OnnxTorch
from tensorFile import read_tensors

JUDGED_AT_ONCE = 256


def read(stem):
    tensors = {name: torch.from_numpy(value) for name, value in read_tensors(stem).items()}
    return tensors, tensors.pop("labels", None)


def accuracy(model, inputs, labels):
    right = 0
    with torch.no_grad():
        for start in range(0, len(labels), JUDGED_AT_ONCE):
            part = {name: x[start:start + JUDGED_AT_ONCE] for name, x in inputs.items()}
            right += int((model.run(part)[model.logits()].argmax(1) == labels[start:start + JUDGED_AT_ONCE]).sum())
    return right / len(labels)


def main():
    plan = json.load(open(sys.argv[1], encoding="utf8"))
    torch.set_num_threads(plan["threads"])
    model = OnnxTorch(plan["model"])
    inputs, labels = read(plan["data"])
    steps, _ = read(plan["steps"])
    decayed = set(plan["decayed"])
    groups = [
        {"params": [w for name, w in model.weights.items() if name in decayed], "weight_decay": plan["weightDecay"]},
        {"params": [w for name, w in model.weights.items() if name not in decayed], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    losses, began = [], time.perf_counter()
    for indices, rate in zip(steps["order"], steps["rates"].tolist()):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model.run({name: x[indices] for name, x in inputs.items()}, True)[model.logits()], labels[indices])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    seconds = time.perf_counter() - began
    judged = None if plan["judged"] is None else accuracy(model, *read(plan["judged"]))
    print(json.dumps({"losses": losses, "seconds": seconds, "accuracy": judged, "version": torch.__version__}))


if __name__ == "__main__":
    main()

"""PyTorch's half of the throughput benchmark: takes full training steps when told to and says how long they took.

    python peerSpeed.py MODEL OPTIMIZER THREADS TENSORS [compile]

MODEL: resnet20, mobilenet, transformer. OPTIMIZER: sgd (momentum 0.9), adamw. TENSORS: stem of one batch of real samples
(inputs in the order of the network, and `labels`; see tensorFile.py). Reads lines from standard input: a number takes so
many steps, `memory` asks for the peak; each is answered by a line of JSON. A step is forward, backward and update, with
BatchNormalization in training mode. Needs torch 2.15.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from peerModels import Transformer, mobilenet, resnet20
from tensorFile import read_tensors


def memory():
    """Bytes: the largest resident size so far and that of now, from the kernel."""
    with open("/proc/self/status", encoding="utf8") as file:
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file if line.startswith(("VmHWM", "VmRSS"))}
    return {"peak": sizes["VmHWM"], "now": sizes["VmRSS"]}


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    name, optimizer, threads, stem = sys.argv[1:5]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    tensors = {key: torch.from_numpy(value) for key, value in read_tensors(stem).items()}
    labels = tensors.pop("labels")
    inputs = list(tensors.values())
    model = {"resnet20": resnet20, "mobilenet": mobilenet, "transformer": Transformer}[name]()
    model.train()
    parameters = model.parameters()
    update = torch.optim.SGD(parameters, 0.01, 0.9) if optimizer == "sgd" else torch.optim.AdamW(parameters, 1e-4)
    forward = torch.compile(model) if "compile" in sys.argv[5:] else model

    def step():
        update.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(*inputs), labels)
        loss.backward()
        update.step()
        return loss.item()

    answer(version=torch.__version__, threads=torch.get_num_threads(), parameters=sum(p.numel() for p in model.parameters()), **memory())
    for line in sys.stdin:
        if line.strip() == "memory":
            answer(**memory())
            continue
        began = time.perf_counter()
        loss = float("nan")
        for _ in range(int(line)):
            loss = step()
        answer(seconds=time.perf_counter() - began, loss=loss)


if __name__ == "__main__":
    main()

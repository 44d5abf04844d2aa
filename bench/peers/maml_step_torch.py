"""The steps of `npm run bench -- workloads` in PyTorch, one step per line of stdin.

    npm run bench -- workloads W1,W2 --peer torch [--python /usr/bin/python3]
    echo '{"workload": "W1"}' | python3 bench/peers/maml_step_torch.py [--device cuda] [--tf32]

The first line that it prints says what it is, {"peer": "pytorch 1.13.0 cpu, 2 threads"}. Then every request {"workload": name} is
answered when one second-order MAML step of that workload is done: {"ms": 87.1}, with the peak memory on a GPU, or {"error": text}.
A step: the gradient of the support loss (with its graph), one step of gradient descent, the query loss there, and its gradient
by every initial parameter. On a processor it uses all cores, as PyTorch by itself does not everywhere.
"""
import argparse
import json
import sys
import time

import detector
import torch
import torch.nn.functional as F
from cores import cores
from layers import Parameters, attention, block, by_batch, conv, linear

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--device", default="cpu", help="cpu or cuda")
arguments.add_argument("--tf32", action="store_true", help="allow TensorFloat-32 on a GPU")
options = arguments.parse_args()
device = torch.device(options.device)
torch.manual_seed(0)
torch.set_num_threads(cores())
torch.backends.cuda.matmul.allow_tf32 = options.tf32
torch.backends.cudnn.allow_tf32 = options.tf32
torch.backends.cudnn.benchmark = True


def labels(n, classes):
    return torch.arange(n) % classes


def four_conv(queries):
    """The 4Conv of Omniglot: 5-way, 5 support images of 28 px."""
    p = Parameters()
    for i in range(4):
        p.block(f"block{i}", 64 if i else 1, 64)
    p.linear("head", 64, 5)

    def loss(p, x, y):
        for i in range(4):
            x = block(p, f"block{i}", x)
        return F.cross_entropy(linear(p, "head", x), y)

    def data(n):
        return torch.randn(n, 1, 28, 28), labels(n, 5)

    return p, loss, data(5), data(queries), 0.4


def medetection(size, support):
    """The network of Zhang et al. 2023, coordinate attention after the first block; 20 query pairs."""
    model = {"size": size, "width": 32, "attention": "low", "siamese": True}

    def loss(p, *batch):
        return detector.loss(p, batch, model)

    def data(n):
        return torch.randn(n, 3, size, size), torch.randn(n, 3, size, size), labels(n, 2).float()

    return detector.init(model), loss, data(support), data(20), 0.01


def published(size=256, pairs=8):
    """The network of the code that Zhang et al. published."""
    stages = [[3, 64, 64], [64, 128, 128], [128, 256, 256, 256]]
    p = Parameters()
    for s, channels in enumerate(stages):
        for i in range(len(channels) - 1):
            p.conv(f"trunk{s}.{i}", channels[i], channels[i + 1])
        p.norm(f"trunk{s}", channels[-1])
    for i in range(4):
        p.block(f"block{i}", 32 if i else 256, 32)
    p.attention("attention", 32)
    p.linear("head", 32 * (16 + 4 + 1), 2)

    def trunk(p, x):
        for s, channels in enumerate(stages):
            for i in range(len(channels) - 1):
                x = conv(p, f"trunk{s}.{i}", x, min(i, 1))
            x = by_batch(p, f"trunk{s}", F.max_pool2d(x, 2, padding=1))
        return x

    def pyramid(x):
        side = x.shape[2]
        for level in (4, 2, 1):
            window = -(-side // level)
            yield F.max_pool2d(x, window, window, (window * level - side + 1) // 2).flatten(1)

    def loss(p, image, reference, y):
        difference = (trunk(p, image) - trunk(p, reference)).abs()
        x = F.interpolate(difference, size=[256, 256], mode="nearest")
        for i in range(4):
            x = F.max_pool2d(by_batch(p, f"block{i}.norm", F.relu(conv(p, f"block{i}.conv", x))), 2)
            if i == 0:
                x = attention(p, "attention", x)
        return F.cross_entropy(linear(p, "head", torch.cat(list(pyramid(x)), 1)), y)

    def data():
        return torch.randn(pairs, 3, size, size), torch.randn(pairs, 3, size, size), labels(pairs, 2)

    return p, loss, data(), data(), 1e-3


WORKLOADS = {
    "W1": lambda: four_conv(75),
    "W1-5": lambda: four_conv(5),
    "W2": lambda: medetection(64, 20),
    "W3": lambda: medetection(128, 64),
    "W4": published,
}
loaded = {}


def load(name):
    p, loss, support, query, rate = WORKLOADS[name]()
    support, query = ([t.to(device) for t in batch] for batch in (support, query))
    return {k: v.to(device).requires_grad_() for k, v in p.items()}, loss, support, query, rate


def step(p, loss, support, query, rate):
    gradient = torch.autograd.grad(loss(p, *support), list(p.values()), create_graph=True)
    adapted = {name: v - rate * g for (name, v), g in zip(p.items(), gradient)}
    value = loss(adapted, *query)
    torch.autograd.grad(value, list(p.values()))
    return value.item()  # waits for a GPU


def answer(name):
    if name not in WORKLOADS:
        return {"error": f"has no workload {name}"}
    if name not in loaded:
        loaded[name] = load(name)
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    step(*loaded[name])
    if device.type == "cuda":
        torch.cuda.synchronize()
    taken = {"ms": (time.perf_counter() - start) * 1e3}
    if device.type == "cuda":
        taken["peakMiB"] = torch.cuda.max_memory_allocated() / 2**20
    return taken


def say(message):
    print(json.dumps(message), flush=True)


threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
say({"peer": f"pytorch {torch.__version__} {device}" + threads + (" tf32" if options.tf32 else "")})
for line in sys.stdin:
    try:
        say(answer(json.loads(line)["workload"]))
    except RuntimeError as error:  # out of memory, for one
        say({"error": str(error)})

"""Writes a folder of reference values for `medetection certify --oracle FOLDER`, computed by PyTorch in float64.

    python3 bench/peers/oracle_torch.py FOLDER [--seed N]

Needs PyTorch and NumPy (where they are Debian's packages, /usr/bin/python3 has them and another python3 may not). The folder then holds ops.json, maml.json and medetection.json with the cases, and the
tensors as float32 in .safetensors files of the same names:

- ops: for a case NAME, inputs NAME/in/K, output NAME/y and its cotangent NAME/r. With L = sum(y r), NAME/g/K = dL/d(K).
  With NAME/u/K the cotangents of those gradients and L2 = sum over K of sum(g_K u_K), NAME/gg/K = dL2/d(K), left out
  where it is identically zero; `second_order` of the case names the others.
- maml: a convolutional classifier, a support and a query set; for every mode the inner losses, the adapted parameters,
  the query loss and the meta-gradient.
- medetection: the published network on some pairs of images: parameters, logits, cross-entropy, the gradient of every parameter.

To check other shapes and attributes, change `ops_cases`, `network`, `modes` and `published_images` below: the command reads all of them from
the folder. Inputs are rounded to float32 before anything is computed with them.
"""

import argparse
import json
import os

import torch
import torch.nn.functional as F
from state_dict_torch import Published
from tensor_file import write_tensors

torch.set_default_dtype(torch.float64)


def rounded(values):
    """As the file will hold it."""
    return values.to(torch.float32).to(torch.float64)


def normal(*shape):
    return rounded(torch.randn(*shape))


def save_safetensors(path, tensors):
    """Integers as I32, the rest as F32."""
    write_tensors(path, {name: t.float() if t.is_floating_point() else t.int() for name, t in tensors.items()})


def batch_norm(x, gamma, beta, eps):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def spatial_pyramid_pool(x, levels):
    """Kernel ceil(size / n), padding floor((kernel n - size + 1) / 2) along either axis for every level n."""
    parts = []
    for n in levels:
        kernel = [-(-size // n) for size in x.shape[2:]]
        padding = [(k * n - size + 1) // 2 for k, size in zip(kernel, x.shape[2:])]
        parts.append(F.max_pool2d(x, kernel, kernel, padding).flatten(1))
    return torch.cat(parts, 1)


def coordinate_attention(x, w1, b1, g1, e1, wh, bh, ww, bw, eps):
    h = x.shape[2]
    pooled = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], 2)
    y = batch_norm(F.conv2d(pooled, w1, b1), g1, e1, eps)
    y = y * F.relu6(y + 3) / 6
    rows, columns = y[:, :, :h], y[:, :, h:].transpose(2, 3)
    return x * torch.sigmoid(F.conv2d(rows, wh, bh)) * torch.sigmoid(F.conv2d(columns, ww, bw))


def sliced(y, axis, start, stop):
    index = [slice(None)] * y.dim()
    index[axis] = slice(start, stop)
    return y[tuple(index)]


# How the op of a case is computed, given its inputs by name and its attributes.
compute = {
    "conv2d": lambda i, a: F.conv2d(i["x"], i["weight"], i.get("bias"), a["stride"], a["padding"]),
    "max_pool2d": lambda i, a: F.max_pool2d(i["x"], a["kernel"], a["stride"], a["padding"]),
    "avg_pool2d": lambda i, a: F.avg_pool2d(i["x"], a["kernel"], a["stride"], a["padding"]),
    "mean": lambda i, a: i["x"].mean(a["axes"], keepdim=a["keepdim"]),
    "batch_norm": lambda i, a: batch_norm(i["x"], i["gamma"], i["beta"], a["eps"]),
    "upsample_nearest": lambda i, a: F.interpolate(i["x"], size=a["size"], mode="nearest"),
    "hswish": lambda i, a: i["x"] * F.relu6(i["x"] + 3) / 6,
    "linear": lambda i, a: F.linear(i["x"], i["weight"], i["bias"]),
    "matmul": lambda i, a: i["a"] @ i["b"],
    "cross_entropy": lambda i, a: F.cross_entropy(i["z"], i["t"].long(), reduction="none"),
    "bce_with_logits": lambda i, a: F.binary_cross_entropy_with_logits(i["z"], i["t"], reduction="none"),
    "concat_slice": lambda i, a: sliced(torch.cat([i["a"], i["b"]], a["axis"]), **a),
    "permute_flatten": lambda i, a: i["x"].permute(a["order"]).flatten(1),
    "spatial_pyramid_pool": lambda i, a: spatial_pyramid_pool(i["x"], a["levels"]),
    "coordinate_attention": lambda i, a: coordinate_attention(**i, **a),
}
then = {"square": lambda y: y * y, "cube": lambda y: y * y * y, "exp": torch.exp, "tanh": torch.tanh, None: lambda y: y}


def convolution(x, weight, stride, padding):
    inputs = {"x": normal(*x), "weight": normal(*weight), "bias": normal(weight[0])}
    return {"op": "conv2d", "stride": stride, "padding": padding}, inputs


def pooling(op, x, kernel, stride, padding):
    return {"op": op, "kernel": kernel, "stride": stride, "padding": padding, "then": "cube"}, {"x": normal(*x)}


def norm(*shape):
    return {"x": normal(*shape), "gamma": normal(shape[1]), "beta": normal(shape[1])}


def attention(n, c, h, w, m, eps):
    shapes = {"w1": (m, c, 1, 1), "b1": (m,), "g1": (m,), "e1": (m,)}
    shapes.update({"wh": (c, m, 1, 1), "bh": (c,), "ww": (c, m, 1, 1), "bw": (c,)})
    inputs = {"x": normal(n, c, h, w), **{k: normal(*shape) for k, shape in shapes.items()}}
    return {"op": "coordinate_attention", "eps": eps}, inputs


def ops_cases():
    """Overlapping windows, stride 3, kernels 4 and 7, images that are not square, odd channels."""
    return {
        "conv_k4_s3": convolution((2, 3, 11, 8), (5, 3, 4, 4), 3, 1),
        "conv_k7_s3": convolution((1, 5, 13, 17), (3, 5, 7, 7), 3, 3),
        "conv_k7_s1": convolution((2, 3, 9, 7), (7, 3, 7, 7), 1, 3),
        "conv_k4_s1": convolution((1, 3, 6, 10), (9, 3, 4, 4), 1, 2),
        "conv_k3_pair": convolution((2, 5, 7, 12), (11, 5, 3, 3), [1, 1], [1, 1]),
        "conv_strides": convolution((2, 3, 7, 10), (4, 3, 3, 3), [1, 2], [1, 1]),
        "conv_paddings": convolution((2, 3, 7, 10), (4, 3, 3, 2), [3, 2], [2, 0]),
        "conv_k2_s2": convolution((3, 1, 5, 9), (3, 1, 2, 2), 2, 0),
        "maxpool_k3_s2_p1": pooling("max_pool2d", (2, 3, 9, 7), 3, 2, 1),
        "maxpool_k3_s1": pooling("max_pool2d", (1, 5, 6, 11), 3, 1, 0),
        "maxpool_k4_s3_p2": pooling("max_pool2d", (2, 1, 10, 13), 4, 3, 2),
        "maxpool_k7_s3_p3": pooling("max_pool2d", (1, 3, 15, 11), 7, 3, 3),
        "maxpool_k2_s3": pooling("max_pool2d", (2, 3, 8, 9), 2, 3, 0),
        "maxpool_pairs": pooling("max_pool2d", (2, 3, 9, 10), [3, 2], [2, 1], [1, 0]),
        "avgpool_pairs": pooling("avg_pool2d", (2, 3, 8, 9), [2, 3], [1, 2], [0, 1]),
        "avgpool_k3_s2_p1": pooling("avg_pool2d", (2, 3, 7, 10), 3, 2, 1),
        "avgpool_k4_s1_p2": pooling("avg_pool2d", (1, 3, 9, 5), 4, 1, 2),
        "mean_axes": ({"op": "mean", "axes": [0, 2], "keepdim": False, "then": "cube"}, {"x": normal(3, 5, 7)}),
        "norm_2d": ({"op": "batch_norm", "eps": 1e-3}, norm(7, 5)),
        "norm_4d": ({"op": "batch_norm", "eps": 0.1, "then": "square"}, norm(3, 5, 7, 4)),
        "upsample": ({"op": "upsample_nearest", "size": [13, 9], "then": "square"}, {"x": normal(1, 3, 5, 4)}),
        "downsample": ({"op": "upsample_nearest", "size": [3, 7], "then": "exp"}, {"x": normal(2, 3, 8, 5)}),
        "hswish": ({"op": "hswish"}, {"x": rounded(4 * torch.randn(5, 7))}),
        "linear": ({"op": "linear"}, {"x": normal(5, 13), "weight": normal(9, 13), "bias": normal(9)}),
        "matmul": ({"op": "matmul", "then": "square"}, {"a": normal(3, 17, 19), "b": normal(19, 23)}),
        "matmul_stack": ({"op": "matmul"}, {"a": normal(2, 1, 5, 7), "b": normal(3, 7, 4)}),
        "matmul_vector": ({"op": "matmul", "then": "tanh"}, {"a": normal(2, 3, 5), "b": normal(5)}),
        "vector_matmul": ({"op": "matmul", "then": "square"}, {"a": normal(5), "b": normal(5, 4)}),
        "cross_entropy": ({"op": "cross_entropy"}, {"z": normal(11, 7), "t": torch.randint(7, (11,))}),
        "bce": ({"op": "bce_with_logits"}, {"z": normal(3, 7), "t": rounded(torch.rand(3, 7))}),
        "concat_rows": (
            {"op": "concat_slice", "axis": 1, "start": 1, "stop": -1, "then": "cube"},
            {"a": normal(2, 3, 5), "b": normal(2, 2, 5)},
        ),
        "concat": (
            {"op": "concat_slice", "axis": 2, "start": 2, "stop": -2, "then": "cube"},
            {"a": normal(2, 3, 5), "b": normal(2, 3, 4)},
        ),
        "permute": (
            {"op": "permute_flatten", "order": [0, 3, 1, 2], "then": "square"},
            {"x": normal(3, 5, 2, 7)},
        ),
        "spp": ({"op": "spatial_pyramid_pool", "levels": [4, 3, 1], "then": "square"}, {"x": normal(2, 3, 13, 13)}),
        "spp_wide": ({"op": "spatial_pyramid_pool", "levels": [4, 2, 1], "then": "cube"}, {"x": normal(2, 3, 10, 14)}),
        "attention": attention(2, 5, 7, 3, 6, 1e-2),
    }


def write_ops(folder):
    listed, tensors = [], {}
    for name, (call, inputs) in ops_cases().items():
        by = [k for k, v in inputs.items() if v.is_floating_point()]
        for k in by:
            inputs[k].requires_grad_()
        attributes = {k: v for k, v in call.items() if k not in ("op", "then")}
        y = then[call.get("then")](compute[call["op"]](inputs, attributes))
        r = normal(*y.shape)
        g = torch.autograd.grad((y * r).sum(), [inputs[k] for k in by], create_graph=True)
        u = [normal(*v.shape) for v in g]
        second = sum((a * b).sum() for a, b in zip(g, u))
        gg = [None] * len(by)
        if second.requires_grad:
            gg = torch.autograd.grad(second, [inputs[k] for k in by], allow_unused=True)
        tensors.update({f"{name}/in/{k}": v for k, v in inputs.items()})
        tensors.update({f"{name}/y": y, f"{name}/r": r})
        for k, gk, uk, ggk in zip(by, g, u, gg):
            tensors.update({f"{name}/g/{k}": gk, f"{name}/u/{k}": uk})
            if ggk is not None:
                tensors[f"{name}/gg/{k}"] = ggk
        curved = [k for k, ggk in zip(by, gg) if ggk is not None]
        listed.append({"name": name, "call": call, "inputs": list(inputs), "second_order": curved})
    save_safetensors(os.path.join(folder, "ops.safetensors"), tensors)
    with open(os.path.join(folder, "ops.json"), "w") as f:
        json.dump({"torch": torch.__version__, "cases": listed}, f, indent=1)


# The classifier of maml.json: widths of its blocks, channels, height and width of an image, classes, images per class.
network = {"widths": [7, 11, 6], "image": (3, 21, 28), "classes": 4, "support": 2, "query": 3}
inner_rate = 0.1
modes = ["second_order_1", "second_order_2", "second_order_4", "first_order_2", "anil_3"]


def classify(p, x, y):
    i = 0
    while f"conv{i}.weight" in p:
        x = F.conv2d(x, p[f"conv{i}.weight"], p[f"conv{i}.bias"], padding=1)
        x = F.max_pool2d(F.relu(batch_norm(x, p[f"bn{i}.weight"], p[f"bn{i}.bias"], 1e-5)), 2)
        i += 1
    return F.cross_entropy(F.linear(x.flatten(1), p["head.weight"], p["head.bias"]), y.long())


def parameters():
    (channels, h, w), p = network["image"], {}
    for i, width in enumerate(network["widths"]):
        p[f"conv{i}.weight"] = rounded(torch.randn(width, channels, 3, 3) / (9 * channels) ** 0.5)
        p[f"conv{i}.bias"] = rounded(0.1 * torch.randn(width))
        p[f"bn{i}.weight"] = rounded(1 + 0.1 * torch.randn(width))
        p[f"bn{i}.bias"] = rounded(0.1 * torch.randn(width))
        channels, h, w = width, h // 2, w // 2
    features = channels * h * w
    p["head.weight"] = rounded(torch.randn(network["classes"], features) / features**0.5)
    p["head.bias"] = rounded(0.1 * torch.randn(network["classes"]))
    return {k: v.requires_grad_() for k, v in p.items()}


def adapt(theta, support, mode):
    """The parameters after the inner steps that a mode like second_order_3 says, and the losses before them."""
    kind, steps = mode.rsplit("_", 1)
    adapted, losses = dict(theta), []
    names = [k for k in theta if kind != "anil" or k.startswith("head")]
    for _ in range(int(steps)):
        loss = classify(adapted, *support)
        gradients = torch.autograd.grad(loss, [adapted[k] for k in names], create_graph=True)
        for k, g in zip(names, gradients):
            adapted[k] = adapted[k] - inner_rate * (g.detach() if kind == "first_order" else g)
        losses.append(loss.detach())
    return adapted, losses


def write_maml(folder):
    theta, sets = parameters(), {}
    for name in ("support", "query"):
        y = torch.arange(network["classes"]).repeat(network[name])
        sets[name] = (normal(len(y), *network["image"]), y)
    tensors = {f"param/{k}": v for k, v in theta.items()}
    for name, (x, y) in sets.items():
        tensors.update({f"{name}/x": x, f"{name}/y": y})
    for mode in modes:
        adapted, losses = adapt(theta, sets["support"], mode)
        loss = classify(adapted, *sets["query"])
        gradients = torch.autograd.grad(loss, list(theta.values()))
        tensors.update({f"{mode}/inner_losses": torch.stack(losses), f"{mode}/query_loss": loss})
        for k, g in zip(theta, gradients):
            tensors.update({f"{mode}/meta_grad/{k}": g, f"{mode}/adapted/{k}": adapted[k]})
    save_safetensors(os.path.join(folder, "maml.safetensors"), tensors)
    settings = {"inner_lr": inner_rate, "loss": "cross_entropy mean", "bn": "batch statistics"}
    with open(os.path.join(folder, "maml.json"), "w") as f:
        json.dump({**settings, "modes": [{"tag": mode} for mode in modes]}, f, indent=1)


# Pairs, height and width of the images for the published network.
published_images = (3, 72, 104)
modules = {"S_net": "trunk.net", "ca.conv1": "ca1", "ca.bn1": "cabn", "ca.conv_h": "cah", "ca.conv_w": "caw", "classifier.0": "head"}
modules.update({f"C_net{i + 1}": f"blocks.{i}" for i in range(4)})


def write_medetection(folder):
    n, *size = published_images
    model = Published()
    parameters = {}
    for name, p in model.named_parameters():
        module = next((m for m in modules if name.startswith(m + ".")), None)
        if module is None:
            continue  # declared and never run
        with torch.no_grad():
            # Other scales and shifts than those of a new network, so that none is invisible.
            p.copy_(rounded(p + 0.1 * torch.randn_like(p) * (p.dim() == 1)))
        parameters[modules[module] + name[len(module) :]] = p
    images = {name: normal(n, 3, *size) for name in ("x_test", "x_reference")}
    labels = torch.arange(n) % 2
    logits = model(images["x_test"], images["x_reference"])
    loss = F.cross_entropy(logits, labels)
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    tensors = {**images, "y": labels, "logits": logits, "ce": loss}
    for (name, p), g in zip(parameters.items(), gradients):
        tensors.update({f"param/{name}": p, f"grad/{name}": g})
    save_safetensors(os.path.join(folder, "medetection.safetensors"), tensors)
    with open(os.path.join(folder, "medetection.json"), "w") as f:
        json.dump({"parameters": sum(p.numel() for p in parameters.values()), "bn": "batch statistics"}, f)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    os.makedirs(options.folder, exist_ok=True)
    write_ops(options.folder)
    write_maml(options.folder)
    write_medetection(options.folder)

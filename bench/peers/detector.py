"""The paper's network of src/medetection: parameters by the names of its weights.safetensors, and the logits of pairs."""
import torch, torch.nn.functional as F
from layers import Parameters, attention, block, by_batch, linear

TRUNK, BLOCKS = ('block1', 'block2'), ('block1', 'block2', 'block3', 'block4')
ATTENDED = dict(none=(), low=('block1',), high=('block4',), multiple=('block1', 'block4'))


def init(model):
    """Random initial parameters for a model's configuration, as config.json of a run holds it."""
    p, width = Parameters(), model['width']
    for k, name in enumerate(TRUNK): p.block(f'trunk.{name}', width if k else 3, width)
    for name in BLOCKS: p.block(f'blocks.{name}', width, width)
    for name in ATTENDED[model['attention']]: p.attention(f'attention.{name}', width)
    p.linear('head', width * max(1, model['size'] // 64) ** 2, 1)
    return p


def logits(p, image, reference, model, norm=by_batch):
    """The log-odds of a defect [N] of images [N,3,S,S], each beside a defect-free reference."""
    x = torch.cat([image, reference]) if model['siamese'] else image
    for name in TRUNK: x = block(p, f'trunk.{name}', x, norm)
    if model['siamese']:
        seen, expected = x.chunk(2)
        x = (seen - expected).abs()
    for name in BLOCKS:
        x = block(p, f'blocks.{name}', x, norm, x.shape[2] > 1)
        if name in ATTENDED[model['attention']]: x = attention(p, f'attention.{name}', x, norm)
    return linear(p, 'head', x).squeeze(1)


def loss(p, batch, model):
    """The mean binary cross-entropy of (image, reference, label)."""
    image, reference, label = batch
    return F.binary_cross_entropy_with_logits(logits(p, image, reference, model), label)


def adapt(p, batch, model, rate, steps, order):
    """Steps of gradient descent on a support batch."""
    for _ in range(steps):
        gradients = torch.autograd.grad(loss(p, batch, model), list(p.values()), create_graph=order == 2)
        p = {name: value - rate * g for (name, value), g in zip(p.items(), gradients)}
    return p

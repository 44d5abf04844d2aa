"""Makes steps of this framework again in PyTorch, from the same weights and data, and tells how far apart the results are.

usage: npx tsx bench/export-steps.ts sinusoid --out a.safetensors; npx tsx bench/export-steps.ts META_TRAINED --out b.safetensors
       python3 bench/peers/check_torch.py a.safetensors b.safetensors
Of every result, the norm of the difference beside the norm of ours; ends with 1 if it is more than 1e-4 of it anywhere.
"""
import json, sys
import torch
import detector, sinusoid_torch
from tensor_file import read_tensors

BOUND = 1e-4


def part(tensors, prefix):
    """The tensors below a dotted path."""
    return {name[len(prefix) + 1:]: value for name, value in tensors.items() if name.startswith(f'{prefix}.')}


def regressor(tensors, prefix):
    """The sinusoid regressor's parameters as one vector, as its peer has them."""
    return flat(tensors[f'{prefix}.{layer}.{kind}'] for layer in ('hidden1', 'hidden2', 'output') for kind in ('weight', 'bias'))


def flat(values):
    return torch.cat([value.flatten() for value in values])


def sinusoid(t, s):
    """Ten meta-steps by each method, then adaptation to test tasks: (what, ours, the peer's)."""
    start = regressor(t, 'theta')[None]
    def points(prefix): return tuple(t[f'{prefix}.{axis}'][None] for axis in 'xy')
    for method in ('second-order', 'first-order', 'joint'):
        theta, losses = start.clone().requires_grad_(), []
        adam = torch.optim.Adam([theta], s['outerRate'])
        for k in range(s['iterations']):
            losses.append(sinusoid_torch.objective(s, method, theta, points(f'tasks.{k}.support'), points(f'tasks.{k}.query')))
            theta.grad, = torch.autograd.grad(losses[-1].sum(), theta)
            adam.step()
        yield f'sinusoid, {method}: losses of {s["iterations"]} steps', t[f'{method}.losses'], flat(losses).detach()
        yield f'sinusoid, {method}: the way of the parameters', regressor(t, f'{method}.theta') - start[0], (theta - start)[0].detach()
    for k, errors in enumerate(sinusoid_torch.adaptation_errors(start, points('test.support'), points('test.grid'), s['innerRate'])):
        yield f'sinusoid: test errors after {k} steps', t[f'test.errors.{k}'], errors[0]


def medetection(t, s, model):
    """An episode: (what, ours, the peer's)."""
    p = {name: value.requires_grad_() for name, value in part(t, 'params').items()}
    support, query = (tuple(t[f'{name}.{field}'] for field in ('image', 'reference', 'label')) for name in ('support', 'query'))
    with torch.no_grad(): yield 'medetection: logits', t['logits'], detector.logits(p, *query[:2], model)
    loss = detector.loss(detector.adapt(p, support, model, s['innerRate'], s['innerSteps'], 1 if s['algorithm'] == 'fomaml' else 2), query, model)
    yield 'medetection: meta-loss', t['loss'], loss.detach()
    ours = part(t, 'gradient')
    gradients = dict(zip(p, torch.autograd.grad(loss, list(p.values()))))
    yield 'medetection: meta-gradient', flat(ours[name] for name in p), flat(gradients.values())


worst = 0
for path in sys.argv[1:]:
    tensors, metadata = read_tensors(path)
    settings = json.loads(metadata['settings'])
    results = sinusoid(tensors, settings) if metadata['study'] == 'sinusoid' else medetection(tensors, settings, json.loads(metadata['model']))
    for what, ours, theirs in results:
        norm, apart = ours.norm().item(), (ours - theirs).norm().item()
        worst = max(worst, apart / norm)
        print(f'{what:55} {norm:12.6g} {apart:10.2e}  {apart / norm:.1e}')
print(f'largest relative difference: {worst:.1e}')
sys.exit(worst > BOUND)

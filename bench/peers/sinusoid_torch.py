"""The sinusoid study of src/reproduce/sinusoid in PyTorch, as a peer to hold its figures against: the same network, initial
distribution, tasks, settings and measures, each from a sampler of its own. Writes the same results.json.

usage: python3 bench/peers/sinusoid_torch.py --settings RESULTS [--method second-order] [--seeds 0,1,2] --out FILE
Methods: second-order, first-order, joint. Settings come from the results.json that `medetection reproduce sinusoid` wrote (it
may hold no run yet). Runs that FILE holds already are not made again. Needs PyTorch 1.13 or later and NumPy.

All tasks of a meta-step, and five seeds, are computed at once (`seconds` is a seed's share). No task has a copy of the weights:
after inner steps on the support points, those of a layer are W - rate sum_s g_s^T x_s, with x_s the layer's inputs in step s and
g_s the gradients by its outputs, and its output is x W^T + b - rate sum_s (x x_s^T + 1) g_s: the same numbers, and the same
derivatives, in a fifth of the time.
"""
import math, time
import torch
from study import arguments, run_study, summary, training_curve

SHAPES = ((40, 1), (40,), (40, 40), (40,), (1, 40), (1,))
SIZES = [math.prod(shape) for shape in SHAPES]
GRID, TEST_STEPS = 100, 10
SEEDS_TOGETHER, TASKS_TOGETHER, DRAWN_TOGETHER = 5, 250, 100


def init(generator):
    """All parameters in one vector: weights normal, deviation 0.01, cut off at two deviations; biases 0."""
    def part(shape):
        if len(shape) == 1: return torch.zeros(shape)
        z = torch.randn(shape, generator=generator)
        while (far := z.abs() > 2).any(): z = torch.where(far, torch.randn(shape, generator=generator), z)
        return 0.01 * z
    return torch.cat([part(shape).flatten() for shape in SHAPES])


def linear(x, w, b, steps, rate):
    """x [seeds, tasks, n, in] -> [seeds, tasks, n, out], with w [seeds, out, in] and b [seeds, out] after inner steps [(x_s, g_s)]."""
    seeds, tasks, n, inputs = x.shape
    outputs = w.shape[1]
    if inputs == 1: z = x * w.view(seeds, 1, 1, outputs) + b.view(seeds, 1, 1, outputs)
    elif outputs == 1: z = (x * w.view(seeds, 1, 1, inputs)).sum(3, True) + b.view(seeds, 1, 1, 1)
    else: z = torch.baddbmm(b.unsqueeze(1), x.reshape(seeds, tasks * n, inputs), w.transpose(1, 2)).view(seeds, tasks, n, outputs)
    for xs, gs in steps: z = z - rate * ((x @ xs.transpose(2, 3) + 1) @ gs)
    return z


def layers(theta, x, steps, rate):
    """Inputs and outputs of the three layers of the network 1-40-40-1; each of the steps holds (x_s, g_s) of every layer."""
    parts = [part.view(-1, *shape) for part, shape in zip(theta.split(SIZES, 1), SHAPES)]
    inputs, outputs = [], []
    for k in range(3):
        inputs.append(torch.relu(outputs[-1]) if k else x)
        outputs.append(linear(inputs[k], parts[2 * k], parts[2 * k + 1], [step[k] for step in steps], rate))
    return inputs, outputs


def errors(y, points):
    """The mean squared error of every task: [seeds, tasks]."""
    return (y - points[1]).square().mean((2, 3))


def inner_step(theta, support, steps, rate, order):
    """One more step. The derivative of a first-order one is 0."""
    if order == 1: theta = theta.detach().requires_grad_()
    inputs, outputs = layers(theta, support[0], steps, rate)
    gradients = torch.autograd.grad(errors(outputs[-1], support).sum(), outputs, create_graph=order == 2)
    if order == 1: inputs = [x.detach() for x in inputs]
    return [*steps, list(zip(inputs, gradients))]


def objective(s, method, theta, support, query):
    """What a meta-step lowers: the mean over tasks of the error on the query points after adaptation. One for every seed."""
    rate, steps = s['innerRate'], []
    if method == 'joint': query = support
    else:
        for _ in range(s['innerSteps']): steps = inner_step(theta, support, steps, rate, 2 if method == 'second-order' else 1)
    return errors(layers(theta, query[0], steps, rate)[1][-1], query).mean(1)


def uniform(generator, low, high, *shape):
    return low + (high - low) * torch.rand(shape, generator=generator)


def draw(generator, *shape):
    """Functions, and places of support and query points: amplitude, phase, x, x, all [..., n or 1, 1]."""
    *count, n = shape
    return (uniform(generator, 0.1, 5, *count, 1, 1), uniform(generator, 0, math.pi, *count, 1, 1),
            uniform(generator, -5, 5, *count, n, 1), uniform(generator, -5, 5, *count, n, 1))


def draw_tasks(generators, s):
    """Support and query points (x, y) of one meta-step after another, [seeds, tasks, shots, 1], from each seed's own stream."""
    while True:
        drawn = [torch.stack(parts) for parts in
                 zip(*(draw(generator, DRAWN_TOGETHER, s['tasksPerStep'], s['shots']) for generator in generators))]
        for amplitude, phase, *places in zip(*(part.unbind(1) for part in drawn)):
            yield [(x, amplitude * torch.sin(x - phase)) for x in places]


def adaptation_errors(theta, support, grid, rate):
    """The error of every task on the grid after 0 to 10 inner steps: eleven of [seeds, tasks]."""
    steps, measured = [], []
    for k in range(TEST_STEPS + 1):
        if k: steps = inner_step(theta, support, steps, rate, 1)
        with torch.no_grad(): measured.append(errors(layers(theta, grid[0], steps, rate)[1][-1], grid))
    return measured


def evaluate(s, theta):
    """Errors on 100 equally spaced points after 0 to 10 inner steps, over test tasks that are the same for all runs."""
    amplitude, phase, places, _ = draw(torch.Generator().manual_seed(2 ** 31), 1, s['testTasks'], s['shots'])
    everywhere = torch.linspace(-5, 5, GRID).view(1, 1, GRID, 1)
    measured = []
    for a, p, x in zip(*(part.split(TASKS_TOGETHER, 1) for part in (amplitude, phase, places))):
        support, grid = (x, a * torch.sin(x - p)), (everywhere.expand(1, x.shape[1], GRID, 1), a * torch.sin(everywhere - p))
        measured.append(adaptation_errors(theta, support, grid, s['innerRate']))
    steps = (torch.cat(parts, 1)[0].double().nan_to_num(math.inf, math.inf).numpy() for parts in zip(*measured))
    return dict(tasks=s['testTasks'], steps=[dict(steps=k, **summary(values)) for k, values in enumerate(steps)])


def train(s, method, seeds):
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    theta = torch.stack([init(generator) for generator in generators]).requires_grad_()
    adam = torch.optim.Adam([theta], s['outerRate'])
    losses, began = [], time.perf_counter()
    for iteration, tasks in zip(range(1, s['iterations'] + 1), draw_tasks(generators, s)):
        loss = objective(s, method, theta, *tasks)
        theta.grad, = torch.autograd.grad(loss.sum(), theta)
        adam.step()
        losses.append(loss.tolist())
        if iteration % 1000 == 0:
            print(f'{method}, seeds {seeds}, step {iteration}: {1e3 * (time.perf_counter() - began) / iteration:.2f} ms/step', flush=True)
    seconds = (time.perf_counter() - began) / len(seeds)
    runs = [dict(seconds=seconds, curve=training_curve(curve), tests=[], evaluation=evaluate(s, row.detach()[None]))
            for curve, row in zip(zip(*losses), theta)]
    for seed, run in zip(seeds, runs):
        print(f'seed {seed}: mean errors ' + ', '.join(f'{step["mean"]:.3f}' for step in run['evaluation']['steps'][:3]), flush=True)
    return runs


if __name__ == '__main__':
    torch.set_num_threads(1)  # its matrices are too small to share
    run_study('sinusoid', arguments(__doc__), train, SEEDS_TOGETHER)

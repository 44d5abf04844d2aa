"""The Omniglot study of src/reproduce/omniglot in PyTorch, as a peer to hold its curves against: the same networks, initial
distributions, tasks, settings and measures, each from a sampler of its own. Writes the same results.json.

usage: python3 bench/peers/omniglot_torch.py --data FOLDER --settings RESULTS [--method second-order] [--seeds 0,1,2] --out FILE
Settings come from the results.json that `medetection reproduce omniglot` wrote (it may hold no run yet). Runs that FILE holds
already are not made again. Needs PyTorch 1.13 or later, NumPy and Pillow.
"""
import glob, math, os, random, time
import numpy as np, torch, torch.nn.functional as F
from PIL import Image
from cores import cores
from study import arguments, run_study, summary

DRAWERS, SIDE, FOLDERS = 20, 28, ('images_background', 'images_evaluation')


def read_characters(folder):
    """[characters, 20, 28, 28], ink 1 and paper 0."""
    sheets = []
    for part in FOLDERS:
        for path in sorted(glob.glob(os.path.join(folder, part, '*.png'))):
            grey = np.asarray(Image.open(path).convert('L'), np.float32)
            rows = grey.shape[0] // SIDE
            sheets.append(1 - grey.reshape(rows, SIDE, DRAWERS, SIDE).transpose(0, 2, 1, 3) / 255)
    return np.concatenate(sheets)


def draw_tasks(rng, images, characters, count, s):
    """Support [count, way * shots, 1, 28, 28] and query; image i is of class i modulo way."""
    support, query = [], []
    for _ in range(count):
        cells = []
        for c in rng.sample(characters, s['way']):
            turned = np.rot90(images[c], rng.randrange(4), (1, 2))
            cells.append(turned[rng.sample(range(DRAWERS), s['shots'] + s['queries'])])
        cells = np.stack(cells, 1)[:, :, None]
        flat = cells.reshape(-1, 1, SIDE, SIDE)
        support.append(flat[:s['shots'] * s['way']]); query.append(flat[s['shots'] * s['way']:])
    return torch.from_numpy(np.stack(support)), torch.from_numpy(np.stack(query))


def init(s):
    p, inputs = {}, 1 if s['network'] == 'conv4' else SIDE * SIDE
    for k, outputs in enumerate((64,) * 4 if s['network'] == 'conv4' else (256, 128, 64, 64)):
        if s['network'] == 'conv4':
            limit = math.sqrt(6 / (9 * (inputs + outputs)))
            p[f'{k}.weight'] = torch.empty(outputs, inputs, 3, 3).uniform_(-limit, limit)
        else:
            p[f'{k}.weight'] = torch.nn.init.trunc_normal_(torch.empty(outputs, inputs), std=0.01, a=-0.02, b=0.02)
        p[f'{k}.bias'], p[f'{k}.shift'] = torch.zeros(outputs), torch.zeros(outputs)
        inputs = outputs
    head = torch.empty(s['way'], 64)
    p['head.weight'] = head.normal_() if s['network'] == 'conv4' else torch.nn.init.trunc_normal_(head, std=0.01, a=-0.02, b=0.02)
    p['head.bias'] = torch.zeros(s['way'])
    return {k: v.requires_grad_() for k, v in p.items()}


def logits(s, p, x):
    if s['network'] == 'fc': x = x.flatten(1)
    for k in range(4):
        w, b, shift = (p[f'{k}.{part}'] for part in ('weight', 'bias', 'shift'))
        y = F.conv2d(x, w, b, stride=2, padding=1) if s['network'] == 'conv4' else F.linear(x, w, b)
        x = F.relu(F.batch_norm(y, None, None, torch.ones_like(shift), shift, training=True, eps=1e-3))
    return F.linear(x.mean((2, 3)) if s['network'] == 'conv4' else x, p['head.weight'], p['head.bias'])


def loss(s, p, x):
    return F.cross_entropy(logits(s, p, x), torch.arange(len(x)) % s['way']) * s['way']


def inner_step(s, p, support, order):
    names = [n for n in p if not n.endswith('.shift')]
    gradients = torch.autograd.grad(loss(s, p, support), [p[n] for n in names], create_graph=order == 2)
    return {**p, **{n: p[n] - s['innerRate'] * g for n, g in zip(names, gradients)}}


def evaluate(s, p, tasks):
    """Mean accuracy and its 95 % interval after 0 to testSteps inner steps."""
    accuracies = [[] for _ in range(s['testSteps'] + 1)]
    for support, query in zip(*tasks):
        q = {k: v.detach().requires_grad_() for k, v in p.items()}
        for k in range(s['testSteps'] + 1):
            with torch.no_grad(): right = logits(s, q, query).argmax(1) == torch.arange(len(query)) % s['way']
            accuracies[k].append(right.float().mean().item())
            if k < s['testSteps']: q = {n: v.detach().requires_grad_() for n, v in inner_step(s, q, support, 1).items()}
    return dict(tasks=len(tasks[0]), steps=[dict(steps=k, **summary(a)) for k, a in enumerate(accuracies)])


def train(s, images, method, seed):
    rng = random.Random(seed); torch.manual_seed(seed)
    characters = rng.sample(range(len(images)), len(images))
    training, test = characters[:s['trainCharacters']], characters[s['trainCharacters']:]
    test_tasks = draw_tasks(rng, images, test, s['testTasks'], s)
    p = init(s)
    adam = torch.optim.Adam(p.values(), s['outerRate'])
    losses, tests, seconds = [], [], 0
    for iteration in range(1, s['iterations'] + 1):
        began = time.perf_counter()
        total = 0
        adam.zero_grad()
        for support, query in zip(*draw_tasks(rng, images, training, s['tasksPerStep'], s)):
            q = p
            for _ in range(s['innerSteps']): q = inner_step(s, q, support, 2 if method == 'second-order' else 1)
            meta = loss(s, q, query) / s['tasksPerStep']
            meta.backward()
            total += meta.item()
        adam.step()
        losses.append(total); seconds += time.perf_counter() - began
        if iteration % s['testEvery'] == 0 and iteration < s['iterations']:
            tests.append(dict(iteration=iteration, evaluation=evaluate(s, p, test_tasks)))
            print(f'seed {seed}, step {iteration}: {seconds / iteration:.3f} s/step, loss {np.mean(losses[-50:]):.3f}, accuracy {tests[-1]["evaluation"]["steps"][-1]["mean"]:.3f}', flush=True)
    return dict(seconds=seconds, curve=dict(iterations=list(range(1, len(losses) + 1)), losses=losses), tests=tests,
                evaluation=evaluate(s, p, test_tasks))


if __name__ == '__main__':
    torch.set_num_threads(cores())
    a = arguments(__doc__, 'data')
    images = read_characters(a.data)
    run_study('omniglot', a, lambda settings, method, seeds: [train(settings, images, method, seed) for seed in seeds])

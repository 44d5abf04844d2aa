"""MeDetection in PyTorch, as a peer to hold its figures against: meta-training by second-order MAML, then fine-tuning from the
meta-trained weights and from random ones, with the network, pictures, splits and settings of two of our runs, and a sampler and
initial weights of its own.

usage: npx tsx bench/export-runs.ts META_TRAINED FINE_TUNED --out seed0.safetensors
       python3 bench/peers/medetection_torch.py seed0.safetensors [seed1.safetensors ...] --out FILE [--set NAME=VALUE ...]
Each file holds what a meta-training and a fine-tuning of one seed learned from, the same bytes, and their settings, of which
--set changes single ones, as metaTrain.iterations=10 or fineTune.epochs=3 (values in JSON). FILE lists the runs, `start` maml or
random, with `epochs` as in the metrics.jsonl of ours; runs that it holds already are not made again. --threads N (default: all
cores). Needs PyTorch 1.13 or later and NumPy.
"""
import argparse, json, math, os, random, time
import torch, torch.nn.functional as F
import detector, scores
from cores import cores
from pairing import batches, draw_episode, pair_references
from study import write_json
from tensor_file import read_tensors

# What settings must be for this program to do as they say.
KNOWN = dict(
    model=dict(network=['paper'], head=['linear'], pixels=['symmetric'], register=[False]),
    metaTrain=dict(algorithm=['maml', 'fomaml'], innerOptimiser=['sgd'], innerLoss=['mean'], taskOrder=['shuffled'], jointNorm=[False], zeroHead=[False], scales=[None]),
    fineTune=dict(referenceChoice=['fixed'], headRate=[None], scales=[None]))
STATISTICS_BATCHES, BATCH = 8, 32  # batches that statistics are estimated on, and their size


def read_seed(path, changes):
    """Settings, the tasks to learn from [(name, images, labels)], and the target's images, labels and parts."""
    tensors, metadata = read_tensors(path)
    settings = {name: json.loads(metadata[name]) for name in ('model', 'metaTrain', 'fineTune')}
    for change in changes:
        name, value = change.split('=', 1)
        part, field = name.split('.')
        if field not in settings[part]: raise SystemExit(f'--set {change}: there is no such setting; there are {", ".join(settings[part])}')
        settings[part][field] = json.loads(value)
    for part, fields in KNOWN.items():
        for field, allowed in fields.items():
            if settings[part].get(field) not in allowed: raise SystemExit(f'{path}: {part}.{field} {settings[part].get(field)} is not what this peer does: {allowed}')
    names = json.loads(metadata['tasks'])
    tasks = [(name, tensors[f'tasks.{k}.images'], tensors[f'tasks.{k}.labels'].tolist()) for k, name in enumerate(names)]
    parts = {part: tensors[f'target.{part}'].tolist() for part in ('train', 'validation', 'test')}
    return settings, tasks, (tensors['target.images'], tensors['target.labels'], parts), metadata


def pairs(images, pairings):
    """Images and references [N,3,S,S] in [-1, 1]."""
    return [images[[pairing[k] for pairing in pairings]].float() / 127.5 - 1 for k in range(2)]


def labelled(images, labels, pairings):
    return (*pairs(images, pairings), torch.tensor([float(labels[i]) for i, _ in pairings]))


def initial(model):
    return {name: value.requires_grad_() for name, value in detector.init(model).items()}


def meta_train(p, tasks, model, s, rng):
    """Moves the parameters; gives the query loss of every meta-step."""
    adam = torch.optim.Adam(p.values(), s['outerRate'], (s['beta1'], 0.999))
    losses, began = [], time.perf_counter()
    for iteration in range(1, s['iterations'] + 1):
        adam.zero_grad()
        total = 0
        for _, images, labels in rng.sample(tasks, s['tasksPerStep']):
            support, query = (labelled(images, labels, pairings) for pairings in draw_episode(rng, labels, s))
            adapted = detector.adapt(p, support, model, s['innerRate'], s['innerSteps'], 2 if s['algorithm'] == 'maml' else 1)
            value = detector.loss(adapted, query, model) / s['tasksPerStep']
            value.backward()
            total += value.item()
        adam.step()
        losses.append(total)
        if iteration % 10 == 0: print(f'meta-step {iteration}: {(time.perf_counter() - began) / iteration:.2f} s, query loss {total:.4f}', flush=True)
    return losses


def statistics(p, images, groups, model):
    """Means over batches of pairs, for every normalisation, of mean and variance per channel."""
    seen = {}
    def collecting(q, name, x):
        seen.setdefault(name, []).append((x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)))
        return detector.by_batch(q, name, x)
    for group in groups: detector.logits(p, *pairs(images, filled(group)), model, collecting)
    return {name: [torch.stack(values).mean(0) for values in zip(*measured)] for name, measured in seen.items()}


def filled(group):
    """A batch of full size: what is missing repeats what is there."""
    return [group[k % len(group)] for k in range(BATCH)]


def judge(p, images, indices, references, model, known):
    """The mean of each image's logits against all references but itself."""
    def by_statistics(q, name, x):
        return F.batch_norm(x, *known[name], q[f'{name}.gamma'], q[f'{name}.beta'])
    pairings = [(i, r) for i in indices for r in ([r for r in references if r != i] or references)]
    values = torch.cat([detector.logits(p, *pairs(images, pairings[k:k + BATCH]), model, by_statistics) for k in range(0, len(pairings), BATCH)])
    of = {i: [] for i in indices}
    for (i, _), value in zip(pairings, values.tolist()): of[i].append(value)
    return torch.tensor([sum(of[i]) / len(of[i]) for i in indices], dtype=torch.float64).numpy()


def fine_tune(p, target, model, s, rng):
    """Moves the parameters; gives the measures of every epoch, from 0 on."""
    images, labels, parts = target
    train, normals = parts['train'], [i for i in parts['train'] if labels[i] == 0]
    references = rng.sample(normals, s['references'])
    groups = [pair_references(rng, group, normals) for group in batches(rng, train, BATCH)[:STATISTICS_BATCHES]]
    adam = torch.optim.Adam(p.values(), s['rate'], (s['beta1'], 0.999))
    epochs, best = [], 0
    while True:
        losses = []
        if epochs:
            for group in batches(rng, train, min(s['batch'], len(train)), 'drop'):
                value = detector.loss(p, labelled(images, labels, pair_references(rng, group, normals)), model)
                adam.zero_grad()
                value.backward()
                adam.step()
                losses.append(value.item())
        with torch.no_grad():
            known = statistics(p, images, groups, model)
            judged = {part: (labels[parts[part]].numpy(), judge(p, images, parts[part], references, model, known)) for part in ('validation', 'test')}
        epoch = dict(epoch=len(epochs), trainLoss=sum(losses) / len(losses) if losses else math.nan, validationLoss=scores.cross_entropy(*judged['validation']),
                     **{part: scores.summary(*values) for part, values in judged.items()})
        epoch['best'] = not epochs or epoch['validationLoss'] < epochs[best]['validationLoss']
        if epoch['best']: best = epoch['epoch']
        epochs.append(epoch)
        print(f'epoch {epoch["epoch"]}: validation loss {epoch["validationLoss"]:.4f}, test AUROC {epoch["test"]["auroc"]:.4f}', flush=True)
        if epoch['epoch'] >= s['epochs'] or epoch['epoch'] - best >= s['patience']: return epochs


def run_seed(path, changes, runs, save):
    settings, tasks, target, metadata = read_seed(path, changes)
    model, seed = settings['model'], int(metadata['seed'])
    for start in ('random', 'maml'):
        done = [run for run in runs if (run['target'], run['seed'], run['start']) == (metadata['target'], seed, start)]
        if any(run['settings'] != settings for run in done): raise SystemExit(f'{path}: --out holds this run with other settings: give another --out')
        if done: continue
        print(f'{metadata["target"]}, seed {seed}, start {start}', flush=True)
        torch.manual_seed(seed)
        rng, began = random.Random(f'{seed}/{start}'), time.perf_counter()
        p = initial(model)
        losses = meta_train(p, tasks, model, settings['metaTrain'], rng) if start == 'maml' else []
        trained = time.perf_counter()
        epochs = fine_tune(p, target, model, settings['fineTune'], rng)
        runs.append(dict(target=metadata['target'], seed=seed, start=start, settings=settings, adapter=f'pytorch {torch.__version__}, {torch.get_num_threads()} threads',
                         metaTrainSeconds=trained - began, fineTuneSeconds=time.perf_counter() - trained, metaTrainLosses=losses, epochs=epochs))
        save()


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='+'); parser.add_argument('--out', required=True)
    parser.add_argument('--set', action='append', default=[], metavar='NAME=VALUE'); parser.add_argument('--threads', type=int, default=cores())
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    runs = []
    if os.path.exists(a.out):
        with open(a.out) as file: runs = json.load(file)['runs']
    for path in a.files: run_seed(path, a.set, runs, lambda: write_json(a.out, dict(runs=runs)))

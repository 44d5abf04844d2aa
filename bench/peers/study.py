"""What the peers of `medetection reproduce STUDY` have in common: arguments, settings, statistics, and results.json, which is
written after every run, so that a peer that is started again makes only the runs that it lacks.
"""
import argparse, json, math, os
import numpy as np, torch


def arguments(doc, *more):
    """--settings, --out, --method and --seeds, and those that only one peer has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in (*more, 'settings', 'out'): parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--method', default='second-order'); parser.add_argument('--seeds', default='0')
    return parser.parse_args()


def encoded(value):
    """Strings for NaN and the infinities, which JSON does not have, as src/store writes them."""
    if isinstance(value, dict): return {name: encoded(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)): return [encoded(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value): return 'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'
    return value


def write_json(path, value):
    """Writes the whole file or nothing."""
    with open(f'{path}.part', 'w') as file: json.dump(encoded(value), file, indent=1, allow_nan=False)
    os.replace(f'{path}.part', path)


def settings_of(path):
    with open(path) as file: return json.load(file)['settings']


def run_study(study, a, train, together=1):
    """Makes the runs that --out does not hold yet: `train(settings, method, seeds)` gives those of at most `together` seeds."""
    settings, runs = settings_of(a.settings), []
    if os.path.exists(a.out):
        if settings_of(a.out) != settings: raise SystemExit(f'{a.out} was made with other settings than {a.settings}: give another --out')
        with open(a.out) as file: runs = json.load(file)['runs']
    done = [run['seed'] for run in runs if run['method'] == a.method]
    seeds = [seed for seed in map(int, a.seeds.split(',')) if seed not in done]
    for k in range(0, len(seeds), together):
        for seed, run in zip(seeds[k:], train(settings, a.method, seeds[k:k + together])):
            runs.append(dict(method=a.method, seed=seed, adapter=f'pytorch {torch.__version__}, {torch.get_num_threads()} threads', **run))
        write_json(a.out, dict(study=study, settings=settings, runs=runs))


def summary(values):
    """Median, mean and the 95 % interval of the mean; with an infinite value the mean is infinite and has no interval (NaN)."""
    with np.errstate(invalid='ignore'):
        mean, half = float(np.mean(values)), 1.959964 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return dict(median=float(np.median(values)), mean=mean, meanInterval=[mean - half, mean + half])


def training_curve(losses, points=200):
    """The mean loss of each of (at most) 200 equal parts of a training."""
    parts = min(points, len(losses))
    ends = [math.floor((i + 1) * len(losses) / parts + 0.5) for i in range(parts)]
    return dict(iterations=ends, losses=[float(np.mean(losses[a:b])) for a, b in zip([0, *ends], ends)])

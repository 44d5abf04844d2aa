"""Draws episodes, references and batches as src/data/sampler.ts does, from a random.Random."""


def pair_references(rng, indices, pool):
    """A reference from the pool for every image, each in turn as long as they last, and never the image itself."""
    queue, references = [], []
    for index in indices:
        if all(candidate == index for candidate in queue): queue += rng.sample(pool, len(pool))
        references.append(queue.pop(next(k for k, candidate in enumerate(queue) if candidate != index)))
    return list(zip(indices, references))


def halves(count, first, second):
    """Half from each pile, the odd one from the first; what one pile lacks comes from the other."""
    from_second = min(second, max(count // 2, count - first))
    return count - from_second, from_second


def shuffled(rng, items):
    return rng.sample(items, len(items))


def draw_episode(rng, labels, options):
    """(image, reference) pairs of a balanced support set, and of a query set, without replacement."""
    normal, defective = (shuffled(rng, [i for i, label in enumerate(labels) if label == wanted]) for wanted in (0, 1))
    kept = 1 if options['query'] >= 2 else 0
    n, d = halves(options['support'], len(normal) - kept, len(defective) - kept)
    support, normal, defective = normal[:n] + defective[:d], normal[n:], defective[d:]
    if options['queryMix'] == 'natural': query = shuffled(rng, normal + defective)[:options['query']]
    else:
        n, d = halves(options['query'], len(normal), len(defective))
        query = normal[:n] + defective[:d]
    used, all_normal = {*support, *query}, [i for i, label in enumerate(labels) if label == 0]
    unused, in_support = [i for i in all_normal if i not in used], [i for i in support if labels[i] == 0]
    references = unused or (in_support if len(in_support) > 1 else all_normal)
    return [pair_references(rng, shuffled(rng, part), references) for part in (support, query)]


def batches(rng, indices, size, partial='keep'):
    """The indices in shuffled order, in batches; a last one that is not full is kept or dropped."""
    order = shuffled(rng, indices)
    end = len(order) - (len(order) % size if partial == 'drop' else 0)
    return [order[k:min(k + size, end)] for k in range(0, end, size)]

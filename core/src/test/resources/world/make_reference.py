"""Writes reference.json: gold rewards and grammar statistics from the Python reference of the synthetic worlds.

python make_reference.py FOLDER_OF_LISTS_PY > reference.json
"""
import json, random, sys

sys.path.insert(0, sys.argv[1])
import lists as L

WORLDS = dict(
    W=dict(cue=0.9, sloppy_on=0.0, sloppy_dot=0.2, comma_bad=0.5, fill_w=0.3),
    N=dict(cue=0.3, sloppy_on=0.2, sloppy_dot=0.5, comma_bad=1.0, n_short=0.5, min_fill=4, max_fill=12),
)
LABELS = dict(W=dict(noise=0.3, nuis=0.0), N=dict(noise=0.0, nuis=0.5))
TEXTS = 20000


def case(prompt, ids):
    """An answer as text, without its end token, with its gold reward."""
    finished = bool(ids) and ids[-1] == L.EOS
    words = [L.VOCAB[i] for i in (ids[:-1] if finished else ids)]
    return dict(verb=prompt[0], count=prompt[1], topic=prompt[2], answer=" ".join(words), finished=finished, gold=L.gold(prompt, ids))


def cases(rng):
    out, prompts = [], L.prompts()
    for kind, settings in WORLDS.items():
        world = L.World(kind, **settings)
        for _ in range(150):
            p = rng.choice(prompts)
            ids = world.response(rng, p)
            out.append(case(p, ids[: rng.randint(0, len(ids))] if rng.random() < 0.3 else ids))
    writable = [i for i in range(len(L.VOCAB)) if i > L.EOS]
    for _ in range(100):  # nonsense, with repeated items of the topic
        p = rng.choice(prompts)
        pool = writable + 20 * [L.ID[w] for w in L.TOPICS[p[2]][:3]]
        ids = [rng.choice(pool) for _ in range(rng.randint(0, 11))]
        out.append(case(p, ids + rng.choice([[], [L.EOS], [L.DOT, L.EOS]])))
    return out


def statistics(kind, rng):
    world, prompts = L.World(kind, **WORLDS[kind]), L.prompts()
    sums = dict.fromkeys(["gold", "words", "stop", "comma", "good_opener", "bad_opener", "filler", "filler_words", "perfect"], 0.0)
    for _ in range(TEXTS):
        p = rng.choice(prompts)
        ids = world.response(rng, p)
        words = [L.VOCAB[i] for i in ids[:-1]]
        fillers = sum(w in L.FILLER for w in words)
        gold = L.gold(p, ids)
        row = dict(gold=gold, words=len(words), stop=words[-1] == ".", comma="," in words, good_opener=words[0] in L.OPEN_GOOD,
                   bad_opener=words[0] in L.OPEN_BAD, filler=fillers > 0, filler_words=fillers, perfect=gold > 0.999)
        for k, v in row.items():
            sums[k] += float(v)
    return {k: v / TEXTS for k, v in sums.items()}


def right_labels(kind, rng, n=8000):
    """Share of pairs whose preferred answer has the higher gold reward."""
    world, prompts, right, done = L.World(kind, **WORLDS[kind]), L.prompts(), 0, 0
    while done < n:
        p = rng.choice(prompts)
        a, b = world.response(rng, p), world.response(rng, p)
        ga, gb = L.gold(p, a), L.gold(p, b)
        if abs(ga - gb) < 1e-6:
            continue
        swap = len(b) > len(a) if rng.random() < LABELS[kind]["nuis"] and len(a) != len(b) else gb > ga
        if rng.random() < LABELS[kind]["noise"]:
            swap = not swap
        right += (gb > ga) == swap
        done += 1
    return right / n


def ranks(values):
    """Mean ranks of ties."""
    order, out, i = sorted(range(len(values)), key=values.__getitem__), [0.0] * len(values), 0
    while i < len(order):
        j = i
        while j < len(order) and values[order[j]] == values[order[i]]:
            j += 1
        for k in order[i:j]:
            out[k] = (i + j - 1) / 2
        i = j
    return out


def spearman_gold_length(kind, rng, groups=2500, size=8):
    """Spearman of gold with length over groups of texts, each text against its group's mean."""
    world, prompts, golds, lengths = L.World(kind, **WORLDS[kind]), L.prompts(), [], []
    for _ in range(groups):
        p = rng.choice(prompts)
        texts = [world.response(rng, p) for _ in range(size)]
        for out, values in ((golds, [L.gold(p, t) for t in texts]), (lengths, [len(t) for t in texts])):
            equal = len(set(values)) == 1
            out.extend(0.0 if equal else v - sum(values) / size for v in values)
    a, b = ranks(golds), ranks(lengths)
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    ab = sum((x - ma) * (y - mb) for x, y in zip(a, b))
    return ab / (sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b)) ** 0.5


rng = random.Random(20240501)
json.dump(dict(vocabulary=L.VOCAB, cases=cases(rng), texts=TEXTS, statistics={k: statistics(k, rng) for k in WORLDS},
               right_labels={k: right_labels(k, rng) for k in WORLDS},
               spearman_gold_length={k: spearman_gold_length(k, rng) for k in WORLDS}), sys.stdout, indent=0)

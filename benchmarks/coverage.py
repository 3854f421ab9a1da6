"""How often do the 95% intervals of a gain hold the truth? ``python -m benchmarks.coverage``.

Gains are made up from effects of seeds, of languages, of seed by group (languages that share a
model share its luck) and of single cells, around a true gain of zero. Printed is the share of
intervals that hold zero, and the mean width, for the comparison as it stands and for the plain
bootstrap of rows and columns without any correction.
"""

from __future__ import annotations

import argparse

import numpy as np

from gradsim_core.experiments.comparison import compare, resampled_shares

MIXTURES = {  # standard deviations: seed, language, seed by group, cell
    "cells alone": (0, 0, 0, 1),
    "languages": (0, 2, 0, 1),
    "languages, cells": (0, 1, 0, 1),
    "languages, groups": (0, 1, 1, 1),
    "all alike": (1, 1, 1, 1),
    "seeds": (1, 0, 0, .3),
}
_SCALE, _BASE = 0.01, 0.5  # gains of about a point, around a score of 50%


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5])
    parser.add_argument("--languages", type=int, nargs="+", default=[8, 12, 16])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=999)
    options = parser.parse_args()
    draw = np.random.default_rng(0)
    print(f"{'effects':<20}{'seeds':>6}{'languages':>10}{'coverage':>10}{'width':>7}"
          f"{'plain':>9}{'width':>7}")
    for name, sizes in MIXTURES.items():
        for n_seeds in options.seeds:
            for n_languages in options.languages:
                held = np.array([
                    [*_held(differences, options.resamples), *_plain(differences,
                                                                     options.resamples, draw)]
                    for differences in (made_up_gains(n_seeds, n_languages, sizes, draw)
                                        for _ in range(options.repeats))])
                ours, width, plain, plain_width = held.mean(axis=0)
                print(f"{name:<20}{n_seeds:>6}{n_languages:>10}{ours:>10.1%}{width:>7.2f}"
                      f"{plain:>9.1%}{plain_width:>7.2f}", flush=True)


def made_up_gains(n_seeds: int, n_languages: int, sizes: tuple[float, ...],
                  draw: np.random.Generator, n_groups: int = 4) -> np.ndarray:
    """(seed, language) gains whose true mean is zero."""
    seed, language, group, cell = sizes
    shared = draw.normal(size=(n_seeds, n_groups))[:, np.arange(n_languages) % n_groups]
    return (seed * draw.normal(size=(n_seeds, 1)) + language * draw.normal(size=(1, n_languages))
            + group * shared + cell * draw.normal(size=(n_seeds, n_languages)))


def _held(gains: np.ndarray, resamples: int) -> tuple[bool, float]:
    found = compare({"a": _BASE + _SCALE * gains, "b": np.full_like(gains, _BASE)},
                    resamples=resamples).gains["a"]["b"]
    low, high = found.interval or (0, 0)
    return low <= 0 <= high, (high - low) / _SCALE


def _plain(gains: np.ndarray, resamples: int, draw: np.random.Generator) -> tuple[bool, float]:
    seeds, languages = (resampled_shares(n, resamples, draw) for n in gains.shape)
    low, high = np.quantile(((seeds @ gains) * languages).sum(axis=1), [.025, .975])
    return bool(low <= 0 <= high), high - low


if __name__ == "__main__":
    main()

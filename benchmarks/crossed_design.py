"""Do the interval and the p of language minus topic hold what they promise? (`statistics.crossed`)

Cells are made of a language's part, a topic's part and noise, where language and topic matter
alike, so the true difference is zero: a 95% interval should hold it in 95 of 100 draws, and p
should be at most 0.05 in 5 of 100. The topics are the same in all draws, as the method has it.

    python -m benchmarks.crossed_design [--draws 600]
"""

from __future__ import annotations

import argparse

import numpy as np

from gradsim_core.statistics.crossed import crossed

_DIMENSIONS = 40


def made_cells(draw: np.random.Generator, topics: np.ndarray, n_languages: int,
               uneven: bool) -> np.ndarray:
    """Cells (1, L, T, L, T) whose expected difference is zero."""
    n_topics = len(topics)
    shared = topics @ topics.T
    between = (shared.sum() - np.trace(shared)) / (n_topics * (n_topics - 1))
    languages = draw.normal(size=(n_languages, 1, _DIMENSIONS)) * np.sqrt(
        (1 - between) / _DIMENSIONS)
    if uneven:  # some languages are far from the others, most are not
        languages *= draw.choice([0.4, 1.4], size=(n_languages, 1, 1)) / np.sqrt(1.06)
    noise = draw.normal(size=(n_languages, n_topics, _DIMENSIONS)) * np.sqrt(0.5 / _DIMENSIONS)
    vectors = (languages + topics + noise).reshape(-1, _DIMENSIONS)
    return (vectors @ vectors.T).reshape((1, *(n_languages, n_topics) * 2))


def main() -> None:
    """Print, for each design, how often the interval holds zero and how often p is small."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=600)
    n_draws = parser.parse_args().draws
    print(f"{n_draws} draws; interval should hold zero in 95%, p <= .05 in 5%")
    for n_languages in (6, 12, 30):
        for n_topics in (2, 4):
            for uneven in (False, True):
                draw = np.random.default_rng([n_languages, n_topics, uneven])
                topics = draw.normal(size=(n_topics, _DIMENSIONS))
                topics /= np.linalg.norm(topics, axis=1, keepdims=True)
                held = small = 0
                for seed in range(n_draws):
                    found, = crossed(made_cells(draw, topics, n_languages, uneven),
                                     permutations=999, seed=seed)
                    low, high = found.difference.interval or (np.nan, np.nan)
                    held += low <= 0 <= high
                    small += found.difference.p <= 0.05
                print(f"{n_languages:3d} languages x {n_topics} topics, "
                      f"{'uneven' if uneven else 'even  '}: interval {held / n_draws:.1%}, "
                      f"p {small / n_draws:.1%}")


if __name__ == "__main__":
    main()

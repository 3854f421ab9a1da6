"""Measure trials against bare loops and transformers' Trainer: ``python -m benchmarks.trials``.

All train on the same rows at the same steps, in turns, one thread, CPU seconds a step (the first
step of a turn is not counted); ratios are medians of the turns' own ratios.

``ours``                 `trial.run_trial`, timed by its own progress events
``plain``                forward, loss, backward, clip, AdamW on our micro-batches, made beforehand
``plain_padded``         the same micro-batches padded, as they would be without packing
``trainer``              transformers.Trainer as it comes: a step's rows are one padded batch
``trainer_accumulated``  the same, a batch of 32 rows at a time, gradients accumulated
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers

from benchmarks.cases import MINILM
from gradsim_core.encoder.encoding import Encoded
from gradsim_core.encoder.models import Encoder, load_encoder
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training.batches import weighted_loss
from gradsim_core.training.evaluation import Texts
from gradsim_core.training.mixed import Pool, micro_batches, pool_of, step_rows
from gradsim_core.training.optimization import adamw, update
from gradsim_core.training.trial import run_trial, study_texts
from gradsim_core.trials import study_budget, trial_of

STUDIES = {"tiny-bytes": Study(), "22M": Study(model=str(MINILM))}
LANGUAGES = {"tiny-bytes": (1, 12), "22M": (1, 4)}
_TRAINER_ROWS = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(STUDIES))
    parser.add_argument("--steps", type=int, default=4, help="a turn; the first is not counted")
    parser.add_argument("--rounds", type=int, default=3, help="after one that is not counted")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for model in options.models.split(","):
        prepared = prepare(STUDIES[model])
        texts = study_texts(prepared)
        for n_languages in LANGUAGES[model]:
            steps = options.steps * (4 if n_languages == 1 else 1)  # short ones: more of them
            side_by_side(model, Case.of(prepared, texts, n_languages, steps), options.rounds)
    scoring_share(STUDIES["tiny-bytes"])


@dataclass
class Case:
    """What all loops are given: some languages' rows, and how many steps to take."""

    prepared: Prepared
    texts: Texts
    pool: Pool
    steps: int

    @classmethod
    def of(cls, prepared: Prepared, texts: Texts, n_languages: int, steps: int) -> Case:
        """The first languages of a study, with no rows to score."""
        codes = sorted(prepared.sources)[:n_languages]
        train = {code: texts["train"][code] for code in codes}
        unscored = {code: Encoded((), ()) for code in codes}
        return cls(prepared, {"train": train, "dev": unscored}, pool_of(train, codes), steps)

    @property
    def study(self) -> Study:
        return self.prepared.study

    def encoder(self) -> Encoder:
        """The model as a trial starts from it."""
        corpus = self.prepared.corpus
        return load_encoder(self.study.model, None, corpus.task, corpus.labels, 0,
                            self.study.max_length)

    def rows(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and weights of a step."""
        return step_rows(self.pool, step, self.study.batch_size, self.study.seed)


def side_by_side(model: str, case: Case, rounds: int) -> None:
    """One turn of every loop after the other, and the table of their times."""
    seconds: dict[str, list[float]] = {name: [] for name in LOOPS}
    for _ in range(rounds + 1):
        for name, loop in LOOPS.items():
            seconds[name].append(float(np.diff(loop(case)).mean()))
    n_rows, _ = (len(part) for part in case.rows(0))
    print(f"\n{model}: {len(case.pool.codes)} x {case.study.batch_size} rows a step\n"
          f"{'loop':<22}{'CPU ms a step':>14}{'rows / s':>10}{'ours / it':>11}")
    for name, of_turns in seconds.items():
        turns = np.array(of_turns[1:])
        ratio = np.median(np.array(seconds["ours"][1:]) / turns)
        print(f"{name:<22}{np.median(turns) * 1000:>14.1f}{n_rows / np.median(turns):>10.0f}"
              f"{ratio:>11.3f}", flush=True)


# The loops: each returns the CPU clock at the end of every step.


def ours(case: Case) -> list[float]:
    clock: list[float] = []
    trial = trial_of(case.pool.codes, 0, study_budget(case.study, steps=case.steps))
    with tempfile.TemporaryDirectory() as cache:
        run_trial(case.prepared, case.texts, Store(cache), trial,
                  lambda event: clock.append(time.process_time()), threads=1)
    return clock


def plain(case: Case, packed: bool = True) -> list[float]:
    clock: list[float] = []
    encoder = case.encoder()
    study = case.study.model_copy(update={"steps": case.steps})
    optimizer = adamw(encoder, study)
    made = [list(micro_batches(encoder, case.pool, *case.rows(step), packed=packed))
            for step in range(case.steps)]
    encoder.model.train()
    for step, batches in enumerate(made):
        optimizer.zero_grad()
        for batch, weights in batches:
            weighted_loss(encoder, batch, weights).backward()
        update(encoder, optimizer, study, step)
        clock.append(time.process_time())
    return clock


def trainer(case: Case, accumulated: bool = False) -> list[float]:
    clock: list[float] = []

    class Clock(transformers.TrainerCallback):
        def on_step_end(self, *_given: object, **_more: object) -> None:
            clock.append(time.process_time())

    encoder = case.encoder()
    encoder.model.set_attn_implementation("sdpa")
    unsorted = np.random.default_rng(0).permutation
    rows = [row for step in range(case.steps) for row in unsorted(case.rows(step)[0])]
    examples = [{"input_ids": case.pool.rows.ids[row].tolist(),
                 "label": int(case.pool.rows.labels[row])} for row in rows]
    n_rows = len(rows) // case.steps
    at_once = _TRAINER_ROWS if accumulated else n_rows
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            folder, per_device_train_batch_size=at_once, max_steps=case.steps,
            gradient_accumulation_steps=n_rows // at_once, use_cpu=True, save_strategy="no",
            report_to="none", disable_tqdm=True, dataloader_pin_memory=False,
            train_sampling_strategy="sequential")  # the rows of each step are our step's
        made = transformers.Trainer(encoder.model, arguments, train_dataset=examples,
                                    processing_class=encoder.tokenizer, callbacks=[Clock()])
        made.remove_callback(transformers.PrinterCallback)
        made.train()
    return clock


LOOPS: dict[str, Callable[[Case], list[float]]] = {
    "ours": ours, "plain": plain, "plain_padded": partial(plain, packed=False),
    "trainer": trainer, "trainer_accumulated": partial(trainer, accumulated=True)}


def scoring_share(study: Study) -> None:
    """Whole trials at the study's own budget: how long they train, how long they are scored."""
    prepared = prepare(study)
    texts = study_texts(prepared)
    n_scored = sum(len(rows) for name in ("dev", "test") for rows in texts[name].values())
    print(f"\nwhole trials of {study.steps} steps, scored on {n_scored} rows\n"
          f"{'languages':<12}{'rows trained':>14}{'training s':>12}{'scoring s':>11}{'share':>8}")
    for n_languages in (1, 4, len(prepared.sources)):
        clock: list[float] = []
        trial = trial_of(sorted(prepared.sources)[:n_languages], 0, study_budget(study))
        with tempfile.TemporaryDirectory() as cache:
            began = time.process_time()
            found = run_trial(prepared, texts, Store(cache), trial,
                              lambda event, clock=clock: clock.append(time.process_time()),
                              threads=1)
            ended = time.process_time()
        scoring = ended - clock[-1]
        print(f"{n_languages:<12}{found['facts']['examples']:>14,}{clock[-1] - began:>12.2f}"
              f"{scoring:>11.2f}{scoring / (ended - began):>8.1%}", flush=True)


if __name__ == "__main__":
    main()

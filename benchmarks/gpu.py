"""The joint trial on a CUDA device: ``python -m benchmarks.gpu``.

Three things, each within one run: seconds of a step against plain training of the same
micro-batches (medians of turns that take each other's place, after a synchronisation), in float32
and in bfloat16; the most memory that the device's allocator held; and how far the cosines of one
step are from those of the CPU, in float32. Name the machine with the figures. Where there is no
CUDA device it says so and measures nothing; ``--device cpu`` tries the script itself.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

from benchmarks.cases import CASES, encoded_rows, real_text
from gradsim_core.encoder.encoding import Encoded
from gradsim_core.encoder.models import Encoder
from gradsim_core.study import Study
from gradsim_core.training.passes import place
from gradsim_core.training.steps import Training, half_backward, start_training, train_step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default="pretrained,pretrained-token,xlmr-shaped-250k")
    parser.add_argument("--languages", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=64, help="rows a language and step")
    parser.add_argument("--rounds", type=int, default=5, help="after one that is not counted")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device that PyTorch can use here: nothing is measured.")
        return
    device = torch.device(options.device)
    print(f"{_named(device)}, torch {torch.__version__}")
    for name in options.cases.split(","):
        _case(name, device, options)


def _case(name: str, device: torch.device, options: argparse.Namespace) -> None:
    case = CASES[name]
    corpus = real_text(options.languages, 400, case.task)
    exact = {kind: _one_step(case.encoder(corpus), corpus.trainable[:2], corpus, where)
             for kind, where in (("cpu", torch.device("cpu")), ("device", device))}
    print(f"\n{name}: cosines of one step, {device.type} against CPU in float32: largest "
          f"difference {np.abs(exact['device'] - exact['cpu']).max():.2e}")
    print(f"{'numbers':<10}{'plain s':>9}{'ours s':>9}{'ours / plain':>14}{'plain GB':>10}"
          f"{'ours GB':>9}")
    for precision in ("float32", "bfloat16"):
        study = Study(batch_size=options.batch_size, learning_rate=2e-5, gradients="sketch",
                      steps=100_000, precision=precision)
        encoder = case.encoder(corpus)
        place(encoder, device, recompute=False)
        encoded = encoded_rows(corpus, encoder)
        training = start_training(encoder, tuple(encoded), study)
        loops: dict[str, Callable[[], None]] = {
            "plain": lambda: _plain(training, encoded, study),  # noqa: B023 - called in this turn
            "ours": lambda: _ours(training, encoded, study)}  # noqa: B023
        seconds: dict[str, list[float]] = {loop: [] for loop in loops}
        most: dict[str, float] = {}
        for _ in range(options.rounds + 1):
            for loop, run in loops.items():
                took, held = _measured(run, device)
                seconds[loop].append(took)
                most[loop] = max(most.get(loop, 0.0), held)
        plain, ours = (np.array(seconds[loop][1:]) for loop in ("plain", "ours"))
        print(f"{precision:<10}{np.median(plain):>9.3f}{np.median(ours):>9.3f}"
              f"{np.median(ours / plain):>14.3f}{most['plain'] / 1e9:>10.2f}"
              f"{most['ours'] / 1e9:>9.2f}", flush=True)


def _measured(run: Callable[[], None], device: torch.device) -> tuple[float, float]:
    """Seconds, and bytes that the allocator held at most (0 on a CPU)."""
    on_cuda = device.type == "cuda"
    if on_cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    run()
    if on_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began, torch.cuda.max_memory_allocated() if on_cuda else 0


def _ours(training: Training, encoded: dict[str, Encoded], study: Study) -> None:
    train_step(training, encoded, study, training.encoder.first_position is not None, False)


def _plain(training: Training, encoded: dict[str, Encoded], study: Study) -> None:
    """The same rows, batches and optimizer, with nothing recorded."""
    encoder = training.encoder
    encoder.model.train()
    for parameter in encoder.parameters:
        parameter.grad = None
    for rows in encoded.values():
        for half in (0, 1):
            some = np.arange(half, len(rows), 2)[:study.batch_size // 2]
            some = some[np.argsort(rows.lengths_of(some), kind="stable")]
            half_backward(encoder, rows, some, study, encoder.first_position is not None)
    torch.nn.utils.clip_grad_norm_(encoder.parameters, 1.0)
    training.optimizer.step()


def _one_step(encoder: Encoder, codes: tuple[str, ...], corpus: object,
              device: torch.device) -> np.ndarray:
    """Cosines of one step without dropout: (n_blocks, 2L, 2L)."""
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    place(encoder, device, recompute=False)
    encoded = encoded_rows(corpus, encoder)  # type: ignore[arg-type]
    study = Study(batch_size=16, gradients="sketch", steps=10, snapshots=1)
    training = start_training(encoder, tuple(codes), study)
    _, grams = train_step(training, encoded, study, encoder.first_position is not None)
    assert grams is not None
    length = np.sqrt(np.diagonal(grams, axis1=1, axis2=2))
    return grams / length[:, :, None] / length[:, None, :]


def _named(device: torch.device) -> str:
    return torch.cuda.get_device_name() if device.type == "cuda" else f"{os.cpu_count()} CPU cores"


if __name__ == "__main__":
    main()

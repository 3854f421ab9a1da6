"""Gradients of word tables taken as rows, and gradients folded as they come, against autograd's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoded, made_encoder
from torch import nn

from gradsim_core.encoder.models import Encoder
from gradsim_core.gradients import incoming as incoming_module
from gradsim_core.gradients.folding import fold, fold_signs, fold_table
from gradsim_core.gradients.tap import Tap
from gradsim_core.gradients.word_rows import word_table
from gradsim_core.training.batches import collate, mean_loss

# the slow twin: number i of a block goes to column i % k with the sign of row i // k, and with that
# of the pattern's number that is as far on from where the row's stretch begins


def ref_fold(flat: torch.Tensor, signs: torch.Tensor, size: int,
             pattern: torch.Tensor | None = None) -> np.ndarray:
    out = np.zeros(size)
    for i, value in enumerate(flat.tolist()):
        row, column = divmod(i, size)
        sign = float(signs[row])
        if pattern is not None:
            sign *= float(pattern[row % (len(pattern) - size + 1) + column])
        out[column] += value * sign
    return out


@pytest.mark.parametrize("starts", [None, 1, 5, 200])
@pytest.mark.parametrize("size", [3, 7, 16, 50, 4_093])
@pytest.mark.parametrize("offset", [0, 5, 48, 1_001])
def test_some_rows_of_a_table_fold_as_the_whole_table(size: int, offset: int,
                                                      starts: int | None) -> None:
    """Whole numbers, so that any order of adding them up gives the same bits."""
    generator = torch.Generator().manual_seed(size + offset)
    n_words, hidden = 40, 16
    ids = torch.tensor([0, 3, 3, 17, 39])
    rows = torch.randint(-9, 10, (5, hidden), generator=generator).float()
    table = torch.zeros(n_words, hidden).index_add_(0, ids, rows)
    signs = fold_signs(offset + table.numel(), size, seed=1)
    pattern = None if starts is None else fold_signs(size + starts - 1, 1, seed=2)
    some, whole = torch.ones(size), torch.ones(size)
    fold_table(ids, rows, offset, signs, some, pattern)
    fold(table, offset, signs, whole, pattern)
    assert torch.equal(some, whole)
    block = torch.cat([torch.zeros(offset), table.flatten()])
    np.testing.assert_array_equal(whole.numpy() - 1, ref_fold(block, signs, size, pattern))


def folded(encoder: Encoder, backwards: list[Callable[[], Any]], size: int,
           as_rows: bool) -> tuple[list[torch.Tensor], list[torch.Tensor | None]]:
    """Sketches of some backward passes, and the mean gradients that they leave."""
    tap = Tap(encoder, len(backwards), exact=False, sketch_size=size, seed=0)
    if not as_rows:
        tap._incoming._words = None
    tap.begin_step()
    for i, backward in enumerate(backwards):
        tap.begin(2 * i)
        backward()
        assert tap.end(2 * i)
    tap.end_step(len(backwards))
    return ([tap.step[2 * i].clone() for i in range(len(backwards))],
            [None if p.grad is None else p.grad.clone() for p in encoder.parameters])


def assert_same(rows: Any, dense: Any, exactly: bool = False) -> None:
    for some, whole in zip(rows[0], dense[0], strict=True):
        torch.testing.assert_close(some, whole, rtol=1e-5, atol=1e-5 * float(whole.abs().max()))
    for some, whole in zip(rows[1], dense[1], strict=True):
        if some is None or whole is None:
            assert some is whole
        elif exactly:
            assert torch.equal(some, whole)
        else:
            torch.testing.assert_close(some, whole, rtol=1e-6,
                                       atol=1e-6 * float(whole.abs().max()))


def passes(encoder: Encoder, task: str, packed: bool) -> list[Callable[[], Any]]:
    encoded = made_encoded(made_corpus(task), encoder)
    return [lambda rows=rows: mean_loss(encoder, collate(
        encoder, rows, np.arange(6), packed)).backward() for rows in encoded.values()]


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize(("shape", "packed"), [
    ("bert", True), ("bert", False), ("xlm-roberta", True), ("xlm-roberta", False),
    ("electra", True), ("distilbert", False), ("deberta-v2", False)])
def test_rows_are_the_dense_gradient(shape: str, packed: bool, task: str) -> None:
    """To the last bit in what the optimizer gets; padding has no gradient either way."""
    encoder = made_encoder(shape, task)
    table = word_table(encoder)
    assert table is not None
    backwards = passes(encoder, task, packed)
    assert_same(folded(encoder, backwards, 301, as_rows=True),
                folded(encoder, backwards, 301, as_rows=False), exactly=True)


def test_a_word_table_that_is_also_the_output_layer_gets_both_gradients() -> None:
    encoder = made_encoder("bert", "token")
    table = word_table(encoder)
    assert table is not None
    encoder.model.classifier = nn.Linear(32, 260)
    encoder.model.classifier.weight = table.weight
    batch = torch.randint(1, 260, (2, 9), generator=torch.Generator().manual_seed(0))
    backwards = [lambda some=some: encoder.model(input_ids=some[None]).logits.logsumexp(
        -1).sum().backward() for some in batch]
    rows = folded(encoder, backwards, 301, as_rows=True)
    assert_same(rows, folded(encoder, backwards, 301, as_rows=False))
    assert all(bool(gradient.abs().sum(1).gt(0).all()) for gradient, parameter in zip(
        rows[1], encoder.parameters, strict=True) if parameter is table.weight)


def test_one_table_looked_up_twice_counts_twice() -> None:
    encoder = made_encoder("bert", "token")
    batch = torch.randint(1, 260, (2, 9), generator=torch.Generator().manual_seed(0))
    backwards = [lambda: sum(encoder.model(input_ids=some[None]).logits.square().sum()
                             for some in batch).backward()]
    assert_same(folded(encoder, backwards, 301, as_rows=True),
                folded(encoder, backwards, 301, as_rows=False))


def test_several_passes_fold_as_their_sum() -> None:
    """What waits is as it came, whatever the next pass adds to ``parameter.grad``."""
    encoder = made_encoder()
    backwards = passes(encoder, "sequence", True)[:3]
    single, _ = folded(encoder, backwards, 301, as_rows=True)
    together, _ = folded(encoder, [lambda: [one() for one in backwards]], 301, as_rows=True)
    torch.testing.assert_close(together[0], sum(single), rtol=1e-5, atol=1e-6)


def frozen(encoder: Encoder) -> None:
    encoder.blocks["embeddings"].pop(0).requires_grad = False


def scaled(encoder: Encoder) -> None:
    class Scaled(nn.Embedding):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return super().forward(ids) * 3.0

    module = Scaled(260, 32, padding_idx=0)
    module.weight = encoder.model.get_input_embeddings().weight
    encoder.model.set_input_embeddings(module)


def counted(encoder: Encoder) -> None:
    encoder.model.get_input_embeddings().scale_grad_by_freq = True


def normed(encoder: Encoder) -> None:
    encoder.model.get_input_embeddings().max_norm = 1.0


def without(encoder: Encoder) -> None:
    def refuse() -> None:
        raise NotImplementedError

    encoder.model.get_input_embeddings = refuse


@pytest.mark.parametrize("change", [frozen, scaled, counted, normed, without])
def test_other_tables_stay_with_autograd(change: Callable[[Encoder], None]) -> None:
    encoder = made_encoder()
    assert word_table(encoder) is not None
    change(encoder)
    assert word_table(encoder) is None
    backwards = passes(encoder, "sequence", True)
    one, two = (folded(encoder, backwards, 301, as_rows=some) for some in (True, False))
    assert all(torch.equal(a, b) for a, b in zip(one[0], two[0], strict=True))


@pytest.mark.parametrize("short", [0, 40, 2**20])
def test_sketch_is_the_fold_of_the_exact_gradient(monkeypatch: pytest.MonkeyPatch,
                                                  short: int) -> None:
    """Whichever parameters wait for each other: none, some or all."""
    monkeypatch.setattr(incoming_module, "_SHORT", short)
    encoder = made_encoder("xlm-roberta")
    backwards = passes(encoder, "sequence", True)
    sketches, _ = folded(encoder, backwards, 301, as_rows=True)
    tap = Tap(encoder, len(backwards), exact=True, sketch_size=301, seed=0)
    tap.begin_step()
    for i, backward in enumerate(backwards):
        tap.begin(2 * i)
        backward()
        tap.end(2 * i)
    incoming = Tap(encoder, 1, exact=False, sketch_size=301, seed=0)._incoming
    first = {id(own): own for _, own, _ in incoming._places}  # of each block, in order
    for i, sketch in enumerate(sketches):
        expected = np.concatenate([
            ref_fold(tap.step[2 * i, part], own, min(301, part.stop - part.start),
                     incoming._pattern)
            for part, own in zip(tap.block_slices, first.values(), strict=True)])
        np.testing.assert_allclose(sketch.numpy(), expected, rtol=1e-5,
                                   atol=1e-6 * np.abs(expected).max())


def test_nothing_is_left_behind() -> None:
    """After a step no hook stays; a step cut short by an error does not count twice."""
    encoder = made_encoder()
    backwards = passes(encoder, "sequence", True)
    table = word_table(encoder)
    assert table is not None
    tap = Tap(encoder, 1, exact=False, sketch_size=301, seed=0)
    expected, _ = folded(encoder, backwards[:1], 301, as_rows=True)
    tap.begin_step()
    tap.begin(0)
    backwards[1]()  # and then something goes wrong
    tap.begin_step()
    tap.begin(0)
    backwards[0]()
    tap.end(0)
    tap.end_step(1)
    assert torch.equal(tap.step[0], expected[0])
    assert not table._forward_hooks
    assert not any(parameter._backward_hooks for parameter in encoder.parameters)

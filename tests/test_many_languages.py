"""What is done otherwise for very many languages gives what the plain way gives."""

from __future__ import annotations

import numpy as np
import torch

from gradsim_core.gradients import block_gram


def test_half_of_a_large_gram_is_the_whole() -> None:
    rows = torch.randn((1_100, 40), generator=torch.Generator().manual_seed(0))
    found = block_gram(rows)
    assert (found == found.T).all()
    exact = rows.double() @ rows.double().T
    np.testing.assert_allclose(found, exact.numpy(), atol=1e-4)

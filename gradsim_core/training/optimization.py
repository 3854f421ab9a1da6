"""How every model here is trained: AdamW, warm-up, clipping; and its state as named arrays.

Conventions
-----------
Linear warm-up, linear decay, gradients clipped to norm 1, no weight decay on biases and norms.
Nothing depends on what came before but weights, moments and the number of the step, so these are
all that a checkpoint holds. Steps count from 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from gradsim_core.encoder.models import Encoder
from gradsim_core.study import Study
from gradsim_core.training.memory import give_back_memory


def adamw(encoder: Encoder, study: Study) -> torch.optim.AdamW:
    """The optimizer of an encoder's parameters."""
    decayed = [p for p in encoder.parameters if p.ndim > 1]
    plain = [p for p in encoder.parameters if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": study.weight_decay},
         {"params": plain, "weight_decay": 0.0}], lr=study.peak_learning_rate, fused=True)


def update(encoder: Encoder, optimizer: torch.optim.AdamW, study: Study, step: int) -> float:
    """Follow the gradients that stand in ``parameter.grad``; their norm before clipping."""
    norm = torch.nn.utils.clip_grad_norm_(encoder.parameters, 1.0)
    for group in optimizer.param_groups:
        group["lr"] = study.peak_learning_rate * schedule(step, study)
    optimizer.step()
    give_back_memory(step + 1)
    return float(norm)


def preconditioner(encoder: Encoder, optimizer: torch.optim.AdamW) -> list[torch.Tensor | None]:
    """What Adam multiplied each coordinate of its last step with: 1 / (sqrt(v) + eps).

    Returns
    -------
    list
        One tensor a parameter, v corrected for its start at zero; None for one without a gradient.
    """
    _, beta = optimizer.defaults["betas"]
    found: list[torch.Tensor | None] = []
    for parameter in encoder.parameters:
        state = optimizer.state.get(parameter)
        if state:
            second = state["exp_avg_sq"] / (1 - beta ** float(state["step"]))
            found.append(second.sqrt_().add_(optimizer.defaults["eps"]).reciprocal_())
        else:
            found.append(None)
    return found


def schedule(step: int, study: Study) -> float:
    """Share of the peak learning rate at a step."""
    warm = max(1, round(study.warmup * study.steps))
    return min((step + 1) / warm, (study.steps - step) / max(1, study.steps - warm + 1))


def state_arrays(encoder: Encoder, optimizer: torch.optim.AdamW) -> dict[str, np.ndarray]:
    """Weights and moments, for a checkpoint."""
    arrays = {}
    for i, parameter in enumerate(encoder.parameters):
        arrays[f"parameter.{i}"] = parameter.detach().cpu().numpy()
        if state := optimizer.state.get(parameter):  # none where it is never used
            arrays[f"exp_avg.{i}"] = state["exp_avg"].cpu().numpy()
            arrays[f"exp_avg_sq.{i}"] = state["exp_avg_sq"].cpu().numpy()
    return arrays


def restore_state(encoder: Encoder, optimizer: torch.optim.AdamW,
                  arrays: Mapping[str, np.ndarray], step: int) -> None:
    """Take up the weights and moments that stood after so many steps."""
    with torch.no_grad():
        for i, parameter in enumerate(encoder.parameters):
            parameter.copy_(torch.from_numpy(arrays[f"parameter.{i}"]))
            if f"exp_avg.{i}" in arrays:
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(step), device=parameter.device),
                    **{name: torch.tensor(arrays[f"{name}.{i}"], device=parameter.device)
                       for name in ("exp_avg", "exp_avg_sq")}}

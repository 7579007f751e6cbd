"""Whether gradients reach the encoder through the samples."""

from __future__ import annotations

import torch
from torch.distributions import Distribution

from vael.errors import InputError
from vael.models import LatentVariableModel

__all__ = ["check_reparameterised"]


def check_reparameterised(model: LatentVariableModel, q_z: Distribution) -> None:
    """Refuse to train an encoder whose samples carry no gradient: its loss is right, but it does not learn.

    Raises:
        InputError: If gradients are wanted of an encoder whose law has no ``rsample`` (one over
            categories, say).
    """
    if q_z.has_rsample or not torch.is_grad_enabled():
        return
    if any(p.requires_grad for p in model.encoder.parameters()):
        raise InputError(
            f"samples of {type(q_z).__name__} cannot be reparameterised, so this encoder would get no "
            "gradient through them: use a posterior with rsample, or freeze the encoder"
        )

"""Models whose evidence is a sum over a fine grid."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from vael.models import (
    Bernoulli,
    Decoder,
    DiagonalNormalPosterior,
    Encoder,
    LatentVariableModel,
    Likelihood,
    StandardNormal,
)
from vael.nn import MLP

FEATURES = 9


def _curved(latent: int, likelihood: Likelihood | None = None) -> LatentVariableModel:
    """A curved decoder, and an encoder that knows nothing: its q is about the prior."""
    generator = torch.Generator().manual_seed(5)
    likelihood = likelihood or Bernoulli()
    encoder = Encoder(MLP(FEATURES, 2 * latent, (6,), "tanh"), DiagonalNormalPosterior(latent))
    net = MLP(latent, likelihood.blocks * FEATURES, (8,), "tanh")
    decoder = Decoder(net, likelihood)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
        for p in encoder.net.parameters():
            p.copy_(0.1 * torch.randn(p.shape, generator=generator))
    return LatentVariableModel(StandardNormal(latent), encoder, decoder)


def _by_grid(model: LatentVariableModel, x: Tensor, points: int = 400, reach: float = 8.0) -> np.ndarray:
    """ln p(x) by the trapezoid rule in double precision."""
    model = copy.deepcopy(model).double()
    assert model.prior is not None
    (latent,) = model.prior().event_shape
    axis = torch.linspace(-reach, reach, points, dtype=torch.float64)
    z = torch.cartesian_prod(*[axis] * latent).reshape(-1, latent)
    with torch.no_grad():
        log_joint = model.decoder(z.unsqueeze(1)).log_prob(x.double()) + model.prior().log_prob(z).unsqueeze(
            1
        )
    return (log_joint.logsumexp(0) + latent * math.log(2 * reach / (points - 1))).numpy()


@pytest.fixture
def curved() -> Callable[..., LatentVariableModel]:
    return _curved


@pytest.fixture
def by_grid() -> Callable[..., np.ndarray]:
    return _by_grid


@pytest.fixture
def coins() -> Tensor:
    """Rows that are not like the model's own."""
    return (torch.rand(6, FEATURES, generator=torch.Generator().manual_seed(1)) < 0.4).float()

from __future__ import annotations

from typing import Any

import pytest
import torch
import zuko
from torch import Tensor

from vael.models import Decoder, FeatureGaussian, LatentVariableModel, StandardNormal
from vael.nn import MLP
from vael.objectives import ELBO, IWELBO
from vael.training import Rows
from vael.training.metrics import CHUNK, measure


def test_a_measure_averages_rows_over_uneven_chunks(linear_gaussian: Any) -> None:
    """With the exact posterior the bound of each row is ln p(x), whatever the noise."""
    model = linear_gaussian.model()
    x = linear_gaussian.sample(CHUNK + 37)
    rows = Rows(x.float())
    found = measure(model.float(), IWELBO(k=1), rows, torch.Generator().manual_seed(0))
    assert found.bound == pytest.approx(linear_gaussian.log_evidence(x).mean().item(), abs=1e-3)
    assert found.kl_per_latent is None  # a full covariance does not split


def test_a_posterior_that_does_not_know_its_mean_is_measured_all_the_same(data: Tensor) -> None:
    torch.manual_seed(0)
    decoder = Decoder(MLP(2, 6, (8,)), FeatureGaussian(6))
    flow = zuko.flows.MAF(features=2, context=6, transforms=1, hidden_features=(8,))
    model = LatentVariableModel(StandardNormal(2), flow, decoder)
    found = measure(model, ELBO(samples=8), Rows(data), torch.Generator().manual_seed(0))
    assert found.active_latents is None
    assert found.bound == pytest.approx(found.log_likelihood - found.kl, rel=1e-5)

"""A small problem that trains in a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from vael.models import (
    Decoder,
    DiagonalNormalPosterior,
    Encoder,
    FeatureGaussian,
    LatentVariableModel,
    StandardNormal,
)
from vael.nn import MLP
from vael.objectives import ELBO
from vael.training import Rows, Trainer, TrainingSettings


def small_model(features: int = 6, latent: int = 2, seed: int = 0) -> LatentVariableModel:
    torch.manual_seed(seed)
    posterior = DiagonalNormalPosterior(latent)
    return LatentVariableModel(
        StandardNormal(latent),
        Encoder(MLP(features, posterior.outputs, (8,)), posterior),
        Decoder(MLP(latent, features, (8,)), FeatureGaussian(features)),
    )


def small_data(n: int = 70, features: int = 6, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 2, generator=generator)
    loadings = torch.randn(2, features, generator=generator)
    return z @ loadings + 0.3 * torch.randn(n, features, generator=generator)


@pytest.fixture
def data() -> torch.Tensor:
    return small_data()


@pytest.fixture
def make_trainer(data: torch.Tensor) -> Callable[..., Trainer]:
    def make(
        *,
        objective: Any = None,
        validation: bool = True,
        train: torch.Tensor | None = None,
        model: Any = None,
        **settings: Any,
    ) -> Trainer:
        rows = data[:50] if train is None else train
        settings = {
            "max_epochs": 6,
            "batch_size": 16,
            "patience": None,
            "device": "cpu",
            "seed": 3,
        } | settings
        return Trainer(
            small_model() if model is None else model,
            objective or ELBO(),
            Rows(rows),
            Rows(data[50:]) if validation else None,
            TrainingSettings(**settings),
        )

    return make


@pytest.fixture
def make_model() -> Callable[[], LatentVariableModel]:
    return small_model

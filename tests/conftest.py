"""Settings of every test: shapes and types of vael's functions are checked as they run."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Self

from beartype import BeartypeConf, FrozenDict, beartype
from jaxtyping import install_import_hook

# Before anything imports vael. Functions are checked one by one, where `Self` has no meaning.
_checks = ModuleType("vael_checks")
_checks.check = beartype(conf=BeartypeConf(hint_overrides=FrozenDict({Self: Any})))  # type: ignore[attr-defined]
sys.modules["vael_checks"] = _checks
install_import_hook("vael", "vael_checks.check")

from dataclasses import dataclass  # noqa: E402

import hypothesis  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.distributions import MultivariateNormal  # noqa: E402

torch.set_num_threads(1)
hypothesis.settings.register_profile("vael", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.load_profile("vael")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    """What a test draws from the global generator (weights, say) is the same in every run."""
    torch.manual_seed(0)


@dataclass(frozen=True)
class LinearGaussian:
    """p(z) = N(0, I), p(x|z) = N(W z + mu, s2 I), whose ln p(x) and p(z|x) are known exactly.

    Formulas: Tipping & Bishop 1999, section 3.
    """

    W: Tensor
    mu: Tensor
    s2: float

    @property
    def M(self) -> Tensor:
        return self.W.mT @ self.W + self.s2 * torch.eye(self.W.shape[1], dtype=self.W.dtype)

    def log_evidence(self, x: Tensor) -> Tensor:
        covariance = self.W @ self.W.mT + self.s2 * torch.eye(len(self.W), dtype=self.W.dtype)
        return MultivariateNormal(self.mu, covariance).log_prob(x)

    def sample(self, n: int) -> Tensor:
        z = torch.randn(n, self.W.shape[1], dtype=self.W.dtype)
        noise = torch.randn(n, len(self.W), dtype=self.W.dtype)
        return z @ self.W.mT + self.mu + self.s2**0.5 * noise

    def model(self, widen: float = 1.0) -> Any:
        """The model with its exact posterior, or with one `widen` times as wide (float64)."""
        from vael.models import (
            Decoder,
            Encoder,
            FixedGaussian,
            FullNormalPosterior,
            LatentVariableModel,
            StandardNormal,
        )
        from vael.nn import Linear

        features, latent = self.W.shape
        decoder = Decoder(Linear(latent, features), FixedGaussian(self.s2**0.5)).double()
        posterior = FullNormalPosterior(latent)
        encoder = Encoder(Linear(features, posterior.outputs), posterior).double()
        slope = torch.linalg.solve(self.M, self.W.mT)
        tril = torch.linalg.cholesky(self.s2 * torch.linalg.inv(self.M)) * widen
        below = tril[*torch.tril_indices(latent, latent, -1)]
        with torch.no_grad():
            decoder.net.output.weight.copy_(self.W)
            decoder.net.output.bias.copy_(self.mu)
            encoder.net.output.weight.zero_()[:latent].copy_(slope)
            constant = [-slope @ self.mu, tril.diagonal().log(), below]
            encoder.net.output.bias.copy_(torch.cat(constant))
        return LatentVariableModel(StandardNormal(latent).double(), encoder, decoder)


@pytest.fixture
def linear_gaussian() -> LinearGaussian:
    generator = torch.Generator().manual_seed(11)
    W = torch.randn(5, 2, generator=generator, dtype=torch.float64)
    mu = torch.randn(5, generator=generator, dtype=torch.float64)
    return LinearGaussian(W, mu, 0.3)

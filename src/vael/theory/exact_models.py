"""Lazy distributions whose parameters are known: what exact models are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Size, Tensor, nn
from torch.distributions import Distribution, OneHotCategorical
from zuko.lazy import LazyDistribution

from vael.distributions import DiagonalNormal, FullNormal, Law
from vael.distributions.normal import HALF_LOG_2PI
from vael.errors import InputError

__all__ = ["AffineNormal", "ComponentPosterior", "ComponentPrior", "SelectedComponent", "SelectedNormal"]


def _given(values: np.ndarray) -> nn.Parameter:
    """Hold float64 values that no optimiser moves, unless `requires_grad_` asks for it."""
    return nn.Parameter(torch.tensor(values, dtype=torch.float64), requires_grad=False)


def _needed(c: Tensor | None, parameter: Tensor) -> Tensor:
    if c is None:
        raise InputError("a conditional distribution needs what it is conditioned on: call it with rows")
    return c.to(parameter.dtype)


class AffineNormal(LazyDistribution):
    r""":math:`N(A c + b, L L^T)`: a normal whose mean is affine in what is given, its covariance constant.

    Arguments:
        matrix: A, of shape ``(outputs, inputs)``.
        offset: b, of shape ``(outputs,)``.
        scale: L as a lower factor ``(outputs, outputs)``, or the standard deviations ``(outputs,)`` of
            independent components.
    """

    def __init__(self, matrix: np.ndarray, offset: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.matrix = _given(matrix)
        self.offset = _given(offset)
        self.diagonal = scale.ndim == 1
        self.scale = _given(np.log(scale) if self.diagonal else scale)

    def forward(self, c: Tensor | None = None) -> DiagonalNormal | FullNormal:
        """Return the law, its batch shape all leading axes of what is given."""
        loc = _needed(c, self.matrix) @ self.matrix.mT + self.offset
        if self.diagonal:
            return DiagonalNormal(loc, self.scale)
        return FullNormal(loc, self.scale.expand(*loc.shape, loc.shape[-1]))

    def extra_repr(self) -> str:
        """Return the shapes."""
        outputs, inputs = self.matrix.shape
        return f"inputs={inputs}, outputs={outputs}, {'independent' if self.diagonal else 'full covariance'}"


class SelectedNormal(Law):
    r"""The component of a Gaussian mixture that a one-hot vector names.

    .. math:: \ln p(x|z) = \sum_k z_k \ln N(x; \mu_k, L_k L_k^T)

    Arguments:
        z: One-hot vectors, of shape ``(*batch, components)``.
        means: Of shape ``(components, features)``.
        scale_tril: Lower factors of the covariances, ``(components, features, features)``.
    """

    def __init__(self, z: Tensor, means: Tensor, scale_tril: Tensor) -> None:
        self.z = z
        self.means = means
        self.scale_tril = scale_tril
        super().__init__(z.shape[:-1], means.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.means

    @property
    def mean(self) -> Tensor:
        """The component's mean, of shape ``(*batch, features)``."""
        return self.z @ self.means

    @property
    def mode(self) -> Tensor:
        """The mode, which is the mean."""
        return self.mean

    @property
    def variance(self) -> Tensor:
        """The variance of each feature in the component, of shape ``(*batch, features)``."""
        return self.z @ self.scale_tril.square().sum(-1)

    def distort(self, noise: Tensor) -> Tensor:
        """Return the component's mean plus its factor times the noise."""
        return self.mean + torch.einsum("...k,kij,...j->...i", self.z, self.scale_tril, noise)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats: every component's, once for each row, and the named one picked."""
        return (self.z * component_log_prob(value, self.means, self.scale_tril)).sum(-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> SelectedNormal:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.z.expand(*Size(batch_shape), -1), self.means, self.scale_tril)


def component_log_prob(
    x: Float[Tensor, "*batch features"],
    means: Float[Tensor, "components features"],
    scale_tril: Float[Tensor, "components features features"],
) -> Float[Tensor, "*batch components"]:
    """Ln N(x; mu_k, L_k L_k^T) of every row under every component, in nats."""
    rows = x.to(means.dtype).reshape(-1, x.shape[-1])
    centred = (rows - means.unsqueeze(1)).mT  # components, features, rows
    standard = torch.linalg.solve_triangular(scale_tril, centred, upper=False)
    log_determinant = scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    constant = HALF_LOG_2PI * x.shape[-1]
    log_prob = -0.5 * standard.square().sum(-2) - log_determinant.unsqueeze(-1) - constant
    return log_prob.mT.reshape(*x.shape[:-1], len(means))


class ComponentPrior(LazyDistribution):
    """p(z) of a mixture: one-hot vectors, each component with its weight.

    Arguments:
        log_weights: Of shape ``(components,)``.
    """

    def __init__(self, log_weights: np.ndarray) -> None:
        super().__init__()
        self.log_weights = _given(log_weights)

    def forward(self, c: Tensor | None = None) -> Distribution:
        """Return the law, of batch shape () and event shape (components,)."""
        return OneHotCategorical(logits=self.log_weights)

    def extra_repr(self) -> str:
        """Return the number of components."""
        return f"components={len(self.log_weights)}"


class SelectedComponent(LazyDistribution):
    """p(x|z) of a mixture: the component that z names.

    Arguments:
        means: Of shape ``(components, features)``.
        scale_tril: Of shape ``(components, features, features)``.
    """

    def __init__(self, means: np.ndarray, scale_tril: np.ndarray) -> None:
        super().__init__()
        self.means = _given(means)
        self.scale_tril = _given(scale_tril)

    def forward(self, c: Tensor | None = None) -> SelectedNormal:
        """Return the law: batch shape all leading axes of z, event shape (features,)."""
        return SelectedNormal(_needed(c, self.means), self.means, self.scale_tril)

    def extra_repr(self) -> str:
        """Return the shapes."""
        components, features = self.means.shape
        return f"components={components}, features={features}"


class ComponentPosterior(LazyDistribution):
    r"""q(z|x) of a mixture: :math:`p(z|x)^{1/t}`, normalised; Bayes' rule where the temperature t is 1.

    Arguments:
        prior: p(z).
        decoder: p(x|z).
        temperature: Above 1 it spreads q more evenly than the posterior.
    """

    def __init__(self, prior: ComponentPrior, decoder: SelectedComponent, temperature: float = 1.0) -> None:
        super().__init__()
        self.prior = prior
        self.decoder = decoder
        self.temperature = temperature

    def forward(self, c: Tensor | None = None) -> Distribution:
        """Return the law, of batch shape ``(n,)`` and event shape (components,)."""
        x = _needed(c, self.decoder.means)
        log_joint = self.prior.log_weights + component_log_prob(
            x, self.decoder.means, self.decoder.scale_tril
        )
        return OneHotCategorical(logits=log_joint / self.temperature)

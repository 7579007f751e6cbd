"""The gradient identities of the normal, after Bonnet and Price, each side computed by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vael.errors import InputError
from vael.theory._hermite import converged, normal_grid
from vael.theory._inputs import Numbers, covariance, vector

__all__ = ["GaussianIdentities", "gaussian_identities"]


@dataclass(frozen=True, eq=False)
class GaussianIdentities:
    """Both sides of both identities.

    Attributes
    ----------
        mean_gradient: d E[f] / d mu, shape (d,).
        expected_gradient: E[f'(z)], shape (d,): Bonnet says that it equals `mean_gradient`.
        covariance_gradient: d E[f] / d Sigma, shape (d, d).
        half_expected_hessian: E[f''(z)] / 2, shape (d, d): Price says that it equals `covariance_gradient`.
    """

    mean_gradient: Float[np.ndarray, " d"]
    expected_gradient: Float[np.ndarray, " d"]
    covariance_gradient: Float[np.ndarray, "d d"]
    half_expected_hessian: Float[np.ndarray, "d d"]

    @property
    def bonnet_error(self) -> float:
        """The largest difference between the two sides of Bonnet's identity."""
        return float(np.abs(self.mean_gradient - self.expected_gradient).max())

    @property
    def price_error(self) -> float:
        """The largest difference between the two sides of Price's identity."""
        return float(np.abs(self.covariance_gradient - self.half_expected_hessian).max())


def gaussian_identities(
    f: Callable[[Tensor], Tensor],
    mean: Numbers,
    covariance_matrix: Numbers,
    *,
    points: int = 32,
    tolerance: float = 1e-8,
) -> GaussianIdentities:
    r"""Both sides of Bonnet's and Price's identities for E[f(z)], z ~ N(mu, Sigma), Sigma full.

    d E[f] / d mu = E[f'(z)] and d E[f] / d Sigma = E[f''(z)] / 2: Rezende, Mohamed & Wierstra 2014
    (arXiv 1401.4082, section 3.1). The left sides take no derivative of f but of the density,
    E[f(z) P (z - mu)] and E[f(z) (P (z - mu)(z - mu)^T P - P)] / 2 with P = Sigma^-1; the right sides
    take f's by autograd. All by Gauss-Hermite quadrature, exact for
    polynomials of degree below 2 `points` - 2.

    Raises:
        InputError: Sigma not positive definite, or an expectation not converged to `tolerance`.

    Example:
        >>> sigma = [[1.0, 0.6], [0.6, 2.0]]
        >>> both = gaussian_identities(lambda z: (z[:, 0] * z[:, 1]) ** 2, [1.0, 2.0], sigma)
        >>> both.bonnet_error < 1e-8 and both.price_error < 1e-8
        True
    """
    mu = vector(mean, "mean")
    size = len(mu)
    root = np.linalg.cholesky(covariance(covariance_matrix, "covariance", size))
    whiten = np.linalg.inv(root)

    def sides(count: int) -> Float[np.ndarray, " numbers"]:
        eps, weight = normal_grid(size, count)
        value, slope, hessian = _derivatives(f, mu + eps @ root.T)
        score = eps @ whiten
        outer = np.einsum("n,ni,nj->ij", weight * value, score, score)
        outer -= (weight @ value) * whiten.T @ whiten
        parts = [(weight * value) @ score, weight @ slope, outer / 2]
        parts.append(np.einsum("n,nij->ij", weight, hessian) / 2)
        return np.concatenate([part.ravel() for part in parts])

    found = np.split(converged(sides, points, tolerance, "an expectation"), np.cumsum([size, size, size**2]))
    return GaussianIdentities(found[0], found[1], found[2].reshape(size, size), found[3].reshape(size, size))


def _derivatives(f: Callable[[Tensor], Tensor], z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """f, its gradient and its Hessian at each row of z."""
    rows = torch.from_numpy(z).requires_grad_()
    value = f(rows)
    if value.shape != rows.shape[:1]:
        raise InputError(f"f must map shape {tuple(rows.shape)} to {(len(rows),)}, got {tuple(value.shape)}")
    if not value.requires_grad:
        raise InputError("f must be differentiable, its value does not depend on z through torch")
    (slope,) = torch.autograd.grad(value.sum(), rows, create_graph=True)
    columns = [_second(column, rows) for column in slope.sum(0)]
    found = [value.detach().numpy(), slope.detach().numpy(), torch.stack(columns, 1).numpy()]
    for array in found:
        if not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))[0])
            raise InputError(f"f and its derivatives must be finite, are not at z = {z[row].tolist()}")
    return found[0], found[1], found[2]


def _second(total: Tensor, rows: Tensor) -> Tensor:
    """A row of the Hessian, zero where f is linear."""
    if not total.requires_grad:
        return torch.zeros_like(rows)
    (second,) = torch.autograd.grad(total, rows, retain_graph=True, allow_unused=True, materialize_grads=True)
    return second

"""How unsure a decoder is, learned after training: low where data were, high where none were."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import nnls
from sklearn.cluster import KMeans
from torch import Tensor, nn

from vael.errors import InputError

__all__ = ["RadialPrecision"]


class RadialPrecision(nn.Module):
    r"""A standard deviation whose precision is a sum of bumps (Arvanitidis 2018, arXiv 1710.11379).

    .. math:: \sigma_j(z) = \Big( \sum_k w_{kj} e^{-\lambda_k |z - c_k|^2} + \zeta_j \Big)^{-1/2},
        \qquad w, \zeta > 0

    Far from all centres it is :math:`\zeta^{-1/2}`, for ever: latent space that no data reached is far to
    cross.

    Arguments:
        centres: The centres c, of shape ``(K, latent)``.
        rates: The rates lambda, of shape ``(K,)``.
        weights: The weights w, of shape ``(K, outputs)``, none negative.
        floor: The floor zeta, of shape ``(outputs,)``, positive.
        copies: Features of the data that share each standard deviation: `forward` returns it times the
            root of their number, whose derivative has the length of all of theirs together.
    """

    def __init__(
        self,
        centres: Float[Tensor, "K latent"],
        rates: Float[Tensor, " K"],
        weights: Float[Tensor, "K outputs"],
        floor: Float[Tensor, " outputs"],
        copies: int = 1,
    ) -> None:
        super().__init__()
        self.copies = copies
        if not bool((floor > 0).all()) or not bool((weights >= 0).all()):
            raise InputError("the floor of a precision must be > 0 and its weights >= 0")
        self.centres: Tensor
        self.rates: Tensor
        self.weights: Tensor
        self.floor: Tensor
        for name, value in {"centres": centres, "rates": rates, "weights": weights, "floor": floor}.items():
            self.register_buffer(name, value)

    def precision(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch outputs"]:
        """Return one over the variance."""
        return _bumps(z, self.centres, self.rates) @ self.weights + self.floor

    def forward(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch outputs"]:
        """Return the standard deviation, times the root of the copies."""
        return self.precision(z).rsqrt() * math.sqrt(self.copies)

    @classmethod
    def fit(
        cls,
        Z: Float[Tensor, "n latent"],
        squared_residuals: Float[Tensor, "m outputs"],
        *,
        centres: int = 64,
        bandwidth: float = 1.25,
        rise: float = 10.0,
        copies: int = 1,
        steps: int = 30,
        rows: int = 10000,
        random_state: int = 0,
    ) -> RadialPrecision:
        r"""Fit to what a decoder misses.

        Centres are those of k-means. Each rate is :math:`\lambda_k = \tfrac12 (a\,r_k)^{-2}`, with the mean
        distance r of the cluster's points from it and the bandwidth a; a cluster of one point takes the
        median of the others. Weights minimise the Gaussian negative log-likelihood of the
        residuals, by multiplicative steps that keep them positive and never raise it, from the
        non-negative least squares of the average precision of each cluster.

        Arguments:
            Z: Encoded data.
            squared_residuals: Squares of data minus decoder, for each output; average them over the outputs
                first for one uncertainty that all outputs share.
            centres: Number of centres; no more than a fifth of the rows.
            bandwidth: Width of the bumps, in units of a cluster's radius.
            rise: Standard deviation far from the data, in units of the largest that was seen: the root
                of the largest cluster's mean squared residual.
            copies: See the class: the number of features, where residuals are averaged over them.
            steps: Steps of the fit.
            rows: Rows that are used at most: a random part where there are more.
            random_state: From which k-means draws its starts, and the part is drawn.

        Raises:
            InputError: If the numbers of rows differ, or values are not finite, or negative.
        """
        _check(Z, squared_residuals, centres, bandwidth, rise)
        order = np.random.default_rng(random_state).permutation(len(Z))[:rows]
        kept = torch.from_numpy(np.sort(order)).to(Z.device)
        points, squares = (values.detach()[kept].double().cpu() for values in (Z, squared_residuals))
        count = min(centres, max(1, len(points) // 5))
        found: Any = KMeans(count, random_state=random_state).fit(points.numpy())
        labels = torch.from_numpy(found.labels_).long()
        c = torch.from_numpy(np.asarray(found.cluster_centers_, dtype=np.float64))
        rates = 0.5 / (bandwidth * _radii(points, c, labels)).square()
        smallest = 1e-12 * squares.mean(0) + torch.finfo(torch.float64).tiny
        seen = (_means(squares, labels, count)).maximum(smallest)
        floor = 1 / (rise**2 * seen.amax(0))
        weights = _weights(_bumps(points, c, rates), _bumps(c, c, rates), squares, seen, floor, steps)
        return cls(c.to(Z), rates.to(Z), weights.to(Z), floor.to(Z), copies)


def _bumps(z: Tensor, centres: Tensor, rates: Tensor) -> Tensor:
    """``exp(-lambda_k |z - c_k|^2)``, of shape ``(*batch, K)``."""
    squares = (z.unsqueeze(-2) - centres).square().sum(-1)
    return (-rates * squares).exp()


def _radii(points: Tensor, centres: Tensor, labels: Tensor) -> Tensor:
    """Mean distance of each cluster's points from its centre; the median where it is 0."""
    distances = torch.linalg.vector_norm(points - centres[labels], dim=-1, keepdim=True)
    radii = _means(distances, labels, len(centres)).squeeze(-1)
    wide = radii[radii > 0]
    return torch.where(radii > 0, radii, wide.median() if len(wide) else torch.ones(()).double())


def _means(values: Tensor, labels: Tensor, count: int) -> Tensor:
    """Mean of the rows of each label."""
    sums = torch.zeros(count, values.shape[1], dtype=values.dtype).index_add_(0, labels, values)
    return sums / labels.bincount(minlength=count).clamp(min=1).unsqueeze(1)


def _weights(
    B: Tensor, at_centres: Tensor, squares: Tensor, seen: Tensor, floor: Tensor, steps: int
) -> Tensor:
    r"""Minimise :math:`\sum_i \tfrac12 (\beta_i r_i^2 - \ln \beta_i)`, :math:`\beta = B w + \zeta`.

    ``w <- w (B^T 1/beta) / (B^T r^2)`` is the minimum of the bound that Jensen's inequality gives for the
    logarithm of the sum, tight at the old w: no step raises the loss.
    """
    columns = [nnls(at_centres.numpy(), target)[0] for target in (1 / seen - floor).clamp(min=0).T.numpy()]
    w = torch.from_numpy(np.stack(columns, 1))
    w = w.maximum(1e-3 / seen.amax(0))  # a weight of 0 would stay there
    against = (B.T @ squares).clamp(min=torch.finfo(w.dtype).tiny)
    for _ in range(steps):
        w = w * (B.T @ (1 / (B @ w + floor))) / against
    return w


def _check(Z: Tensor, squares: Tensor, centres: int, bandwidth: float, rise: float) -> None:
    if len(Z) != len(squares) or len(Z) < 2:
        raise InputError(
            f"a precision is fitted to as many residuals as points, and 2 at least: got {len(squares)} and "
            f"{len(Z)}"
        )
    if not (torch.isfinite(Z).all() and torch.isfinite(squares).all() and (squares >= 0).all()):
        raise InputError("points must be finite, and squared residuals finite and not negative")
    if not bool((squares.amax(0) > 0).all()):
        raise InputError("some output has residuals of 0 only: its uncertainty is 0 and cannot be fitted")
    if centres < 1 or not 0 < bandwidth < math.inf or not 1 <= rise < math.inf:
        raise InputError(
            f"centres must be >= 1, bandwidth > 0 and rise >= 1, got {centres}, {bandwidth:g} and {rise:g}"
        )

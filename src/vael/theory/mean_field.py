"""Variational inference for a model given as a log-density: the best diagonal normal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import ndtri
from torch import Tensor

from vael.errors import InputError
from vael.theory._inputs import Numbers, at_least, covariance, finite, positive, vector
from vael.theory.results import Estimate

__all__ = ["MeanFieldResult", "NormalMeanField", "mean_field", "normal_mean_field"]

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True, eq=False)
class MeanFieldResult:
    """q(z) = N(mean, diag scale^2), the best of its family.

    Attributes
    ----------
        mean: Shape (d,).
        scale: Standard deviations, shape (d,).
        elbo: E_q[ln p(x, z) - ln q(z)] in nats on fresh draws: a lower bound of ln p(x).
        elbo_history: The objective after each step, on the draws that the search shares.
    """

    mean: Vector
    scale: Vector
    elbo: Estimate
    elbo_history: Float[np.ndarray, " steps"]

    def log_prob(self, z: Numbers) -> Float[np.ndarray, "*shape"]:
        """The log-density ln q(z), for z of shape (..., d)."""
        eps = (finite(z, "z") - self.mean) / self.scale
        return np.asarray(-(eps**2 + np.log(2 * np.pi)).sum(-1) / 2 - np.log(self.scale).sum())


@dataclass(frozen=True, eq=False)
class NormalMeanField:
    """The diagonal normal that is nearest to a normal with correlations, in KL(q || p).

    Attributes
    ----------
        mean: Shape (d,).
        scale: Standard deviations, shape (d,).
        gap: KL(q || p) in nats: what the ELBO loses.
    """

    mean: Vector
    scale: Vector
    gap: float


def normal_mean_field(mean: Numbers, covariance_matrix: Numbers) -> NormalMeanField:
    """The optimum for p = N(m, P^-1) in closed form: the mean is right, the scales are too small.

    q_i = N(m_i, 1 / P_ii), since the best factor has p's conditional precision; the marginal variance
    (P^-1)_ii is never below 1 / P_ii. The gap is (sum_i ln P_ii - ln |P|) / 2. Source: Bishop 2006,
    eqs. (10.12)-(10.15); Blei, Kucukelbir & McAuliffe 2017 (arXiv 1601.00670, figure 1).

    Example:
        >>> best = normal_mean_field([0.0, 0.0], [[1.0, 0.8], [0.8, 1.0]])
        >>> best.scale.round(6).tolist(), round(best.gap, 6)
        ([0.6, 0.6], 0.510826)
    """
    m = vector(mean, "mean")
    precision = np.linalg.inv(covariance(covariance_matrix, "covariance", len(m)))
    diagonal = np.diag(precision)
    gap = (np.log(diagonal).sum() - np.linalg.slogdet(precision)[1]) / 2
    return NormalMeanField(m, diagonal**-0.5, float(gap))


def mean_field(
    log_density: Callable[[Tensor], Tensor],
    dimension: int,
    *,
    mean: Numbers = 0.0,
    scale: Numbers = 1.0,
    samples: int = 1024,
    check_samples: int = 10_000,
    tolerance: float = 1e-8,
    max_iter: int = 500,
    random_state: int | np.random.Generator | None = 0,
) -> MeanFieldResult:
    """The best N(mean, diag scale^2) for an unnormalised density, by reparameterised gradients.

    Maximises E_eps[ln p(x, mean + scale eps)] + sum_i ln scale_i + d/2 ln(2 pi e) over mean and ln scale:
    Kucukelbir et al. 2017 (ADVI, arXiv 1603.00788). The draws are fixed (Sobol points, whitened to
    mean 0 and covariance I, so that a quadratic ln p is integrated exactly), which makes the objective
    deterministic: Giordano, Ingram & Broderick 2024 (arXiv 2304.05527). L-BFGS does the rest, from `mean` and
    `scale`. The ELBO that is returned is measured on fresh independent draws.

    `log_density` maps a float64 tensor of shape (n, d) to ln p(x, z) of shape (n,), differentiable and finite
    on all of R^d: a variable with bounds must be transformed, with its Jacobian.

    Raises:
        InputError: A density that is not finite, cannot be differentiated, or no best q in `max_iter`.

    Example:
        >>> precision = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
        >>> found = mean_field(lambda z: -((z - 1) @ precision * (z - 1)).sum(-1) / 2, dimension=2)
        >>> found.mean.round(4).tolist(), (found.scale**-2).round(4).tolist()
        ([1.0, 1.0], [2.0, 2.0])
    """
    at_least(dimension, 1, "dimension")
    at_least(samples, 4 * dimension, "samples (four a dimension)")
    at_least(check_samples, 2, "check_samples")
    at_least(max_iter, 1, "max_iter")
    start = np.concatenate([_spread(mean, dimension, "mean"), np.log(_spread(scale, dimension, "scale"))])
    rng = np.random.default_rng(random_state)
    eps = torch.from_numpy(_common_draws(samples, dimension, rng))
    constant = dimension / 2 * np.log(2 * np.pi * np.e)

    def loss(parameters: Vector) -> tuple[float, Vector]:
        if np.abs(parameters[dimension:]).max() > 200 or np.abs(parameters[:dimension]).max() > 1e100:
            raise InputError(
                f"mean_field diverges, mean {parameters[:dimension].tolist()}: is the density proper?"
            )
        at = torch.from_numpy(parameters.copy()).requires_grad_()
        elbo = _values(log_density, at[:dimension] + at[dimension:].exp() * eps).mean() + at[dimension:].sum()
        (slope,) = torch.autograd.grad(-elbo, at)
        if not torch.isfinite(slope).all():
            raise InputError(
                f"log_density must have a finite gradient, has not about z = {at[:dimension].tolist()}"
            )
        return -elbo.item() - constant, slope.numpy()

    history = [-loss(start)[0]]
    options = {"maxiter": max_iter, "ftol": 0.0, "gtol": tolerance, "maxcor": 20, "maxls": 50}
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options=options,
        callback=lambda intermediate_result: history.append(-float(intermediate_result.fun)),
    )
    q_mean, q_scale = found.x[:dimension], np.exp(found.x[dimension:])
    # Rounding may end a line search before the tolerance: what counts is how flat the objective is there,
    # for steps of the mean in units of its scale.
    steepest = float(np.abs(found.jac * np.concatenate([q_scale, np.ones(dimension)])).max())
    if steepest > 100 * tolerance * max(1.0, abs(found.fun)):
        raise InputError(
            f"mean_field has not converged in {found.nit} steps, its gradient is {steepest:.2g}: "
            "is the density proper? then raise max_iter, or start nearer"
        )
    elbo = _fresh_elbo(log_density, q_mean, q_scale, check_samples, rng)
    return MeanFieldResult(q_mean, q_scale, elbo, np.array(history))


def _spread(values: Numbers, dimension: int, name: str) -> Vector:
    """A number for every dimension, or one number each."""
    array = positive(values, name) if name == "scale" else vector(values, name)
    return np.full(dimension, array[0]) if len(array) == 1 else vector(array, name, dimension)


def _common_draws(samples: int, dimension: int, rng: np.random.Generator) -> Float[np.ndarray, "n d"]:
    """Scrambled Sobol points of a standard normal, a power of two of them, whitened."""
    sobol = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=int(rng.integers(2**31)))
    points = sobol.draw(1 << (samples - 1).bit_length(), dtype=torch.float64)
    eps = ndtri(points.numpy().clip(1e-10, 1 - 1e-10))
    eps -= eps.mean(axis=0)
    root = np.linalg.cholesky(eps.T @ eps / len(eps))
    return np.linalg.solve(root, eps.T).T.copy()


def _values(log_density: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    value = log_density(z)
    if value.shape != z.shape[:1]:
        raise InputError(
            f"log_density must map shape {tuple(z.shape)} to {(len(z),)}, got {tuple(value.shape)}"
        )
    if not torch.isfinite(value).all():
        row = int((~torch.isfinite(value)).nonzero()[0])
        raise InputError(f"log_density must be finite, got {value[row].item()} at z = {z[row].tolist()}")
    if z.requires_grad and not value.requires_grad:
        raise InputError("log_density must be differentiable, its value does not depend on z through torch")
    return value


def _fresh_elbo(
    log_density: Callable[[Tensor], Tensor],
    mean: Vector,
    scale: Vector,
    samples: int,
    rng: np.random.Generator,
) -> Estimate:
    """The mean of ln p(x, z) - ln q(z), z ~ q, which is ln p(x) with no variance where q is the posterior."""
    eps = rng.standard_normal((samples, len(mean)))
    log_q = -(eps**2 + np.log(2 * np.pi)).sum(-1) / 2 - np.log(scale).sum()
    with torch.no_grad():
        log_w = _values(log_density, torch.from_numpy(mean + scale * eps)).numpy() - log_q
    return Estimate(float(log_w.mean()), float(log_w.std(ddof=1) / np.sqrt(samples)), samples)

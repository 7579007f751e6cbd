r"""Gradients of an expectation under a normal: two estimators, and the exact value.

For q(z) = N(mu, diag sigma^2) and F = E_q[f(z)], with z = mu + sigma eps and eps ~ N(0, I):

    reparameterised   dF/dmu = E[f'(z)]                          dF/dsigma = E[f'(z) eps]
    score function    dF/dmu = E[(f(z) - b) eps / sigma]         dF/dsigma = E[(f(z) - b) (eps^2 - 1) / sigma]

Both are unbiased for every constant b, as E[d ln q] = 0. Sources: Kingma & Welling 2014 (arXiv
1312.6114, section 2.4); Williams 1992 and Paisley, Blei & Jordan 2012 (arXiv 1206.6430) for the
score function; Mohamed et al. 2020 (arXiv 1906.10652, sections 4 and 5) for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vael.errors import InputError
from vael.theory._hermite import converged, normal_grid
from vael.theory._inputs import Numbers, at_least, finite, positive, vector

__all__ = [
    "Gradient",
    "GradientSamples",
    "Quadratic",
    "exact_gradient",
    "mean_baseline",
    "optimal_baseline",
    "reparameterised_gradient",
    "score_function_gradient",
]

Function = Callable[[Tensor], Tensor]
Vector = Float[np.ndarray, " d"]
Rows = Float[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class Gradient:
    """One number for each parameter of q: a gradient, its variance, or a baseline.

    Attributes
    ----------
        mu: Towards the means, shape (d,).
        sigma: Towards the standard deviations, shape (d,).
    """

    mu: Vector
    sigma: Vector


@dataclass(frozen=True, eq=False)
class GradientSamples:
    """Estimates of a gradient from one draw each.

    Attributes
    ----------
        mu: Towards the means, shape (n, d).
        sigma: Towards the standard deviations, shape (n, d).
    """

    mu: Rows
    sigma: Rows

    @property
    def mean(self) -> Gradient:
        """The estimate from all n draws."""
        return Gradient(self.mu.mean(axis=0), self.sigma.mean(axis=0))

    @property
    def variance(self) -> Gradient:
        """Variance of the estimate from one draw; NaN-free, so it asks for two draws."""
        at_least(len(self.mu), 2, "samples for a variance")
        return Gradient(self.mu.var(axis=0, ddof=1), self.sigma.var(axis=0, ddof=1))

    @property
    def standard_error(self) -> Gradient:
        """Standard deviation of `mean`."""
        variance = self.variance
        return Gradient(*(np.sqrt(part / len(self.mu)) for part in (variance.mu, variance.sigma)))


@dataclass(frozen=True, eq=False)
class Quadratic:
    """f(z) = c + b.z + z^T A z / 2, whose expectation and gradients are closed forms.

    E_q[f] = f(mu) + sum_i A_ii sigma_i^2 / 2, dF/dmu = b + A mu, dF/dsigma_i = A_ii sigma_i.

    Attributes
    ----------
        curvature: A, symmetric, shape (d, d).
        slope: b, shape (d,).
        constant: c.
    """

    curvature: Float[np.ndarray, "d d"]
    slope: Vector
    constant: float = 0.0

    def __post_init__(self) -> None:
        vector(self.slope, "slope")
        finite(self.constant, "constant")
        if finite(self.curvature, "curvature").shape != (len(self.slope), len(self.slope)):
            raise InputError(f"curvature must be {len(self.slope)} square, got {self.curvature.shape}")
        if not np.allclose(self.curvature, self.curvature.T):
            off = np.abs(self.curvature - self.curvature.T).max()
            raise InputError(f"curvature must be symmetric, is off by {off:.3g}")

    @classmethod
    def bowl(cls, dimension: int) -> Self:
        """|z - 1|^2 / 2, the same bowl in any dimension."""
        at_least(dimension, 1, "dimension")
        return cls(np.eye(dimension), -np.ones(dimension), dimension / 2)

    def __call__(self, z: Tensor) -> Tensor:
        """The values of f at each row of z."""
        curvature, slope = torch.as_tensor(self.curvature).to(z), torch.as_tensor(self.slope).to(z)
        return self.constant + z @ slope + ((z @ curvature) * z).sum(-1) / 2

    def expectation(self, mu: Numbers, sigma: Numbers) -> float:
        """E_q[f(z)]."""
        m, s = _law(mu, sigma)
        return float(
            self.constant + m @ self.slope + (m @ self.curvature @ m + np.diag(self.curvature) @ s**2) / 2
        )

    def gradient(self, mu: Numbers, sigma: Numbers) -> Gradient:
        """The gradient of E_q[f(z)]."""
        m, s = _law(mu, sigma)
        return Gradient(self.slope + self.curvature @ m, np.diag(self.curvature) * s)


def exact_gradient(
    f: Function, mu: Numbers, sigma: Numbers, *, points: int = 32, tolerance: float = 1e-8
) -> Gradient:
    """The gradient of E_q[f(z)] by Gauss-Hermite quadrature, f's own derivatives not used.

    Exact for polynomials of degree below 2 `points` - 2. The grid has `points`^d points: for few dimensions.

    Raises:
        InputError: Where the quadrature with fewer points differs by more than `tolerance`.

    Example:
        >>> exact_gradient(lambda z: (z**3).sum(-1), mu=1.0, sigma=0.5).mu.round(9).tolist()
        [3.75]
    """
    m, s = _law(mu, sigma)

    def both(count: int) -> Float[np.ndarray, " twice_d"]:
        eps, weight = normal_grid(len(m), count)
        value = weight * _values(f, m + s * eps)
        return np.concatenate([value @ eps / s, value @ (eps**2 - 1) / s])

    gradient = converged(both, points, tolerance, "the exact gradient")
    return Gradient(gradient[: len(m)], gradient[len(m) :])


def reparameterised_gradient(
    f: Function,
    mu: Numbers,
    sigma: Numbers,
    samples: int = 1000,
    *,
    random_state: int | np.random.Generator | None = None,
) -> GradientSamples:
    """Gradient of E_q[f(z)] through z = mu + sigma eps, one estimate for each draw.

    f'(z) and f'(z) eps: Kingma & Welling 2014, section 2.4. `f` maps a tensor (n, d) to (n,) and is
    differentiated by autograd, so it must be differentiable; each row's value depends on that row alone.

    Example:
        >>> found = reparameterised_gradient(lambda z: (z**2).sum(-1), mu=1.0, sigma=0.5, random_state=0)
        >>> abs(found.mean.mu - 2.0).item() < 5 * found.standard_error.mu.item()
        True
    """
    m, s = _law(mu, sigma)
    eps = _draw(len(m), samples, random_state)
    slope = _slopes(f, m + s * eps)
    return GradientSamples(slope, slope * eps)


def score_function_gradient(
    f: Function,
    mu: Numbers,
    sigma: Numbers,
    samples: int = 1000,
    *,
    baseline: Gradient | float = 0.0,
    random_state: int | np.random.Generator | None = None,
) -> GradientSamples:
    """Gradient of E_q[f(z)] by (f(z) - b) d ln q(z), one estimate for each draw.

    Williams 1992 (REINFORCE). `f` needs no derivative. It stays unbiased for every `baseline` b that
    comes from other draws: `mean_baseline`, `optimal_baseline`, or a number.

    Example:
        >>> found = score_function_gradient(lambda z: (z**2).sum(-1), mu=1.0, sigma=0.5, random_state=0)
        >>> abs(found.mean.mu - 2.0).item() < 5 * found.standard_error.mu.item()
        True
    """
    m, s = _law(mu, sigma)
    b = (
        baseline
        if isinstance(baseline, Gradient)
        else Gradient(np.full(len(m), baseline), np.full(len(m), baseline))
    )
    vector(b.mu, "baseline", len(m))
    vector(b.sigma, "baseline", len(m))
    eps = _draw(len(m), samples, random_state)
    value = _values(f, m + s * eps)[:, None]
    return GradientSamples((value - b.mu) * eps / s, (value - b.sigma) * (eps**2 - 1) / s)


def mean_baseline(
    f: Function,
    mu: Numbers,
    sigma: Numbers,
    samples: int = 1000,
    *,
    random_state: int | np.random.Generator | None = None,
) -> float:
    """The mean of f over draws of its own: the plain baseline E_q[f(z)] of Mnih & Gregor 2014."""
    m, s = _law(mu, sigma)
    return float(_values(f, m + s * _draw(len(m), samples, random_state)).mean())


def optimal_baseline(
    f: Function,
    mu: Numbers,
    sigma: Numbers,
    samples: int = 1000,
    *,
    random_state: int | np.random.Generator | None = None,
) -> Gradient:
    """The constants of least variance, one for each parameter, from draws of their own.

    b = E[f(z) h(z)^2] / E[h(z)^2], h = d ln q(z), whose denominators are 1 / sigma^2 and 2 / sigma^2.
    Source: Greensmith, Bartlett & Baxter 2004; Ranganath, Gerrish & Blei 2014 (arXiv 1401.0118, section 3).
    """
    m, s = _law(mu, sigma)
    eps = _draw(len(m), samples, random_state)
    value = _values(f, m + s * eps)[:, None]
    return Gradient((value * eps**2).mean(axis=0), (value * (eps**2 - 1) ** 2).mean(axis=0) / 2)


def _law(mu: Numbers, sigma: Numbers) -> tuple[Vector, Vector]:
    """Mean and standard deviation of q, where a single number of either serves every dimension."""
    m, s = vector(mu, "mu"), positive(sigma, "sigma")
    length = max(len(m), len(s))
    m, s = (np.full(length, part[0]) if len(part) == 1 else part for part in (m, s))
    if len(m) != len(s):
        raise InputError(f"mu and sigma must be of one length, got {len(m)} and {len(s)}")
    return m, s


def _draw(dimension: int, samples: int, random_state: int | np.random.Generator | None) -> Rows:
    at_least(samples, 1, "samples")
    return np.random.default_rng(random_state).standard_normal((samples, dimension))


def _checked(f: Function, z: Tensor) -> Tensor:
    """The values of f at the rows of z, finite, one number a row."""
    value = f(z)
    if value.shape != z.shape[:1]:
        raise InputError(f"f must map shape {tuple(z.shape)} to {(len(z),)}, got {tuple(value.shape)}")
    if not torch.isfinite(value).all():
        row = int((~torch.isfinite(value)).nonzero()[0])
        raise InputError(f"f must be finite, got {value[row].item()} at z = {z[row].tolist()}")
    return value


def _values(f: Function, z: Rows) -> Float[np.ndarray, " n"]:
    with torch.no_grad():
        return _checked(f, torch.from_numpy(z)).double().numpy()


def _slopes(f: Function, z: Rows) -> Rows:
    rows = torch.from_numpy(z).requires_grad_()
    value = _checked(f, rows)
    if not value.requires_grad:
        raise InputError("f must be differentiable, its value does not depend on z through torch")
    (slope,) = torch.autograd.grad(value.sum(), rows)
    if not torch.isfinite(slope).all():
        row = int((~torch.isfinite(slope)).any(-1).nonzero()[0])
        raise InputError(f"f must have a finite gradient, got {slope[row].tolist()} at z = {z[row].tolist()}")
    return slope.numpy()

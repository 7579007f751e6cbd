"""The evidence lower bound, three ways: on toys given as densities, and on fitted models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.theory.continuous import MASS_TOLERANCE
from vael.theory.inference_problem import inference_problem
from vael.theory.model_bound import model_bounds
from vael.theory.quadrature import integrate, integrate_2d
from vael.theory.results import Integral

__all__ = ["LatentToy", "ThreeWays", "elbo_three_ways"]

Point = float | int | Sequence[float | int]


@dataclass(frozen=True)
class LatentToy:
    """A model with one or two latents, given as log-densities.

    Arguments:
        log_prior: ln p(z): takes an array per latent, ``log_prior(z)`` or ``log_prior(z1, z2)``, each
            ``(n,)``; or a `Density` or `JointDensity`.
        log_likelihood: ln p(x|z): ``log_likelihood(x, z)`` or ``log_likelihood(x, z1, z2)``.
        latent: Number of latents, 1 or 2.
        limits: Ends of each latent's range; None: infinite.
        points: Where p(z|x) has its mass, a number or a pair each; name some if it is narrow.

    Raises:
    ------
        InputError: If the prior does not integrate to 1 within 1e-6.
    """

    log_prior: Any
    log_likelihood: Callable[..., Any]
    latent: int = 1
    limits: Sequence[tuple[float | int, float | int]] | None = None
    points: Sequence[Point] = ()

    def __post_init__(self) -> None:
        if self.latent not in (1, 2):
            raise InputError(f"a toy has 1 or 2 latents, got {self.latent}")
        if self.limits is not None and len(self.limits) != self.latent:
            raise InputError(f"limits must be a pair for each of {self.latent} latents, got {self.limits!r}")
        prior = self.log_prior
        self.check_mass("p(z)", lambda *z: log_values(prior, *z), _points_of(prior))

    def integral(
        self, f: Callable[..., Any], points: Sequence[Any] = (), tolerance: float = 1e-9
    ) -> Integral:
        """Integrate a function of the latents over their range."""
        limits = self.limits or ((-np.inf, np.inf),) * self.latent
        if self.latent == 1:
            return integrate(f, *limits[0], points=[float(p) for p in points], tolerance=tolerance)
        pairs = [(float(a), float(b)) for a, b in points]
        return integrate_2d(f, limits[0], limits[1], points=pairs, tolerance=tolerance)

    def expectation(
        self, log_q: Any, f: Callable[..., Any], points: Sequence[Any] = (), tolerance: float = 1e-9
    ) -> Integral:
        """E_q[f]: where q is 0, f does not matter."""

        def integrand(*z: NDArray) -> NDArray:
            q = np.exp(log_values(log_q, *z))
            with np.errstate(invalid="ignore"):
                return np.where(q > 0, q * np.where(q > 0, np.asarray(f(*z), dtype=np.float64), 0.0), 0.0)

        return self.integral(integrand, points, tolerance)

    def check_mass(self, name: str, log_density: Callable[..., Any], points: Sequence[Any]) -> None:
        """Refuse a density over the latents that does not integrate to 1."""
        mass = self.integral(lambda *z: np.exp(log_density(*z)), points, 1e-8).value
        if not abs(mass - 1) < MASS_TOLERANCE:
            raise InputError(
                f"{name} integrates to {mass:.8g}, not to 1: normalise it, or name points where its mass is"
            )


@dataclass(frozen=True)
class ThreeWays:
    r"""One ELBO in nats by three formulas, each with its own integrals and its own error.

    .. math::
        L = E_q[\ln p(x,z) - \ln q(z)] = \ln p(x) - KL(q \| p(z|x)) = E_q[\ln p(x|z)] - KL(q \| p(z))

    For a toy each is an array of shape (); for a model, ``(n,)``, a value per row.

    Attributes
    ----------
        joint, posterior, prior: The three, in that order; `joint_error`, `posterior_error`, `prior_error`
            say how far from the truth each may be.
        evidence: ln p(x).
        kl_posterior: KL(q || p(z|x)): what the bound is short of the evidence by.
        kl_prior: KL(q || p(z)).
    """

    joint: NDArray[np.float64]
    posterior: NDArray[np.float64]
    prior: NDArray[np.float64]
    joint_error: NDArray[np.float64]
    posterior_error: NDArray[np.float64]
    prior_error: NDArray[np.float64]
    evidence: NDArray[np.float64]
    kl_posterior: NDArray[np.float64]
    kl_prior: NDArray[np.float64]

    @property
    def spread(self) -> NDArray[np.float64]:
        """Largest less smallest of the three."""
        ways = np.stack([self.joint, self.posterior, self.prior])
        return np.asarray(ways.max(axis=0) - ways.min(axis=0))

    @property
    def error(self) -> NDArray[np.float64]:
        """How far two of the three may be apart: the two largest errors added."""
        errors = np.sort(np.stack([self.joint_error, self.posterior_error, self.prior_error]), axis=0)
        return np.asarray(errors[-1] + errors[-2])


def elbo_three_ways(
    model: Any, x: Any, q: Any = None, *, points: Sequence[Point] = (), tolerance: float | None = None
) -> ThreeWays:
    """Compute the ELBO three ways.

    Arguments:
        model: A `LatentToy`, a fitted `vael.VAE`, or a `LatentVariableModel`, with one or two latents.
        x: What the toy observes; or rows, as `decompose` takes them.
        q: For a toy, ln q(z): a function of an array per latent, or a `Density` or `JointDensity`. For a
            model the encoder's q(z|x) is taken.
        points: Where q has its mass, for a toy; a `Density` knows its own.
        tolerance: Error allowed of each integral in nats; None: 1e-9 for a toy, 1e-4 for a model, which is
            what networks in float32 allow.

    Raises:
    ------
        InputError: If q does not integrate to 1, or has mass where the model has none, or quadrature does
            not converge.

    Example:
    -------
    >>> from vael.theory import normal_density
    >>> toy = LatentToy(normal_density(), lambda x, z: normal_density().log_pdf(x - z))
    >>> ways = elbo_three_ways(toy, 1.0, normal_density(0.5, 0.5**0.5))  # the exact posterior
    >>> bool(abs(ways.joint - ways.evidence) < 1e-8), bool(ways.spread < 1e-8)
    (True, True)
    """
    if not isinstance(model, LatentToy):
        if q is not None:
            raise InputError("a model has its own q: leave q out, or give a LatentToy")
        tolerance = 1e-4 if tolerance is None else tolerance
        return ThreeWays(*model_bounds(inference_problem(model, x), tolerance))
    if q is None:
        raise InputError("a toy has no encoder: give q, a density over its latents")
    return _toy_ways(model, x, q, points, 1e-9 if tolerance is None else tolerance)


def _toy_ways(toy: LatentToy, x: Any, q: Any, points: Sequence[Point], tolerance: float) -> ThreeWays:
    about_q = [*points, *_points_of(q)]
    toy.check_mass("q(z)", lambda *z: log_values(q, *z), about_q)

    def log_q(*z: NDArray) -> NDArray:
        return log_values(q, *z)

    def log_prior(*z: NDArray) -> NDArray:
        return log_values(toy.log_prior, *z)

    def log_likelihood(*z: NDArray) -> NDArray:
        return np.asarray(toy.log_likelihood(x, *z), dtype=np.float64)

    def log_joint(*z: NDArray) -> NDArray:
        return log_prior(*z) + log_likelihood(*z)

    def mean(f: Callable[..., NDArray]) -> Integral:
        return toy.expectation(q, f, about_q, tolerance)

    everywhere = [*toy.points, *_points_of(toy.log_prior), *about_q]
    top = _top(toy, log_joint, everywhere)
    mass = toy.integral(lambda *z: np.exp(log_joint(*z) - top), everywhere, tolerance)
    if not mass.value > 0:
        raise InputError("p(x) is 0: name points where the posterior has its mass")
    evidence, evidence_error = top + np.log(mass.value), mass.error / mass.value

    joint = mean(lambda *z: log_joint(*z) - log_q(*z))
    to_posterior = mean(lambda *z: log_q(*z) - (log_joint(*z) - evidence))
    likelihood = mean(log_likelihood)
    to_prior = mean(lambda *z: log_q(*z) - log_prior(*z))
    if to_posterior.value < -1e-6 - to_posterior.error - evidence_error:
        raise InputError(
            f"KL(q || p(z|x)) came out as {to_posterior.value:.3g}: quadrature of p(x) has missed mass: "
            "name points where it is"
        )
    values = (
        joint.value,
        evidence - to_posterior.value,
        likelihood.value - to_prior.value,
        joint.error,
        evidence_error + to_posterior.error,
        likelihood.error + to_prior.error,
        evidence,
        to_posterior.value,
        to_prior.value,
    )
    return ThreeWays(*(np.asarray(v, dtype=np.float64) for v in values))


def log_values(density: Any, *z: NDArray) -> NDArray[np.float64]:
    """Logarithms of a density that is a function, or knows its `log_pdf`."""
    function = getattr(density, "log_pdf", density)
    return np.asarray(function(*z), dtype=np.float64)


def _points_of(density: Any) -> list[Any]:
    return list(getattr(density, "points", ()))


def _top(toy: LatentToy, log_joint: Callable[..., NDArray], points: Sequence[Any]) -> float:
    """About the greatest value of ln p(x, z), so that its exponential neither overflows nor vanishes."""
    limits = toy.limits or ((-np.inf, np.inf),) * toy.latent
    marks = np.array([np.ravel(p) for p in points], dtype=np.float64).reshape(-1, toy.latent)
    axes: list[NDArray] = []
    for i, (lower, upper) in enumerate(limits):
        low = max(lower, min([-10.0, *marks[:, i]]))
        high = min(upper, max([10.0, *marks[:, i]]))
        if not low < high:  # a range far from 0
            low, high = (lower, lower + 20) if np.isfinite(lower) else (upper - 20, upper)
        axes.append(np.linspace(low, high, 4003 if toy.latent == 1 else 203)[1:-1])
    grid = [a.ravel() for a in np.meshgrid(*axes, indexing="ij")]
    with np.errstate(all="ignore"):
        values = log_joint(*(np.concatenate([g, m]) for g, m in zip(grid, marks.T, strict=True)))
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise InputError("ln p(x, z) is finite nowhere: name points where the posterior has its mass")
    return float(finite.max())

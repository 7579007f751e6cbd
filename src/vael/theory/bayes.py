"""Bayes' rule: from a prior and what was observed to the posterior, once and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.theory.continuous import Density
from vael.theory.finite import FiniteDistribution
from vael.theory.joint_table import law_of
from vael.theory.peaks import peaks
from vael.theory.probabilities import Probability, as_number
from vael.theory.quadrature import Reals, integrate

__all__ = ["evidence", "posterior", "posterior_density", "posteriors"]

Likelihood = Mapping[Any, FiniteDistribution] | Callable[[Any, Any], Any]
"""P(observed | hypothesis): a distribution per hypothesis, or a function of (observed, hypothesis)."""


def posterior(prior: FiniteDistribution, likelihood: Likelihood, observed: Any) -> FiniteDistribution:
    """Bayes' rule: ``P(h | d) = P(d | h) P(h) / P(d)``, with ``P(d) = sum over h of P(d | h) P(h)``.

    Arguments:
        prior: P(h) over the hypotheses.
        likelihood: For each hypothesis its distribution of what can be observed (what it does not list has
            probability 0 there); or a function that gives p(d | h) for (observed, hypothesis), as a
            probability or as a density.
        observed: What was observed, d.

    Raises:
        InputError: If what was observed has probability zero under the prior, or a likelihood is missing,
            negative or not finite.

    Example:
        >>> prior = FiniteDistribution.uniform(["H1", "H2"])
        >>> boxes = {
        ...     "H1": FiniteDistribution.from_counts({"red": 4, "blue": 1}),
        ...     "H2": FiniteDistribution.from_counts({"red": 1, "blue": 4}),
        ... }
        >>> posterior(prior, boxes, "red")["H1"]
        Fraction(4, 5)
    """
    weights = _weights(prior, likelihood, observed)
    total = sum(weights[1:], weights[0])
    if total == 0:
        raise InputError(
            f"cannot condition on an event of probability zero: no hypothesis allows {observed!r}"
        )
    return FiniteDistribution(prior.outcomes, [weight / total for weight in weights])


def posteriors(
    prior: FiniteDistribution, likelihood: Likelihood, observations: Iterable[Any]
) -> list[FiniteDistribution]:
    """The posterior after each observation, the one before being its prior.

    Observations are independent given the hypothesis; the last posterior is that of all of them together, in
    whichever order they come.

    Example:
        >>> prior = FiniteDistribution.uniform(["fair", "two heads"])
        >>> coins = {"fair": FiniteDistribution.uniform("HT"), "two heads": FiniteDistribution.of({"H": 1})}
        >>> [str(belief["fair"]) for belief in posteriors(prior, coins, "HHT")]
        ['1/3', '1/5', '1']
    """
    beliefs: list[FiniteDistribution] = []
    for observed in observations:
        beliefs.append(posterior(beliefs[-1] if beliefs else prior, likelihood, observed))
    return beliefs


def evidence(prior: FiniteDistribution, likelihood: Likelihood, observed: Any) -> Probability:
    """P(d) = sum over h of P(d | h) P(h): the denominator of Bayes' rule."""
    weights = _weights(prior, likelihood, observed)
    return sum(weights[1:], weights[0])


def posterior_density(
    prior: Density,
    log_likelihood: Callable[[NDArray], Reals],
    *,
    points: Sequence[float | int] | None = None,
) -> Density:
    """Bayes' rule for a density: ``p(z | x) = p(x | z) p(z) / p(x)``, with ``p(x)`` by quadrature.

    Arguments:
        prior: p(z).
        log_likelihood: Takes an array of z and gives ``ln p(x | z)`` of what was observed.
        points: Where the posterior has its mass; else its peaks are searched for.

    Raises:
        InputError: If p(x) is zero, or the quadrature does not converge.

    Example:
        >>> from vael.theory import normal_density
        >>> belief = posterior_density(normal_density(0, 1), normal_density(2, 1).log_pdf)
        >>> round(belief.mean, 8), round(belief.variance, 8)
        (1.0, 0.5)
    """

    def scaled(z: NDArray) -> NDArray:
        return prior.log_pdf(z) + np.asarray(log_likelihood(z), dtype=np.float64)

    found = peaks(scaled, prior.lower, prior.upper, prior.points if points is None else points)
    if not found:
        raise InputError("cannot condition on what has probability zero: p(z) p(x | z) is 0 at every z tried")
    if points is None:
        inside = {z for peak in found for z in peak.points if prior.lower < z < prior.upper}
        points = sorted(inside | {float(z) for z in prior.points})
    top = found[0].log_density  # p(x) itself may be too small for float64
    mass = integrate(
        lambda z: np.exp(scaled(z) - top), prior.lower, prior.upper, points=points, absolute=0
    ).value
    return Density(
        lambda z: scaled(z) - top - np.log(mass),
        prior.lower,
        prior.upper,
        log=True,
        check=False,
        points=points,
        name="posterior",
    )


def _weights(prior: FiniteDistribution, likelihood: Likelihood, observed: Any) -> list[Any]:
    return [p * _likelihood(likelihood, h, observed) for h, p in prior.items()]


def _likelihood(likelihood: Likelihood, hypothesis: Hashable, observed: Any) -> Any:
    if isinstance(likelihood, Mapping):
        law = law_of(likelihood, hypothesis)
        return law[observed] if observed in law.outcomes else Fraction(0)
    value = as_number(likelihood(observed, hypothesis), f"likelihood of {observed!r} under {hypothesis!r}")
    if not isinstance(value, Fraction | float) or value < 0 or value == np.inf:
        raise InputError(
            f"a likelihood must be a finite number >= 0, got {value} for {observed!r} under {hypothesis!r}"
        )
    return value

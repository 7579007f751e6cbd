"""Kullback-Leibler divergence: in closed form, by quadrature, by Monte Carlo, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.theory.continuous import Density
from vael.theory.covariances import cholesky
from vael.theory.quadrature import Reals, integrate
from vael.theory.results import Estimate, Integral

__all__ = ["kl_integrand", "kl_monte_carlo", "kl_normal", "kl_quadrature"]

LogDensity = Callable[[NDArray], Reals]
Sampler = Callable[[np.random.Generator, int], Reals]

_UNDERFLOW_MASS = 1e-10


def kl_normal(mean_q: Reals, covariance_q: Reals, mean_p: Reals, covariance_p: Reals) -> float:
    """KL(q || p) in nats of two normals of any dimension, with full covariances.

    ``KL = (tr(P^-1 Q) + (m_p - m_q)^T P^-1 (m_p - m_q) - d + ln det P - ln det Q) / 2``; zero if and only if
    q and p are equal. In one dimension from N(0, 1): ``(m^2 + s^2 - 1 - ln s^2) / 2``.

    Arguments:
        mean_q: ``(d,)``, or a number.
        covariance_q: ``(d, d)``; for numbers the variance, not the standard deviation.
        mean_p: As of q.
        covariance_p: As of q.

    Raises:
        InputError: If a covariance is not positive definite, or shapes differ.

    Example:
        >>> kl_normal(1, 1, 0, 1)
        0.5
        >>> round(kl_normal(0, 4, 0, 1), 6), round(kl_normal(0, 1, 0, 4), 6)
        (0.806853, 0.318147)
    """
    q, p = (np.atleast_1d(np.asarray(mean, dtype=np.float64)) for mean in (mean_q, mean_p))
    if q.ndim != 1 or q.shape != p.shape:
        raise InputError(f"means of q and p must be of one shape (d,), got {q.shape} and {p.shape}")
    if not np.isfinite([q, p]).all():
        raise InputError(f"means must be finite, got {q.tolist()} for q and {p.tolist()} for p")
    factor_q = cholesky(covariance_q, len(q), "covariance of q")
    factor_p = cholesky(covariance_p, len(p), "covariance of p")
    # A = L_p^-1 L_q is lower, so tr(P^-1 Q) = |A|^2 and ln det Q - ln det P = 2 sum of ln A_ii. Gathered in
    # terms that are each >= 0, the sum is exactly 0 for q = p and loses no digits near it.
    A = np.tril(np.linalg.solve(factor_p, factor_q))
    u = 2 * np.log(factor_q.diagonal() / factor_p.diagonal())
    shift = np.linalg.solve(factor_p, p - q)
    return float(0.5 * ((np.tril(A, -1) ** 2).sum() + (shift**2).sum() + (np.expm1(u) - u).sum()))


def kl_integrand(q: Density, p: Density, x: Reals) -> NDArray[np.float64]:
    """q(x) ln(q(x) / p(x)) at each x: which regions contribute to KL(q || p), and with which sign.

    0 where q is 0; **inf** where q has density and p has none. Its integral is the divergence.

    Example:
        >>> from vael.theory import normal_density
        >>> kl_integrand(normal_density(0, 1), normal_density(1, 1), [0.5, 2.0]).round(6).tolist()
        [0.0, -0.080986]
    """
    log_q = q.log_pdf(x)
    log_p = p.log_pdf(x)
    density = np.exp(log_q)  # 0 by underflow too, far out
    with np.errstate(invalid="ignore"):
        return np.where(density == 0, 0.0, density * (log_q - log_p))


def kl_quadrature(q: Density, p: Density) -> Integral:
    """KL(q || p) = integral of q(x) ln(q(x) / p(x)) dx in nats, with the error of quadrature.

    **Infinite**, ``Integral(inf, 0.0)``, where q puts mass on which p has none: then p can never give what q
    does. A p that falls off so fast that float64 takes it for 0 is told from that by its logarithm: give p
    with ``log=True``, or an error asks for it.

    Arguments:
        q: The density under which the mean is taken; its ``points`` guide the quadrature.
        p: The other one.

    Raises:
        InputError: If quadrature does not converge (the divergence may be infinite by its tails).

    Example:
        >>> from vael.theory import normal_density
        >>> kl = kl_quadrature(normal_density(1, 1), normal_density(0, 1))
        >>> abs(kl.value - 0.5) < 1e-9
        True
    """
    outside = q.probability(-np.inf, p.lower).value + q.probability(p.upper, np.inf).value
    if outside > 0:
        return Integral(np.inf, 0.0)
    seen: list[float] = []

    def integrand(x: NDArray) -> NDArray:
        values = kl_integrand(q, p, x)
        missing = values == np.inf
        seen.extend(x[missing][:1].tolist())
        return np.where(missing, 0.0, values)

    found = integrate(integrand, q.lower, q.upper, points=q.points)
    if not seen:
        return found
    mass = q.expectation(lambda x: np.where(p.log_pdf(x) == -np.inf, 1.0, 0.0)).value
    if mass <= _UNDERFLOW_MASS:
        raise InputError(
            f"p is 0 in float64 at {seen[0]:.6g}, where q has a density but hardly mass ({mass:.3g}):"
            " give p by its logarithm (log=True), so that what is small is not taken for 0"
        )
    return Integral(np.inf, 0.0)


def kl_monte_carlo(
    q: Density | LogDensity,
    p: Density | LogDensity,
    sampler: Sampler | None = None,
    n: int = 10_000,
    random_state: int | np.random.Generator | None = None,
) -> Estimate:
    """KL(q || p) in nats as the mean of ln q(x) - ln p(x) over n draws x from q, with its standard error.

    **Infinite**, ``Estimate(inf, 0.0, n)``, if a draw falls where p has no density.

    Arguments:
        q: A density, or, in any dimension, a function from draws to ``ln q`` of each.
        p: The same of p.
        sampler: ``sampler(random, n)`` draws n from q with a ``numpy.random.Generator``; else that of q.
        n: How many draws, at least 2.
        random_state: Seed or generator.

    Example:
        >>> from vael.theory import normal_density
        >>> kl = kl_monte_carlo(normal_density(1, 1), normal_density(0, 1), random_state=0)
        >>> abs(kl.value - 0.5) < 5 * kl.standard_error
        True
    """
    if n < 2:
        raise InputError(f"a standard error needs at least 2 draws, got n = {n}")
    if sampler is not None:
        x = np.asarray(sampler(np.random.default_rng(random_state), n), dtype=np.float64)
    elif isinstance(q, Density):
        x = q.sample(n, random_state)
    else:
        raise InputError("q given as a function needs a sampler: sampler(random, n)")
    if len(x) != n:
        raise InputError(f"the sampler must give {n} draws, got {len(x)}")
    log_q, log_p = (
        np.asarray(d.log_pdf(x) if isinstance(d, Density) else d(x), dtype=np.float64) for d in (q, p)
    )
    for name, values in (("q", log_q), ("p", log_p)):
        if values.shape != (n,) or np.isnan(values).any() or (values == np.inf).any():
            raise InputError(
                f"ln {name} must give {n} numbers for {n} draws, got {values.shape}, or NaN or inf"
            )
    if (log_q == -np.inf).any():
        where = x[int(np.argmin(log_q))].tolist()
        raise InputError(f"the sampler drew {where}, where q has no density: it is another distribution's")
    if (log_p == -np.inf).any():
        return Estimate(np.inf, 0.0, n)
    terms = log_q - log_p
    return Estimate(float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(n)), n)

"""Variational inference for a Gaussian mixture by coordinate ascent, no encoder needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.special import digamma, gammaln, xlogy

from vael.errors import InputError
from vael.theory._inputs import Numbers, at_least, finite
from vael.theory.mixture_prior import MixturePrior, mixture_rows, wishart_log_normaliser

__all__ = ["CAVIResult", "mixture_cavi"]

Rows = Float[np.ndarray, "n d"]
Responsibilities = Float[np.ndarray, "n k"]


@dataclass(frozen=True, eq=False)
class CAVIResult:
    """q(c) q(pi) prod_k q(mu_k, Lambda_k), of the best start: categorical, Dirichlet, normal-Wishart.

    Attributes
    ----------
        elbo_history: The ELBO after each half step (parameters, responsibilities, ...), all rows, nats.
        converged: Whether the last full step gained less than the tolerance.
        responsibilities: q(c_n = k), shape (n, k).
        concentration: alpha_k, shape (k,).
        mean: m_k, shape (k, d).
        mean_precision: beta_k, shape (k,).
        degrees: nu_k, shape (k,).
        scatter: W_k^-1, shape (k, d, d).
    """

    elbo_history: Float[np.ndarray, " steps"]
    converged: bool
    responsibilities: Responsibilities
    concentration: Float[np.ndarray, " k"]
    mean: Float[np.ndarray, "k d"]
    mean_precision: Float[np.ndarray, " k"]
    degrees: Float[np.ndarray, " k"]
    scatter: Float[np.ndarray, "k d d"]

    @property
    def elbo(self) -> float:
        """The bound on ln p(X) that was reached, in nats of all rows."""
        return float(self.elbo_history[-1])

    @property
    def weights(self) -> Float[np.ndarray, " k"]:
        """E_q[pi]."""
        return self.concentration / self.concentration.sum()

    @property
    def covariances(self) -> Float[np.ndarray, "k d d"]:
        """E_q[Lambda_k]^-1 = W_k^-1 / nu_k."""
        return self.scatter / self.degrees[:, None, None]

    @property
    def same_component(self) -> Float[np.ndarray, "n n"]:
        """q(c_i = c_j): free of the labels' order, so it can be held against the exact posterior's."""
        same = self.responsibilities @ self.responsibilities.T
        np.fill_diagonal(same, 1.0)
        return same


def mixture_cavi(
    X: Numbers,
    components: int,
    *,
    prior: MixturePrior | None = None,
    responsibilities: Numbers | None = None,
    starts: int = 5,
    tolerance: float = 1e-9,
    max_iter: int = 2000,
    random_state: int | np.random.Generator | None = 0,
) -> CAVIResult:
    """Coordinate ascent on the ELBO of a Bayesian Gaussian mixture.

    Each half step maximises the ELBO over one factor with the other held, so the ELBO never falls:
    Blei, Kucukelbir & McAuliffe 2017 (arXiv 1601.00670, sections 2.4 and 3); the updates are Bishop 2006,
    eqs. (10.46)-(10.67), the ELBO is (10.70). The posterior has K! modes that differ by their labels and q
    finds one, so the ELBO of well-parted components is about ln K! below ln p(X). It starts `starts` times
    from rows drawn as in k-means++ and keeps the best, or once from `responsibilities`.

    Raises:
        InputError: X, the prior or the responsibilities cannot be used.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X = np.concatenate([rng.normal(-3, 1, (30, 1)), rng.normal(3, 1, (60, 1))])
        >>> found = mixture_cavi(X, 2)
        >>> bool((np.diff(found.elbo_history) > -1e-9).all()), sorted(found.weights.round(2).tolist())
        (True, [0.34, 0.66])
    """
    at_least(components, 1, "components")
    at_least(starts, 1, "starts")
    at_least(max_iter, 1, "max_iter")
    prior = MixturePrior.vague(X, components) if prior is None else prior
    rows = mixture_rows(X, len(prior.mean))
    if responsibilities is not None:
        return _ascend(rows, prior, _checked(responsibilities, len(rows), components), tolerance, max_iter)
    rng = np.random.default_rng(random_state)
    begins = [_nearest(rows, components, rng) for _ in range(starts if components > 1 else 1)]
    found = [_ascend(rows, prior, begin, tolerance, max_iter) for begin in begins]
    return max(found, key=lambda result: result.elbo)


def _ascend(
    rows: Rows, prior: MixturePrior, start: Responsibilities, tolerance: float, max_iter: int
) -> CAVIResult:
    history: list[float] = []
    state = _update_parameters(rows, prior, start)
    for step in range(max_iter):
        if step:
            state = _update_parameters(rows, prior, state.responsibilities)
        log_rho = _log_rho(rows, state)
        history.append(_elbo(prior, state, log_rho))
        normaliser = np.logaddexp.reduce(log_rho, axis=1, keepdims=True)
        state = replace(state, responsibilities=np.exp(log_rho - normaliser))
        history.append(_elbo(prior, state, log_rho))
        if step and history[-1] - history[-3] <= tolerance:
            return replace(state, elbo_history=np.array(history), converged=True)
    return replace(state, elbo_history=np.array(history))


def _update_parameters(rows: Rows, prior: MixturePrior, r: Responsibilities) -> CAVIResult:
    """Dirichlet and normal-Wishart from the responsibilities: Bishop 2006, eqs. (10.51)-(10.63)."""
    count = r.sum(axis=0)
    beta = prior.mean_precision + count
    mean = (prior.mean_precision * prior.mean + r.T @ rows) / beta[:, None]
    # (10.62) about the new mean: no division by a count, which may be zero
    away = rows[:, None, :] - mean
    scatter = prior.scatter + np.einsum("nk,nki,nkj->kij", r, away, away)
    shift = mean - prior.mean
    scatter = scatter + prior.mean_precision * shift[:, :, None] * shift[:, None, :]
    concentration, degrees = prior.concentration + count, prior.degrees + count
    return CAVIResult(np.empty(0), False, r, concentration, mean, beta, degrees, scatter)


def _log_det(state: CAVIResult) -> Float[np.ndarray, " k"]:
    """E[ln |Lambda_k|]: Bishop 2006, eq. (10.65)."""
    size = state.mean.shape[1]
    half = (state.degrees[:, None] - np.arange(size)) / 2
    return digamma(half).sum(axis=1) + size * np.log(2) - np.linalg.slogdet(state.scatter)[1]


def _log_weights(state: CAVIResult) -> Float[np.ndarray, " k"]:
    """E[ln pi_k]: Bishop 2006, eq. (10.66)."""
    return digamma(state.concentration) - digamma(state.concentration.sum())


def _log_rho(rows: Rows, state: CAVIResult) -> Float[np.ndarray, "n k"]:
    """E[ln pi_k + ln N(x_n | mu_k, Lambda_k^-1)]: Bishop 2006, eqs. (10.46) and (10.64)."""
    size = rows.shape[1]
    away = rows[:, None, :] - state.mean
    solved = np.linalg.solve(state.scatter, away.transpose(1, 2, 0))  # (k, d, n)
    square = size / state.mean_precision + state.degrees * np.einsum("nkd,kdn->nk", away, solved)
    return _log_weights(state) + (_log_det(state) - size * np.log(2 * np.pi) - square) / 2


def _elbo(prior: MixturePrior, state: CAVIResult, log_rho: Float[np.ndarray, "n k"]) -> float:
    """E[ln p(X, c | pi, mu, Lambda) - ln q(c)] - KL(q(pi) || p) - sum_k KL(q(mu_k, Lambda_k) || p)."""
    r = state.responsibilities
    parts = (r * log_rho).sum() - xlogy(r, r).sum()
    return float(parts - _kl_dirichlet(prior, state) - _kl_normal_wishart(prior, state).sum())


def _kl_dirichlet(prior: MixturePrior, state: CAVIResult) -> float:
    alpha, before = state.concentration, np.full(len(state.concentration), prior.concentration)
    normaliser = gammaln(alpha.sum()) - gammaln(alpha).sum() - gammaln(before.sum()) + gammaln(before).sum()
    return float(normaliser + (alpha - before) @ _log_weights(state))


def _kl_normal_wishart(prior: MixturePrior, state: CAVIResult) -> Float[np.ndarray, " k"]:
    size, ratio = len(prior.mean), prior.mean_precision / state.mean_precision
    shift = state.mean - prior.mean
    moved = np.einsum("ki,ki->k", shift, np.linalg.solve(state.scatter, shift[:, :, None])[:, :, 0])
    normal = size * (ratio - 1 - np.log(ratio)) + prior.mean_precision * state.degrees * moved
    trace = np.trace(np.linalg.solve(state.scatter, prior.scatter[None]), axis1=1, axis2=2)
    wishart = wishart_log_normaliser(state.scatter, state.degrees)
    wishart -= wishart_log_normaliser(prior.scatter, np.asarray(prior.degrees))
    wishart += (state.degrees - prior.degrees) / 2 * _log_det(state) + state.degrees / 2 * (trace - size)
    return normal / 2 + wishart


def _nearest(rows: Rows, components: int, rng: np.random.Generator) -> Responsibilities:
    """Each row to the nearest of some rows that lie apart: k-means++, Arthur & Vassilvitskii 2007."""
    centres = rows[rng.integers(len(rows))][None]
    while len(centres) < components:
        square = ((rows[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
        chance = square / square.sum() if square.sum() > 0 else np.full(len(rows), 1 / len(rows))
        centres = np.concatenate([centres, rows[rng.choice(len(rows), p=chance)][None]])
    label = ((rows[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return np.eye(components)[label]


def _checked(responsibilities: Numbers, rows: int, components: int) -> Responsibilities:
    r = finite(responsibilities, "responsibilities")
    if r.shape != (rows, components):
        raise InputError(f"responsibilities must have shape {(rows, components)}, got {r.shape}")
    if (r < 0).any() or not np.allclose(r.sum(axis=1), 1.0, atol=1e-8):
        row = int(np.flatnonzero((r < 0).any(axis=1) | ~np.isclose(r.sum(axis=1), 1.0, atol=1e-8))[0])
        raise InputError(f"responsibilities must be >= 0 and sum to 1, row {row} is {r[row].tolist()}")
    return r

"""The inference gap of a fitted model, row by row: what the family of q costs, and what amortising costs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError, VaelWarning
from vael.theory.best_posterior import best_normals
from vael.theory.inference_problem import InferenceProblem, evaluating, inference_problem
from vael.theory.latent_grid import PosteriorGrid, posterior_grids
from vael.theory.normal_expectation import Normals, converged_elbo
from vael.theory.sampled_gap import sampled_parts

__all__ = ["Decomposition", "decompose"]

ROUNDING = 2.0  # times the precision of the networks: how far a sum over features was seen to be off


@dataclass(frozen=True)
class Decomposition:
    r"""Evidence = ELBO + approximation gap + amortisation gap, for each row, in nats.

    Attributes
    ----------
        evidence: ln p(x), ``(n,)``.
        elbo: The ELBO of the encoder's q(z|x), ``(n,)``.
        approximation_gap: ln p(x) less the ELBO of the best q of the encoder's family, ``(n,)``: the KL
            from that q to the true posterior. Never clamped: below zero by numerical error only.
        amortisation_gap: ELBO of the best q less that of the encoder's, ``(n,)``; never below zero.
        posterior: The true p(z|x) of each row on a grid; None for more than two latents.
        q: The encoder's q(z|x).
        best_q: The best q that was found.
        family: ``"diagonal"``, ``"full"``, or ``"shared"`` (the encoder's scales are the same for every
            row, and only means were sought).
        evidence_error: Error of the evidence, ``(n,)``: of quadrature and rounding, an estimate from
            above; of sampling, a standard error.
        elbo_error: The same for `elbo` and for the best q's ELBO: the larger.
        estimator: How the evidence was found.
    """

    evidence: np.ndarray
    elbo: np.ndarray
    approximation_gap: np.ndarray
    amortisation_gap: np.ndarray
    posterior: tuple[PosteriorGrid, ...] | None
    q: Normals
    best_q: Normals
    family: str
    evidence_error: np.ndarray
    elbo_error: np.ndarray
    estimator: str

    @property
    def best_elbo(self) -> np.ndarray:
        """ELBO of the best q of the family, ``(n,)``."""
        return self.elbo + self.amortisation_gap

    @property
    def inference_gap(self) -> np.ndarray:
        """KL(q(z|x) || p(z|x)), ``(n,)``: evidence less ELBO."""
        return self.evidence - self.elbo

    def mean(self) -> dict[str, float]:
        """Return the means over the rows, by name, in nats."""
        names = ("evidence", "elbo", "inference_gap", "approximation_gap", "amortisation_gap")
        return {name: float(getattr(self, name).mean()) for name in names}


def decompose(
    model: Any, X: Any, *, tolerance: float = 1e-3, n_samples: int = 5000, random_state: int = 0
) -> Decomposition:
    r"""Split the gap between ln p(x) and the ELBO of the encoder's q (Cremer 2018, arXiv 1801.03558, eq. 6).

    .. math:: \ln p(x) - L[q] =
        \underbrace{\ln p(x) - L[q^*]}_{approximation} + \underbrace{L[q^*] - L[q]}_{amortisation}

    where q* has the greatest ELBO for this x in the encoder's family. With one or two latents everything is
    deterministic quadrature: ln p(x) over a grid that follows each posterior, ELBOs by Gauss-Hermite. With
    more, ln p(x) is estimated by importance sampling from q*, a lower bound in the mean, so that the
    approximation gap is one too; ELBOs are means over common draws.

    Arguments:
        model: A fitted `vael.VAE`, or a `LatentVariableModel` with normal posteriors and a prior.
        X: Rows as given to the estimator (those that `score_samples` would score), or for a model rows on
            its scale. Log-densities are in the estimator's units: of the data as given.
        tolerance: Error allowed of each evidence and ELBO found by quadrature, in nats. Rows that do not
            reach it with networks in float32 are done again in float64.
        n_samples: Draws a row for more than two latents.
        random_state: Seed of those draws.

    Raises:
    ------
        InputError: No prior, a point posterior, a posterior that is no normal, or rows that do not fit.

    Example:
    -------
    >>> from sklearn.datasets import load_digits
    >>> from vael import VAE
    >>> X = load_digits().data[:200] / 16
    >>> found = decompose(VAE(2, hidden=16, max_epochs=3, random_state=0).fit(X), X[:5])
    >>> gaps = found.approximation_gap + found.amortisation_gap
    >>> bool((abs(found.evidence - found.elbo - gaps) < 1e-3).all())
    True
    """
    if not 0 < tolerance < float("inf"):
        raise InputError(f"tolerance must be > 0 nats, got {tolerance}")
    if n_samples < 2:
        raise InputError(f"n_samples must be >= 2, got {n_samples}")
    problem = inference_problem(model, X)
    with evaluating(problem.model):
        if problem.latent <= 2:
            return _by_quadrature(problem, tolerance)
        return _by_sampling(problem, n_samples, random_state)


@dataclass(frozen=True)
class _Quadrature:
    """What quadrature finds of each row, in nats and on the model's scale."""

    grids: list[PosteriorGrid]
    evidence_error: Tensor
    elbo: Tensor
    best: Tensor
    elbo_error: Tensor
    loc: Tensor
    scale_tril: Tensor

    @property
    def error(self) -> Tensor:
        return torch.maximum(self.evidence_error, self.elbo_error)

    def put(self, rows: Tensor, other: _Quadrature) -> None:
        """Replace some rows."""
        for row, grid in zip(rows.tolist(), other.grids, strict=True):
            self.grids[row] = grid
        for name in ("evidence_error", "elbo", "best", "elbo_error", "loc", "scale_tril"):
            getattr(self, name)[rows] = getattr(other, name)


def _by_quadrature(problem: InferenceProblem, tolerance: float) -> Decomposition:
    found = _quadrature(problem, tolerance)
    rows = (found.error > tolerance).nonzero().squeeze(1)
    if len(rows) and problem.x.dtype != torch.float64 and problem.x.device.type != "mps":
        found.put(rows, _quadrature(problem.in_float64(rows), tolerance))
    _warn(found.error, tolerance)
    evidence = torch.tensor([g.log_evidence for g in found.grids], dtype=torch.float64)
    return _result(
        problem,
        evidence - problem.log_jacobian,
        found.elbo,
        found.best,
        found.loc,
        found.scale_tril,
        found.grids,
        found.evidence_error,
        found.elbo_error,
        "quadrature on a grid of each posterior",
    )


def _quadrature(problem: InferenceProblem, tolerance: float) -> _Quadrature:
    grids = posterior_grids(problem, tolerance=tolerance)
    evidence = torch.tensor([g.log_evidence for g in grids], dtype=torch.float64) - problem.log_jacobian
    evidence_error = torch.tensor([g.error for g in grids], dtype=torch.float64)
    loc, tril = best_normals(problem, grids)
    elbo, error = converged_elbo(problem, problem.loc, problem.scale_tril, tolerance)
    best, best_error = converged_elbo(problem, loc, tril, tolerance)
    worse = best < elbo
    loc[worse], tril[worse] = problem.loc[worse], problem.scale_tril[worse]
    best[worse], best_error[worse] = elbo[worse], error[worse]
    eps = torch.finfo(problem.x.dtype).eps
    evidence_error += ROUNDING * eps * evidence.abs()
    elbo_error = torch.maximum(error, best_error) + ROUNDING * eps * elbo.abs()
    return _Quadrature(grids, evidence_error, elbo, best, elbo_error, loc, tril)


def _by_sampling(problem: InferenceProblem, samples: int, seed: int) -> Decomposition:
    parts = sampled_parts(problem, samples, seed)
    estimator = f"importance sampling from the best q, {samples} samples a row: a lower bound in the mean"
    return _result(
        problem,
        parts.evidence,
        parts.elbo,
        parts.best,
        parts.loc,
        parts.scale_tril,
        None,
        parts.evidence_error,
        parts.elbo_error,
        estimator,
    )


def _result(
    problem: InferenceProblem,
    evidence: Tensor,
    elbo: Tensor,
    best: Tensor,
    loc: Tensor,
    tril: Tensor,
    grids: list[PosteriorGrid] | None,
    evidence_error: Tensor,
    elbo_error: Tensor,
    estimator: str,
) -> Decomposition:
    return Decomposition(
        evidence=(evidence + problem.log_jacobian).numpy(),
        elbo=(elbo + problem.log_jacobian).numpy(),
        approximation_gap=(evidence - best).numpy(),
        amortisation_gap=(best - elbo).numpy(),
        posterior=None if grids is None else tuple(grids),
        q=Normals(problem.loc.numpy(), problem.scale_tril.numpy()),
        best_q=Normals(loc.numpy(), tril.numpy()),
        family=problem.family,
        evidence_error=evidence_error.numpy(),
        elbo_error=elbo_error.numpy(),
        estimator=estimator,
    )


def _warn(error: Tensor, tolerance: float) -> None:
    wrong = (error > tolerance).nonzero().flatten().tolist()
    if wrong:
        worst = int(error.argmax())
        warnings.warn(
            f"quadrature did not converge to {tolerance:g} nats in {len(wrong)} rows, worst row {worst} with "
            f"an error of {error[worst].item():.2g}: see evidence_error, elbo_error, and leave such rows out",
            VaelWarning,
            stacklevel=4,
        )

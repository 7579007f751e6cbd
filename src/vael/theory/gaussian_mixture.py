"""A finite mixture of normals: a latent variable model whose latent is the name of a component."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from vael.errors import InputError, VaelWarning
from vael.models import LatentVariableModel
from vael.theory.covariances import cholesky
from vael.theory.exact_models import (
    ComponentPosterior,
    ComponentPrior,
    SelectedComponent,
    component_log_prob,
)
from vael.theory.exact_results import JointSample
from vael.theory.matrices import finite_rows, of_axes

__all__ = ["EMResult", "GaussianMixture"]


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    r"""p(z) = pi over K one-hot vectors, and p(x | z = k) = N(mu_k, Sigma_k).

    .. math:: \ln p(x) = \ln \sum_k \pi_k N(x; \mu_k, \Sigma_k), \quad
        p(z = k|x) = \pi_k N(x; \mu_k, \Sigma_k) / p(x)

    Arguments:
        weights: pi, of shape ``(components,)``: positive, and they sum to 1.
        means: Of shape ``(components, features)``.
        covariances: Of shape ``(components, features, features)``.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self) -> None:
        weights = of_axes(self.weights, "weights", 1)
        means = of_axes(self.means, "means", 2)
        covariances = of_axes(self.covariances, "covariances", 3)
        if not len(weights) == len(means) == len(covariances):
            raise InputError(
                "weights, means and covariances must have as many components, got "
                f"{len(weights)}, {len(means)} and {len(covariances)}"
            )
        if covariances.shape[1:] != (means.shape[1],) * 2:
            raise InputError(
                f"covariances must be {means.shape[1]} by {means.shape[1]}, as means have "
                f"{means.shape[1]} features, got shape {covariances.shape}"
            )
        if weights.min() <= 0:
            raise InputError(f"weights must be > 0, got {weights.min():g} at {weights.argmin()}")
        if abs(weights.sum() - 1) > 1e-9:
            raise InputError(f"weights must sum to 1, but sum to {weights.sum():.10g}")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "covariances", covariances)
        _ = self._factors

    @cached_property
    def _factors(self) -> np.ndarray:
        """Lower factors of the covariances."""
        features = self.means.shape[1]
        named = ((f"covariance of component {k}", c) for k, c in enumerate(self.covariances))
        return np.stack([cholesky(covariance, features, name) for name, covariance in named])

    def log_joint(self, X: np.ndarray) -> np.ndarray:
        """Return ln p(x, z = k) of each row and component, in nats, ``(n, components)``."""
        rows = torch.tensor(finite_rows(X, self.means.shape[1]))
        log_prob = component_log_prob(rows, torch.tensor(self.means), torch.tensor(self._factors))
        return log_prob.numpy() + np.log(self.weights)

    def log_evidence(self, X: np.ndarray) -> np.ndarray:
        """Return ln p(x) of each row, in nats, ``(n,)``."""
        return np.logaddexp.reduce(self.log_joint(X), axis=1)

    def responsibilities(self, X: np.ndarray) -> np.ndarray:
        """Return p(z = k|x) of each row and component, ``(n, components)``."""
        joint = self.log_joint(X)
        return np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))

    def sample(self, n: int, random_state: int | np.random.Generator | None = None) -> JointSample:
        """Draw n rows; z is the one-hot component of each, ``(n, components)``."""
        if n < 1:
            raise InputError(f"n must be >= 1, got {n}")
        rng = np.random.default_rng(random_state)
        k = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((n, self.means.shape[1]))
        x = self.means[k] + np.einsum("nij,nj->ni", self._factors[k], noise)
        return JointSample(x, np.eye(len(self.weights))[k])

    def model(self, *, widen: float = 1.0) -> LatentVariableModel:
        """Return the model in float64, its latent one-hot, its encoder Bayes' rule, or a wider one.

        With the exact posterior each importance weight is p(x), whatever is drawn.

        Arguments:
            widen: Takes q proportional to ``p(z|x) ** (1 / widen**2)``, which for a normal posterior would
                be `widen` times its standard deviations: above 1 q is more even over the components.
        """
        if not 0 < widen < math.inf:
            raise InputError(f"widen must be > 0 and finite, got {widen}")
        prior = ComponentPrior(np.log(self.weights))
        decoder = SelectedComponent(self.means, self._factors)
        return LatentVariableModel(prior, ComponentPosterior(prior, decoder, widen**2), decoder)

    def inference_gap(self, X: np.ndarray, *, widen: float = 1.0) -> np.ndarray:
        """Return KL(q || p(z|x)) of each row, in nats, of the encoder that `model` makes."""
        joint = self.log_joint(X)
        log_p = joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)
        log_q = log_p / widen**2
        log_q = log_q - np.logaddexp.reduce(log_q, axis=1, keepdims=True)
        return (np.exp(log_q) * (log_q - log_p)).sum(1)

    @classmethod
    def fit(
        cls,
        X: np.ndarray,
        n_components: int,
        random_state: int | np.random.Generator | None = None,
        *,
        variance_floor: float = 1e-6,
        tolerance: float = 1e-8,
        max_steps: int = 2000,
    ) -> GaussianMixture:
        """Fit by EM from seeds of k-means++; see `expectation_maximisation`.

        Warns if the likelihood was still rising by more than `tolerance` at the last step.
        """
        start = cls.seeded(X, n_components, random_state)
        result = start.expectation_maximisation(
            X, variance_floor=variance_floor, tolerance=tolerance, max_steps=max_steps
        )
        if not result.converged:
            warnings.warn(
                f"EM still gained {np.diff(result.log_likelihood)[-1]:.2g} nats a row in its last step: "
                f"raise max_steps above {max_steps}",
                VaelWarning,
                stacklevel=2,
            )
        return result.mixture

    @classmethod
    def seeded(
        cls, X: np.ndarray, n_components: int, random_state: int | np.random.Generator | None = None
    ) -> GaussianMixture:
        """Return where EM starts: rows spread out by k-means++ as means, and one covariance for all.

        The covariance is that of the rows around their nearest mean, its eigenvalues held above 1e-3 of
        the features' mean variance (Arthur & Vassilvitskii 2007 for the seeds).
        """
        rows, floor = _rows_to_fit(X, n_components, 1e-3)
        rng = np.random.default_rng(random_state)
        means = rows[[rng.integers(len(rows))]]
        for _ in range(n_components - 1):
            distance = _squared_distances(rows, means).min(1)
            if distance.sum() == 0:
                raise InputError(f"X has {len(means)} different rows, fewer than {n_components} components")
            means = np.vstack([means, rows[rng.choice(len(rows), p=distance / distance.sum())]])
        residual = rows - means[_squared_distances(rows, means).argmin(1)]
        covariance = _floored(residual.T @ residual / len(rows), floor)
        weights = np.full(n_components, 1 / n_components)
        return cls(weights, means, np.repeat(covariance[None], n_components, axis=0))

    def expectation_maximisation(
        self,
        X: np.ndarray,
        *,
        variance_floor: float = 1e-6,
        tolerance: float = 1e-8,
        max_steps: int = 2000,
    ) -> EMResult:
        """Raise the likelihood of rows from here, step by step (Dempster, Laird & Rubin 1977).

        The likelihood has no maximum where a component may shrink onto one row. So no covariance has an
        eigenvalue below a floor: each step gives the best covariances above it, and still never lowers the
        likelihood.

        Arguments:
            X: Rows, at least as many as components.
            variance_floor: The floor, as a part of the features' mean variance; 0 for none, and then a
                collapse is an `InputError`.
            tolerance: Gain in nats a row below which it has converged.
            max_steps: At most so many.
        """
        rows, floor = _rows_to_fit(X, len(self.weights), variance_floor)
        if max_steps < 1:
            raise InputError(f"max_steps must be >= 1, got {max_steps}")
        lowest = min(np.linalg.eigvalsh(c)[0] for c in self.covariances)
        if lowest < floor * (1 - 1e-9):
            raise InputError(
                f"EM starts with a variance of {lowest:.3g}, below its floor of {floor:.3g}: lower "
                "variance_floor, or widen the start"
            )
        mixture, history = self, [float(self.log_evidence(rows).mean())]
        for step in range(1, max_steps + 1):
            mixture = mixture._maximised(rows, floor, step)
            history.append(float(mixture.log_evidence(rows).mean()))
            if history[-1] - history[-2] < tolerance:
                return EMResult(mixture, np.array(history), True)
        return EMResult(mixture, np.array(history), False)

    def _maximised(self, rows: np.ndarray, floor: float, step: int) -> GaussianMixture:
        """Take one step: responsibilities, then the weights, means and covariances that they imply."""
        shares = self.responsibilities(rows)
        counts = shares.sum(0)
        if counts.min() < 1e-8:
            raise InputError(
                f"component {counts.argmin()} holds {counts.min():.2g} rows at step {step} of EM: "
                "use fewer components or another start"
            )
        means = shares.T @ rows / counts[:, None]
        covariances = np.empty_like(self.covariances)
        for k, (mean, count) in enumerate(zip(means, counts, strict=True)):
            centred = rows - mean
            covariance = (shares[:, k, None] * centred).T @ centred / count
            covariances[k] = _floored((covariance + covariance.T) / 2, floor)
            smallest = np.linalg.eigvalsh(covariances[k])[0]
            if smallest <= 1e-12 * rows.var(0).mean():
                raise InputError(
                    f"component {k} collapsed at step {step} of EM: it holds {count:.3g} rows and its "
                    f"smallest variance is {smallest:.2g}; use fewer components or a variance_floor above 0"
                )
        return GaussianMixture(counts / counts.sum(), means, covariances)


@dataclass(frozen=True, eq=False)
class EMResult:
    """A run of EM.

    Attributes
    ----------
        mixture: Where it ended.
        log_likelihood: Mean ln p(x) in nats a row, before the first step and after each.
        converged: Whether the last step gained less than the tolerance.
    """

    mixture: GaussianMixture
    log_likelihood: np.ndarray
    converged: bool


def _rows_to_fit(X: np.ndarray, n_components: int, variance_floor: float) -> tuple[np.ndarray, float]:
    """Return rows that so many components can be fitted to, and the smallest variance allowed."""
    rows = finite_rows(X)
    if not 1 <= n_components <= len(rows):
        raise InputError(f"n_components must be from 1 to the {len(rows)} rows, got {n_components}")
    if not 0 <= variance_floor < 1:
        raise InputError(f"variance_floor must be in [0, 1), got {variance_floor}")
    variance = float(rows.var(0).mean())
    if variance == 0:
        raise InputError(f"X has no variance: all {len(rows)} rows are the same")
    return rows, variance_floor * variance


def _floored(covariance: np.ndarray, floor: float) -> np.ndarray:
    """Return the best covariance with no eigenvalue below the floor: the eigenvectors stay."""
    values, vectors = np.linalg.eigh(covariance)
    if values[0] >= floor:
        return covariance
    raised = (vectors * values.clip(min=floor)) @ vectors.T
    return (raised + raised.T) / 2


def _squared_distances(rows: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return ``(n, means)``."""
    return np.stack([((rows - mean) ** 2).sum(1) for mean in means], axis=1)

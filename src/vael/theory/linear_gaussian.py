"""The linear-Gaussian model: probabilistic PCA, factor analysis, and what their VAE converges to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vael.errors import InputError
from vael.models import LatentVariableModel, StandardNormal
from vael.theory.covariances import cholesky
from vael.theory.exact_models import AffineNormal
from vael.theory.exact_results import JointSample, NormalPosterior
from vael.theory.matrices import covariance_spectrum, finite_rows, of_axes

__all__ = ["BetaOptimum", "LinearGaussian"]

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    r"""p(z) = N(0, I) and p(x|z) = N(W z + mu, R): a latent variable model of which all is known.

    .. math::
        \ln p(x) &= -\tfrac12 [D \ln 2\pi + \ln|C| + (x-\mu)^T C^{-1} (x-\mu)], \quad C = W W^T + R \\
        p(z|x) &= N(P^{-1} W^T R^{-1} (x-\mu),\; P^{-1}), \quad P = I + W^T R^{-1} W

    With R = s2 I it is probabilistic PCA (Tipping & Bishop 1999), with R diagonal factor analysis.

    Arguments:
        weight: W, of shape ``(features, latent)``.
        mean: mu, of shape ``(features,)``.
        noise_variance: R: one number, a variance for each feature, or a covariance.
    """

    weight: np.ndarray
    mean: np.ndarray
    noise_variance: float | np.ndarray

    def __post_init__(self) -> None:
        weight = of_axes(self.weight, "weight", 2)
        mean = of_axes(self.mean, "mean", 1)
        if len(mean) != len(weight):
            raise InputError(f"mean must have {len(weight)} features, as weight has, got {len(mean)}")
        axes = np.ndim(self.noise_variance)
        noise = of_axes(self.noise_variance, "noise_variance", min(axes, 2))
        if axes and len(noise) != len(weight):
            raise InputError(f"noise_variance must have {len(weight)} features, got {len(noise)}")
        if axes < 2 and noise.min() <= 0:
            raise InputError(f"noise_variance must be > 0, got {noise.min():g}")
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "noise_variance", noise if axes else float(noise))
        _ = self._noise_factor

    @cached_property
    def _noise_factor(self) -> np.ndarray:
        """Standard deviations ``(features,)``, or the lower factor of a full noise covariance."""
        noise = np.asarray(self.noise_variance)
        if noise.ndim == 2:
            return cholesky(noise, len(self.weight), "noise_variance")
        return np.sqrt(np.broadcast_to(noise, len(self.weight)))

    @cached_property
    def covariance(self) -> np.ndarray:
        """C = W W^T + R, the covariance of x, ``(features, features)``."""
        noise = np.asarray(self.noise_variance)
        if noise.ndim < 2:
            noise = np.diag(np.broadcast_to(noise, len(self.weight)))
        return self.weight @ self.weight.T + noise

    @cached_property
    def _factor(self) -> np.ndarray:
        return cholesky(self.covariance, len(self.weight), "covariance W W^T + R")

    @cached_property
    def _weighted(self) -> np.ndarray:
        """W^T R^-1, ``(latent, features)``."""
        if self._noise_factor.ndim == 1:
            return self.weight.T / self._noise_factor**2
        return np.linalg.solve(np.asarray(self.noise_variance), self.weight).T

    @cached_property
    def precision(self) -> np.ndarray:
        """P = I + W^T R^-1 W, the inverse covariance of every row's posterior, ``(latent, latent)``."""
        precision = np.eye(self.weight.shape[1]) + self._weighted @ self.weight
        return (precision + precision.T) / 2

    def log_evidence(self, X: np.ndarray) -> np.ndarray:
        """Return ln p(x) of each row, in nats, ``(n,)``."""
        rows = finite_rows(X, len(self.mean))
        standard = np.linalg.solve(self._factor, (rows - self.mean).T)
        log_determinant = np.log(self._factor.diagonal()).sum()
        return -0.5 * ((standard**2).sum(0) + len(self.mean) * LOG_2PI) - log_determinant

    def posterior(self, X: np.ndarray) -> NormalPosterior:
        """Return p(z|x) of each row."""
        centred = finite_rows(X, len(self.mean)) - self.mean
        covariance = np.linalg.inv(self.precision)
        return NormalPosterior(centred @ (covariance @ self._weighted).T, covariance)

    def sample(self, n: int, random_state: int | np.random.Generator | None = None) -> JointSample:
        """Draw n rows with their latents."""
        if n < 1:
            raise InputError(f"n must be >= 1, got {n}")
        rng = np.random.default_rng(random_state)
        z = rng.standard_normal((n, self.weight.shape[1]))
        noise, factor = rng.standard_normal((n, len(self.mean))), self._noise_factor
        noise = noise * factor if factor.ndim == 1 else noise @ factor.T
        return JointSample(z @ self.weight.T + self.mean + noise, z)

    def model(
        self, *, widen: float = 1.0, shift: float = 0.0, mean_field: bool = False
    ) -> LatentVariableModel:
        """Return the model in float64, its encoder the exact posterior, or one wrong by a known amount.

        With the exact posterior each importance weight is p(x), whatever is drawn. `inference_gap` gives
        what the ELBO loses otherwise. No parameter asks for gradients until ``requires_grad_()``.

        Arguments:
            widen: Factor on the posterior's standard deviations. Importance weights have finite
                variance above 1/sqrt(2).
            shift: How far each latent's mean is off, in standard deviations of q.
            mean_field: Take the independent normals nearest to p(z|x) in KL(q || p), in place of it.
        """
        factor = self._posterior_factor(widen, mean_field)
        slope = np.linalg.solve(self.precision, self._weighted)
        scale = factor.diagonal() if mean_field else factor
        offset = shift * factor.sum(1) - slope @ self.mean
        decoder = AffineNormal(self.weight, self.mean, self._noise_factor)
        prior = StandardNormal(self.weight.shape[1]).double()
        return LatentVariableModel(prior, AffineNormal(slope, offset, scale), decoder)

    def inference_gap(self, *, widen: float = 1.0, shift: float = 0.0, mean_field: bool = False) -> float:
        """Return KL(q || p(z|x)) in nats, the same for every row, of the encoder that `model` makes."""
        factor = self._posterior_factor(widen, mean_field)
        trace = np.sum(factor * (self.precision @ factor))
        moved = shift * factor.sum(1)
        log_ratio = np.linalg.slogdet(self.precision)[1] + 2 * np.log(factor.diagonal()).sum()
        return float(0.5 * (trace + moved @ self.precision @ moved - len(factor) - log_ratio))

    def _posterior_factor(self, widen: float, mean_field: bool) -> np.ndarray:
        """Return the lower factor of q's covariance."""
        if not 0 < widen < math.inf:
            raise InputError(f"widen must be > 0 and finite, got {widen}")
        if mean_field:  # Bishop 2006, eq. (10.12): the precisions are the diagonal of P
            return widen * np.diag(self.precision.diagonal() ** -0.5)
        covariance = np.linalg.inv(self.precision)
        covariance = (covariance + covariance.T) / 2
        return widen * cholesky(covariance, len(covariance), "posterior's covariance")

    @classmethod
    def fit(cls, X: np.ndarray, n_components: int) -> LinearGaussian:
        """Fit probabilistic PCA by maximum likelihood (Tipping & Bishop 1999, eqs. 7 and 8).

        The noise variance is the mean of the smallest eigenvalues, W = U (Lambda - s2 I)^(1/2), so that
        the latents are independent in the posterior too. It is the `optimal_beta_elbo` with beta 1.
        """
        return cls.optimal_beta_elbo(X, n_components).generative

    @staticmethod
    def optimal_beta_elbo(
        X: np.ndarray, n_components: int, *, beta: float = 1.0, noise_variance: float | None = None
    ) -> BetaOptimum:
        r"""Maximise the beta-ELBO of a linear VAE over decoder and encoder, in closed form.

        A latent is active where its eigenvalue exceeds beta s2; its KL is
        :math:`\tfrac12 \ln(\lambda_i / (\beta s^2))`, and every other latent is collapsed. A learned
        noise is :math:`s^2 = \sum_{inactive} \lambda_i / (D - \beta\, active)`.

        Arguments:
            X: Rows.
            n_components: Latents offered, fewer than the features.
            beta: Weight of the KL.
            noise_variance: s2 if it is fixed; None learns it.

        References: Lucas et al. 2019, arXiv 1911.02469; Tipping & Bishop 1999.
        """
        rows = finite_rows(X)
        features = rows.shape[1]
        if not 1 <= n_components < features:
            raise InputError(
                f"n_components must be from 1 to {features - 1}, one less than the features, "
                f"got {n_components}"
            )
        if len(rows) <= n_components:
            raise InputError(f"{n_components} components need more rows than that, got {len(rows)}")
        if not 0 < beta < math.inf:
            raise InputError(f"beta must be > 0 and finite, got {beta}")
        if noise_variance is not None and not 0 < noise_variance < math.inf:
            raise InputError(f"noise_variance must be > 0 and finite, got {noise_variance}")
        spectrum = covariance_spectrum(rows)
        values = spectrum.eigenvalues
        s2 = _learned_noise(values, n_components, beta) if noise_variance is None else noise_variance
        signal = (values[:n_components] - beta * s2).clip(min=0)
        weight = spectrum.eigenvectors[:, :n_components] * np.sqrt(signal)
        return BetaOptimum(LinearGaussian(weight, spectrum.mean, float(s2)), float(beta), values)


@dataclass(frozen=True, eq=False)
class BetaOptimum:
    """The best beta-ELBO that a linear VAE can reach on some rows. Values are means over them, in nats.

    Attributes
    ----------
        generative: p(z) and p(x|z). Unless beta is 1, the encoder of `model` is not its posterior.
        beta: Weight of the KL.
        eigenvalues: Of the rows' covariance, from the largest down.
    """

    generative: LinearGaussian
    beta: float
    eigenvalues: np.ndarray

    @property
    def noise_variance(self) -> float:
        """The variance s2 of the noise."""
        return float(self.generative.noise_variance)

    @property
    def kl(self) -> np.ndarray:
        """KL of each latent, 0 where it collapsed, of shape ``(latent,)``."""
        offered = self.eigenvalues[: self.generative.weight.shape[1]]
        threshold = self.beta * self.noise_variance
        return 0.5 * np.log(np.maximum(offered, threshold) / threshold)

    @property
    def active(self) -> int:
        """How many latents did not collapse."""
        return int((self.kl > 0).sum())

    @property
    def log_likelihood(self) -> float:
        """E_q[ln p(x|z)]: an active direction is left with an error of beta s2, another with all it has."""
        s2, active = self.noise_variance, self.active
        error = self.eigenvalues[active:].sum() / s2 + self.beta * active
        return float(-0.5 * (len(self.eigenvalues) * (LOG_2PI + math.log(s2)) + error))

    @property
    def elbo(self) -> float:
        """The ELBO there, beta 1: what bounds ln p(x)."""
        return float(self.log_likelihood - self.kl.sum())

    @property
    def objective(self) -> float:
        """The beta-ELBO itself."""
        return float(self.log_likelihood - self.beta * self.kl.sum())

    def model(self) -> LatentVariableModel:
        """Return the model in float64 with the best encoder: diagonal, of covariance beta s2 M^-1."""
        weight, mean = self.generative.weight, self.generative.mean
        threshold = self.beta * self.noise_variance
        moment = (weight**2).sum(0) + threshold  # M = W^T W + beta s2 I, diagonal
        slope = weight.T / moment[:, None]
        encoder = AffineNormal(slope, -slope @ mean, np.sqrt(threshold / moment))
        model = self.generative.model()
        return LatentVariableModel(model.prior, encoder, model.decoder)


def _learned_noise(eigenvalues: np.ndarray, n_components: int, beta: float) -> float:
    """Return the best s2, by raising the active latents from none.

    The objective has one maximum in s2: it rises as long as
    ``sum(min(lambda_i / s2, beta) over latents) + sum(lambda_i / s2 over the rest) > D``, and the left side
    falls with s2. So the first count that leaves the next eigenvalue inactive is the one.
    """
    features = len(eigenvalues)
    noise = math.nan
    for active in range(n_components + 1):
        noise = eigenvalues[active:].sum() / (features - beta * active)
        if active == n_components or eigenvalues[active] <= beta * noise:
            break
    if not noise > 1e-12 * eigenvalues[0]:
        raise InputError(
            f"{n_components} components leave a noise variance of {max(noise, 0):.3g}: the rows lie in their "
            "span; use fewer components or more rows"
        )
    return float(noise)

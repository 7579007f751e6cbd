"""The conjugate prior of a Gaussian mixture: Dirichlet weights, normal-Wishart components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln

from vael.errors import InputError
from vael.theory._inputs import Numbers, at_least, covariance, finite, positive, vector

__all__ = ["MixturePrior", "mixture_rows", "wishart_log_normaliser"]


@dataclass(frozen=True, eq=False)
class MixturePrior:
    """Bishop 2006, section 10.2: the generative model of a Bayesian Gaussian mixture.

    pi ~ Dirichlet(alpha, ..., alpha); Lambda_k ~ Wishart(W, nu) with W^-1 = `scatter`;
    mu_k ~ N(m, (beta Lambda_k)^-1); c_n ~ Categorical(pi); x_n ~ N(mu_{c_n}, Lambda_{c_n}^-1).

    Attributes
    ----------
        concentration: alpha > 0.
        mean: m, shape (d,).
        mean_precision: beta > 0: how many rows the prior's mean is worth.
        degrees: nu > d - 1, the degrees of freedom of the Wishart.
        scatter: W^-1, shape (d, d): nu times the covariance that is expected of a component.
    """

    concentration: float
    mean: Float[np.ndarray, " d"]
    mean_precision: float
    degrees: float
    scatter: Float[np.ndarray, "rows columns"]

    def __post_init__(self) -> None:
        size = len(vector(self.mean, "mean"))
        positive(self.concentration, "concentration", 1)
        positive(self.mean_precision, "mean_precision", 1)
        if finite(self.degrees, "degrees") <= size - 1:
            raise InputError(f"degrees must be > {size - 1} in {size} dimensions, got {self.degrees}")
        covariance(self.scatter, "scatter", size)

    @classmethod
    def vague(cls, X: Numbers, components: int) -> Self:
        """The defaults of scikit-learn's BayesianGaussianMixture: 1/K, the data's mean and covariance."""
        rows = mixture_rows(X)
        at_least(components, 1, "components")
        at_least(len(rows), rows.shape[1] + 1, "rows for a covariance")
        size = rows.shape[1]
        return cls(1 / components, rows.mean(axis=0), 1.0, float(size), np.atleast_2d(np.cov(rows.T)))


def mixture_rows(X: Numbers, dimension: int | None = None) -> Float[np.ndarray, "n d"]:
    """The data as float64 rows, each with the dimension of the prior."""
    rows = finite(X, "X")
    if rows.ndim != 2 or rows.size == 0:
        raise InputError(f"X must be a table of rows and columns, got shape {rows.shape}")
    if dimension not in (None, rows.shape[1]):
        raise InputError(f"X must have the prior's {dimension} columns, got {rows.shape[1]}")
    return rows


def wishart_log_normaliser(
    scatter: Float[np.ndarray, "*shape d d"], degrees: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """The log-normaliser ln B(W, nu) with W^-1 = `scatter`: Bishop 2006, eq. (B.79)."""
    size = scatter.shape[-1]
    log_det = np.linalg.slogdet(scatter)[1]
    log_gamma = gammaln((np.asarray(degrees)[..., None] - np.arange(size)) / 2).sum(axis=-1)
    log_gamma += size * (size - 1) / 4 * np.log(np.pi)
    return np.asarray(degrees / 2 * (log_det - size * np.log(2)) - log_gamma)

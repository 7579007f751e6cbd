"""Frechet distance between the Gaussians of two samples, in features that the caller chooses."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import VaelWarning
from vael.evaluation.samples.features import FeatureExtractor, extract, space_of
from vael.evaluation.samples.rows import as_rows, check_width
from vael.evaluation.tables import text_table

__all__ = ["FrechetDistance", "frechet_distance", "frechet_of_features", "gaussian_frechet"]


@dataclass(frozen=True)
class FrechetDistance:
    """Squared Frechet (2-Wasserstein) distance of two Gaussians fitted to features.

    Attributes
    ----------
    value : mean_term + covariance_term, in squared units of the features
    mean_term : squared distance of the means
    covariance_term : what the covariances add
    space : what the features are, in words
    features : their number
    rank_x, rank_y : of the covariances; below `features` they are singular
    n_x, n_y : rows
    """

    value: float
    mean_term: float
    covariance_term: float
    space: str
    features: int
    rank_x: int
    rank_y: int
    n_x: int
    n_y: int

    @property
    def label(self) -> str:
        """Name of the number, with what it was computed from."""
        return f"Frechet distance, {self.space}"

    @property
    def why_singular(self) -> str | None:
        """Why a covariance has not full rank, in words; None where both have."""
        low = [
            f"{rank} of {self.features} in the {side} sample ({n} rows)"
            for side, rank, n in (("first", self.rank_x, self.n_x), ("second", self.rank_y, self.n_y))
            if rank < self.features
        ]
        if not low:
            return None
        few = min(self.n_x, self.n_y) <= self.features
        return f"rank of the covariance {' and '.join(low)}: " + (
            "no more rows than features" if few else "features that are constant or depend on others"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        return asdict(self) | {"label": self.label, "why_singular": self.why_singular}

    def __str__(self) -> str:
        """Text: a table of one row, and what the number is."""
        row = [f"{v:.6g}" for v in (self.value, self.mean_term, self.covariance_term)]
        return (
            text_table(["Frechet distance", "of the means", "of the covariances"], [row])
            + f"\n\nSquared, between Gaussians fitted to {self.features} features: {self.space};\n"
            f"{self.n_x} and {self.n_y} rows; biased upwards for few rows"
            + (f"\n{self.why_singular}" if self.why_singular else "")
        )


def frechet_distance(
    X: ArrayLike, Y: ArrayLike, *, features: FeatureExtractor | None = None
) -> FrechetDistance:
    """Squared Frechet distance between Gaussians fitted to the features of X and of Y.

    The number means something only beside others of the same features and the same numbers of rows: it is
    biased upwards by about the square of the number of features over the number of rows. It is FID for
    features of one particular Inception network alone, which vael does not use.

    Parameters
    ----------
    X, Y : array-like of shape (n, ...) and (m, ...)
        Two rows or more of each; covariances divide by n - 1.
    features : callable, default=None
        From rows (n, features) to features; `ClassifierFeatures` is the one built in. None takes the rows
        as given.

    Raises
    ------
    InputError
        For fewer than two rows, other widths, or values that are not finite.

    Warns
    -----
    VaelWarning
        Where a covariance is singular. The distance is defined all the same.

    References
    ----------
    Dowson & Landau 1982, "The Frechet distance between multivariate normal distributions", eq. 4.
    Heusel et al. 2017, arXiv 1706.08500, for its use.
    """
    result = frechet_of_features(
        extract(features, as_rows(X, "X", min_rows=2), "X"),
        extract(features, as_rows(Y, "Y", min_rows=2), "Y"),
        space_of(features),
    )
    if result.why_singular:
        warnings.warn(
            f"the Frechet distance is of singular Gaussians ({result.why_singular}): give more rows, or an "
            "extractor of fewer features",
            VaelWarning,
            stacklevel=2,
        )
    return result


def frechet_of_features(X: np.ndarray, Y: np.ndarray, space: str) -> FrechetDistance:
    """Compute `frechet_distance` of features (n, d) and (m, d), without a warning."""
    check_width(X, Y, "X", "Y")
    (mean_x, root_x), (mean_y, root_y) = _mean_and_root(X), _mean_and_root(Y)
    mean_term, covariance_term = _terms(mean_x, root_x, mean_y, root_y)
    return FrechetDistance(
        value=mean_term + covariance_term,
        mean_term=mean_term,
        covariance_term=covariance_term,
        space=space,
        features=X.shape[1],
        rank_x=root_x.shape[1],
        rank_y=root_y.shape[1],
        n_x=len(X),
        n_y=len(Y),
    )


def gaussian_frechet(
    mean_x: ArrayLike, covariance_x: ArrayLike, mean_y: ArrayLike, covariance_y: ArrayLike
) -> float:
    r"""Squared Frechet distance of two Gaussians whose moments are known.

    .. math:: |\mu_x - \mu_y|^2 + \mathrm{tr}(\Sigma_x + \Sigma_y - 2 (\Sigma_x \Sigma_y)^{1/2})
    """
    roots = (_root(np.asarray(c, np.float64)) for c in (covariance_x, covariance_y))
    return sum(_terms(np.asarray(mean_x, float), next(roots), np.asarray(mean_y, float), next(roots)))


def _terms(
    mean_x: np.ndarray, root_x: np.ndarray, mean_y: np.ndarray, root_y: np.ndarray
) -> tuple[float, float]:
    # With C = A A^T and D = B B^T, tr (C D)^(1/2) is the sum of the singular values of A^T B: no root is
    # taken of an eigenvalue that rounding has made, and nothing complex appears.
    shared = np.linalg.svd(root_x.T @ root_y, compute_uv=False).sum() if root_x.size and root_y.size else 0.0
    difference = mean_x - mean_y
    covariance = float(np.square(root_x).sum() + np.square(root_y).sum() - 2 * shared)
    return float(difference @ difference), max(covariance, 0.0)


def _mean_and_root(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = X.mean(axis=0, dtype=np.float64)
    centred = X - mean
    centred[:, (X[0] == X).all(axis=0)] = 0.0  # the mean of equal numbers may round to another
    return mean, _root(centred.T @ centred / (len(X) - 1))


def _root(covariance: np.ndarray) -> np.ndarray:
    """A of shape (d, rank) with A A^T the covariance, its eigenvalues clipped where rounding made them."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > len(values) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    return vectors[:, kept] * np.sqrt(values[kept])

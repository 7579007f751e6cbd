"""Principal components in the tangent space at the Frechet mean."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.extmath import svd_flip
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from vael.errors import InputError
from vael.geometry.manifold import Manifold
from vael.geometry.statistics.door import as_numpy, read_points, read_rows, whole_number
from vael.geometry.statistics.frechet import FrechetMean, frechet_mean
from vael.geometry.statistics.tangents import TangentFrame, velocities

__all__ = ["TangentPCA"]


class TangentPCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Principal component analysis in the tangent space at the Frechet mean.

    Points z become initial velocities :math:`\log_m z` of the geodesics from their Frechet mean m, and those
    are decomposed with the inner product of the metric there. It is the linear approximation of principal
    geodesic analysis: distances from the mean are kept, those between points are not.

    Parameters
    ----------
    manifold : vael.geometry.Manifold
        The manifold, as ``vae.manifold(X)`` makes. Clones of the estimator share it.
    n_components : int, default=None
        Components that are kept; None: as many as latents, or as points where those are fewer.
    segments : int, default=32
        Segments of the geodesics.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        The Frechet mean.
    frechet_mean_ : FrechetMean
        The mean with its variance, and whether it converged.
    components_ : ndarray of shape (n_components, n_features)
        Tangent vectors at the mean in the coordinates, orthonormal in `metric_`.
    metric_ : ndarray of shape (n_features, n_features)
        The metric tensor at the mean.
    explained_variance_ : ndarray of shape (n_components,)
        Variance along each component, with n - 1 in the denominator.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Its part of the variance along all.
    n_components_ : int
        Number of components.
    n_features_in_ : int
        Number of latents.
    feature_names_in_ : ndarray of str
        Names of the columns, where all are strings.

    See Also
    --------
    sklearn.decomposition.PCA : The same on a flat manifold.

    References
    ----------
    Fletcher, Lu, Pizer & Joshi 2004, Principal geodesic analysis for the study of nonlinear statistics of
    shape, IEEE Transactions on Medical Imaging 23, 995-1005.
    Pennec 2006, Intrinsic statistics on Riemannian manifolds, Journal of Mathematical Imaging and Vision 25,
    127-154.

    Examples
    --------
    >>> import numpy as np
    >>> from vael.geometry import LatentManifold, TangentPCA
    >>> Z = np.array([[-2.0, 0.0], [0.0, 0.1], [2.0, 0.0], [0.0, -0.1]])
    >>> pca = TangentPCA(LatentManifold(lambda z: 3 * z), n_components=1).fit(Z)
    >>> pca.explained_variance_.round(3)  # 9 times 8 / 3
    array([24.])
    """

    def __init__(self, manifold: Manifold, n_components: int | None = None, *, segments: int = 32) -> None:
        self.manifold = manifold
        self.n_components = n_components
        self.segments = segments

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the mean and the components.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space, at least two.
        y : Ignored
            Not used.

        Returns
        -------
        self : TangentPCA
            The fitted estimator.
        """
        points = read_rows(self, X, reset=True, least=2)
        most = min(points.shape)
        kept = most if self.n_components is None else whole_number("n_components", self.n_components)
        if kept > most:
            raise InputError(
                f"n_components={kept} is more than {len(points)} points of {points.shape[1]} latents have: "
                f"{most} at most"
            )
        self.frechet_mean_: FrechetMean = frechet_mean(self.manifold, points, segments=self.segments)
        self.mean_ = self.frechet_mean_.point
        frame = self._frame(points)
        coordinates = as_numpy(self._coordinates(points, frame)).astype(np.float64)
        U, singular, Vt = np.linalg.svd(coordinates, full_matrices=False)
        _, Vt = svd_flip(U, Vt, u_based_decision=False)
        variance = singular**2 / (len(points) - 1)
        total = variance.sum()
        self.n_components_ = kept
        self.explained_variance_ = variance[:kept]
        self.explained_variance_ratio_ = variance[:kept] / total if total > 0 else np.zeros(kept)
        self.components_ = as_numpy(frame.vectors(torch.as_tensor(Vt[:kept]).to(points)))
        self.metric_ = as_numpy(frame.factor @ frame.factor.T)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the components of the velocities from the mean to points.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_components)
            In units of geodesic distance.
        """
        check_is_fitted(self)
        points = read_rows(self, X, reset=False)
        frame = self._frame(points)
        return as_numpy(self._coordinates(points, frame) @ self._basis(frame))

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the points that geodesics from the mean lead to.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_components)
            Components of velocities at the mean.

        Returns
        -------
        points : ndarray of shape (n_samples, n_features)
            Points of the latent space; their geodesics need a decoder that is not piecewise linear.
        """
        check_is_fitted(self)
        mean = torch.as_tensor(self.mean_)
        scores = torch.as_tensor(np.asarray(X.detach().cpu() if isinstance(X, Tensor) else X)).to(mean)
        if scores.dim() != 2 or scores.shape[1] != self.n_components_:
            raise InputError(
                f"X must have {self.n_components_} columns, one a component, got {tuple(scores.shape)}"
            )
        vectors = scores @ torch.as_tensor(self.components_)
        place = read_points(self.manifold, self.mean_[None])
        with torch.no_grad():
            return as_numpy(self.manifold.exp(place.repeat(len(vectors), 1), vectors.to(place)))

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def _frame(self, points: Tensor) -> TangentFrame:
        return TangentFrame.at(self.manifold, torch.as_tensor(self.mean_).to(points))

    def _coordinates(self, points: Tensor, frame: TangentFrame) -> Tensor:
        found = velocities(self.manifold, frame.point, points, segments=self.segments).velocity
        return frame.coordinates(found)

    def _basis(self, frame: TangentFrame) -> Tensor:
        """The components in the frame, ``(latent, components)``."""
        return frame.coordinates(torch.as_tensor(self.components_).to(frame.point)).T

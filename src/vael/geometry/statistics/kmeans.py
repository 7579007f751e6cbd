"""k-means with geodesic distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from vael.errors import InputError
from vael.geometry.manifold import Manifold
from vael.geometry.statistics.door import as_numpy, one_of, random_generator, read_rows, whole_number
from vael.geometry.statistics.frechet import frechet_mean
from vael.geometry.statistics.medoids import find_medoids
from vael.geometry.statistics.point_graph import PointGraph

__all__ = ["GeodesicKMeans"]

METHODS = ("medoid", "frechet")
NEIGHBOURS = 32  # of each node of the graph
ATTACHED = 32  # nodes that other points are joined with
MEAN_STEPS = 5  # of a Frechet mean between two assignments


class GeodesicKMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """k-means with geodesic distances on a latent manifold.

    Centres are among the points: k-medoids on squared distances, seeded as k-means++ does. Two things are
    approximated, so that thousands of points take seconds. Distances are shortest ways through the graph of
    32 nearest neighbours, too long by a percent or so; and of more than `max_points` distinct points a random
    choice makes up that graph and holds the centres, while the others are joined with their 32 nearest nodes.
    Parts that no neighbours join are joined by the shortest straight lines: how far clusters are apart is
    then rough, which of them a point is in is not.

    With ``method="frechet"`` these centres are refined: points are assigned by exact geodesics, each centre
    moves to the Frechet mean of its points. That takes a geodesic for each point and centre, several times:
    for small data.

    Parameters
    ----------
    manifold : vael.geometry.Manifold
        The manifold, as ``vae.manifold(X)`` makes. Clones of the estimator share it.
    n_clusters : int, default=8
        Number of clusters.
    n_init : int, default=10
        Number of seedings; the best in `inertia_` is kept.
    max_iter : int, default=100
        Most iterations from each seeding, and of the refinement.
    method : {"medoid", "frechet"}, default="medoid"
        Centres among the points, by the graph; or Frechet means, by geodesics.
    max_points : int, default=2000
        Nodes of the graph at most; time grows with them and memory with their square (32 MB at 2000).
    random_state : int, RandomState instance or None, default=None
        Of the seeds, and of the choice of points.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Centres.
    labels_ : ndarray of shape (n_samples,)
        Number of each row's cluster.
    inertia_ : float
        Sum of squared geodesic distances of the rows from their centres.
    n_iter_ : int
        Iterations of the seeding that was kept; with ``method="frechet"``, of the refinement.
    n_parts_ : int
        Parts that the graph had before they were joined.
    n_features_in_ : int
        Number of latents.
    feature_names_in_ : ndarray of str
        Names of the columns, where all are strings.

    See Also
    --------
    frechet_mean : The mean that ``method="frechet"`` moves centres to.
    sklearn.cluster.KMeans : The same in the coordinates.

    References
    ----------
    Arthur & Vassilvitskii 2007, k-means++: the advantages of careful seeding, SODA, 1027-1035.
    Park & Jun 2009, A simple and fast algorithm for K-medoids clustering, Expert Systems with Applications
    36, 3336-3341.
    Shao, Kumar & Fletcher 2018, The Riemannian geometry of deep generative models, arXiv 1711.08014.

    Examples
    --------
    >>> import numpy as np
    >>> from vael.geometry import GeodesicKMeans, LatentManifold
    >>> Z = np.array([[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [5.1, 0.0]])
    >>> found = GeodesicKMeans(LatentManifold(lambda z: z), 2, random_state=0).fit(Z)
    >>> bool(found.labels_[0] == found.labels_[1] != found.labels_[2])
    True
    """

    def __init__(
        self,
        manifold: Manifold,
        n_clusters: int = 8,
        *,
        n_init: int = 10,
        max_iter: int = 100,
        method: str = "medoid",
        max_points: int = 2000,
        random_state: Any = None,
    ) -> None:
        self.manifold = manifold
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.max_iter = max_iter
        self.method = method
        self.max_points = max_points
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find centres.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.
        y : Ignored
            Not used.

        Returns
        -------
        self : GeodesicKMeans
            The fitted estimator.
        """
        k = whole_number("n_clusters", self.n_clusters)
        whole_number("n_init", self.n_init)
        whole_number("max_iter", self.max_iter)
        one_of("method", self.method, METHODS)
        if whole_number("max_points", self.max_points) < k:
            raise InputError(f"max_points={self.max_points} is less than n_clusters={k}")
        points = read_rows(self, X, reset=True)
        generator = random_generator(self.random_state)
        chosen, counts = _nodes(points, k, self.max_points, generator)
        graph = PointGraph.of(self.manifold, chosen, NEIGHBOURS)
        found = find_medoids(
            graph.between() ** 2,
            counts[np.argsort(graph.node_of)],
            k,
            starts=self.n_init,
            max_steps=self.max_iter,
            generator=generator,
        )
        self.n_parts_ = int(graph.graph.part.max()) + 1
        centres = graph.nodes[torch.as_tensor(found.index, device=points.device)]
        if self.method == "medoid":
            self._ways = _Ways(graph, graph.between(found.index))
            self.n_iter_ = found.steps
            distances = self._ways.of(points)
        else:
            centres, self.n_iter_ = self._refine(points, centres)
            distances = self._geodesic(points, centres)
        self.cluster_centers_ = as_numpy(centres)
        self.labels_ = distances.argmin(1)
        self.inertia_ = float((distances.min(1) ** 2).sum())
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the number of each row's cluster.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The clusters.
        """
        return self.transform(X).argmin(1)

    def transform(self, X: Any) -> np.ndarray:
        """Return each row's geodesic distances from the centres.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.

        Returns
        -------
        distances : ndarray of shape (n_samples, n_clusters)
            By the graph, or exact with ``method="frechet"``.
        """
        check_is_fitted(self)
        points = read_rows(self, X, reset=False)
        if self.method == "medoid":
            return self._ways.of(points)
        return self._geodesic(points, torch.as_tensor(self.cluster_centers_).to(points))

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def _geodesic(self, points: Tensor, centres: Tensor) -> np.ndarray:
        """Exact distances, infinite where no geodesic was found."""
        found = self.manifold.distance(points.unsqueeze(1), centres.unsqueeze(0))
        return np.nan_to_num(as_numpy(found).astype(np.float64), nan=np.inf, posinf=np.inf)

    def _refine(self, points: Tensor, centres: Tensor) -> tuple[Tensor, int]:
        """Assign by geodesics, move centres to Frechet means, until no label changes."""
        label, steps, changed = np.full(len(points), -1), 0, True
        while changed and steps < self.max_iter:
            before, label = label, self._geodesic(points, centres).argmin(1)
            steps, changed = steps + 1, bool((label != before).any())
            centres = centres.clone()
            for cluster in np.unique(label):
                own = points[torch.as_tensor(label == cluster, device=points.device)]
                mean = frechet_mean(self.manifold, own, start=centres[cluster], max_steps=MEAN_STEPS)
                centres[cluster] = torch.as_tensor(mean.point).to(centres)
        return centres, steps


@dataclass(frozen=True, eq=False)
class _Ways:
    """Distances from centres to the graph's nodes, ``(k, nodes)``."""

    graph: PointGraph
    between: np.ndarray

    def of(self, points: Tensor) -> np.ndarray:
        return self.graph.to_sources(self.graph.attach(points, ATTACHED), self.between)


def _nodes(points: Tensor, k: int, most: int, generator: np.random.Generator) -> tuple[Tensor, np.ndarray]:
    """Distinct points, at most so many, and how many rows each is."""
    distinct, counts = torch.unique(points, dim=0, return_counts=True)
    if len(distinct) < k:
        what = f"{len(points)} points" + (
            "" if len(distinct) == len(points) else f", {len(distinct)} distinct"
        )
        raise InputError(f"n_clusters={k} is more than there are points: {what}")
    weights = as_numpy(counts).astype(np.float64)
    if len(distinct) <= most:
        return distinct, weights
    chosen = generator.choice(len(distinct), most, replace=False)
    return distinct[torch.as_tensor(chosen, device=points.device)], weights[chosen]

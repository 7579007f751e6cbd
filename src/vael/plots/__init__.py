"""Pictures: one function each, arrays and callables in, a matplotlib Figure out."""

from __future__ import annotations

from vael.errors import MissingDependencyError

try:
    import matplotlib as _matplotlib  # pyright: ignore[reportUnusedImport]  # noqa: F401
except ImportError as _error:
    raise MissingDependencyError(
        "pictures need matplotlib: install it with `pip install vael[plots]`"
    ) from _error

from vael.plots.anomalies import anomaly_histograms
from vael.plots.clusterings import clustering_bars
from vael.plots.decoded import decoded_grid
from vael.plots.denoising import denoising
from vael.plots.interpolation import interpolation
from vael.plots.interpolation_realism import interpolation_realism
from vael.plots.kl import kl_bars
from vael.plots.learning import learning_curves
from vael.plots.maps import latent_map
from vael.plots.maps_3d import latent_map_3d
from vael.plots.neighbours import nearest_rows
from vael.plots.probes import probe_curves
from vael.plots.reconstructions import reconstructions
from vael.plots.samples import samples
from vael.plots.style import DARK, LIGHT, Theme
from vael.plots.synthetic import synthetic_bars
from vael.plots.thumbnails_3d import decoded_points_3d
from vael.plots.traversals import traversals
from vael.plots.unlabelled import unlabelled_errors

__all__ = [
    "DARK",
    "LIGHT",
    "Theme",
    "anomaly_histograms",
    "clustering_bars",
    "decoded_grid",
    "decoded_points_3d",
    "denoising",
    "interpolation",
    "interpolation_realism",
    "kl_bars",
    "latent_map",
    "latent_map_3d",
    "learning_curves",
    "nearest_rows",
    "probe_curves",
    "reconstructions",
    "samples",
    "synthetic_bars",
    "traversals",
    "unlabelled_errors",
]

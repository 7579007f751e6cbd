"""One point, decoded as fast as the model goes, and whether it lies far from the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree

from vael.errors import InputError
from vael.studio.loaded import Loaded

__all__ = ["FAR", "Decoded", "PointDecoder"]

FAR = 3.0
"""A point is far from the data when its nearest code is farther away than so many usual distances."""

TREE_COORDINATES = 10  # a k-d tree is no quicker than looking at every code in more
MOST_CODES, MOST_IN_MANY = 100_000, 10_000
SAMPLE = 4_000
USUAL = 0.99


@dataclass(frozen=True, eq=False)
class Decoded:
    """What lies at a point: a row as the page shows it, and the distance to the nearest code."""

    row: np.ndarray
    distance: float

    @property
    def far(self) -> bool:
        """Whether the decoder was hardly trained here."""
        return self.distance > FAR


class PointDecoder:
    """Decodes single points of a run's latent space.

    `LatentEstimator.inverse_transform` passes a chunk of 512 rows so that no row's answer depends on the rows
    beside it; here the one row goes alone, and agrees with that to rounding.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._decoder = loaded.estimator.model_.decoder.eval()
        parameter = next(self._decoder.parameters(), None)
        self._device = torch.device("cpu") if parameter is None else parameter.device
        codes = loaded.latents.astype(np.float64)
        rng = np.random.default_rng(0)
        most = MOST_CODES if codes.shape[1] <= TREE_COORDINATES else MOST_IN_MANY
        if len(codes) > most:
            codes = codes[rng.permutation(len(codes))[:most]]
        self._tree = KDTree(codes)
        sample = codes if len(codes) <= SAMPLE else codes[rng.permutation(len(codes))[:SAMPLE]]
        between = self._tree.query(sample, k=2)[0][:, 1] if len(codes) > 1 else np.ones(1)
        usual = float(np.quantile(between, USUAL))
        self._usual = usual if usual > 0 else 1.0

    @torch.inference_mode()
    def __call__(self, z: np.ndarray) -> Decoded:
        """Decode a point (coordinates,), float32. Raises `InputError` where it is no point of the space."""
        if z.shape != (self._loaded.coordinates,) or not np.isfinite(z).all():
            raise InputError(f"a point is {self._loaded.coordinates} finite numbers")
        point = torch.from_numpy(np.array(z, dtype=np.float32))[None].to(self._device)
        mean = self._decoder(point).mean.cpu().numpy()
        row = self._loaded.seen(self._loaded.estimator.schema_.given(mean))[0]
        return Decoded(row, float(self._tree.query(z.astype(np.float64))[0]) / self._usual)

"""Geodesics as they were found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from vael.errors import InputError

__all__ = ["Geodesics"]


@dataclass(frozen=True, eq=False, repr=False)
class Geodesics:
    """Curves of least energy between points; call it to get points at any time.

    Attributes:
        points: Of the discrete curves, at even times, ``(*batch, T + 1, latent)``.
        length: Riemannian length, by Richardson's extrapolation, ``(*batch,)``.
        energy: ``T`` times the sum of squared chords, ``(*batch,)``: at constant speed the squared length.
        converged: Whether the energy had no more than the tolerance of itself to lose, ``(*batch,)``.
        straight_excess: Part by which the straight line is longer than the curve, ``(*batch,)``; 0 where the
            ends coincide.
        steps: Steps of the solver, ``(*batch,)``.
    """

    points: Tensor
    length: Tensor
    energy: Tensor
    converged: Tensor
    straight_excess: Tensor
    steps: Tensor

    @property
    def constant_speed(self) -> Tensor:
        """Squared length over energy, ``(*batch,)``: 1 where the speed is constant, less where it is not."""
        chords = torch.where(self.energy > 0, self.energy, 1)
        return torch.where(self.energy > 0, self.length.square() / chords, 1).clamp(max=1)

    @cached_property
    def _spline(self) -> CubicSpline:
        values = self.points.detach().cpu().double().numpy()
        return CubicSpline(np.linspace(0, 1, values.shape[-2]), values, axis=-2)

    def __call__(self, t: Any) -> Tensor:
        """Return points at times t in [0, 1], ``(*batch, *t.shape, latent)``, by a C2 cubic spline."""
        return self._at(t, 0)

    def velocity(self, t: Any) -> Tensor:
        """Return velocities at times t in [0, 1], ``(*batch, *t.shape, latent)``."""
        return self._at(t, 1)

    def _at(self, t: Any, derivative: int) -> Tensor:
        times = np.asarray(t.detach().cpu() if isinstance(t, Tensor) else t, dtype=np.float64)
        if times.size and not ((times >= 0) & (times <= 1)).all():
            raise InputError(f"a geodesic is defined for t in [0, 1], got {times.min():g} to {times.max():g}")
        found = np.asarray(self._spline(times.ravel(), derivative))
        found = found.reshape(*self.points.shape[:-2], *times.shape, self.points.shape[-1])
        return torch.as_tensor(found, dtype=self.points.dtype, device=self.points.device)

    def __repr__(self) -> str:
        batch = tuple(self.length.shape)
        done = int(self.converged.sum())
        return (
            f"Geodesics({batch} of {self.points.shape[-2] - 1} segments, {done} converged, median length "
            f"{float(self.length.median()):.4g})"
            if self.length.numel()
            else "Geodesics(none)"
        )

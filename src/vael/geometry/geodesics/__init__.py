"""Geodesics with given ends, by second-order steps on many discrete curves at once."""

from __future__ import annotations

from vael.geometry.geodesics.graph import DataGraph
from vael.geometry.geodesics.result import Geodesics
from vael.geometry.geodesics.solve import solve

__all__ = ["DataGraph", "Geodesics", "solve"]

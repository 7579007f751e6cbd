"""Data sets: built in, by name; any file or folder, by path."""

from __future__ import annotations

from vael.datasets.checks import check_array, check_labels
from vael.datasets.dataset import Dataset
from vael.datasets.ground_truth import GroundTruth
from vael.datasets.loading import load, names
from vael.datasets.scaling import Scaling
from vael.datasets.sprites import Sprites, load_sprites, sprite_factors

__all__ = [
    "Dataset",
    "GroundTruth",
    "Scaling",
    "Sprites",
    "check_array",
    "check_labels",
    "load",
    "load_sprites",
    "names",
    "sprite_factors",
]

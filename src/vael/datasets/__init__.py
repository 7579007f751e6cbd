"""Data sets: built in, by name; any file or folder, by path."""

from __future__ import annotations

from vael.datasets.checks import check_array, check_labels
from vael.datasets.dataset import Dataset
from vael.datasets.loading import load, names
from vael.datasets.scaling import Scaling

__all__ = ["Dataset", "Scaling", "check_array", "check_labels", "load", "names"]

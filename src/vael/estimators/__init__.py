"""The scikit-learn face: estimators, and the registry of presets."""

from __future__ import annotations

from vael.estimators.autoencoder import Autoencoder
from vael.estimators.persistence import load
from vael.estimators.presets import PRESETS, Preset
from vael.estimators.schema import LIKELIHOODS, Schema
from vael.estimators.vae import VAE

__all__ = ["LIKELIHOODS", "PRESETS", "VAE", "Autoencoder", "Preset", "Schema", "load"]

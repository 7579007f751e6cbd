"""How well rows come back from their codes, and what lies between two codes."""

from __future__ import annotations

from vael.evaluation.reconstruction.denoising import DenoisingResult, corrupt, denoise

__all__ = ["DenoisingResult", "corrupt", "denoise"]

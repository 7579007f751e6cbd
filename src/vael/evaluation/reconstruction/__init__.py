"""How well rows come back from their codes, and what lies between two codes."""

from __future__ import annotations

from vael.evaluation.reconstruction.denoising import DenoisingResult, corrupt, denoise
from vael.evaluation.reconstruction.errors import ReconstructionError, reconstruction_error
from vael.evaluation.reconstruction.interpolation import InterpolationRealism, interpolation_realism
from vael.evaluation.reconstruction.ssim import SSIMResult, ssim

__all__ = [
    "DenoisingResult",
    "InterpolationRealism",
    "ReconstructionError",
    "SSIMResult",
    "corrupt",
    "denoise",
    "interpolation_realism",
    "reconstruction_error",
    "ssim",
]

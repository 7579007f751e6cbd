"""A VAE of pythae as vael's evaluation sees it: encode, decode, log-weights."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from pythae.models import VAE
from torch import Tensor

from vael.evaluation.comparison import ForeignModel

__all__ = ["foreign"]

CHUNK = 1000


def foreign(model: VAE, top: float = 255.0) -> ForeignModel:
    """Wrap a VAE of pythae: diagonal normal posterior, standard normal prior.

    With `reconstruction_loss="bce"` p(x|z) is Bernoulli, with "mse" a normal of scale 1: as pythae's own
    `get_nll` has it. All is computed in float64, where the sigmoid of its decoders does not round to 1.

    Arguments:
        model: The model; its networks take rows divided by `top`.
        top: The value of the data that is 1 to the model.
    """
    model = copy.deepcopy(model).double().eval()
    shape = tuple(model.model_config.input_dim)
    binary = model.model_config.reconstruction_loss == "bce"

    def rows(X: np.ndarray) -> Tensor:
        return torch.from_numpy(np.asarray(X, np.float64) / top).reshape(len(X), *shape)

    @torch.inference_mode()
    def encode(X: np.ndarray) -> np.ndarray:
        return torch.cat([model.encoder(part).embedding for part in rows(X).split(CHUNK)]).numpy()

    @torch.inference_mode()
    def decode(Z: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(np.asarray(Z, np.float64)).split(CHUNK)
        return top * torch.cat([model.decoder(z).reconstruction.flatten(1) for z in parts]).numpy()

    @torch.inference_mode()
    def log_weights(X: np.ndarray, k: int, seed: int) -> np.ndarray:
        x = rows(X)
        found = model.encoder(x)
        mean, log_variance = found.embedding, found.log_covariance
        generator = torch.Generator().manual_seed(seed)
        # The same noise for every row, as vael draws it: the same numbers for both libraries.
        noise = torch.randn(k, 1, mean.shape[1], generator=generator).double().expand(k, *mean.shape)
        z = mean + (0.5 * log_variance).exp() * noise
        means = model.decoder(z.flatten(0, 1)).reconstruction.reshape(k, len(x), -1)
        flat = x.flatten(1)
        if binary:
            log_p_x = torch.where(flat > 0.5, means, 1 - means).log().sum(-1)
        else:
            log_p_x = -0.5 * ((flat - means).square() + math.log(2 * math.pi)).sum(-1)
        # ln p(z) - ln q(z|x): the constants of the two normals cancel.
        ratio = 0.5 * (noise.square() + log_variance - z.square()).sum(-1)
        return (log_p_x + ratio).numpy()

    return ForeignModel(
        encode,
        decode,
        log_weights,
        int(model.model_config.latent_dim),
        "binary" if binary else "density",
        "the data as given" if top == 1 else f"the values divided by {top:g}",
    )

"""The model: three lazy distributions, and nothing else."""

from __future__ import annotations

from torch import nn

__all__ = ["LatentVariableModel"]


class LatentVariableModel(nn.Module):
    """p(z), q(z|x) and p(x|z): no loss, no optimiser, no data.

    Arguments:
        prior: ``prior()`` returns p(z), batch shape () and event shape (latent,); None for an
            autoencoder, which has no distribution over its latents.
        encoder: ``encoder(x)`` returns q(z|x), batch shape (n,) and event shape (latent,).
        decoder: ``decoder(z)`` returns p(x|z), batch shape all leading axes of z.
    """

    def __init__(self, prior: nn.Module | None, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.prior = prior
        self.encoder = encoder
        self.decoder = decoder

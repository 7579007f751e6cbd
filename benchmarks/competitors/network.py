"""What the PyTorch scripts share: the hand-written network with its loss, and the settings of PyTorch."""

from __future__ import annotations

import torch
from protocol import Options
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

__all__ = ["HandWrittenVAE", "set_up"]


def set_up(chosen: Options) -> None:
    """Set PyTorch as the options say."""
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    if chosen.onednn:
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"


class HandWrittenVAE(nn.Module):
    """784-500-(20, 20) and 20-500-784, without any library."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 40))
        self.decoder = nn.Sequential(nn.Linear(20, 500), nn.ReLU(), nn.Linear(500, 784))

    def forward(self, x: Tensor) -> Tensor:
        """Return minus the ELBO, averaged over the batch."""
        mean, log_variance = self.encoder(x).float().chunk(2, -1)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        logits = self.decoder(z).float()
        cost = binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
        return (cost + kl).mean()

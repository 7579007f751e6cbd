"""(a) pythae: its own VAE, trainer and data set, with the same network and Adam.

The time of an epoch is that of `train_step`, pythae's own training epoch, without its evaluations
and checkpoints. Its default network is an MLP 784-512; here it is given the network of the others.
"""

from __future__ import annotations

import tempfile

import torch
from network import set_up
from protocol import digits, options, report, timed
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import Tensor, nn

__all__: list[str] = []


class Encoder(BaseEncoder):
    """784-500-(20, 20)."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(784, 500), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(500, 20), nn.Linear(500, 20)

    def forward(self, x: Tensor) -> ModelOutput:
        """Return the posterior's parameters."""
        h = self.hidden(x.reshape(len(x), -1))
        return ModelOutput(embedding=self.mean(h), log_covariance=self.log_variance(h))


class Decoder(BaseDecoder):
    """20-500-784, with the sigmoid that pythae's binary cross-entropy takes."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 500), nn.ReLU(), nn.Linear(500, 784), nn.Sigmoid())

    def forward(self, z: Tensor) -> ModelOutput:
        """Return the pixels' means."""
        return ModelOutput(reconstruction=self.net(z).reshape(len(z), 1, 28, 28))


def main() -> None:
    """Train and report."""
    chosen = options(__doc__)
    set_up(chosen)
    rows = torch.from_numpy(digits(chosen.data)).float().reshape(-1, 1, 28, 28) / 255
    settings = VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce")
    model = VAE(settings, encoder=Encoder(), decoder=Decoder())
    with tempfile.TemporaryDirectory() as folder:
        training = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=chosen.batch,
            learning_rate=1e-3,
            num_epochs=chosen.epochs + 1,
            no_cuda=True,
            amp=chosen.dtype == "bfloat16",
        )
        trainer = BaseTrainer(model, BaseDataset(rows, torch.zeros(len(rows))), training_config=training)
        trainer.prepare_training()
        number = 0

        def epoch() -> float:
            nonlocal number
            number += 1
            return -float(trainer.train_step(number))

        seconds, bounds = timed(epoch, chosen.epochs)
    report("pythae", chosen, seconds, bounds, torch=torch.__version__, pythae="0.1.2")


if __name__ == "__main__":
    main()

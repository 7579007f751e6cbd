"""Train pythae's VAE by its own trainer, and keep the weights as plain arrays."""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae_vae import Decoder, Encoder
from quality_protocol import measured, training

__all__ = ["Binarising", "untrained"]


class Binarising(VAE):
    """pythae's VAE on greys that are made 0 or 1 by coins drawn anew for each batch; pythae has none."""

    def forward(self, inputs: BaseDataset, **kwargs: object) -> ModelOutput:
        """Return pythae's own loss of the binarised batch."""
        return super().forward({**inputs, "data": torch.bernoulli(inputs["data"])}, **kwargs)


def untrained() -> VAE:
    """Build the model."""
    settings = VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce")
    return Binarising(settings, encoder=Encoder(), decoder=Decoder())


def main() -> None:
    """Train and report."""
    asked = training(__doc__)
    torch.set_num_threads(asked.threads)
    rows = np.load(asked.data)

    def fit() -> None:
        images = torch.from_numpy(rows).float().reshape(-1, 1, 28, 28) / 255
        torch.manual_seed(asked.seed)
        with tempfile.TemporaryDirectory() as folder:
            settings = BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=asked.batch,
                learning_rate=1e-3,
                num_epochs=asked.epochs,
                keep_best_on_train=True,
                no_cuda=True,
                seed=asked.seed,
            )
            dataset = BaseDataset(images, torch.zeros(len(images)))
            trainer = BaseTrainer(untrained(), dataset, training_config=settings)
            trainer.train()
            state = trainer._best_model.state_dict()  # what its trainer writes in the end, by cloudpickle
        np.savez(asked.out, **{name: value.numpy() for name, value in state.items()})

    measured(fit)


if __name__ == "__main__":
    main()

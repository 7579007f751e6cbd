"""Train vael's VAE, with the settings of the others or with its own, and save it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from quality_protocol import measured, training

import vael

__all__: list[str] = []


def main() -> None:
    """Train and report."""
    asked = training(__doc__)
    torch.set_num_threads(asked.threads)
    rows = np.load(asked.data)
    own: dict[str, Any] = {} if asked.defaults else {"schedule": "constant", "learning_rate": 1e-3}
    if not asked.defaults:
        own |= {"validation_fraction": 0.0, "batch_size": asked.batch, "activation": "relu"}

    def fit() -> None:
        model = vael.VAE(
            n_components=20,
            hidden=(500,),
            likelihood="bernoulli",
            max_epochs=asked.epochs,
            patience="never",
            device="cpu",
            random_state=asked.seed,
            **own,
        )
        model.fit(rows).save(asked.out)

    measured(fit)


if __name__ == "__main__":
    main()

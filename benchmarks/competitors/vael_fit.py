"""vael, through its public interface: the seconds of an epoch are those of its own history."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise
from typing import Any

import torch
from protocol import digits, options, report

import vael
from vael.models import Bernoulli

__all__: list[str] = []


def main() -> None:
    """Train and report; the first epoch is not timed."""
    chosen = options(__doc__)
    torch.set_num_threads(chosen.threads)
    settings: dict[str, Any] = {"compile": chosen.compile, "precision": chosen.dtype}
    model = vael.VAE(
        n_components=20,
        hidden=(500,),
        activation="relu",
        likelihood=Bernoulli(binarise=None),
        validation_fraction=0.0,
        max_epochs=chosen.epochs + 1,
        batch_size=chosen.batch,
        learning_rate=1e-3,
        schedule="constant",
        patience="never",
        device="cpu",
        random_state=0,
        **settings,
    ).fit(digits(chosen.data))
    ends = [metrics.seconds for metrics in model.history_]
    seconds = [after - before for before, after in pairwise(ends)]
    bounds = [metrics.train_bound for metrics in model.history_[1:]]
    report("vael", chosen, seconds, bounds, torch=torch.__version__, vael=version("vael"))


if __name__ == "__main__":
    main()

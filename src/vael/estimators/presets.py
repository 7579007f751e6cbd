"""The preset registry: the literature's models as compositions."""

from __future__ import annotations

from dataclasses import dataclass

from vael.errors import InputError
from vael.objectives import ELBO, IWELBO, Objective, Reconstruction

__all__ = ["PRESETS", "Preset", "preset"]


@dataclass(frozen=True)
class Preset:
    """What a name of the literature stands for; an estimator's parameter that is not None replaces it.

    Attributes:
        prior: ``"normal"``, or None for no distribution over the latents.
        posterior: ``"diagonal"``, ``"full"``, ``"shared"`` or ``"delta"``.
        likelihood: A name, or ``"auto"``.
        network: ``"mlp"``, ``"gated"``, ``"convolutional"`` or ``"linear"``.
        objective: What is maximised.
        reference: Where it comes from.
        hidden: Widths of the hidden layers, or channels of a convolutional network.
        rescale: Whether real values are standardised; else they are centred, and keep their units.
        max_epochs: Passes over the training rows at most.
        batch_size: Rows a step; None: all of them.
        learning_rate: Peak step size of Adam.
        schedule: Learning-rate schedule.
        patience: Epochs without improvement after which training stops.
        validation_fraction: Part of the rows held out for early stopping.
    """

    prior: str | None
    posterior: str
    likelihood: str
    network: str
    objective: Objective
    reference: str
    hidden: tuple[int, ...] = (500,)
    rescale: bool = True
    max_epochs: int = 100
    batch_size: int | None = 128
    learning_rate: float = 1e-3
    schedule: str = "constant"
    patience: int | None = 10
    validation_fraction: float = 0.1


PRESETS: dict[str, Preset] = {
    "autoencoder": Preset(
        prior=None,
        posterior="delta",
        likelihood="gaussian-fixed",
        network="mlp",
        objective=Reconstruction(),
        reference="Hinton & Salakhutdinov 2006, Science 313:504",
    ),
    "vae": Preset(
        prior="normal",
        posterior="diagonal",
        likelihood="auto",
        network="mlp",
        objective=ELBO(),
        reference="Kingma & Welling 2014, arXiv 1312.6114",
    ),
    "beta-vae": Preset(
        prior="normal",
        posterior="diagonal",
        likelihood="auto",
        network="mlp",
        objective=ELBO(beta=4.0),
        reference="Higgins et al. 2017, ICLR",
    ),
    "iwae": Preset(
        prior="normal",
        posterior="diagonal",
        likelihood="auto",
        network="mlp",
        objective=IWELBO(k=50),
        reference="Burda et al. 2016, arXiv 1509.00519",
    ),
    "ppca": Preset(
        prior="normal",
        posterior="shared",
        likelihood="gaussian-shared",
        network="linear",
        objective=ELBO(),
        reference="Tipping & Bishop 1999, JRSS B 61:611; Lucas et al. 2019, arXiv 1911.02469",
        hidden=(),
        rescale=False,
        max_epochs=5000,
        batch_size=None,
        learning_rate=3e-2,
        schedule="cosine",
        patience=None,
        validation_fraction=0.0,
    ),
}


def preset(name: str) -> Preset:
    """Return a preset by its name."""
    if name not in PRESETS:
        raise InputError(f"unknown preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]

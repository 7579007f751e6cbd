"""The estimator's parameters as options: None means not given, and the preset decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from vael.cli.sizes import Patience, Seed, Whole, Widths
from vael.errors import InputError, RunError

__all__ = ["FitOptions"]

_MODEL = Parameter(group=Group("Model", sort_key=10))
_TRAINING = Parameter(group=Group("Training", sort_key=20))
_NOT_OF_AUTOENCODERS = ("latent_space", "posterior", "beta")


@Parameter(name="*")
@dataclass(frozen=True)
class FitOptions:
    """Model and training."""

    preset: Annotated[Literal["vae", "beta-vae", "iwae", "ppca", "autoencoder"] | None, _MODEL] = None
    """A model of the literature; it decides what is not given [vae]."""
    n_components: Annotated[Whole | None, _MODEL] = None
    """Number of latents: the dimension of their space [10]."""
    latent_space: Annotated[Literal["euclidean", "sphere", "poincare"] | None, _MODEL] = None
    """What latents are: points of flat space, of a sphere, of a hyperbolic ball [euclidean]."""
    hidden: Annotated[Widths | None, _MODEL] = None
    """Widths of the hidden layers, 500,200 say; channels of a convolutional network."""
    network: Annotated[Literal["mlp", "gated", "convolutional", "linear"] | None, _MODEL] = None
    """Kind of network."""
    activation: Annotated[
        Literal["silu", "relu", "tanh", "gelu", "elu", "softplus", "leaky_relu", "sigmoid"] | None, _MODEL
    ] = None
    """Activation of the hidden layers [silu]."""
    likelihood: Annotated[
        Literal[
            "auto",
            "bernoulli",
            "bernoulli-static",
            "bernoulli-greys",
            "continuous-bernoulli",
            "gaussian",
            "gaussian-shared",
            "gaussian-fixed",
            "discretised-logistic",
            "categorical",
        ]
        | None,
        _MODEL,
    ] = None
    """p(x|z); auto chooses it from the data [auto]."""
    posterior: Annotated[
        Literal[
            "diagonal",
            "full",
            "shared",
            "delta",
            "von-mises-fisher",
            "power-spherical",
            "wrapped-normal",
        ]
        | None,
        _MODEL,
    ] = None
    """Family of q(z|x)."""
    beta: Annotated[float | None, _MODEL] = None
    """Weight of the KL in the loss."""
    n_decoders: Annotated[Whole | None, _MODEL] = None
    """Networks of the decoder; several tell where there are no data [1]."""
    ensemble: Annotated[Literal["full", "last-layer"] | None, _MODEL] = None
    """What each of several decoders has of its own: everything, or the last layer [full]."""
    max_epochs: Annotated[Whole | None, _TRAINING] = None
    """Passes over the rows at most."""
    batch_size: Annotated[Whole | None, _TRAINING] = None
    """Rows a step."""
    learning_rate: Annotated[float | None, _TRAINING] = None
    """Peak step size of Adam."""
    schedule: Annotated[Literal["constant", "cosine", "one-cycle", "burda"] | None, _TRAINING] = None
    """Course of the learning rate."""
    patience: Annotated[Patience | None, _TRAINING] = None
    """Epochs without a better bound after which training stops; or never."""
    validation_fraction: Annotated[float | None, _TRAINING] = None
    """Part of the rows held out for early stopping."""
    precision: Annotated[Literal["float32", "bfloat16"] | None, _TRAINING] = None
    """Precision of the matrix products [float32]."""
    compile: Annotated[Literal["auto", "on", "off"] | None, _TRAINING] = None
    """Compile the training step [auto]."""
    device: Annotated[str | None, _TRAINING] = None
    """cpu, cuda, mps, or auto: the best there is [auto]."""
    seed: Annotated[Seed | None, _TRAINING] = None
    """Everything random follows from it [0]."""

    def completed(self, config: Mapping[str, Any]) -> FitOptions:
        """Take what was not given from the configuration of a run that is resumed."""
        stored = dict(config["parameters"])
        stored["seed"] = stored.pop("random_state", None)
        if isinstance(stored.get("compile"), bool):
            stored["compile"] = "on" if stored["compile"] else "off"
        if config["estimator"] == "Autoencoder":
            stored["preset"] = "autoencoder"
        own = ("objective", "prior", "encoder", "decoder", *(f.name for f in fields(self)))
        foreign = [name for name in own if isinstance(stored.get(name), dict)]
        if foreign:
            raise RunError(
                f"the run was made in Python with a {foreign[0]} of its own: resume it there, by resume=True"
            )
        missing = {f.name for f in fields(self) if getattr(self, f.name) is None}
        taken = {name: stored[name] for name in missing if stored.get(name) is not None}
        if isinstance(taken.get("hidden"), list):
            taken["hidden"] = tuple(taken["hidden"])
        return replace(self, **taken)

    def estimator(self, *, run: Path, resume: bool, image_shape: Any, verbose: int) -> Any:
        """Make the estimator: a `VAE`, or an `Autoencoder` for the preset of that name."""
        from vael.estimators import VAE, Autoencoder

        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        given["random_state"] = given.pop("seed", 0)
        if "compile" in given:
            given["compile"] = {"on": True, "off": False}.get(given["compile"], "auto")
        given |= {"run": run, "resume": resume, "image_shape": image_shape, "verbose": verbose}
        if self.preset != "autoencoder":
            return VAE(**given)
        for name in _NOT_OF_AUTOENCODERS:
            if name in given:
                raise InputError(f"an autoencoder has no {name}: leave --{name.replace('_', '-')} out")
        del given["preset"]
        return Autoencoder(**given)

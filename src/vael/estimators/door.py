"""What is looked at before any work: numbers, seeds, and whether the parts of a model fit each other."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from torch import nn

from vael.distributions import fork
from vael.errors import InputError, VaelError
from vael.estimators.composition import ENSEMBLES
from vael.objectives import Objective
from vael.training import Trainer

__all__ = ["check_ensemble", "check_parts", "seed_of", "try_parts", "whole_number"]

_SLOTS = ("prior", "encoder", "decoder")


def whole_number(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number that is large enough, or say that it is none."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise InputError(f"{name} must be a whole number >= {least}, got {value!r}")
    return int(value)


def seed_of(random_state: Any) -> int:
    """Draw a seed as scikit-learn does: a number gives the same one always, None and objects move on."""
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError as error:
        raise InputError(
            f"random_state must be None, a RandomState or a whole number from 0 to {2**32 - 1}, "
            f"got {random_state!r}"
        ) from error


def check_parts(estimator: BaseEstimator) -> None:
    """Refuse what is no module, or no objective, where one is asked for."""
    for slot in _SLOTS:
        given = getattr(estimator, slot, None)
        if given is None or isinstance(given, nn.Module) or (slot == "prior" and isinstance(given, str)):
            continue
        raise InputError(f"{slot} must be a torch.nn.Module, built and not its class, got {given!r}")
    objective = getattr(estimator, "objective", None)
    if objective is not None and (isinstance(objective, type) or not isinstance(objective, Objective)):
        raise InputError(f"objective must be one of vael.objectives, ELBO() say, got {objective!r}")


def check_ensemble(n_decoders: Any, ensemble: Any, decoder: nn.Module | None) -> None:
    """Refuse an ensemble of decoders that cannot be built."""
    several = whole_number("n_decoders", n_decoders) > 1
    if ensemble not in ENSEMBLES:
        raise InputError(f"ensemble must be one of {', '.join(ENSEMBLES)}, got {ensemble!r}")
    if several and decoder is not None:
        raise InputError(
            "n_decoders makes several networks of vael's, and copies of yours would start alike: "
            "leave n_decoders out, or give decoder=vael.models.DecoderEnsemble(networks, likelihood)"
        )


def try_parts(estimator: BaseEstimator, trainer: Trainer) -> None:
    """Call the objective on two rows: what does not fit is said before a run's folder is made.

    Nothing is left of it: no gradients, and the random numbers come from a generator of its own.
    """
    x = trainer.train.take(slice(0, 2))
    generator = torch.Generator(x.device).manual_seed(0)
    trainer.model.eval()
    try:
        with torch.no_grad(), fork(generator):
            observed = trainer.likelihood.observe(x, generator) if trainer.likelihood else x
            bound = trainer.objective(trainer.model, observed, generator=generator, progress=1.0).bound
    except VaelError:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError) as error:
        own = [s for s in (*_SLOTS, "likelihood") if isinstance(getattr(estimator, s, None), nn.Module)]
        if not own:
            raise
        raise InputError(
            f"your {' and '.join(own)} cannot be used in a model of {getattr(estimator, 'n_components', 0)} "
            f"latents and {x.shape[1]} features: {' '.join(str(error).split())}"
        ) from error
    if bound.shape != x.shape[:1]:
        raise InputError(
            f"the model gives a bound of shape {tuple(bound.shape)} for {len(x)} rows, not one number a row: "
            "let the distributions of your modules end in Independent(..., 1)"
        )

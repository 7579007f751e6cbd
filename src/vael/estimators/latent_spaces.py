"""The registry of latent spaces: each with its posteriors and priors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from vael.distributions import Euclidean, PoincareBall, Space, Sphere
from vael.errors import InputError
from vael.models import (
    DeltaPosterior,
    DiagonalNormalPosterior,
    FullNormalPosterior,
    Posterior,
    PowerSphericalPosterior,
    SharedScalePosterior,
    StandardNormal,
    UniformSphere,
    VonMisesFisherPosterior,
    WrappedNormalPosterior,
    WrappedNormalPrior,
)

__all__ = ["LATENT_SPACES", "LatentSpace", "latent_space"]


@dataclass(frozen=True)
class LatentSpace:
    """What latents may be, and the laws that go with it; the first of each is taken where none is named.

    Attributes:
        name: Its name.
        space: Makes it, of a dimension.
        posteriors: Families by name, each made of the dimension.
        priors: Modules by name, each made of the dimension.
    """

    name: str
    space: Callable[[int], Space]
    posteriors: dict[str, type[Posterior]]
    priors: dict[str, Callable[[int], nn.Module]]

    def posterior(self, name: str) -> type[Posterior]:
        """Return a family by its name."""
        if name not in self.posteriors:
            raise InputError(
                f"{self._unknown('posterior', name)}: choose one of {', '.join(self.posteriors)}"
            )
        return self.posteriors[name]

    def prior(self, name: str) -> Callable[[int], nn.Module]:
        """Return the maker of a prior by its name."""
        if name not in self.priors:
            own = "a zuko flow" if self.name == "euclidean" else "a module of your own"
            raise InputError(
                f"{self._unknown('prior', name)}: choose {next(iter(self.priors))!r}, or give {own}"
            )
        return self.priors[name]

    def _unknown(self, what: str, name: str) -> str:
        if self.name == "euclidean":
            return f"unknown {what} {name!r}"
        return f"latent_space={self.name!r} has no {what} {name!r}"

    def chosen(self, prior: str | None, posterior: str) -> tuple[str | None, str]:
        """Return the prior and the posterior that stand here for a preset's, which are of flat space."""
        if self.name == "euclidean":
            return prior, posterior
        if (prior, posterior) != ("normal", "diagonal"):
            raise InputError(
                f"latent_space={self.name!r} goes with presets of a normal prior and a diagonal posterior "
                f"(vae, beta-vae, iwae), not with one whose prior is {prior!r} and posterior {posterior!r}"
            )
        return next(iter(self.priors)), next(iter(self.posteriors))


LATENT_SPACES = {
    each.name: each
    for each in (
        LatentSpace(
            "euclidean",
            Euclidean,
            {
                "diagonal": DiagonalNormalPosterior,
                "full": FullNormalPosterior,
                "shared": SharedScalePosterior,
                "delta": DeltaPosterior,
            },
            {"normal": StandardNormal},
        ),
        LatentSpace(
            "sphere",
            Sphere,
            {"von-mises-fisher": VonMisesFisherPosterior, "power-spherical": PowerSphericalPosterior},
            {"uniform": UniformSphere},
        ),
        LatentSpace(
            "poincare",
            PoincareBall,
            {"wrapped-normal": WrappedNormalPosterior},
            {"wrapped-normal": WrappedNormalPrior},
        ),
    )
}


def latent_space(name: str) -> LatentSpace:
    """Return a latent space by its name."""
    if name not in LATENT_SPACES:
        raise InputError(f"unknown latent_space {name!r}: choose one of {', '.join(LATENT_SPACES)}")
    return LATENT_SPACES[name]

"""Models of other libraries: they join an evaluation by three functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vael.errors import InputError

__all__ = ["ForeignModel"]

_LAWS = ("density", "probability", "binary")


@dataclass(frozen=True, eq=False)
class ForeignModel:
    """A model of another library, known by what it does to rows.

    Rows come as they were given to the evaluation: same shape, units and dtype. Where `law` is
    ``"binary"`` and the rows are greys, `log_weights` alone gets them made 0 or 1 (or 0 and the top of their
    scale), each value by one coin that all models of a comparison share.

    Attributes
    ----------
    encode : function
        Maps rows ``(n, ...)`` to posterior means ``(n, latent)``.
    decode : function
        Maps latents ``(n, latent)`` to the means of p(x|z), ``(n, ...)`` in the units of the rows.
    log_weights : function or None
        Maps rows ``(n, ...)``, a number k and a seed (a whole number below 2^63) to
        ln p(x, z_i) - ln q(z_i|x) in nats, ``(k, n)``, with z_1 ... z_k drawn from q(z|x) by that seed; all
        constants counted. At most 64 rows and 64 samples are asked for at once. Where each row gets the same
        noise, its result does not depend on the rows beside it. None: the model has no density.
    latent : int
        Number of latents.
    law : {"density", "probability", "binary"}
        What p(x) is: a density of real values, a probability of discrete ones, or a probability of values
        that are 0 or 1.
    density_of : str
        For a density: of what. Densities are compared only where this text is the same; vael's own
        estimators say "the data as given", or "the values divided by 255" for bytes.
    sample_prior : function or None
        Maps a number n and a seed to latents ``(n, latent)``; None: standard normal.
    sample_rows : function or None
        Maps a number n and a seed to rows drawn from the whole model, noise of p(x|z) included; needed
        only to judge samples of real-valued rows, whose means are no draws.

    Examples
    --------
    >>> import numpy as np
    >>> half = np.log(0.5)
    >>> coin = ForeignModel(
    ...     encode=lambda X: np.zeros((len(X), 1)),
    ...     decode=lambda Z: np.full((len(Z), 3), 0.5),
    ...     log_weights=lambda X, k, seed: np.full((k, len(X)), 3 * half),
    ...     latent=1,
    ...     law="binary",
    ... )
    >>> coin.law
    'binary'
    """

    encode: Callable[[np.ndarray], Any]
    decode: Callable[[np.ndarray], Any]
    log_weights: Callable[[np.ndarray, int, int], Any] | None
    latent: int
    law: Literal["density", "probability", "binary"] = "density"
    density_of: str = "the data as given"
    sample_prior: Callable[[int, int], Any] | None = None
    sample_rows: Callable[[int, int], Any] | None = None

    def __post_init__(self) -> None:
        for name in ("encode", "decode", "log_weights", "sample_prior", "sample_rows"):
            given = getattr(self, name)
            optional = name not in ("encode", "decode")
            if not (callable(given) or (given is None and optional)):
                raise InputError(f"{name} must be a function{' or None' if optional else ''}, got {given!r}")
        if self.latent < 1:
            raise InputError(f"latent must be >= 1, got {self.latent}")
        if self.law not in _LAWS:
            raise InputError(f"law must be one of {', '.join(_LAWS)}, got {self.law!r}")

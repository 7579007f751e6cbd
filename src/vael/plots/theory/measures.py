"""What figures of several fits need to know of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from vael.errors import InputError

__all__ = ["FitMeasures", "check_fits"]


@dataclass(frozen=True)
class FitMeasures:
    """One fit, measured on its training rows and on others; in nats a row.

    Attributes
    ----------
        beta: The weight of the KL in its loss.
        rows: How many it was fitted to.
        train_reconstruction: E_q[ln p(x|z)] on the training rows.
        test_reconstruction: The same on rows held out.
        train_kl: KL(q(z|x) || p(z)) on the training rows.
        test_kl: The same on rows held out.
        train_likelihood: ln p(x) on the training rows, by importance sampling.
        test_likelihood: The same on rows held out.
    """

    beta: float | int
    rows: int
    train_reconstruction: float
    test_reconstruction: float
    train_kl: float
    test_kl: float
    train_likelihood: float
    test_likelihood: float

    @property
    def test_elbo(self) -> float:
        """The bound of beta = 1 on rows held out."""
        return self.test_reconstruction - self.test_kl


def check_fits(fits: Sequence[FitMeasures], name: str) -> None:
    """Raise unless there are fits, all of finite numbers."""
    if not fits:
        raise InputError(f"{name} is empty: give the measures of one fit or more")
    for fit in fits:
        for field in fields(fit):
            if not math.isfinite(getattr(fit, field.name)):
                raise InputError(
                    f"{name}: {field.name} is {getattr(fit, field.name)} "
                    f"at beta {fit.beta:g}, {fit.rows} rows"
                )

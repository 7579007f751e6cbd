"""Learning-rate schedules: factors of the peak rate, as functions of the part of training passed."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["SCHEDULES", "burda", "constant", "cosine", "one_cycle"]


def constant(progress: float) -> float:
    """The peak rate throughout."""
    return 1.0


def cosine(progress: float) -> float:
    """Half a cosine from the peak to zero (Loshchilov & Hutter 2017, arXiv 1608.03983)."""
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def one_cycle(progress: float, rise: float = 0.1) -> float:
    """A rise over the first tenth, then a cosine to zero (Smith & Topin 2019, arXiv 1708.07120)."""
    if progress < rise:
        return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / rise))
    return cosine((progress - rise) / (1 - rise))


def burda(progress: float) -> float:
    """Stages of length 3^i with rate 10^(-i/7), i = 0 ... 7 (Burda 2016, section 5)."""
    stage, passed = 0, 1.0
    while progress * 3280 >= passed and stage < 7:
        stage += 1
        passed += 3.0**stage
    return 10 ** (-stage / 7)


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "burda": burda,
}

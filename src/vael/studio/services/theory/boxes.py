"""Bayes' rule on boxes of balls: a colour was drawn, and tells of the box that it came from."""

from __future__ import annotations

import numpy as np

from vael.errors import InputError
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import FiniteDistribution, JointTable, evidence, posterior

__all__ = ["answer"]

BOXES, COLOURS = ("H1", "H2", "H3"), ("red", "blue", "yellow")
MOST_BALLS, SHARES = 20, 1000


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return the posterior of the box, exactly.

    Asks `prior` (whole shares of each of two or three boxes), `counts` (a row of red, blue and yellow balls
    for each box) and `drawn` (0 to 2: the colour).

    Facts:
        prior, posterior: Of each box; `posterior` is null where no box has the colour.
        joint: P(box, colour), a row for each box.
        evidence: P(colour).
        written: `prior`, `posterior` and `evidence` as fractions.
    """
    counts = _wholes(asked.matrix("counts", len(COLOURS), len(BOXES), least=2), "counts", MOST_BALLS)
    shares = _wholes(asked.vector("prior", len(counts)), "prior", SHARES)
    colour = COLOURS[asked.whole("drawn", 0, len(COLOURS) - 1)]
    if shares.sum() == 0:
        raise InputError("prior must give a share to one box at least")
    names = BOXES[: len(counts)]
    prior = FiniteDistribution.from_counts(dict(zip(names, shares.tolist())))
    laws = {
        name: FiniteDistribution.from_counts(dict(zip(COLOURS, row.tolist())))
        for name, row in zip(names, counts)
    }
    seen = evidence(prior, laws, colour)
    found = posterior(prior, laws, colour).probabilities if seen > 0 else None
    return Reply(
        {
            "prior": [float(p) for p in prior.probabilities],
            "joint": JointTable.from_likelihood(prior, laws).probabilities.astype(np.float64),
            "evidence": float(seen),
            "posterior": None if found is None else [float(p) for p in found],
            "written": {
                "prior": [str(p) for p in prior.probabilities],
                "evidence": str(seen),
                "posterior": None if found is None else [str(p) for p in found],
            },
        }
    )


def _wholes(values: np.ndarray, name: str, most: int) -> np.ndarray:
    if (values != np.rint(values)).any() or values.min() < 0 or values.max() > most:
        raise InputError(f"{name} must be whole numbers from 0 to {most}")
    return values.astype(np.int64)

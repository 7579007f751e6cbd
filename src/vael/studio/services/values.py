"""A number for every row, to colour the points by."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from vael.errors import InputError
from vael.estimators import VAE
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.kept import kept_in_pieces
from vael.studio.loaded import Loaded
from vael.studio.terms import squared_errors, terms

__all__ = ["answer", "offered"]

TERMS = {
    "elbo": ("ELBO", "nats"),
    "log_likelihood": ("reconstruction, ln p(x|z)", "nats"),
    "kl": ("KL(q(z|x) || p(z))", "nats"),
}
ERROR = ("squared error of the reconstruction, a feature", "")
COLUMN = "column:"


def offered(loaded: Loaded) -> list[dict[str, str]]:
    """Name the values that a run offers: the terms of the ELBO, and columns of a table."""
    scored = isinstance(loaded.estimator, VAE) and loaded.estimator.model_.prior is not None
    named = TERMS if scored else {"error": ERROR}
    found = [{"name": name, "title": title, "unit": unit} for name, (title, unit) in named.items()]
    if loaded.image_shape is None:
        found += [{"name": COLUMN + c, "title": c, "unit": ""} for c in loaded.run_data.feature_names]
    return found


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Return the values of `name` for all rows, `values` (rows,) float32: with title, unit, 1 % and 99 %."""
    name = asked.text("name")
    choice = next((value for value in offered(loaded) if value["name"] == name), None)
    if choice is None:
        raise InputError(f"there is no value {name!r} for each row of this run")
    if name.startswith(COLUMN):
        values = loaded.rows[:, loaded.run_data.feature_names.index(name.removeprefix(COLUMN))]
    else:
        values = (yield from _terms(loaded))[name]
    values = values.astype(np.float32)
    low, high = np.quantile(values[np.isfinite(values)], (0.01, 0.99))
    return Reply({**choice, "low": low, "high": high}, {"values": values})


@kept_in_pieces
def _terms(loaded: Loaded) -> Generator[float, None, dict[str, np.ndarray]]:
    if "error" in {value["name"] for value in offered(loaded)}:
        return {"error": (yield from squared_errors(loaded, loaded.rows))}
    found = yield from terms(loaded, loaded.rows)
    return {"elbo": found.elbo, "log_likelihood": found.log_likelihood, "kl": found.kl}

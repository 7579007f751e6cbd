"""The measures of a comparison, one after the other, each with what is said of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from vael.evaluation.comparison.assemble import (
    Made,
    Told,
    from_resamples,
    from_rows,
    from_scores,
    median_of_rows,
)
from vael.evaluation.comparison.contestants import Contestant
from vael.evaluation.comparison.intervals import RowValues, bootstrap_variances
from vael.evaluation.comparison.judging import NEIGHBOURS, Judged, Setting
from vael.training.metrics import ACTIVE_VARIANCE

__all__ = ["measures_of"]


def measures_of(
    models: Mapping[str, Contestant], judged: Mapping[str, Judged], setting: Setting, seed: int
) -> Generator[Made]:
    """Make measures and differences, one name after the other."""
    n, k = len(setting.X), setting.samples
    of = {name: _kind(model, setting) for name, model in models.items()}
    weights = {name: each.evidence for name, each in judged.items()}
    how = f"importance sampling from q(z|x), {k} samples a row, a lower bound in the mean"
    yield from_rows(
        Told("ln p(x)", "nats a row", "high", how, n, k, of),
        {name: w if isinstance(w, str) else w.log_p for name, w in weights.items()},
    )
    yield from_rows(
        Told("ELBO", "nats a row", "high", f"mean of ln p(x,z) - ln q(z|x) over {k} samples a row", n, k, of),
        {name: w if isinstance(w, str) else w.elbo for name, w in weights.items()},
    )
    yield median_of_rows(
        Told(
            "effective samples",
            f"of {k}, median",
            None,
            "(sum w)^2 / sum w^2 of the importance weights",
            n,
            k,
        ),
        {name: w if isinstance(w, str) else w.effective for name, w in weights.items()},
    )
    error = "mean square over the features of x minus the decoded posterior mean"
    yield from_rows(
        Told("reconstruction error", "square of the data's unit", "low", error, n),
        {name: RowValues(each.squared_error) for name, each in judged.items()},
    )
    active = (
        f"latents whose posterior mean has a variance above {ACTIVE_VARIANCE:g} over the rows (Burda 2016)"
    )
    yield from_resamples(
        Told("active units", "latents", None, active, n),
        {name: _active(each.latents, seed) for name, each in judged.items()},
    )
    if setting.y is not None and setting.train is not None:
        for neighbours in NEIGHBOURS:
            vote = (
                f"vote of the nearest of {len(setting.train)} training rows, by Euclidean distance of latents"
            )
            yield from_rows(
                Told(f"{neighbours}-NN accuracy", "share of rows", "high", vote, n),
                {name: RowValues(each.right[neighbours]) for name, each in judged.items()},
                share=True,
            )
    if setting.generated:
        made = "draws of p(x|z), z of the prior" if setting.drawn else "means of p(x|z), z of the prior"
        yield from_scores({name: each.scores for name, each in judged.items()}, n, made)


def _active(latents: np.ndarray, seed: int) -> tuple[float, np.ndarray] | str:
    if len(latents) < 2:
        return "one row does not vary"

    def count(variances: np.ndarray) -> np.ndarray:
        return (variances > ACTIVE_VARIANCE).sum(axis=-1)

    return float(count(latents.var(axis=0)[None])[0]), bootstrap_variances(latents, count, seed)


def _kind(model: Contestant, setting: Setting) -> str:
    """What its ln p(x) is of."""
    if model.law == "density":
        return f"density of {model.density_of}"
    greys = setting.coins is not setting.X
    if model.law == "binary" and greys:
        return "probability of the rows made 0 or 1"
    return "probability of the rows as given"

"""How on-manifold an interpolation is: how near the points of a decoded line are to real rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.samples.distances import nearest
from vael.evaluation.tables import text_table

__all__ = ["InterpolationRealism", "interpolation_realism"]

LEAST_ROWS = 10

Map = Callable[[np.ndarray], ArrayLike]


@dataclass(frozen=True, eq=False)
class InterpolationRealism:
    """Distances to the nearest training row, along lines between held-out rows.

    A percentile is the share of held-out rows that lie nearer to their own nearest training row: 50 is what
    held-out rows have, near 100 is further from the data than nearly all of them. An average of rows, or a
    blurred one, is nearer to most rows than a row is, so low is no praise: compare the middle of a line
    with its ends, and the decoded line with the line through the data.

    Attributes
    ----------
    t : where on the line, shape (steps,), 0 and 1 included
    decoded : distances of decoded points of the latent line, shape (pairs, steps)
    blended : distances of the same mixtures of the two rows themselves, shape (pairs, steps)
    held_out : distances of the held-out rows, shape (n_test,)
    reconstructed : distances of their reconstructions, shape (n_test,): the floor of any decoded line
    pairs : indices of the two held-out rows, shape (pairs, 2)
    n_train : training rows
    space : what distances are taken in
    """

    t: np.ndarray
    decoded: np.ndarray
    blended: np.ndarray
    held_out: np.ndarray
    reconstructed: np.ndarray
    pairs: np.ndarray
    n_train: int
    space: str

    def percentile(self, distances: np.ndarray) -> np.ndarray:
        """Per cent of held-out rows that are nearer to their nearest training row; ties count half."""
        known = np.sort(self.held_out)
        below = np.searchsorted(known, distances, side="left")
        until = np.searchsorted(known, distances, side="right")
        return 100 * (below + until) / (2 * len(known))

    def middle_over_ends(self, distances: np.ndarray) -> tuple[float, float]:
        """Distance in the middle of a line over that at its ends, mean of pairs, and its standard error.

        Above 1 a line leaves the data between its ends.
        """
        middle = distances[:, [(len(self.t) - 1) // 2, len(self.t) // 2]].mean(axis=1)
        ends = distances[:, [0, -1]].mean(axis=1)
        ratio = middle.mean() / ends.mean()
        # Delta method for a ratio of means.
        error = (middle - ratio * ends).std(ddof=1) / (ends.mean() * math.sqrt(len(ends)))
        return float(ratio), float(error)

    def to_dict(self) -> dict[str, Any]:
        """Means along the lines, in types that `json.dumps` takes."""
        lines = {
            name: {
                "distance": distances.mean(axis=0).tolist(),
                "percentile": self.percentile(distances).mean(axis=0).tolist(),
                "middle_over_ends": self.middle_over_ends(distances)[0],
                "middle_over_ends_standard_error": self.middle_over_ends(distances)[1],
            }
            for name, distances in (("decoded", self.decoded), ("blended", self.blended))
        }
        return {
            "t": self.t.tolist(),
            **lines,
            "held_out_distance": float(self.held_out.mean()),
            "reconstructed_distance": float(self.reconstructed.mean()),
            "reconstructed_percentile": float(self.percentile(self.reconstructed).mean()),
            "pairs": len(self.pairs),
            "n_train": self.n_train,
            "n_test": len(self.held_out),
            "space": self.space,
        }

    def __str__(self) -> str:
        """Text: percentiles along the lines, and the floor."""
        decoded, blended = (self.percentile(d).mean(axis=0) for d in (self.decoded, self.blended))
        rows = [
            [f"{t:.3g}", f"{a:.1f}", f"{b:.1f}"] for t, a, b in zip(self.t, decoded, blended, strict=True)
        ]
        floor = self.percentile(self.reconstructed).mean()
        rows += [["held-out rows", "50.0", "50.0"], ["reconstructions", f"{floor:.1f}", ""]]
        ratios = [self.middle_over_ends(d) for d in (self.decoded, self.blended)]
        rows.append(["middle / ends", *(f"{ratio:.3f} ± {error:.3f}" for ratio, error in ratios)])
        return (
            text_table(["t", "decoded line", "line through the data"], rows)
            + f"\n\nPer cent of {len(self.held_out)} held-out rows that are nearer to their nearest of "
            f"{self.n_train} training rows,\nmean of {len(self.pairs)} pairs; middle / ends: of distances. "
            f"In {self.space}.\nAverages and blurred rows are nearer than rows are: low is no praise"
        )


def interpolation_realism(
    encode: Map,
    decode: Map,
    X_train: ArrayLike,
    X_test: ArrayLike,
    *,
    pairs: int = 200,
    steps: int = 9,
    features: Map | None = None,
    space: str | None = None,
    random_state: int | np.random.Generator | None = 0,
) -> InterpolationRealism:
    """Decode points on straight lines between the codes of held-out rows, and see how near to data they are.

    Parameters
    ----------
    encode : callable
        Rows, as in X, to codes (n, latent): an estimator's `transform`.
    decode : callable
        Codes to rows, in the units and shape of X: `inverse_transform`.
    X_train, X_test : array-like of shape (n, ...)
        Rows that the model was trained on, and at least 10 that it was not. Distances are Euclidean, over the
        values as given: bring features to comparable scales.
    pairs : int, default=200
        Pairs of distinct held-out rows, drawn at random.
    steps : int, default=9
        Points on a line, ends included, at least 3.
    features : callable, default=None
        Rows (n, ...) to features in which distances are taken; None takes the values themselves.
    space : str, default=None
        Name of the features, for the text.
    random_state : int, Generator or None, default=0
        Draws the pairs.
    """
    train, test = _checked(X_train, "X_train", 2), _checked(X_test, "X_test", LEAST_ROWS)
    if train.shape[1:] != test.shape[1:]:
        raise InputError(f"training rows have shape {train.shape[1:]} and held-out rows {test.shape[1:]}")
    if pairs < 2 or steps < 3:
        raise InputError(f"give at least 2 pairs and 3 steps, got {pairs} and {steps}")
    rng = np.random.default_rng(random_state)
    chosen = np.stack([rng.choice(len(test), 2, replace=False) for _ in range(pairs)])
    t = np.linspace(0.0, 1.0, steps)
    codes = np.asarray(encode(test))
    if codes.ndim != 2 or len(codes) != len(test) or not np.isfinite(codes).all():
        raise InputError(
            f"encode must give finite codes (n, latent) for {len(test)} rows, but gave {codes.shape}"
        )
    known = _features(train, features)

    def distances(rows: np.ndarray) -> np.ndarray:
        return nearest(_features(rows, features), known, 1).distances[:, 0]

    held_out = distances(test)
    if (held_out == 0).mean() >= 0.5:
        raise InputError("half of X_test or more are training rows: give rows that the model has not seen")
    ends = codes[chosen].astype(np.float64)
    line = _mixed(ends[:, 0], ends[:, 1], t).astype(codes.dtype if codes.dtype.kind == "f" else np.float64)
    pixels = test.reshape(len(test), -1)[chosen].astype(np.float64)
    blend = _mixed(pixels[:, 0], pixels[:, 1], t).reshape(-1, *test.shape[1:])
    return InterpolationRealism(
        t=t,
        decoded=distances(_decoded(decode, line, test.shape[1:])).reshape(pairs, steps),
        blended=distances(blend).reshape(pairs, steps),
        held_out=held_out,
        reconstructed=distances(_decoded(decode, codes, test.shape[1:])),
        pairs=chosen,
        n_train=len(train),
        space=space or ("the data's units" if features is None else "features"),
    )


def _mixed(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points on the lines from a to b, ``(pairs * steps, width)``; the ends are a and b to the bit."""
    weight = t[None, :, None]
    return ((1 - weight) * a[:, None] + weight * b[:, None]).reshape(-1, a.shape[1])


def _decoded(decode: Map, codes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    rows = np.asarray(decode(codes))
    if rows.shape != (len(codes), *shape):
        raise InputError(f"decode must give back rows of shape {shape}, but gave {rows.shape}")
    if not np.isfinite(rows).all():
        raise InputError("decode gives values that are not finite, on lines between codes of held-out rows")
    return rows


def _features(rows: np.ndarray, features: Map | None) -> np.ndarray:
    if features is None:
        return rows.reshape(len(rows), -1)
    described = np.asarray(features(rows))
    if described.ndim < 2 or len(described) != len(rows) or not np.isfinite(described).all():
        raise InputError(
            f"features must give finite numbers (n, ...) for {len(rows)} rows; shape {described.shape}"
        )
    return described.reshape(len(rows), -1)


def _checked(X: ArrayLike, name: str, least: int) -> np.ndarray:
    values = np.asarray(X)
    if values.ndim < 2 or values.size == 0 or values.dtype.kind not in "biuf":
        raise InputError(f"{name} must be numbers, rows first; got {values.dtype} of shape {values.shape}")
    if len(values) < least:
        raise InputError(f"{name} has {len(values)} rows: at least {least} are needed")
    if not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InputError(f"{name} has {values[tuple(where)]} in row {where[0]}, place {where[1:]}")
    return values

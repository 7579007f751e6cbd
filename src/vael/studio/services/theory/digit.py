"""The true posterior of a row of the data, against the encoder's q and the best that q could be."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from scipy.ndimage import zoom

from vael.errors import InputError
from vael.estimators import VAE
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import PosteriorGrid
from vael.theory.best_posterior import best_normals
from vael.theory.inference_problem import InferenceProblem, evaluating, inference_problem
from vael.theory.latent_grid import posterior_grids
from vael.theory.normal_expectation import converged_elbo
from vael.theory.shared_lattice import SharedLattice

__all__ = ["answer", "problem_of"]

TOLERANCE = 1e-3  # nats
PIECE = 1024  # points decoded between two looks at who waits
FINER = 8  # than the grid: smooth to look at
LEVELS = (0.99, 0.9, 0.5)


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Find p(z|x) of `row` on a grid, and how far q(z|x) is from it; of models with two latents.

    Arrays:
        shades: In how many of the smallest regions that hold 99, 90 and 50 % of the posterior a place is,
            (n, m), uint8; along the first latent, then the second, from `low` to `high`, where they end.
        row, reconstruction: The row, and the decoder's mean at the mean of q, (1, features), as shown.

    Facts:
        low, high: Corners of `shades`.
        evidence, elbo, best_elbo: ln p(x), the ELBO of q, and that of the best q of its family, in nats of
            the row as given; `evidence_error` and `elbo_error` say how far off they may be.
        q, best_q, posterior: `mean` and `covariance` of each.
        family: ``diagonal``, ``full`` or ``shared``.
    """
    number = asked.whole("row", 0, len(loaded.rows) - 1)
    problem = problem_of(loaded, number)
    yield 0.05
    with evaluating(problem.model):
        lattice = SharedLattice.around(problem)
        table: list[torch.Tensor] = []
        for stripe in _stripes(lattice):
            table.append(stripe.log_joint(problem, torch.zeros(1, dtype=torch.long)))
            yield 0.05 + 0.65 * len(table) * stripe.shape[0] / lattice.shape[0]
        grids = posterior_grids(problem, tolerance=TOLERANCE, seen=(lattice, torch.cat(table, 1)))
        yield 0.8
        loc, tril = best_normals(problem, grids)
        yield 0.9
        elbo, error = converged_elbo(problem, problem.loc, problem.scale_tril, TOLERANCE)
        best, best_error = converged_elbo(problem, loc, tril, TOLERANCE)
    if best < elbo:
        loc, tril, best = problem.loc, problem.scale_tril, elbo
    [grid] = grids
    shades, low, high = _shades(grid)
    return Reply(
        {
            "row": number,
            "low": low,
            "high": high,
            "evidence": grid.log_evidence,
            "evidence_error": grid.error,
            "elbo": elbo.item() + problem.log_jacobian,
            "best_elbo": best.item() + problem.log_jacobian,
            "elbo_error": max(error.item(), best_error.item()),
            "q": _normal(problem.loc[0], problem.scale_tril[0]),
            "best_q": _normal(loc[0], tril[0]),
            "posterior": {"mean": grid.mean, "covariance": grid.covariance},
            "family": problem.family,
        },
        {
            "shades": shades,
            "row": loaded.seen(loaded.rows[number : number + 1]),
            "reconstruction": loaded.decoded(problem.loc.numpy()),
        },
    )


def problem_of(loaded: Loaded, row: int) -> InferenceProblem:
    """Pose inference of one row, or say why this run has no such posterior to draw."""
    if not isinstance(loaded.estimator, VAE) or loaded.estimator.n_components_ != 2:
        raise InputError(
            "the true posterior is drawn for VAEs with two latents: open such a run, for example of"
            " vael fit digits --n-components 2"
        )
    return inference_problem(loaded.estimator, loaded.rows[row : row + 1])


def _stripes(lattice: SharedLattice) -> list[SharedLattice]:
    """Cut a lattice along its first latent, so that each part is decoded in a moment."""
    across = max(1, PIECE // lattice.shape[1])
    first = torch.tensor([1.0, 0.0], dtype=lattice.low.dtype)
    return [
        SharedLattice(
            lattice.low + first * start * lattice.step,
            lattice.step,
            (min(across, lattice.shape[0] - start), lattice.shape[1]),
        )
        for start in range(0, lattice.shape[0], across)
    ]


def _shades(grid: PosteriorGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The regions of `LEVELS` as counts, cut to the largest, with its corners."""
    density = np.nan_to_num(grid.log_density, neginf=-60.0).clip(min=-60.0)
    fine: np.ndarray = np.asarray(zoom(density, FINER, order=1))
    mass = np.exp(fine - fine.max())
    order = np.argsort(mass, axis=None)[::-1]
    held = np.empty(mass.size)
    held[order] = np.cumsum(mass.ravel()[order]) / mass.sum()
    shades = np.sum([held <= level for level in LEVELS], axis=0).reshape(fine.shape).astype(np.uint8)
    inside = np.argwhere(shades)
    first, last = (
        (inside.min(0), inside.max(0)) if len(inside) else (np.zeros(2, int), np.array(fine.shape) - 1)
    )
    start, end = (np.array([axis[place] for axis in grid.axes]) for place in (0, -1))
    step = (end - start) / (np.array(fine.shape) - 1)
    cut = shades[first[0] : last[0] + 1, first[1] : last[1] + 1]
    return cut, start + first * step, start + last * step


def _normal(loc: torch.Tensor, tril: torch.Tensor) -> dict[str, Any]:
    return {"mean": loc.numpy(), "covariance": (tril @ tril.mT).numpy()}

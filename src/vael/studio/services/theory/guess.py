"""The ELBO of a q that somebody drags over the true posterior of a row."""

from __future__ import annotations

import torch

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.studio.services.theory.digit import TOLERANCE, problem_of
from vael.theory.inference_problem import evaluating
from vael.theory.normal_expectation import converged_elbo

__all__ = ["answer"]

FARTHEST = 100.0


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return the `elbo` of a normal q for `row`, in nats, and the `error` that it may have.

    Asks `mean` (two numbers), `deviation` (two) and `correlation` of q.
    """
    problem = problem_of(loaded, asked.whole("row", 0, len(loaded.rows) - 1))
    mean = asked.vector("mean", 2).clip(-FARTHEST, FARTHEST)
    deviation = asked.vector("deviation", 2).clip(1e-4, FARTHEST)
    correlation = asked.number("correlation", -0.999, 0.999, default=0.0)
    tril = torch.diag(torch.from_numpy(deviation))
    tril[1] = tril[1, 1] * torch.tensor([correlation, (1 - correlation**2) ** 0.5])
    with evaluating(problem.model):
        elbo, error = converged_elbo(problem, torch.from_numpy(mean)[None], tril[None], TOLERANCE)
    return Reply({"elbo": elbo.item() + problem.log_jacobian, "error": error.item()})

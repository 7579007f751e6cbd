"""The three formulas of the ELBO on a fitted model, each by a quadrature of its own."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vael.distributions import DiagonalNormal, FullNormal, closed_form_kl
from vael.errors import InputError
from vael.nn.products import fast_products
from vael.theory.inference_problem import CHUNK, InferenceProblem, evaluating
from vael.theory.latent_grid import posterior_grids
from vael.theory.normal_expectation import ORDERS, converged_elbo, entropy, hermite_nodes

__all__ = ["model_bounds"]

REACH = 7.0  # standard deviations of q that a lattice covers
SPACINGS = (1.0, 0.5, 0.25, 0.125)  # of that lattice, in standard deviations


def model_bounds(problem: InferenceProblem, tolerance: float) -> tuple[np.ndarray, ...]:
    """Return, of each row, the fields of `vael.theory.ThreeWays` in their order.

    E_q[ln p(x, z)] is by Gauss-Hermite with q's entropy in closed form; KL(q || p(z|x)) over an even lattice
    in the frame of q, with ln p(x) from the posterior's own grid; E_q[ln p(x|z)] by Gauss-Hermite, and
    KL(q || p(z)) in closed form where there is one.
    """
    if problem.latent > 2:
        raise InputError(f"the three ways are integrals over 1 or 2 latents, this model has {problem.latent}")
    with evaluating(problem.model):
        grids = posterior_grids(problem, tolerance=tolerance)
        log_evidence = torch.tensor([g.log_evidence for g in grids], dtype=torch.float64)
        evidence_error = torch.tensor([g.error for g in grids], dtype=torch.float64)
        joint, joint_error = converged_elbo(problem, problem.loc, problem.scale_tril, tolerance)
        negative, lattice_error = _over_lattice(problem, tolerance)
        likelihood, likelihood_error = _expected(problem, tolerance, lambda terms: terms[0])
        to_prior, prior_error = _kl_to_prior(problem, tolerance)
    to_posterior = log_evidence - problem.log_jacobian - negative
    given = problem.log_jacobian
    values = (
        joint + given,
        log_evidence - to_posterior,
        likelihood - to_prior + given,
        joint_error,
        evidence_error + lattice_error,
        likelihood_error + prior_error,
        log_evidence,
        to_posterior,
        to_prior,
    )
    wrong = torch.stack(values[3:6]).amax(0) > tolerance * 2
    if wrong.any():
        row = int(wrong.nonzero()[0])
        error = float(torch.stack(values[3:6])[:, row].max())
        raise InputError(
            f"quadrature did not converge at row {row}: an error of {error:.2g} nats, asked for "
            f"{tolerance:g}: allow a larger tolerance, or leave that row out"
        )
    return tuple(v.numpy() for v in values)


def _over_lattice(problem: InferenceProblem, tolerance: float) -> tuple[Tensor, Tensor]:
    """E_q[ln p(x, z) - ln q(z)] by the trapezoid rule, halving the spacing of rows that moved."""
    value = torch.empty(len(problem.x), dtype=torch.float64)
    error = torch.full_like(value, torch.inf)
    left = torch.arange(len(value))
    for spacing in SPACINGS:
        ends = round(REACH / spacing)
        axis = torch.arange(-ends, ends + 1, dtype=torch.float64) * spacing
        u = torch.cartesian_prod(*[axis] * problem.latent).reshape(-1, problem.latent)
        log_unit = -0.5 * (u.square().sum(1) + problem.latent * math.log(2 * math.pi))
        weight = log_unit.exp() * spacing**problem.latent
        kept = weight > 1e-12
        u, log_unit, weight = u[kept], log_unit[kept], weight[kept]
        z = problem.loc[left].unsqueeze(1) + u @ problem.scale_tril[left].mT
        f = problem.log_joint(left.repeat_interleave(len(u)), z.flatten(0, 1)).view(len(left), -1)
        log_determinant = problem.scale_tril[left].diagonal(dim1=1, dim2=2).log().sum(-1)
        found = (f - log_unit) @ weight + log_determinant
        if spacing != SPACINGS[0]:
            error[left] = (found - value[left]).abs()
        value[left] = found
        left = left[error[left] > tolerance]
        if not len(left):
            break
    return value, error


def _expected(
    problem: InferenceProblem, tolerance: float, choose: Callable[[tuple[Tensor, Tensor]], Tensor]
) -> tuple[Tensor, Tensor]:
    """E_q of ln p(x|z) or ln p(z) by Gauss-Hermite, with more nodes for rows that moved."""
    value = torch.empty(len(problem.x), dtype=torch.float64)
    error = torch.full_like(value, torch.inf)
    left = torch.arange(len(value))
    for order in ORDERS[problem.latent]:
        nodes, weights = hermite_nodes(order, problem.latent)
        z = (problem.loc[left].unsqueeze(1) + nodes @ problem.scale_tril[left].mT).flatten(0, 1)
        rows = left.repeat_interleave(len(nodes))
        with torch.inference_mode(), fast_products(problem.model, CHUNK):
            parts = [
                choose(problem.terms(r, p)).double().cpu()
                for r, p in zip(rows.split(CHUNK), z.split(CHUNK), strict=True)
            ]
        found = torch.cat(parts).view(len(left), -1) @ weights
        if order != ORDERS[problem.latent][0]:
            error[left] = (found - value[left]).abs()
        value[left] = found
        left = left[error[left] > tolerance]
        if not len(left):
            break
    return value, error


def _kl_to_prior(problem: InferenceProblem, tolerance: float) -> tuple[Tensor, Tensor]:
    assert problem.model.prior is not None
    prior = problem.model.prior()
    if problem.family == "full":
        q = FullNormal(problem.loc, problem.scale_tril)
    else:
        q = DiagonalNormal(problem.loc, problem.scale_tril.diagonal(dim1=1, dim2=2).log())
    with torch.no_grad():
        exact = closed_form_kl(q, prior)
    if exact is not None:
        return exact.double().cpu(), torch.zeros(len(problem.x), dtype=torch.float64)
    expected, error = _expected(problem, tolerance, lambda terms: terms[1])
    return -entropy(problem.scale_tril) - expected, error

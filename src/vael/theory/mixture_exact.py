"""The exact posterior of a Bayesian Gaussian mixture, by all assignments of a few rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaln

from vael.errors import InputError
from vael.theory._inputs import Numbers, at_least
from vael.theory.mixture_prior import MixturePrior, mixture_rows, wishart_log_normaliser

__all__ = ["ExactMixture", "exact_mixture"]

MOST_ASSIGNMENTS = 500_000


@dataclass(frozen=True, eq=False)
class ExactMixture:
    """Every assignment of rows to components, with its probability given the data.

    Attributes
    ----------
        log_evidence: ln p(X), in nats of all rows.
        assignments: c, shape (K^n, n).
        probabilities: p(c | X), shape (K^n,).
    """

    log_evidence: float
    assignments: Int[np.ndarray, "assignments n"]
    probabilities: Float[np.ndarray, " assignments"]

    @property
    def same_component(self) -> Float[np.ndarray, "n n"]:
        """p(c_i = c_j | X). By symmetry p(c_i = k | X) is 1/K, whatever the data: labels mean nothing."""
        labels = int(self.assignments.max()) + 1
        one_hot = [(self.assignments == label).astype(np.float64) for label in range(labels)]
        return np.sum([(hot * self.probabilities[:, None]).T @ hot for hot in one_hot], axis=0)


def exact_mixture(X: Numbers, components: int, prior: MixturePrior) -> ExactMixture:
    """Sum over all K^n assignments; given one, everything else is integrated in closed form.

    p(X, c) = DirichletMultinomial(c) prod_k p(X_k), where p(X_k) is the normal-Wishart evidence of the rows
    of component k: Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", eq. (266).

    Raises:
        InputError: More than 500000 assignments.

    Example:
        >>> X = np.array([[-4.0], [-5.0], [4.0], [5.0], [6.0]])
        >>> exact = exact_mixture(X, 2, MixturePrior.vague(X, 2))
        >>> len(exact.probabilities), bool(exact.same_component[0, 1] > exact.same_component[0, 4])
        (32, True)
    """
    at_least(components, 1, "components")
    rows = mixture_rows(X, len(prior.mean))
    if components ** len(rows) > MOST_ASSIGNMENTS:
        raise InputError(
            f"{components}^{len(rows)} assignments are above {MOST_ASSIGNMENTS}: use fewer rows or components"
        )
    subsets = _log_evidence_of_subsets(rows, prior)
    digits = np.arange(components ** len(rows))[:, None] // components ** np.arange(len(rows)) % components
    # a row set is a number in binary, so each component's evidence is looked up and not computed again
    log_joint = np.zeros(len(digits))
    for label in range(components):
        hot = digits == label
        log_joint += subsets[hot @ (1 << np.arange(len(rows)))]
        log_joint += gammaln(prior.concentration + hot.sum(axis=1)) - gammaln(prior.concentration)
    total = components * prior.concentration
    log_joint += gammaln(total) - gammaln(total + len(rows))
    log_evidence = float(np.logaddexp.reduce(log_joint))
    return ExactMixture(log_evidence, digits, np.exp(log_joint - log_evidence))


def _log_evidence_of_subsets(
    rows: Float[np.ndarray, "n d"], prior: MixturePrior
) -> Float[np.ndarray, " subsets"]:
    """The log-evidence ln p(X_S) of one component, for each of the 2^n subsets S of the rows."""
    size = rows.shape[1]
    member = (np.arange(1 << len(rows))[:, None] >> np.arange(len(rows)) & 1).astype(np.float64)
    count = member.sum(axis=1)
    beta = prior.mean_precision + count
    mean = (prior.mean_precision * prior.mean + member @ rows) / beta[:, None]
    outer = rows[:, :, None] * rows[:, None, :]
    scatter = prior.scatter + np.einsum("sn,nij->sij", member, outer)
    scatter += prior.mean_precision * np.outer(prior.mean, prior.mean)
    scatter -= beta[:, None, None] * mean[:, :, None] * mean[:, None, :]
    before = wishart_log_normaliser(prior.scatter, np.asarray(prior.degrees))
    after = wishart_log_normaliser(scatter, prior.degrees + count)
    return before - after + size / 2 * (np.log(prior.mean_precision / beta) - count * np.log(2 * np.pi))

"""What the use of the latents means, in words, with what to change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from vael.evaluation.latents.use import LatentUse

__all__ = ["LEAST_KL", "Diagnosis", "Finding", "diagnose"]

LEAST_KL = 0.1  # nats a row, all latents together: below, nothing is told apart
FEW = 0.25  # share of active latents at or below which the others are missed
LITTLE = math.log(2)  # nats: what tells two halves of the rows apart
FAR = 1.0  # nats of KL(q(z) || p(z)): samples of the prior then miss what the codes do
LEARN_IT = "let the scale be learned, `likelihood='gaussian'` or `'gaussian-shared'`, or give a smaller one."
UNLIKELY = 0.01  # p-value of the MMD


@dataclass(frozen=True)
class Finding:
    """One thing to know, and what to do about it.

    Attributes
    ----------
    name : "posterior collapse", "partial collapse", "unused latents", "little information", "scale too wide",
        "codes far from the prior", "codes unlike the prior", "information at its ceiling"
    level : "note" (no fault), "warning", "error" (the model is of no use as it is)
    text : what was found, with its numbers
    action : what to change; empty where there is nothing
    """

    name: str
    level: Literal["note", "warning", "error"]
    text: str
    action: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """What was found, worst first.

    Attributes
    ----------
    findings : none where the latents are in order
    not_judged : what could not be looked at, and why
    """

    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether all was judged and nothing needs a change: notes only, or nothing."""
        return not self.not_judged and all(finding.level == "note" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        return {
            "healthy": self.healthy,
            "findings": [dict(vars(finding)) for finding in self.findings],
            "not_judged": list(self.not_judged),
        }

    def __str__(self) -> str:
        """Text: one paragraph a finding."""
        lines = [
            f"{finding.level}: {finding.text}" + (f"\n  {finding.action}" if finding.action else "")
            for finding in self.findings
        ]
        lines += [f"not judged: {reason}" for reason in self.not_judged]
        return "\n".join(lines or ["The latents are in order."])


def diagnose(use: LatentUse) -> Diagnosis:
    """Say what is wrong with the latents, and what to change.

    Looked for: posterior collapse of all or most latents, and which of a large beta, a fixed scale that is
    too wide, or training explains it; codes that lie elsewhere than the prior; numbers at their ceiling.

    The rule for fixed scales is exact for linear models: with a Gaussian likelihood of fixed variance s^2, a
    latent is kept where its eigenvalue of the data's covariance is above beta s^2 (Lucas et al. 2019, arXiv
    1911.02469).
    """
    if use.kl is None or use.information is None:
        reason = use.why.get("kl") or use.why.get("information", "the KL was not measured")
        return Diagnosis((), (f"collapse and fit to the prior: {reason}",))
    found = [*_collapse(use), *_scale(use), *_prior(use), *_ceiling(use)]
    order = ("error", "warning", "note")
    return Diagnosis(tuple(sorted(found, key=lambda finding: order.index(finding.level))))


def _collapse(use: LatentUse) -> list[Finding]:
    assert use.kl is not None and use.information is not None  # noqa: PT018 - one condition of the caller's
    active, latents = use.active.count, use.active.latents
    if use.kl.mean < LEAST_KL:
        return [
            Finding(
                "posterior collapse",
                "error",
                f"Posterior collapse: the latents say {use.kl.mean:.3f} nats about a row, all {latents} "
                "together. The decoder ignores them and answers every row with the same distribution.",
                _cause(use),
            )
        ]
    if active < latents and (active <= FEW * latents or latents <= 3):
        verb = "is" if active == 1 else "are"
        return [
            Finding(
                "partial collapse",
                "warning",
                f"Posterior collapse: only {active} of {latents} latents {verb} active. The others carry "
                "nothing about the row.",
                _cause(use),
            )
        ]
    if max(use.information.estimate, min(use.information.upper, use.information.ceiling)) < LITTLE:
        return [
            Finding(
                "little information",
                "warning",
                f"A code tells {use.information.estimate:.2f} nats about its row, less than which of two "
                f"halves of the rows it is from, though the latents cost {use.kl.mean:.2f} nats.",
                _cause(use),
            )
        ]
    if active < latents:
        return [
            Finding(
                "unused latents",
                "note",
                f"{active} of {latents} latents are active; the others follow the prior whatever the row "
                f"is. That is no fault: this model needs about {active}.",
            )
        ]
    return []


def _cause(use: LatentUse) -> str:
    """What to change first, by what explains a collapse."""
    kept = _kept(use)
    if use.beta is not None and use.beta > 1:
        return f"`beta={use.beta:g}` makes the KL dear: fit with `beta=1` first."
    if kept is not None and kept < use.active.latents:
        return f"The likelihood's fixed scale is too wide for more than {kept}: {LEARN_IT}"
    return (
        "Let the KL in slowly, `objective=ELBO(warm_up=0.3)`, or give each latent some for nothing, "
        "`objective=ELBO(free_bits=0.1)`; train longer; check that the likelihood fits the data."
    )


def _kept(use: LatentUse) -> int | None:
    """Latents that a linear model with this fixed scale keeps; None where the scale is not fixed."""
    if use.fixed_scale is None:
        return None
    bar = (1.0 if use.beta is None else use.beta) * use.fixed_scale**2
    return sum(variance > bar for variance in use.data_variances)


def _scale(use: LatentUse) -> list[Finding]:
    kept = _kept(use)
    # No more latents can pay than the data have features.
    if use.fixed_scale is None or kept is None or kept >= len(use.data_variances):
        return []
    beta = 1.0 if use.beta is None else use.beta
    return [
        Finding(
            "scale too wide",
            "warning",
            f"The likelihood's scale is fixed at {use.fixed_scale:g}: a linear model then keeps only "
            f"directions of the data whose variance is above beta s^2 = {beta * use.fixed_scale**2:.4g} (on "
            f"the model's scale), and there are {kept} for {use.active.latents} latents.",
            LEARN_IT[0].upper() + LEARN_IT[1:],
        )
    ]


def _prior(use: LatentUse) -> list[Finding]:
    known = use.aggregate
    if known is None or known.kl is None:
        return []
    if known.least_kl >= FAR:
        return [
            Finding(
                "codes far from the prior",
                "warning",
                f"The codes do not lie where the prior puts its mass: KL(q(z) || p(z)) is at least "
                f"{known.least_kl:.2f} nats{_furthest(use)}. Samples of the prior decode points that the "
                "decoder hardly saw, and will look worse than reconstructions.",
                "Sample from a law that fits the codes: a flow as prior (`prior=zuko.flows.NSF(latents)`), "
                f"or a density fitted to the codes afterwards{_beta_below_one(use)}.",
            )
        ]
    p_value = known.mmd.p_value
    if p_value is not None and p_value <= UNLIKELY:
        most = "" if _saturated(use) else f", though by no more than {known.kl.estimate:.2f} nats"
        return [
            Finding(
                "codes unlike the prior",
                "note",
                f"The law of the codes differs from the prior (MMD, p-value {p_value:.3f}){most}"
                f"{_furthest(use)}.",
                "A flow as prior, or a density fitted to the codes, makes samples more like the data.",
            )
        ]
    return []


def _furthest(use: LatentUse) -> str:
    """Name the latent whose mean and deviation are furthest from the prior's, by a normal's KL."""
    known = use.aggregate
    assert known is not None
    moments = zip(known.mean, known.deviation, known.prior_mean, known.prior_deviation, strict=True)
    costs = [
        math.inf if min(s, t) <= 0 else 0.5 * ((s / t) ** 2 + ((m - n) / t) ** 2 - 1) - math.log(s / t)
        for m, s, n, t in moments
    ]
    i = max(range(len(costs)), key=costs.__getitem__)
    if costs[i] < LEAST_KL:
        return "; each latent alone has about the prior's mean and deviation"
    return (
        f"; furthest is latent {i}, with mean {known.mean[i]:.2f} and deviation {known.deviation[i]:.2f} "
        f"where the prior has {known.prior_mean[i]:.2f} and {known.prior_deviation[i]:.2f}"
    )


def _beta_below_one(use: LatentUse) -> str:
    if use.beta is not None and use.beta < 1:
        return f"; `beta={use.beta:g}` lets the codes leave the prior: fit with `beta=1`"
    return ""


def _saturated(use: LatentUse) -> bool:
    return use.information is not None and use.information.saturated


def _ceiling(use: LatentUse) -> list[Finding]:
    if use.information is None or not use.information.saturated:
        return []
    known = use.information
    return [
        Finding(
            "information at its ceiling",
            "note",
            f"I(x; z) comes out at {known.estimate:.2f} nats, near the {known.ceiling:.2f} = ln n that "
            f"{known.n} rows can show: it may be far larger, and KL(q(z) || p(z)) far smaller than given.",
            "Read it as a lower bound; for the prior look at moments and MMD. More rows raise the ceiling.",
        )
    ]

"""Importance sampling from the posterior: the one place where samples of log-weights become ln p(x)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.distributions import Law, as_law
from vael.errors import InputError
from vael.evaluation.likelihood.blocks import MEMORY, Rows, bytes_a_point, like_of, padded_blocks
from vael.evaluation.likelihood.estimate import check_jackknife, jackknife_words
from vael.evaluation.likelihood.statistics import RowStatistics, collect, row_statistics
from vael.models import LatentVariableModel, log_weights
from vael.nn.products import fast_products
from vael.nn.steady import SteadyProducts

__all__ = ["ImportanceSampling", "sampled_log_weights"]

SAMPLES = 64  # drawn together, from one state of a generator
ROWS = 64  # that pass through the model together


@dataclass(frozen=True)
class ImportanceSampling:
    r"""ln p(x) by samples of q(z|x): the importance-weighted bound L_k (Burda 2016, eq. 8).

    .. math:: L_k = \ln \frac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i|x)}, \quad z_i \sim q(z|x)

    Its mean is below ln p(x), by about Var(w) / (2 k p(x)^2) for large k; the jackknife takes that away
    (order 1), and the next order too (2), at the price of a larger variance and of no longer being a bound.

    Attributes
    ----------
    samples : k, for each row; estimates of different k do not compare
    jackknife : 0 for the bound, 1 or 2 for the order of the jackknife
    precision : of the networks: "float32" (whatever the model has), or "bfloat16", which is faster and rounds
        each weight, mostly evenly: the mean over MNIST's test digits moves by less than 0.01 nats

    References
    ----------
    Burda et al. 2016, arXiv 1509.00519; Nowozin 2018, "Debiasing evidence approximations", ICLR.
    """

    samples: int = 1000
    jackknife: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"

    advice: ClassVar[str] = "use more samples, or AIS"

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InputError(f"samples must be >= 1, got {self.samples}")
        check_jackknife(self.jackknife, self.samples)
        if self.precision not in ("float32", "bfloat16"):
            raise InputError(f"precision must be float32 or bfloat16, got {self.precision!r}")

    def __str__(self) -> str:
        """In words."""
        how = ", networks in bfloat16" if self.precision == "bfloat16" else ""
        return f"importance sampling, {self.samples} samples{jackknife_words(self.jackknife)}{how}"

    def run(
        self, model: LatentVariableModel, rows: Rows, n: int, *, seed: int, memory: int = MEMORY
    ) -> RowStatistics:
        """Weigh n rows, on the model's scale; the noise of sample i follows from the seed and i alone.

        Arguments:
            model: The model, in evaluation mode.
            rows: Gives the rows of a slice.
            n: How many there are.
            seed: Of the noise, which is the same for every row.
            memory: Bytes to take beside the model and the rows; one row at a time is the least.
        """
        features = rows(slice(0, 1)).shape[1]
        a_row = SAMPLES * bytes_a_point(model, features) + 4 * 8 * self.samples
        size = min(ROWS, max(1, memory // a_row)) if _shares_noise(model, rows) else 1
        parts: list[RowStatistics] = []
        lower = torch.autocast(
            like_of(model).device.type, torch.bfloat16, enabled=self.precision == "bfloat16"
        )
        with torch.inference_mode(), lower, fast_products(model, size * SAMPLES), SteadyProducts():
            for part, x in padded_blocks(rows, n, size, like_of(model)):
                log_w = sampled_log_weights(model, x, self.samples, seed)
                parts.append(row_statistics(log_w, self.jackknife, part))
        return collect(parts)


def _shares_noise(model: LatentVariableModel, rows: Rows) -> bool:
    """Whether a block of rows is drawn at once; `log_weights` draws other laws row by row, padding too."""
    with torch.no_grad():
        q_z = model.encoder(rows(slice(0, 1)).to(like_of(model)))
    return isinstance(as_law(q_z), Law)


def sampled_log_weights(
    model: LatentVariableModel, x: Float[Tensor, "n features"], samples: int, seed: int
) -> Float[Tensor, "samples n"]:
    """Return ln p(x, z_i) - ln q(z_i|x) of samples of the posterior, nats, float64, on the CPU."""
    blocks: list[Tensor] = []
    for block, start in enumerate(range(0, samples, SAMPLES)):
        generator = Generator(x.device).manual_seed((seed * 1_000_003 + block) % 2**63)
        sampled = log_weights(model, x, SAMPLES, generator=generator, common_noise=True)
        blocks.append(sampled.log_w[: samples - start].cpu().double())
    return torch.cat(blocks)

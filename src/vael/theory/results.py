"""Numbers with what is known of their error."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate", "Integral"]


@dataclass(frozen=True)
class Integral:
    """A number found by quadrature.

    Attributes
    ----------
        value: The integral.
        error: Estimate of the absolute error, from above.
    """

    value: float
    error: float

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.10g} ± {self.error:.1g}"


@dataclass(frozen=True)
class Estimate:
    """A number found by Monte Carlo.

    Attributes
    ----------
        value: The mean over the samples.
        standard_error: Standard deviation of that mean.
        samples: How many.
    """

    value: float
    standard_error: float
    samples: int

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.6g} ± {self.standard_error:.2g}"

"""Operations whose second derivatives torch gets wrong, made of others that it gets right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["SecondOrder"]


class SecondOrder(TorchFunctionMode):
    """Inside this context, second derivatives in forward mode are right.

    Torch's own rules for the derivative of layer norms, determinants, linear systems and cumulative products
    (at zeros) in forward mode drop terms when they are themselves differentiated, forward or backward, and
    what comes out is wrong without a word (pytorch issues 196700 and 198017); a few activations have none
    unless gradients are recorded. Whatever differentiates a function twice, once of them in forward mode,
    needs this. Values and first derivatives are the same, a bit slower.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call what stands for the operation."""
        return _INSTEAD.get(func, func)(*args, **(kwargs or {}))


def _layer_norm(
    input: Tensor,  # noqa: A002 - torch's name
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    last = tuple(range(-len(normalized_shape), 0))
    return _scaled(_standardised(input, last, eps), weight, bias)


def _instance_norm(
    input: Tensor,  # noqa: A002 - torch's name
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not use_input_stats:
        return functional.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    shape = (-1, *[1] * (input.dim() - 2))
    found = _standardised(input, tuple(range(2, input.dim())), eps)
    return _scaled(found, *(None if p is None else p.reshape(shape) for p in (weight, bias)))


def _standardised(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    centred = x - x.mean(dims, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(dims, keepdim=True) + eps)


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _slogdet(A: Tensor) -> Any:
    Q, R = torch.linalg.qr(A)
    pivots = R.diagonal(dim1=-2, dim2=-1)
    sign = torch.linalg.det(Q).sign() * pivots.sign().prod(-1)
    kind: Any = torch.return_types.linalg_slogdet  # pyright: ignore[reportAttributeAccessIssue]
    return kind((sign, pivots.abs().log().sum(-1)))


def _det(A: Tensor) -> Tensor:
    Q, R = torch.linalg.qr(A)
    return torch.linalg.det(Q).sign() * R.diagonal(dim1=-2, dim2=-1).prod(-1)


def _logdet(A: Tensor) -> Tensor:
    sign, logarithm = _slogdet(A)
    return torch.where(sign > 0, logarithm, torch.nan)


def _solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    inverse = torch.linalg.inv(A)
    if B.dim() == 1 or (B.dim() == A.dim() - 1 and B.shape == A.shape[:-1]):
        return (inverse @ B.unsqueeze(-1)).squeeze(-1)
    return inverse @ B if left else B @ inverse


def _cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    return torch.linalg.inv(L.mT @ L if upper else L @ L.mT)


def _cumprod(input: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Tensor:  # noqa: A002
    parts = input.to(dtype or input.dtype).unbind(dim)
    return torch.stack(list(accumulate(parts, torch.mul)), dim)


def _silu(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002 - torch's name
    return input * torch.sigmoid(input)


def _mish(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002 - torch's name
    return input * torch.tanh(functional.softplus(input))


def _hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: A002 - torch's name
    return (input / 6 + 0.5).clamp(0, 1)


def _glu(input: Tensor, dim: int = -1) -> Tensor:  # noqa: A002 - torch's name
    value, gate = input.chunk(2, dim)
    return value * torch.sigmoid(gate)


_INSTEAD: dict[Callable[..., Any], Callable[..., Any]] = {
    functional.layer_norm: _layer_norm,
    torch.layer_norm: _layer_norm,
    functional.instance_norm: _instance_norm,
    functional.silu: _silu,
    functional.mish: _mish,
    functional.hardsigmoid: _hardsigmoid,
    functional.glu: _glu,
    torch.cumprod: _cumprod,
    Tensor.cumprod: _cumprod,
    torch.linalg.solve: _solve,
    torch.cholesky_inverse: _cholesky_inverse,
    torch.linalg.slogdet: _slogdet,
    torch.slogdet: _slogdet,
    Tensor.slogdet: _slogdet,
    torch.linalg.det: _det,
    torch.det: _det,
    Tensor.det: _det,
    torch.logdet: _logdet,
    Tensor.logdet: _logdet,
}

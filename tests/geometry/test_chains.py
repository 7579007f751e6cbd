from __future__ import annotations

import pytest
import torch

from vael.geometry.chains import effective_sample_size, split_r_hat


def autoregressive(rho: float, chains: int = 8, draws: int = 4000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(chains, draws, 2, generator=generator, dtype=torch.float64)
    found = [noise[:, 0]]
    for t in range(1, draws):
        found.append(rho * found[-1] + (1 - rho**2) ** 0.5 * noise[:, t])
    return torch.stack(found, 1)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.5, 0.9])
def test_effective_sizes_of_autoregressions(rho) -> None:
    found = effective_sample_size(autoregressive(rho))
    exact = 8 * 4000 * (1 - rho) / (1 + rho)
    torch.testing.assert_close(found, torch.full((2,), exact, dtype=torch.float64), rtol=0.2, atol=0)


def test_r_hat_is_one_where_chains_agree_and_more_where_they_do_not() -> None:
    draws = autoregressive(0.3)
    assert (split_r_hat(draws) - 1).abs().max() < 2e-3
    draws[0, :, 1] += 3
    assert split_r_hat(draws)[0] < 1.002
    assert split_r_hat(draws)[1] > 1.3
    assert effective_sample_size(draws)[1] < 100
    trend = autoregressive(0.0) + torch.linspace(0, 3, 4000)[:, None]  # all chains drift together
    assert split_r_hat(trend).min() > 1.2

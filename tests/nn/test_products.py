from __future__ import annotations

import torch
from torch import nn

from vael.nn.products import fast_products, uses_onednn


def test_products_keep_float32_inside_the_context():
    model = nn.Linear(2048, 2048)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(512, 2048, generator=generator)
    exact = x.double() @ model.weight.double().t()
    with fast_products(model, 512):
        found = x @ model.weight.t()
    error = (found.double() - exact).abs().max().item()
    assert error < 1e-4  # float32 sums of 2048 terms; bfloat16 operands would be off by more than 1e-2


def test_the_setting_is_put_back_after_an_error():
    before = torch.backends.mkldnn.matmul.fp32_precision
    try:
        with fast_products(nn.Linear(4096, 4096), 4096):
            raise KeyError
    except KeyError:
        pass
    assert torch.backends.mkldnn.matmul.fp32_precision == before


def test_small_products_stay_where_they_are():
    assert not uses_onednn(nn.Linear(64, 32), 16)
    assert not uses_onednn(nn.Identity(), 10**9)

from __future__ import annotations

import numpy as np
import torch

from vael.training import Rows


def test_bytes_stay_bytes_in_memory_and_become_the_models_scale() -> None:
    values = torch.randint(0, 256, (20, 5), dtype=torch.uint8)
    rows = Rows.of(values, np.array(0.0), np.array(255.0))
    assert rows.values.data_ptr() == values.data_ptr()
    assert torch.equal(rows.take(slice(None)), values.float() / 255)


def test_an_affine_map_by_feature() -> None:
    values = torch.randn(7, 3)
    rows = Rows.of(values, np.array([1.0, 2, 3]), np.array([2.0, 4, 8]))
    expected = (values - torch.tensor([1.0, 2, 3])) / torch.tensor([2.0, 4, 8])
    assert torch.equal(rows.take(torch.tensor([4, 0])), expected[[4, 0]])


def test_a_shuffled_epoch_has_each_row_once_and_a_short_last_batch() -> None:
    rows = Rows(torch.arange(23.0).unsqueeze(1))
    batches = list(rows.shuffled(8, torch.Generator().manual_seed(0)))
    assert [len(b) for b in batches] == [8, 8, 7]
    seen = torch.cat(batches).flatten()
    assert sorted(seen.tolist()) == list(range(23))
    assert seen.tolist() != list(range(23))
    again = torch.cat(list(rows.shuffled(8, torch.Generator().manual_seed(0)))).flatten()
    assert torch.equal(seen, again)


def test_the_mean_is_of_the_models_scale() -> None:
    values = torch.randint(0, 256, (10000, 3), dtype=torch.uint8)
    rows = Rows.of(values, np.array([10.0, 0, 5]), np.array(255.0))
    expected = (values.double().mean(0) - torch.tensor([10.0, 0, 5])) / 255
    torch.testing.assert_close(rows.mean().double(), expected, rtol=0, atol=1e-6)

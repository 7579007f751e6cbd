"""The page's runtime, run by node, against torch."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Decoder,
    DiscretisedLogistic,
    FeatureGaussian,
)
from vael.nn import MLP, GatedMLP, Linear
from vael.nn.activations import ACTIVATIONS
from vael.studio.decoder_block import HALF_ABOVE, DecoderBlock, decoder_block

STUDIO = Path(__file__).parents[2] / "studio"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None or not (STUDIO / "node_modules" / "vite").is_dir(),
    reason="the page's runtime is run by node, with what `make page` installs",
)
FEATURES = 12


@dataclass
class Case:
    name: str
    decoder: Decoder
    half: bool = False
    within: float = 1e-5


def cases() -> list[Case]:
    generator = torch.Generator().manual_seed(3)

    def wide(net: torch.nn.Module) -> Any:
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(1.5 * torch.randn(p.shape, generator=generator) / p.shape[-1] ** 0.5)
        return net

    found = [Case(name, Decoder(wide(MLP(3, FEATURES, (20, 16), name)), Bernoulli())) for name in ACTIVATIONS]
    laws = [ContinuousBernoulli(), FeatureGaussian(FEATURES), Categorical(5)]
    found += [
        Case(type(law).__name__, Decoder(wide(MLP(3, law.blocks * FEATURES, (20,))), law)) for law in laws
    ]
    found += [
        Case("gated", Decoder(wide(GatedMLP(3, FEATURES, (14, 9))), Bernoulli())),
        Case("linear", Decoder(wide(Linear(3, FEATURES)), FeatureGaussian(FEATURES))),
        Case("half", Decoder(wide(MLP(3, FEATURES, (20,))), Bernoulli()), True, 2e-3),
    ]
    return found


def block_of(case: Case) -> DecoderBlock:
    block = decoder_block(case.decoder, 0 if case.half else 2**30)
    assert block is not None
    assert block.half == case.half
    return block


@needs_node
@pytest.mark.slow
def test_decodes_as_torch_does():
    z = 2 * torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    asked = []
    for case in cases():
        block = block_of(case)
        numbers = base64.b64encode(block.numbers.tobytes()).decode()
        asked.append({"facts": block.facts, "numbers": numbers, "half": block.half, "z": z.tolist()})
    command = [str(NODE), str(Path(__file__).with_name("decode.mjs")), str(STUDIO)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for case, rows in zip(cases(), json.loads(done.stdout), strict=True):
        with torch.no_grad():
            expected = case.decoder.double()(z.double()).mean.numpy()
        reach = max(1.0, float(np.ptp(expected)))
        np.testing.assert_allclose(rows, expected, atol=case.within * reach, err_msg=case.name)


def test_decoders_that_the_runtime_does_not_know_are_not_written():
    other = Case("other", Decoder(MLP(3, 2 * FEATURES), DiscretisedLogistic()))
    user = Case("user", Decoder(torch.nn.Sequential(torch.nn.Linear(3, FEATURES)), Bernoulli()))
    for case in (other, user):
        assert decoder_block(case.decoder) is None


def test_large_decoders_are_written_in_half_precision():
    large = Case("large", Decoder(MLP(3, FEATURES, (860, 860)), Bernoulli()))
    block = decoder_block(large.decoder)
    assert block is not None
    assert block.half
    weights = sum(p.numel() for p in large.decoder.net.parameters())
    assert block.numbers.nbytes == 2 * weights < HALF_ABOVE < 4 * weights

"""Memory: what a call takes beside its result keeps to the budget, however many points there are."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource, torch
from torch import nn
from vael.geometry import LatentManifold

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

torch.set_num_threads(1)
torch.set_grad_enabled(False)
net = nn.Sequential(nn.Linear(2, 500), nn.Tanh(), nn.Linear(500, 784))
manifold = LatentManifold(net, latent=2, memory=2**20)
for work in (manifold.metric, lambda z: manifold.structure.squares(z.reshape(-1, 10, 2))):
    work(torch.randn(3000, 2))
    before = peak()
    work(torch.randn(30000, 2))
    print(peak() - before)
"""


def test_many_points_take_no_more_memory_than_few():
    # Kept until the end, small results of chunks pinned 10 kB a point: 0.3 GB for these 30000.
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    metric, squares = map(float, found.split())
    assert metric < 20, metric
    assert squares < 20, squares

"""(c) A loop written by hand: rows held in memory as bytes, batches gathered by index, fused Adam.

With --compile the loss and its gradients are one graph and Adam another; --dtype bfloat16 is autocast.
"""

from __future__ import annotations

import torch
from network import HandWrittenVAE, set_up
from protocol import digits, options, report, timed

__all__: list[str] = []


def main() -> None:
    """Train and report."""
    chosen = options(__doc__)
    set_up(chosen)
    rows = torch.from_numpy(digits(chosen.data))
    model = HandWrittenVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = torch.compile(model) if chosen.compile else model

    def epoch() -> float:
        total = 0.0
        for index in torch.randperm(len(rows)).split(chosen.batch):
            x = rows[index].float() / 255
            with torch.autocast("cpu", torch.bfloat16, enabled=chosen.dtype == "bfloat16"):
                loss = loss_of(x)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(x)
        return -total / len(rows)

    report("in-memory loop", chosen, *timed(epoch, chosen.epochs), torch=torch.__version__)


if __name__ == "__main__":
    main()

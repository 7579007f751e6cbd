"""(b) The loop of the tutorials: a DataLoader over scaled tensors, and Adam with its defaults."""

from __future__ import annotations

import torch
from network import HandWrittenVAE, set_up
from protocol import digits, options, report, timed
from torch.utils.data import DataLoader, TensorDataset

__all__: list[str] = []


def main() -> None:
    """Train and report."""
    chosen = options(__doc__)
    set_up(chosen)
    rows = torch.from_numpy(digits(chosen.data)).float() / 255
    loader = DataLoader(TensorDataset(rows), batch_size=chosen.batch, shuffle=True)
    model = HandWrittenVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)

    def epoch() -> float:
        total = 0.0
        for (x,) in loader:
            with torch.autocast("cpu", torch.bfloat16, enabled=chosen.dtype == "bfloat16"):
                loss = model(x)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(x)
        return -total / len(rows)

    report("DataLoader loop", chosen, *timed(epoch, chosen.epochs), torch=torch.__version__)


if __name__ == "__main__":
    main()

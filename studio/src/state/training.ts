// The fit that is under way on the server, if any.

import { signal } from "@preact/signals";
import type { Body } from "../server/columns";
import { listenToServer, type EpochFacts, type EpochMetrics, type TrainingState } from "../server/events";
import { announce } from "./announce";
import { askJson } from "../server/client";
import { cursor } from "./cursor";
import { facts, type Facts } from "./facts";
import { loadPoints } from "./points";

export const training = signal<TrainingState>({ running: false, error: "" });
export const history = signal<readonly EpochMetrics[]>([]);

/** The newest epoch: latents of some rows, a few rows and their reconstructions. */
export const newest = signal<Body<EpochFacts> | null>(null);

export function followTraining(): void {
  listenToServer({
    training(state, before) {
      const began = state.running && !training.value.running;
      training.value = state;
      if (began || before.length) history.value = before;
      if (began && !before.length) newest.value = null;
      if (state.error) announce(`Training failed: ${state.error}`, 0);
    },
    epoch(body) {
      newest.value = body;
      const { metrics } = body.facts;
      if (history.value.at(-1)?.epoch !== metrics.epoch) history.value = [...history.value, metrics];
    },
    run(id) {
      if (facts.value && facts.value.run.id !== id) void showRun();
    },
  });
}

/** Another model is shown: where it is the same run, further on, the page takes it in; else all is loaded anew. */
async function showRun(): Promise<void> {
  const before = facts.value!;
  const found = await askJson<Facts>("api/facts").catch(() => null);
  if (!found) return;
  if (found.run.name !== before.run.name || found.model.coordinates !== before.model.coordinates) return location.reload();
  facts.value = found;
  await loadPoints();
  cursor.value = cursor.value.slice(); // decoded anew
}

/** The bound that chooses the best epoch. */
export function boundOf(metrics: EpochMetrics): number {
  return metrics.validation_bound ?? metrics.train_bound;
}

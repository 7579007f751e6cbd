// Every row of the data as a point of the latent space.

import { signal } from "@preact/signals";
import { ask } from "../server/client";
import type { Body } from "../server/columns";

export interface Points {
  count: number;
  coordinates: number;
  /** count x coordinates. */
  latents: Float32Array;
  /** 0 training, 1 validation, 2 test. */
  parts: Uint8Array;
  /** Codes of `labelNames`, or numbers where that is null; null where the data have no labels. */
  labels: Uint8Array | Float32Array | null;
  labelNames: string[] | null;
}

export const points = signal<Points | null>(null);

export const PART_NAMES = ["training", "validation", "test"] as const;

export async function loadPoints(): Promise<void> {
  const body = await ask<{ rows: number; label_names: string[] | null }>("points");
  const latents = body.get("latents", Float32Array);
  const names = body.facts.label_names;
  points.value = {
    count: body.facts.rows,
    coordinates: latents.shape[1],
    latents: latents.values,
    parts: body.get("parts", Uint8Array).values,
    labels: labelsOf(body, names),
    labelNames: names,
  };
}

function labelsOf(body: Body<unknown>, names: string[] | null): Points["labels"] {
  if (!body.has("labels")) return null;
  return names ? body.get("labels", Uint8Array).values : body.get("labels", Float32Array).values;
}

/** The latents of a row. */
export function latentOf(row: number): Float32Array {
  const here = points.value;
  if (!here) throw new Error("the points are not here yet");
  return here.latents.slice(row * here.coordinates, (row + 1) * here.coordinates);
}

/** The label of a row in words; empty where it has none. */
export function labelOf(row: number): string {
  const here = points.value;
  if (!here?.labels) return "";
  const label = here.labels[row];
  return here.labelNames ? here.labelNames[label] : label.toPrecision(4);
}

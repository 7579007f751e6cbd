// What the page knows of the run: PROTOCOL.md has the meaning of each field.

import { signal } from "@preact/signals";

export interface Facts {
  version: string;
  run: { name: string; folder: string; id: string };
  data: {
    name: string;
    source: string;
    rows: number;
    test_rows: number;
    features: number;
    feature_names: string[] | null;
    image_shape: [number, number] | [number, number, number] | null;
    value_range: [number, number] | null;
    feature_quantiles: [number, number, number][] | null;
    label: { names: string[] | null; low: number | null; high: number | null } | null;
  };
  model: {
    preset: string;
    likelihood: string;
    latents: number;
    coordinates: number;
    latent_space: "euclidean" | "sphere" | "poincare";
    prior?: string;
    network?: string;
    parameters: number;
    bound: number;
    autoencoder: boolean;
  };
  latent: {
    low: number[];
    high: number[];
    mean: number[];
    scale: number[];
    axes: number[][];
    variances: number[];
    kl?: number[] | null;
  };
  values?: { name: string; title: string; unit: string }[];
  services: string[];
  can: { sample: boolean; score: boolean; temperature: string; geometry: string; train?: boolean };
}

export const facts = signal<Facts | null>(null);

/** The facts, where they are known to be there: nothing is shown before them. */
export function known(): Facts {
  if (!facts.value) throw new Error("the facts of the run are not here yet");
  return facts.value;
}

export function offers(service: string): boolean {
  return facts.value?.services.includes(service) ?? false;
}

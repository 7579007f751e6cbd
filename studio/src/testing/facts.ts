// Facts of a run that is not there, for tests.

import { facts, type Facts } from "../state/facts";

/** Make `known()` tell of a model with so many latents, whose principal axes are a rotation. */
export function pretend(latents: number, space: Facts["model"]["latent_space"] = "euclidean", coordinates = latents): void {
  facts.value = {
    version: "0",
    run: { name: "run", folder: "runs/run", id: "0" },
    data: { name: "data", source: "", rows: 3, test_rows: 0, features: 4, feature_names: null, image_shape: [2, 2], value_range: [0, 1], feature_quantiles: null, label: null },
    model: { preset: "vae", likelihood: "bernoulli", latents, coordinates, latent_space: space, parameters: 1, bound: -1, autoencoder: false },
    latent: {
      low: Array<number>(coordinates).fill(-2),
      high: Array<number>(coordinates).fill(2),
      mean: Array.from({ length: coordinates }, (_, i) => i / 10),
      scale: Array<number>(coordinates).fill(1),
      axes: rotation(coordinates),
      variances: Array.from({ length: coordinates }, (_, i) => 1 / (i + 1)),
    },
    services: ["points", "decode"],
    can: { sample: true, score: true, temperature: "", geometry: "" },
  };
}

/** A rotation by 0.5 radians in each pair of neighbouring coordinates, one after the other; rows are orthonormal. */
function rotation(size: number): number[][] {
  let rows: number[][] = Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
  for (let k = 0; k + 1 < size; k++) {
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
    rows = rows.map((row) => row.map((x, j) => (j === k ? c * x - s * row[k + 1] : j === k + 1 ? s * row[k] + c * x : x)));
  }
  return rows;
}

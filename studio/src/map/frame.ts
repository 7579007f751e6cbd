// From the latent space to the map and back.

import { known } from "../state/facts";

/**
 * Two or three directions of the latent space that the map shows: the place of z along each is (z - origin) . direction.
 * Directions are orthonormal, so a move on the map changes z by the moves times the directions and nothing else.
 */
export interface Frame {
  origin: Float32Array;
  directions: Float32Array[];
  names: string[];
}

/** The frame of chosen latents, or of the principal axes of the means. */
export function frameOf(axes: number[] | "principal", dimensions: number): Frame {
  const { latent, model } = known();
  const count = Math.min(dimensions, model.coordinates);
  if (axes === "principal")
    return {
      origin: Float32Array.from(latent.mean),
      directions: latent.axes.slice(0, count).map((axis) => Float32Array.from(axis)),
      names: Array.from({ length: count }, (_, i) => `axis ${i + 1}`),
    };
  const chosen = [...new Set([...axes.filter((axis) => axis < model.coordinates), 0, 1, 2])]
    .filter((axis) => axis < model.coordinates)
    .slice(0, count);
  return {
    origin: new Float32Array(model.coordinates),
    directions: chosen.map((axis) => Float32Array.from({ length: model.coordinates }, (_, i) => (i === axis ? 1 : 0))),
    names: chosen.map((axis) => `z${axis + 1}`),
  };
}

/** Places of points (n x coordinates) on the map, n x 3; missing dimensions are 0. */
export function project(frame: Frame, points: Float32Array): Float32Array {
  const size = frame.origin.length;
  const count = points.length / size;
  const places = new Float32Array(3 * count);
  frame.directions.forEach((direction, d) => {
    const shown = direction.reduce<number[]>((list, x, i) => (x ? [...list, i] : list), []);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (const j of shown) sum += (points[i * size + j] - frame.origin[j]) * direction[j];
      places[3 * i + d] = sum;
    }
  });
  return places;
}

/** The point that lies at a place of the map and differs from `z` along the frame's directions only. */
export function lift(frame: Frame, place: readonly number[], z: Float32Array): Float32Array {
  const now = project(frame, z);
  const moved = z.slice();
  frame.directions.forEach((direction, d) => {
    const step = place[d] - now[d];
    for (let j = 0; j < moved.length; j++) moved[j] += step * direction[j];
  });
  return moved;
}

// Where the cursor is in the latent space, and what the decoder makes of that place.

import { effect, signal } from "@preact/signals";
import { DecodeSocket, type Decoded } from "../server/decodeSocket";
import { kept, readNumbers, writeNumbers } from "./address";
import { facts } from "./facts";
import { held } from "./view";

/** The cursor's point; empty until the facts are here. */
export const cursor = kept<Float32Array>(
  "z",
  new Float32Array(0),
  (text) => {
    const numbers = readNumbers(text);
    return numbers && Float32Array.from(numbers);
  },
  (z) => (z.length ? writeNumbers(z) : null),
);

export const decoded = signal<Decoded | null>(null);

/** Move the cursor; on curved spaces to the nearest point of the space. */
export function moveCursor(z: ArrayLike<number>): void {
  cursor.value = ontoSpace(Float32Array.from(z));
}

/** Move the cursor to a place that was chosen, and hold it there. */
export function goTo(z: ArrayLike<number>): void {
  held.value = true;
  moveCursor(z);
}

/** The nearest point of the latent space: of unit length on a sphere, inside the ball, itself elsewhere. */
export function ontoSpace(z: Float32Array): Float32Array {
  const space = facts.value?.model.latent_space ?? "euclidean";
  if (space === "euclidean") return z;
  const length = Math.hypot(...z);
  if (space === "sphere") return length > 0 ? z.map((x) => x / length) : Float32Array.from(z, (_, i) => (i ? 0 : 1));
  return length < 0.999 ? z : z.map((x) => (0.999 * x) / length);
}

/** Begin to decode whatever the cursor points at. `reopened` is called when a lost server is back. */
export function followCursor(reopened: () => void): void {
  const { data, latent, model } = facts.value!;
  if (cursor.value.length !== model.coordinates) moveCursor(latent.mean);
  const socket = new DecodeSocket(data.image_shape !== null, (found) => (decoded.value = found), reopened);
  effect(() => {
    if (cursor.value.length === model.coordinates) socket.decode(cursor.value);
  });
}

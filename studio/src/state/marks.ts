// What stands on the map besides the points: selected rows, pins, and layers that panels draw.

import { signal } from "@preact/signals";
import { kept, readNumbers, writeNumbers } from "./address";

/** Selected rows; null where nothing is selected. */
export const selection = signal<Uint32Array | null>(null);

/** The row nearest to the pointer, where one is near. */
export const hovered = signal<number | null>(null);

function keptPoint(name: string) {
  const read = (text: string) => {
    const numbers = readNumbers(text);
    return numbers && Float32Array.from(numbers);
  };
  return kept<Float32Array | null>(name, null, read, (z) => (z ? writeNumbers(z) : null));
}

/** The two ends of a path. */
export const pinA = keptPoint("a");
export const pinB = keptPoint("b");

/** A colour of the style sheet, as a custom property: "--straight" for instance. */
export type Ink = `--${string}`;

/** What a panel draws on the map, in latent coordinates; the map projects it as it does the points. */
export type Layer =
  | { kind: "line"; points: Float32Array; ink: Ink; dashed?: boolean }
  | { kind: "dots"; points: Float32Array; ink: Ink; size?: number }
  | { kind: "ellipse"; mean: Float32Array; covariance: Float32Array; ink: Ink };

/** Layers by a name of their owner's; a panel that goes away takes its own with it. */
export const layers = signal<ReadonlyMap<string, Layer>>(new Map());

export function drawLayer(name: string, layer: Layer | null): void {
  const now = new Map(layers.peek());
  if (layer) now.set(name, layer);
  else if (!now.delete(name)) return;
  layers.value = now;
}

/** Places on the map that the Tab key goes through, and that are clicked: pins, neighbours, samples. */
export interface Anchor {
  name: string;
  z: Float32Array;
  /** One letter or a few, shown on the map. */
  mark: string;
  /** What it is, for those who hear the page. */
  says: string;
  /** Where it can be dragged to another place: what to do then. */
  moved?: (z: Float32Array) => void;
}

export const anchors = signal<ReadonlyMap<string, readonly Anchor[]>>(new Map());

/** Put anchors on the map under their owner's name; an empty list takes them away. */
export function setAnchors(owner: string, list: readonly Anchor[]): void {
  const now = new Map(anchors.peek());
  if (list.length) now.set(owner, list);
  else if (!now.delete(owner)) return;
  anchors.value = now;
}

// How the map is looked at.

import type { Flat, Turned } from "../map/camera";
import { kept, keptWord, readNumbers, writeNumbers } from "./address";

export type PanelName = "map" | "paths" | "selection" | "encode" | "sample" | "train" | "theory";
export const PANELS: readonly PanelName[] = ["map", "paths", "selection", "encode", "sample", "train", "theory"];

export const panel = keptWord<PanelName>("panel", "map", PANELS);

/** Two or three dimensions. */
export const dimensions = keptWord<"2" | "3">("dims", "2", ["2", "3"]);

/** Which latents are the axes; "principal": the principal axes of the means. */
export const axes = kept<number[] | "principal">(
  "axes",
  [0, 1, 2],
  (text) => (text === "principal" ? text : readNumbers(text)?.map(Math.trunc)),
  (value) => (value === "principal" ? value : value.join() === "0,1,2" ? null : writeNumbers(value)),
);

/** What colours the points: "label", "part", or the name of a value. */
export const colour = kept<string>("colour", "label", (text) => text, (value) => (value === "label" ? null : value));

/** What lies behind the points. */
export const background = keptWord<"none" | "density" | "magnification" | "uncertainty">("background", "none", [
  "none",
  "density",
  "magnification",
  "uncertainty",
]);

/** Classes that are hidden, by code; they count what colours the points. */
export const hiddenLabels = kept<ReadonlySet<number>>(
  "hidden",
  new Set(),
  (text) => {
    const codes = readNumbers(text);
    return codes && new Set(codes.map(Math.trunc));
  },
  (value) => (value.size ? writeNumbers([...value].sort((a, b) => a - b)) : null),
);

/** Where the flat map is looked at; null where it shows all points. */
export const flatView = kept<Flat | null>(
  "at",
  null,
  (text) => {
    const [x, y, unit, more] = readNumbers(text) ?? [];
    return unit > 0 && more === undefined ? { x, y, unit } : undefined;
  },
  (view) => view && writeNumbers([view.x, view.y, view.unit]),
);

/** How the map that turns is looked at; null where it shows all points from the first side. */
export const turnedView = kept<Turned | null>(
  "turn",
  null,
  (text) => {
    const [yaw, pitch, x, y, z, unit, more] = readNumbers(text) ?? [];
    return unit > 0 && more === undefined ? { yaw, pitch, x, y, z, unit } : undefined;
  },
  (view) => view && writeNumbers([view.yaw, view.pitch, view.x, view.y, view.z, view.unit]),
);

/** Whether the cursor stays where it is while the pointer moves on. */
export const held = kept<boolean>("held", false, (text) => text === "1", (value) => (value ? "1" : null));

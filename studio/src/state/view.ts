// How the map is looked at.

import { signal } from "@preact/signals";
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

/** Codes that are hidden, by label. */
export const hiddenLabels = signal<ReadonlySet<number>>(new Set());

// Colours of points: classes that colour-blind readers tell apart, and a scale for numbers.

import { inkColour } from "../state/theme";

/** How many classes have a colour of their own; the style sheet has --class-0 to --class-9. */
export const CLASS_COLOURS = 10;

export function classInk(code: number): `--${string}` {
  return `--class-${code % CLASS_COLOURS}`;
}

/** Red, green and blue for each code, count x 3. */
export function classColours(codes: Uint8Array): Float32Array {
  const inks = Array.from({ length: CLASS_COLOURS }, (_, code) => inkColour(classInk(code)));
  const colours = new Float32Array(3 * codes.length);
  codes.forEach((code, i) => colours.set(inks[code % CLASS_COLOURS], 3 * i));
  return colours;
}

/** The scale --scale-0 to --scale-4 from low to high, count x 3; what is not finite is quiet. */
export function valueColours(values: Float32Array, low: number, high: number): Float32Array {
  const stops = Array.from({ length: 5 }, (_, i) => inkColour(`--scale-${i}`));
  const quiet = inkColour("--quiet");
  const colours = new Float32Array(3 * values.length);
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return colours.set(quiet, 3 * i);
    const at = 4 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    const below = Math.min(3, Math.floor(at));
    for (let c = 0; c < 3; c++)
      colours[3 * i + c] = stops[below][c] + (at - below) * (stops[below + 1][c] - stops[below][c]);
  });
  return colours;
}

export function oneColour(ink: string, count: number): Float32Array {
  const [r, g, b] = inkColour(ink);
  const colours = new Float32Array(3 * count);
  for (let i = 0; i < colours.length; i += 3) colours.set([r, g, b], i);
  return colours;
}

// Colours of points: classes that colour-blind readers tell apart, and scales for numbers.

import { inkColour } from "../state/theme";

/** How many classes have a colour of their own; the style sheet has --class-0 to --class-9. */
export const CLASS_COLOURS = 10;
const STOPS = 5;

export function classInk(code: number): `--${string}` {
  return `--class-${code % CLASS_COLOURS}`;
}

type Bytes = readonly [number, number, number];

function bytesOf(ink: string): Bytes {
  const [r, g, b] = inkColour(ink);
  return [Math.round(255 * r), Math.round(255 * g), Math.round(255 * b)];
}

/** Shapes that tell apart classes of the same colour: disc, ring, diamond. */
export const SHAPES = ["disc", "ring", "diamond"] as const;

export function classShape(code: number): (typeof SHAPES)[number] {
  return SHAPES[Math.floor(code / CLASS_COLOURS) % SHAPES.length];
}

/** Red, green, blue and the number of its shape for each code, count x 4. */
export function classColours(codes: Uint8Array): Uint8Array {
  const inks = Array.from({ length: CLASS_COLOURS }, (_, code) => bytesOf(classInk(code)));
  const colours = painted(codes.length, (i) => inks[codes[i] % CLASS_COLOURS]);
  for (let i = 0; i < codes.length; i++) colours[4 * i + 3] = SHAPES.indexOf(classShape(codes[i]));
  return colours;
}

/** A scale, --NAME-0 to --NAME-4, from low to high, count x 4, all discs; what is not finite is quiet. */
export function valueColours(values: Float32Array, low: number, high: number, scale: "scale" | "ground" = "scale"): Uint8Array {
  const stops = Array.from({ length: STOPS }, (_, i) => bytesOf(`--${scale}-${i}`));
  const quiet = scale === "ground" ? stops[0] : bytesOf("--quiet");
  return painted(values.length, (i) => {
    if (!Number.isFinite(values[i])) return quiet;
    const at = (STOPS - 1) * Math.min(1, Math.max(0, (values[i] - low) / (high - low || 1)));
    const below = Math.min(STOPS - 2, Math.floor(at));
    const mix = (c: number) => stops[below][c] + (at - below) * (stops[below + 1][c] - stops[below][c]);
    return [mix(0), mix(1), mix(2)];
  });
}

export function oneColour(ink: string, count: number): Uint8Array {
  const bytes = bytesOf(ink);
  return painted(count, () => bytes);
}

function painted(count: number, colourOf: (i: number) => Bytes): Uint8Array {
  const colours = new Uint8Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = colourOf(i);
    colours[4 * i] = r;
    colours[4 * i + 1] = g;
    colours[4 * i + 2] = b;
  }
  return colours;
}

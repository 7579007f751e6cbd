// What an exported file holds: its facts, its points, and what its decoder gives.

import { lift, liftOntoSphere, project, type Frame } from "../map/frame";
import { Atlas, type AtlasFacts } from "../runtime/atlas";
import { MlpDecoder, type DecoderFacts } from "../runtime/mlp";
import { Body } from "../server/columns";

export type Place = readonly [number, number];

/** What the points' colours mean; the array `colours` has codes of classes, or shades 0 to 254 from low to high, 255 where there is none. */
export type Colouring =
  | { kind: "classes"; title: string; names: string[]; hidden: number[] }
  | { kind: "values"; title: string; unit: string; low: number; high: number };

interface Facts {
  title: string;
  version: string;
  lines: string[];
  count: number;
  left_out: number;
  low: [number, number];
  high: [number, number];
  /** What lies at the middle of the map, and map units of one CSS pixel; null where all points are shown. */
  at: [number, number, number] | null;
  names: [string, string];
  space: "euclidean" | "sphere" | "poincare";
  z: number[];
  origin: number[];
  directions: number[][];
  colouring: Colouring | null;
  image_shape: number[] | null;
  value_range: [number, number] | null;
  feature_names: string[] | null;
  feature_quantiles: [number, number, number][] | null;
  decoder: DecoderFacts | null;
  scaling: { offset: number[]; scale: number[] } | null;
  atlas: AtlasFacts | null;
}

const IN_BALL = 0.99; // Poincare's ball ends at 1

const text = document.getElementById("body")!.textContent!.trim();
const body = Body.read<Facts>(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

export const { facts } = body;
export const colours = body.has("colours") ? body.get("colours", Uint8Array).values : null;
export const places = unpacked();

const frame: Frame = { origin: Float32Array.from(facts.origin), directions: facts.directions.map((d) => Float32Array.from(d)), names: facts.names };
const viewed = Float32Array.from(facts.z);

/** Where the view's own point lies. */
export const start: Place = [project(frame, viewed)[0], project(frame, viewed)[1]];

/** Rows in the units of the data, at a place of the map; of images in shades from 0 to 255. */
export const decode = makeDecoder();

/** How precise the decoder is, in words. */
export const precision = facts.atlas
  ? "Rows are blended between decoded ones."
  : `Decoded by the model's own weights, in ${body.has("halves") ? "half" : "single"} precision.`;

/** Places of the points on the map, from 16 bits a coordinate. */
function unpacked(): Float32Array {
  const { values } = body.get("places", Uint16Array);
  return Float32Array.from(values, (step, i) => facts.low[i % 2] + (step / 65535) * (facts.high[i % 2] - facts.low[i % 2]));
}

/** The point under a place: the view's own, moved along the map's directions, and kept within the latent space. */
export function pointAt(place: Place): Float32Array {
  if (facts.space === "sphere") return liftOntoSphere(frame, place, viewed);
  const z = lift(frame, place, viewed);
  const norm = Math.hypot(...z);
  return facts.space === "poincare" && norm > IN_BALL ? z.map((x) => (x * IN_BALL) / norm) : z;
}

function makeDecoder(): (place: Place) => ArrayLike<number> {
  if (facts.decoder && facts.scaling) {
    const { offset, scale } = facts.scaling;
    const numbers = body.has("halves") ? body.get("halves", Uint16Array).values : body.get("weights", Float32Array).values;
    const decoder = new MlpDecoder(facts.decoder, numbers);
    const [black, white] = facts.value_range ?? [0, 255];
    const shade = facts.image_shape ? (x: number) => Math.min(255, Math.max(0, ((x - black) / (white - black)) * 255)) : (x: number) => x;
    return (place) => Float64Array.from(decoder.decode(pointAt(place)), (x, i) => shade(x * scale[i % scale.length] + offset[i % offset.length]));
  }
  const { values, shape } = body.has("atlas_bytes") ? body.get("atlas_bytes", Uint8Array) : body.get("atlas", Float32Array);
  const atlas = new Atlas(facts.atlas!, values, shape[1]);
  return ([x, y]) => atlas.at(x, y);
}

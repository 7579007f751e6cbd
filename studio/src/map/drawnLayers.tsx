// What panels draw on the map: lines, dots and ellipses, each one path over the points.

import type { Layer } from "../state/marks";
import { layers } from "../state/marks";
import type { Camera } from "./camera";
import { project, type Frame } from "./frame";
import { camera, frame, size } from "./mapState";

const STEPS = 72;
const DEVIATIONS = 2;
const DOT = 7;

export function DrawnLayers() {
  const { width, height } = size.value;
  if (!width) return null;
  const paths = [...layers.value].map(([name, layer]) => ({ name, layer, path: pathOf(layer, frame.value, camera.value) }));
  return (
    <svg class="layers" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {paths.map(({ name, layer, path }) => {
        const wide = layer.kind === "dots" ? (layer.size ?? DOT) : 2.2;
        const dashed = layer.kind === "line" && layer.dashed;
        return (
          <g key={name} data-layer={name}>
            <path class="seam" d={path} stroke-width={wide + 2.4} />
            <path d={path} stroke={`var(${layer.ink})`} stroke-width={wide} {...(dashed ? { "stroke-dasharray": "7 5.5", "stroke-linecap": "butt" } : {})} />
          </g>
        );
      })}
    </svg>
  );
}

/** A layer as an SVG path in pixels: dots are lines of no length with round ends. */
export function pathOf(layer: Layer, frame: Frame, camera: Camera): string {
  if (layer.kind === "ellipse") return ellipsePath(layer.mean, layer.covariance, frame, camera);
  const places = project(frame, layer.points);
  let path = "";
  let drawing = false;
  for (let i = 0; i < places.length; i += 3) {
    const [x, y, away] = camera.pixelOf(places, i);
    if (away < 0.05) drawing = false; // behind the viewer
    else if (layer.kind === "dots") path += `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
    else {
      path += `${drawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      drawing = true;
    }
  }
  return path;
}

/** The outline, two standard deviations out, of a normal law's shadow on the picture. */
function ellipsePath(mean: Float32Array, covariance: Float32Array, frame: Frame, camera: Camera): string {
  const size = mean.length;
  const inLatents = (direction: readonly number[]) =>
    Float64Array.from({ length: size }, (_, j) => frame.directions.reduce((sum, e, d) => sum + direction[d] * e[j], 0));
  const between = (u: Float64Array, v: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) sum += u[i] * covariance[i * size + j] * v[j];
    return sum;
  };
  const [u, v] = [inLatents(camera.across), inLatents(camera.up)];
  const [a, b, c] = [between(u, u), between(u, v), between(v, v)];
  const l11 = Math.sqrt(Math.max(a, 0)); // Cholesky factor of the 2 x 2 covariance
  const l21 = l11 > 0 ? b / l11 : 0;
  const l22 = Math.sqrt(Math.max(c - l21 * l21, 0));
  const place = project(frame, mean);
  const [x, y] = camera.pixelOf(place);
  const scale = DEVIATIONS / camera.unitAt(place);
  const parts = Array.from({ length: STEPS }, (_, i) => {
    const [p, q] = [Math.cos((2 * Math.PI * i) / STEPS), Math.sin((2 * Math.PI * i) / STEPS)];
    return `${(x + scale * l11 * p).toFixed(1)} ${(y - scale * (l21 * p + l22 * q)).toFixed(1)}`;
  });
  return `M${parts.join("L")}Z`;
}

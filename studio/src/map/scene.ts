// Draws the map with three.js, in two dimensions; only when something has changed.

import {
  BufferAttribute,
  BufferGeometry,
  Color,
  Line,
  LineBasicMaterial,
  LineDashedMaterial,
  OrthographicCamera,
  Points,
  PointsMaterial,
  Scene as ThreeScene,
  WebGLRenderer,
} from "three";
import type { Layer } from "../state/marks";
import { inkColour } from "../state/theme";
import { project, type Frame } from "./frame";

export class MapScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new ThreeScene();
  private readonly camera = new OrthographicCamera(-1, 1, 1, -1, -10, 10);
  private readonly cloud = new Points(new BufferGeometry(), new PointsMaterial({ vertexColors: true, size: 3, sizeAttenuation: false }));
  private readonly drawn = new Map<string, Line | Points>();
  private pending = 0;
  private width = 1;
  private height = 1;
  /** Middle of the picture on the map, and map units of one CSS pixel. */
  view = { x: 0, y: 0, unit: 0.02 };
  onDrawn: () => void = () => undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: false, alpha: true });
    this.scene.add(this.cloud);
    this.cloud.frustumCulled = false;
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio || 1, 2));
    this.renderer.setSize(width, height, false);
    this.draw();
  }

  setPoints(places: Float32Array, colours: Float32Array): void {
    this.cloud.geometry.setAttribute("position", new BufferAttribute(places, 3));
    this.cloud.geometry.setAttribute("color", new BufferAttribute(colours, 3));
    (this.cloud.material as PointsMaterial).size = Math.min(6, Math.max(2, 300 / Math.sqrt(places.length / 3)));
    this.draw();
  }

  /** Show what lies within the places' extremes. */
  fit(low: readonly number[], high: readonly number[]): void {
    const unit = Math.max((high[0] - low[0]) / this.width, (high[1] - low[1]) / this.height) * 1.12;
    this.view = { x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2, unit: unit || 0.02 };
    this.draw();
  }

  setLayers(layers: ReadonlyMap<string, Layer>, frame: Frame): void {
    for (const object of this.drawn.values()) {
      this.scene.remove(object);
      object.geometry.dispose();
    }
    this.drawn.clear();
    for (const [name, layer] of layers) {
      const object = objectOf(layer, frame);
      this.drawn.set(name, object);
      this.scene.add(object);
    }
    this.draw();
  }

  /** The map's place under a pixel of the canvas, and back. */
  placeAt(x: number, y: number): [number, number] {
    return [this.view.x + (x - this.width / 2) * this.view.unit, this.view.y - (y - this.height / 2) * this.view.unit];
  }

  pixelOf(place: ArrayLike<number>): [number, number] {
    return [this.width / 2 + (place[0] - this.view.x) / this.view.unit, this.height / 2 - (place[1] - this.view.y) / this.view.unit];
  }

  /** Zoom by a factor about a pixel. */
  zoom(factor: number, x: number, y: number): void {
    const [before, unit] = [this.placeAt(x, y), this.view.unit * factor];
    this.view.unit = unit;
    const after = this.placeAt(x, y);
    this.view.x += before[0] - after[0];
    this.view.y += before[1] - after[1];
    this.draw();
  }

  pan(dx: number, dy: number): void {
    this.view.x -= dx * this.view.unit;
    this.view.y += dy * this.view.unit;
    this.draw();
  }

  draw(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      const { x, y, unit } = this.view;
      const [w, h] = [(this.width * unit) / 2, (this.height * unit) / 2];
      Object.assign(this.camera, { left: x - w, right: x + w, top: y + h, bottom: y - h });
      this.camera.updateProjectionMatrix();
      this.renderer.render(this.scene, this.camera);
      this.onDrawn();
    });
  }
}

function objectOf(layer: Layer, frame: Frame): Line | Points {
  const color = new Color(...inkColour(layer.ink));
  const geometry = new BufferGeometry();
  if (layer.kind === "dots") {
    geometry.setAttribute("position", new BufferAttribute(project(frame, layer.points), 3));
    return new Points(geometry, new PointsMaterial({ color, size: layer.size ?? 7, sizeAttenuation: false }));
  }
  const places = layer.kind === "line" ? project(frame, layer.points) : ellipse(layer.mean, layer.covariance, frame);
  geometry.setAttribute("position", new BufferAttribute(places, 3));
  const dashed = layer.kind === "line" && layer.dashed;
  const line = new Line(geometry, dashed ? new LineDashedMaterial({ color, dashSize: 0.08, gapSize: 0.06 }) : new LineBasicMaterial({ color }));
  if (dashed) line.computeLineDistances();
  return line;
}

const STEPS = 96;
const TWO_DEVIATIONS = 2;

/** The outline, two standard deviations out, of a normal law's shadow on the map's first two directions. */
function ellipse(mean: Float32Array, covariance: Float32Array, frame: Frame): Float32Array {
  const size = mean.length;
  const along = (u: Float32Array, v: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) sum += u[i] * covariance[i * size + j] * v[j];
    return sum;
  };
  const [u, v] = [frame.directions[0], frame.directions[1] ?? new Float32Array(size)];
  const [a, b, c] = [along(u, u), along(u, v), along(v, v)];
  const l11 = Math.sqrt(Math.max(a, 0)); // Cholesky factor of the 2 x 2 covariance
  const l21 = l11 > 0 ? b / l11 : 0;
  const l22 = Math.sqrt(Math.max(c - l21 * l21, 0));
  const middle = project(frame, mean);
  const places = new Float32Array(3 * (STEPS + 1));
  for (let i = 0; i <= STEPS; i++) {
    const angle = (2 * Math.PI * i) / STEPS;
    const [x, y] = [TWO_DEVIATIONS * Math.cos(angle), TWO_DEVIATIONS * Math.sin(angle)];
    places[3 * i] = middle[0] + l11 * x;
    places[3 * i + 1] = middle[1] + l21 * x + l22 * y;
  }
  return places;
}

// Draws points, what lies behind them and faint lines with three.js; only when something has changed.

import {
  BufferAttribute,
  BufferGeometry,
  CustomBlending,
  DataTexture,
  GLSL3,
  LinearFilter,
  LineSegments,
  Matrix4,
  Mesh,
  OneFactor,
  OneMinusSrcAlphaFactor,
  PerspectiveCamera,
  Points,
  RawShaderMaterial,
  Scene as ThreeScene,
  Vector2,
  Vector3,
  WebGLRenderer,
} from "three";
import { inkColour } from "../state/theme";
import type { Camera, Size } from "./camera";
import { GROUND_FRAGMENT, GROUND_VERTEX, LINE_FRAGMENT, LINE_VERTEX, POINT_FRAGMENT, POINT_VERTEX } from "./shaders";

/** How a point is drawn. */
export const PLAIN = 0;
export const DIM = 1;
export const CHOSEN = 2;

/** A picture behind the points: its corners on the map, and pixels (width x height x 4, from the corner `low`). */
export interface GroundPicture {
  low: readonly [number, number];
  high: readonly [number, number];
  width: number;
  height: number;
  pixels: Uint8Array;
}

export class MapScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new ThreeScene();
  private readonly unused = new PerspectiveCamera(); // the shaders have a matrix of their own
  private readonly view = { value: new Matrix4() };
  private readonly ink = { value: new Vector3() };
  private readonly paper = { value: new Vector3() };
  private readonly points: Points<BufferGeometry, RawShaderMaterial>;
  private readonly lines: LineSegments<BufferGeometry, RawShaderMaterial>;
  private readonly ground: Mesh<BufferGeometry, RawShaderMaterial>;
  private rows: Uint32Array = new Uint32Array(0);
  private order: Uint32Array = new Uint32Array(0);
  private pending = 0;
  private told = false;
  private slow = false; // whether drawing all points takes longer than a moving map may take
  private moving = 0;
  private sorted = false;
  private size: Size = { width: 0, height: 0 };
  private camera: Camera | null = null;

  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: false, alpha: false, stencil: false, depth: false });
    this.renderer.sortObjects = false;
    const { view, ink, paper } = this;
    const flat = { glslVersion: GLSL3, depthTest: false, depthWrite: false };
    this.ground = new Mesh(
      new BufferGeometry(),
      new RawShaderMaterial({
        ...flat,
        vertexShader: GROUND_VERTEX,
        fragmentShader: GROUND_FRAGMENT,
        uniforms: { view, picture: { value: null } },
      }),
    );
    this.lines = new LineSegments(
      new BufferGeometry(),
      new RawShaderMaterial({ ...flat, vertexShader: LINE_VERTEX, fragmentShader: LINE_FRAGMENT, uniforms: { view, ink } }),
    );
    this.points = new Points(
      new BufferGeometry(),
      new RawShaderMaterial({
        ...flat,
        vertexShader: POINT_VERTEX,
        fragmentShader: POINT_FRAGMENT,
        uniforms: { view, paper, size: { value: 3 }, alpha: { value: 1 }, fog: { value: new Vector2() } },
        transparent: true,
        blending: CustomBlending,
        blendSrc: OneFactor,
        blendDst: OneMinusSrcAlphaFactor,
      }),
    );
    for (const object of [this.ground, this.lines, this.points]) {
      object.frustumCulled = false;
      object.visible = false;
      this.scene.add(object);
    }
  }

  resize(size: Size): void {
    this.size = size;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio || 1, 2));
    this.renderer.setSize(size.width, size.height, false);
    this.draw();
  }

  setTheme(): void {
    this.paper.value.set(...inkColour("--paper"));
    this.ink.value.set(...inkColour("--grid"));
    this.draw();
  }

  /** Places, n x 3. */
  setPlaces(places: Float32Array): void {
    const { geometry } = this.points;
    if (geometry.getAttribute("position")?.count !== places.length / 3) {
      geometry.dispose();
      this.points.geometry = new BufferGeometry();
      this.order = new Uint32Array(places.length / 3);
      this.points.geometry.setIndex(new BufferAttribute(this.order, 1));
    }
    this.put("position", places, 3);
    this.points.visible = false; // until it has colours and rows again
    this.draw();
  }

  /** Colours and shapes, n x 4 bytes: see the palette. */
  setColours(colours: Uint8Array): void {
    this.put("tint", colours, 4);
    this.draw();
  }

  /** Rows that are drawn, later ones over earlier ones and any first part a fair sample of all, and how each of all rows is drawn: PLAIN, DIM or CHOSEN. */
  setRows(rows: Uint32Array, marks: Uint8Array): void {
    this.rows = rows;
    this.put("mark", marks, 1);
    this.points.visible = rows.length > 0;
    this.inRowOrder();
    if (this.camera) this.sortRows();
    this.draw();
  }

  /** Numbers of each point; those of before are written over, so that live training leaves no buffers behind. */
  private put(name: string, values: Float32Array | Uint8Array, each: number): void {
    const { geometry } = this.points;
    const now = geometry.getAttribute(name) as BufferAttribute | undefined;
    if (now?.array.length !== values.length) geometry.setAttribute(name, new BufferAttribute(values, each, name === "tint"));
    else {
      now.array.set(values);
      now.needsUpdate = true;
    }
  }

  private inRowOrder(): void {
    this.sorted = false;
    this.order.set(this.rows.length <= this.order.length ? this.rows : []);
    const index = this.points.geometry.getIndex();
    if (index) index.needsUpdate = true;
  }

  /** `pixels` across a point at the middle; `fog`: how far before and behind the middle mist lies, 0 for none. */
  setCamera(camera: Camera, pixels: number, alpha: number, fog: number): void {
    this.camera = camera;
    this.view.value.fromArray(camera.matrix());
    const { uniforms } = this.points.material;
    uniforms.size.value = pixels * this.renderer.getPixelRatio();
    uniforms.alpha.value = alpha;
    (uniforms.fog.value as Vector2).set(fog, 2 * fog);
    clearTimeout(this.moving);
    this.moving = this.slow ? window.setTimeout(() => this.settle(), REST) : 0;
    this.sortRows();
    this.draw();
  }

  /** The map moves no longer: draw all points again. */
  private settle(): void {
    this.moving = 0;
    this.sortRows();
    this.draw();
  }

  /** How many rows are drawn now: while the map moves, no more than can be drawn at once. */
  private get count(): number {
    return this.moving ? Math.min(this.rows.length, MOST_MOVING) : this.rows.length;
  }

  /** Lines, from and to, 6 numbers each. */
  setLines(ends: Float32Array): void {
    this.lines.geometry.dispose();
    this.lines.geometry = new BufferGeometry();
    this.lines.geometry.setAttribute("position", new BufferAttribute(ends, 3));
    this.lines.visible = ends.length > 0;
    this.draw();
  }

  setGround(picture: GroundPicture | null): void {
    this.ground.visible = picture !== null;
    if (picture) {
      const { low, high, width, height, pixels } = picture;
      const texture = new DataTexture(pixels as Uint8Array<ArrayBuffer>, width, height);
      texture.magFilter = texture.minFilter = LinearFilter;
      texture.needsUpdate = true;
      const { uniforms } = this.ground.material;
      (uniforms.picture.value as DataTexture | null)?.dispose();
      uniforms.picture.value = texture;
      this.ground.geometry.dispose();
      const geometry = (this.ground.geometry = new BufferGeometry());
      const corners = [low[0], low[1], 0, high[0], low[1], 0, low[0], high[1], 0, high[0], high[1], 0];
      geometry.setAttribute("position", new BufferAttribute(Float32Array.from(corners), 3));
      geometry.setAttribute("uv", new BufferAttribute(Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1), 2));
      geometry.setIndex([0, 1, 2, 2, 1, 3]);
    }
    this.draw();
  }

  draw(): void {
    if (!this.size.width || !this.camera) return;
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      const { x, y, z } = this.paper.value;
      this.renderer.getContext().clearColor(x, y, z, 1);
      this.renderer.autoClear = false;
      this.renderer.getContext().clear(this.renderer.getContext().COLOR_BUFFER_BIT);
      this.points.geometry.setDrawRange(0, this.count);
      this.renderer.render(this.scene, this.unused);
      if (!this.moving && this.rows.length > MOST_MOVING) this.measure();
      if (!this.told && this.points.geometry.getAttribute("mark")?.count) {
        this.told = true;
        performance.mark("points drawn"); // for those who measure how soon
      }
    });
  }

  /** See how long the page waits for the next frame after all points were drawn. */
  private measure(): void {
    let [last, longest, left] = [0, 0, FRAMES];
    const look = (now: number) => {
      if (last) longest = Math.max(longest, now - last);
      last = now;
      if (left--) requestAnimationFrame(look);
      else this.slow = longest > SLOW;
    };
    look(0);
  }

  dispose(): void {
    clearTimeout(this.moving);
    cancelAnimationFrame(this.pending);
    this.renderer.dispose();
  }

  /** On a map that turns, what is far is drawn first: a counting sort by depth. */
  private sortRows(): void {
    const { rows, order, camera } = this;
    const position = this.points.geometry.getAttribute("position");
    if (!camera || !position || !rows.length) return;
    if (camera.away[2] === -1) {
      if (this.sorted) this.inRowOrder();
      return;
    }
    this.sorted = true;
    const { count } = this;
    const places = position.array;
    const [a, b, c] = camera.away;
    const depths = new Float32Array(count);
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      const at = 3 * rows[i];
      const depth = (depths[i] = a * places[at] + b * places[at + 1] + c * places[at + 2]);
      if (depth < low) low = depth;
      if (depth > high) high = depth;
    }
    const scale = (BUCKETS - 1) / (high - low || 1);
    const starts = new Uint32Array(BUCKETS + 1);
    const bucket = (i: number) => BUCKETS - 1 - Math.floor((depths[i] - low) * scale);
    for (let i = 0; i < count; i++) starts[bucket(i) + 1]++;
    for (let i = 0; i < BUCKETS; i++) starts[i + 1] += starts[i];
    for (let i = 0; i < count; i++) order[starts[bucket(i)]++] = rows[i];
    this.points.geometry.getIndex()!.needsUpdate = true;
  }
}

const BUCKETS = 2048;
const SLOW = 34; // ms
const FRAMES = 4; // the wait comes some frames after the drawing
const MOST_MOVING = 16_000; // points
const REST = 130; // ms without a move

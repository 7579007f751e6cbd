import { describe, expect, it } from "vitest";
import {
  extentOf,
  fitFlat,
  fitTurned,
  flatCamera,
  panFlat,
  panTurned,
  turn,
  turnedCamera,
  zoomFlat,
  type Camera,
  type Size,
} from "./camera";

const SIZE: Size = { width: 800, height: 500 };
const FLAT = { x: 0.4, y: -1.1, unit: 0.013 };
const TURNED = { yaw: 0.7, pitch: 0.4, x: 0.2, y: -0.3, z: 0.9, unit: 0.012 };
const PLACES = [
  [0, 0, 0],
  [1.2, -0.7, 0.5],
  [-2.1, 0.4, -1.3],
];

/** What WebGL makes of a camera's matrix: pixels from the top left. */
function throughMatrix(camera: Camera, [x, y, z]: readonly number[]): number[] {
  const m = camera.matrix();
  const clip = [0, 1, 2, 3].map((r) => m[r] * x + m[4 + r] * y + m[8 + r] * z + m[12 + r]);
  return [(SIZE.width / 2) * (1 + clip[0] / clip[3]), (SIZE.height / 2) * (1 - clip[1] / clip[3]), clip[3]];
}

describe.each([
  ["flat", flatCamera(FLAT, SIZE)],
  ["turned", turnedCamera(TURNED, SIZE)],
])("a camera, %s", (name, camera) => {
  it("draws where it says that it draws", () => {
    for (const place of PLACES)
      camera.pixelOf(place).forEach((x, i) => expect(x).toBeCloseTo(throughMatrix(camera, place)[i], 6));
  });

  it("finds the place of a pixel again", () => {
    for (const place of name === "flat" ? PLACES.map(([x, y]) => [x, y, 0]) : PLACES) {
      const [x, y] = camera.pixelOf(place);
      camera.placeAt(x, y, place).forEach((found, d) => expect(found).toBeCloseTo(place[d], 9));
    }
  });

  it("keeps in the plane that faces the viewer", () => {
    const from = name === "flat" ? [0.5, 0.5, 0] : [0.5, 0.5, 0.5];
    const moved = camera.placeAt(100, 400, from);
    expect(moved.reduce((sum, x, d) => sum + (x - from[d]) * camera.away[d], 0)).toBeCloseTo(0, 9);
  });

  it("knows how large a pixel is", () => {
    const place = name === "flat" ? [0.3, 0.1, 0] : [0.3, 0.1, -0.4];
    const [x, y] = camera.pixelOf(place);
    const next = camera.placeAt(x + 1, y, place);
    expect(Math.hypot(...next.map((c, d) => c - place[d]))).toBeCloseTo(camera.unitAt(place), 9);
  });
});

describe("moves", () => {
  it("zooms about the pixel under the pointer", () => {
    const before = flatCamera(FLAT, SIZE).placeAt(120, 77, [0, 0, 0]);
    const zoomed = zoomFlat(FLAT, SIZE, 0.4, 120, 77);
    flatCamera(zoomed, SIZE)
      .placeAt(120, 77, [0, 0, 0])
      .forEach((x, d) => expect(x).toBeCloseTo(before[d], 9));
    expect(zoomed.unit).toBeCloseTo(0.4 * FLAT.unit, 12);
  });

  it("pans with the pointer", () => {
    const [x, y] = flatCamera(FLAT, SIZE).pixelOf([0, 0, 0]);
    const [left, top] = flatCamera(panFlat(FLAT, 30, -12), SIZE).pixelOf([0, 0, 0]);
    expect([left - x, top - y].map((v) => Number(v.toFixed(6)))).toEqual([30, -12]);
    const middle = [TURNED.x, TURNED.y, TURNED.z];
    const [across, down] = turnedCamera(panTurned(TURNED, SIZE, 30, -12), SIZE).pixelOf(middle);
    expect([across - 400, down - 250].map((v) => Number(v.toFixed(6)))).toEqual([30, -12]);
  });

  it("turns what is near with the pointer, and stops before it is overhead", () => {
    const camera = turnedCamera(TURNED, SIZE);
    const near = [0, 1, 2].map((d) => [TURNED.x, TURNED.y, TURNED.z][d] - camera.away[d]);
    const right = turnedCamera(turn(TURNED, 0.1, 0), SIZE).pixelOf(near);
    const down = turnedCamera(turn(TURNED, 0, 0.1), SIZE).pixelOf(near);
    expect(right[0]).toBeGreaterThan(camera.pixelOf(near)[0]);
    expect(down[1]).toBeGreaterThan(camera.pixelOf(near)[1]);
    expect(turn(TURNED, 0, 9).pitch).toBeLessThan(Math.PI / 2);
  });
});

describe("fits", () => {
  const places = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i * 7.3) * (1 + (i % 3)));

  it("shows nearly all points", () => {
    const extent = extentOf(places);
    const camera = flatCamera(fitFlat(extent, SIZE), SIZE);
    for (let i = 0; i < places.length; i += 3) {
      const [x, y] = camera.pixelOf(places, i);
      expect(x > 0 && x < SIZE.width && y > 0 && y < SIZE.height).toBe(true);
    }
  });

  it("leaves out what lies far from all others", () => {
    const one = places.slice();
    one[0] = 1e6;
    expect(extentOf(one).high[0]).toBeLessThan(2);
  });

  it.each([0.6, 2.5, -1.9])("shows a whole box that is turned by %f", (yaw) => {
    const extent = extentOf(places);
    const camera = turnedCamera(fitTurned(extent, SIZE, { ...TURNED, yaw }), SIZE);
    for (let i = 0; i < 8; i++) {
      const corner = extent.low.map((x, d) => (i & (1 << d) ? x : extent.high[d]));
      const [x, y] = camera.pixelOf(corner);
      expect(x > 30 && x < SIZE.width - 30 && y > 30 && y < SIZE.height - 30).toBe(true);
    }
  });
});

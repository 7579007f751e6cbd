import { describe, expect, it } from "vitest";
import { frontRow, isInside, PointGrid, rowsAround, rowsInside, strideOf } from "./near";
import { boxLabels, boxLines, boxOf, ticksOf } from "./ticks";
import { turnedCamera } from "./camera";

/** Numbers that look random and are the same in every run. */
function scattered(count: number): Float32Array {
  let state = 12345;
  return Float32Array.from({ length: 3 * count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 6 - 3;
  });
}

function bruteNearest(places: Float32Array, x: number, y: number, reach: number, shown: (row: number) => boolean): number | null {
  let [found, best]: [number | null, number] = [null, reach * reach];
  for (let row = 0; 3 * row < places.length; row++) {
    const d = (places[3 * row] - x) ** 2 + (places[3 * row + 1] - y) ** 2;
    if (d <= best && (d < best || found === null) && shown(row)) [found, best] = [row, d];
  }
  return found;
}

describe("the grid", () => {
  const places = scattered(5000);
  const grid = new PointGrid(places);

  it.each([0.05, 0.3, 20])("finds the row that a search of all finds, within %f", (reach) => {
    for (let i = 0; i < 200; i++) {
      const [x, y] = [Math.sin(i) * 3.4, Math.cos(i * 1.7) * 3.4];
      expect(grid.nearest(x, y, reach)).toBe(bruteNearest(places, x, y, reach, () => true));
      const odd = (row: number) => row % 2 === 1;
      expect(grid.nearest(x, y, reach, odd)).toBe(bruteNearest(places, x, y, reach, odd));
    }
  });

  it("finds nothing where nothing is", () => {
    expect(grid.nearest(50, 50, 1)).toBeNull();
    expect(new PointGrid(new Float32Array(0)).nearest(0, 0, 1)).toBeNull();
    expect(new PointGrid(Float32Array.of(1, 1, 0)).nearest(1.5, 1, 0.6)).toBe(0);
    expect(new PointGrid(Float32Array.of(1, 1, 0, 1, 1, 0)).nearest(1, 1, 0.6)).toBe(0);
  });
});

describe("a map that turns", () => {
  const size = { width: 400, height: 300 };
  const camera = turnedCamera({ yaw: 0.6, pitch: 0.3, x: 0, y: 0, z: 0, unit: 0.02 }, size);
  const places = scattered(3000);
  const all = () => true;

  it("points at the row that is nearest on the picture, and of those at one place at the one in front", () => {
    const pixels = Array.from({ length: 3000 }, (_, row) => camera.pixelOf(places, 3 * row));
    for (let i = 0; i < 100; i++) {
      const [x, y] = [200 + 150 * Math.sin(i), 150 + 120 * Math.cos(i * 1.7)];
      const near = pixels.map(([px, py, w], row) => ({ row, w, d: Math.hypot(px - x, py - y) })).filter(({ d }) => d <= 14);
      const over = near.filter(({ d }) => d < 3).sort((a, b) => a.w - b.w);
      const expected = over[0] ?? near.sort((a, b) => a.d - b.d)[0];
      expect(frontRow(places, camera.matrix(), size, [x, y], 14, all)).toBe(expected?.row ?? null);
    }
  });

  it("passes over what is hidden", () => {
    const [x, y] = camera.pixelOf(places, 0);
    expect(frontRow(places.subarray(0, 3), camera.matrix(), size, [x, y], 14, all)).toBe(0);
    expect(frontRow(places.subarray(0, 3), camera.matrix(), size, [x, y], 14, () => false)).toBeNull();
  });
});

describe("loops", () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10];

  it("tells inside from outside", () => {
    expect(isInside(square, 5, 5)).toBe(true);
    expect(isInside(square, 15, 5)).toBe(false);
    expect(isInside([0, 0, 10, 0, 10, 10, 5, 4, 0, 10], 5, 8)).toBe(false); // a notch
  });

  it("selects what is drawn within", () => {
    const pixels = [
      [5, 5, 1],
      [15, 5, 1],
      [9, 1, 1],
      [5, 5, -1], // behind the viewer
    ] as [number, number, number][];
    expect([...rowsInside(square, 4, (row) => pixels[row], () => true)]).toEqual([0, 2]);
    expect([...rowsInside(square, 4, (row) => pixels[row], (row) => row !== 0)]).toEqual([2]);
  });

  it("selects around a place", () => {
    expect([...rowsAround(Float32Array.of(0, 0, 0, 1, 0, 0, 0, 0, 2), [0, 0, 0], 1, () => true)]).toEqual([0, 1]);
  });
});

describe("the scattered order", () => {
  it.each([1, 2, 3, 10, 178, 1797, 70000])("comes to each of %i rows once, and its first part is a fair sample", (count) => {
    const order = Array.from({ length: count }, (_, i) => (i * strideOf(count)) % count);
    expect(new Set(order).size).toBe(count);
    const third = order.slice(0, Math.floor(count / 3));
    const early = third.filter((row) => row < count / 2).length;
    if (count > 100) expect(Math.abs(early / third.length - 0.5)).toBeLessThan(0.02);
  });
});

describe("ticks", () => {
  it("are few and round", () => {
    expect(ticksOf(-3.1, 4.2, 5)).toEqual([-2, 0, 2, 4]);
    expect(ticksOf(0.011, 0.019, 4)).toEqual([0.012, 0.014, 0.016, 0.018]);
    expect(ticksOf(1, 1, 4)).toEqual([]);
    expect(ticksOf(Number.NaN, 1, 4)).toEqual([]);
  });

  it("stand before no face of the box that lines are on", () => {
    const box = boxOf({ low: [-1, -1, -1], high: [1, 1, 1] });
    const camera = turnedCamera({ yaw: 0.6, pitch: 0.3, x: 0, y: 0, z: 0, unit: 0.01 }, { width: 400, height: 400 });
    const lines = boxLines(box, camera);
    expect(lines.length % 6).toBe(0);
    // the floor is seen from above, and the far walls from within: each line lies on one of the three
    for (let i = 0; i < lines.length; i += 3) {
      const away = [lines[i], lines[i + 1], lines[i + 2]].some((x, d) => Math.abs(x - (camera.away[d] > 0 ? box.high[d] : box.low[d])) < 1e-6);
      expect(away).toBe(true);
    }
    const names = boxLabels(box, camera, ["z1", "z2", "z3"]).filter(({ text }) => typeof text === "string");
    expect(names.map(({ text }) => text)).toEqual(["z1", "z2", "z3"]);
    expect(names[2].x).toBeLessThan(200); // the upright axis is at the left
    expect(names[0].y).toBeGreaterThan(200);
  });
});

// Which rows are near a place, or within a loop.

/** A grid over places in the plane, so that the nearest of 70000 is found in microseconds. */
export class PointGrid {
  private readonly starts: Uint32Array;
  private readonly rows: Uint32Array;
  private readonly side: number;
  private readonly columns: number;
  private readonly lines: number;
  private readonly left: number;
  private readonly low: number;

  /** `places` is n x 3; the third is not looked at. */
  constructor(private readonly places: Float32Array) {
    const count = places.length / 3;
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < places.length; i += 3) {
      left = Math.min(left, places[i]);
      right = Math.max(right, places[i]);
      low = Math.min(low, places[i + 1]);
      high = Math.max(high, places[i + 1]);
    }
    if (!count) [left, right, low, high] = [0, 1, 0, 1];
    this.left = left;
    this.low = low;
    this.side = Math.max(right - left, high - low, 1e-9) / Math.max(1, Math.min(256, Math.sqrt(count)));
    this.columns = Math.floor((right - left) / this.side) + 1;
    this.lines = Math.floor((high - low) / this.side) + 1;
    this.starts = new Uint32Array(this.columns * this.lines + 1);
    const cells = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      cells[i] = this.column(places[3 * i]) + this.columns * this.line(places[3 * i + 1]);
      this.starts[cells[i] + 1]++;
    }
    for (let c = 0; c < this.columns * this.lines; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.rows = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.rows[next[cells[i]]++] = i;
  }

  /** The row nearest to (x, y) within `reach`, of those that are `shown`; null where none is. */
  nearest(x: number, y: number, reach: number, shown: (row: number) => boolean = () => true): number | null {
    let found: number | null = null;
    let best = reach * reach;
    const [first, last] = [this.column(x - reach), this.column(x + reach)];
    for (let line = this.line(y - reach); line <= this.line(y + reach); line++) {
      const [from, to] = [this.starts[first + this.columns * line], this.starts[last + this.columns * line + 1]];
      for (let at = from; at < to; at++) {
        const row = this.rows[at];
        const [dx, dy] = [this.places[3 * row] - x, this.places[3 * row + 1] - y];
        const distance = dx * dx + dy * dy;
        if (distance <= best && (distance < best || found === null) && shown(row)) [found, best] = [row, distance];
      }
    }
    return found;
  }

  private column(x: number): number {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.left) / this.side)));
  }

  private line(y: number): number {
    return Math.min(this.lines - 1, Math.max(0, Math.floor((y - this.low) / this.side)));
  }
}

const SAME = 3; // pixels within which points are taken to lie over each other

/**
 * The row that a pixel points at on a map that turns: of points that lie over each other there, the one in front; else the nearest within
 * `reach` pixels. `matrix` is the camera's.
 */
export function frontRow(
  places: Float32Array,
  matrix: readonly number[],
  { width, height }: { width: number; height: number },
  [x, y]: readonly [number, number],
  reach: number,
  shown: (row: number) => boolean,
): number | null {
  const m = matrix;
  const [u, v] = [(2 * x) / width - 1, 1 - (2 * y) / height];
  let [nearest, best, front, depth]: [number | null, number, number | null, number] = [null, reach * reach, null, Infinity];
  for (let i = 0; i < places.length; i += 3) {
    const [a, b, c] = [places[i], places[i + 1], places[i + 2]];
    const w = m[3] * a + m[7] * b + m[11] * c + m[15];
    if (w <= 0.05) continue;
    const dx = ((m[0] * a + m[4] * b + m[8] * c + m[12]) / w - u) * (width / 2);
    const dy = ((m[1] * a + m[5] * b + m[9] * c + m[13]) / w - v) * (height / 2);
    const distance = dx * dx + dy * dy;
    const over = distance < SAME * SAME && w < depth;
    if ((!over && distance > best) || !shown(i / 3)) continue;
    if (over) [front, depth] = [i / 3, w];
    if (distance <= best) [nearest, best] = [i / 3, distance];
  }
  return front ?? nearest;
}

/** Whether (x, y) is within a loop of pixels x, y, x, y, ...; a loop that crosses itself counts by even and odd. */
export function isInside(loop: ArrayLike<number>, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = loop.length - 2; i < loop.length; j = i, i += 2) {
    const [x1, y1, x2, y2] = [loop[i], loop[i + 1], loop[j], loop[j + 1]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

/** Rows, of `count`, whose pixel lies within a loop. */
export function rowsInside(
  loop: readonly number[],
  count: number,
  pixelOf: (row: number) => readonly [number, number, number],
  shown: (row: number) => boolean,
): Uint32Array {
  const [xs, ys] = [loop.filter((_, i) => i % 2 === 0), loop.filter((_, i) => i % 2 === 1)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const rows: number[] = [];
  for (let row = 0; row < count; row++) {
    if (!shown(row)) continue;
    const [x, y, w] = pixelOf(row);
    if (w <= 0 || x < left || x > right || y < top || y > bottom) continue;
    if (isInside(loop, x, y)) rows.push(row);
  }
  return Uint32Array.from(rows);
}

/** Rows whose place (n x 3) is within `radius` of a place. */
export function rowsAround(
  places: Float32Array,
  place: ArrayLike<number>,
  radius: number,
  shown: (row: number) => boolean,
): Uint32Array {
  const rows: number[] = [];
  for (let i = 0; i < places.length; i += 3) {
    const [dx, dy, dz] = [places[i] - place[0], places[i + 1] - place[1], places[i + 2] - place[2]];
    if (dx * dx + dy * dy + dz * dz <= radius * radius && shown(i / 3)) rows.push(i / 3);
  }
  return Uint32Array.from(rows);
}

/** A step through `count` rows that comes to each once, scattered: near the golden ratio of them, with no common divisor. */
export function strideOf(count: number): number {
  let step = Math.max(1, Math.round(0.6180339887498949 * count));
  while (divisor(step, count) > 1) step++;
  return step;
}

function divisor(a: number, b: number): number {
  return b ? divisor(b, a % b) : a;
}

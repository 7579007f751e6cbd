// Cameras: from places of the map to pixels and back. A camera is a value; moving makes another.

/** Width and height of the map, CSS pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What lies at the middle of a flat map, and map units of one CSS pixel. */
export interface Flat {
  x: number;
  y: number;
  unit: number;
}

/** A map that turns: seen from `yaw` and `pitch` (radians; the third direction is up) about a middle. `unit` holds at the middle. */
export interface Turned {
  yaw: number;
  pitch: number;
  x: number;
  y: number;
  z: number;
  unit: number;
}

export interface Camera {
  /** CSS pixels from the canvas's top left; third, how far away, 1 at the middle. */
  pixelOf(place: ArrayLike<number>, offset?: number): [number, number, number];
  /** The place under a pixel, in the plane that faces the viewer through `near`. */
  placeAt(x: number, y: number, near: ArrayLike<number>): [number, number, number];
  /** Places to clip coordinates, column by column; w is how far away. */
  matrix(): number[];
  /** Map units of one CSS pixel at a place. */
  unitAt(place: ArrayLike<number>): number;
  /** What the picture's axes are on the map: across and up. */
  across: readonly [number, number, number];
  up: readonly [number, number, number];
  away: readonly [number, number, number];
}

const MOST_PITCH = (89 * Math.PI) / 180;
const DISTANCE = 3.2; // of the viewer from the middle, in halves of the picture

export function flatCamera({ x, y, unit }: Flat, { width, height }: Size): Camera {
  return {
    across: [1, 0, 0],
    up: [0, 1, 0],
    away: [0, 0, -1],
    unitAt: () => unit,
    pixelOf: (place, i = 0) => [width / 2 + (place[i] - x) / unit, height / 2 - (place[i + 1] - y) / unit, 1],
    placeAt: (left, top) => [x + (left - width / 2) * unit, y - (top - height / 2) * unit, 0],
    matrix: () => {
      const [sx, sy] = [2 / (width * unit), 2 / (height * unit)];
      return [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, 0, 0, -x * sx, -y * sy, 0, 1];
    },
  };
}

export function turnedCamera(turned: Turned, { width, height }: Size): Camera {
  const { yaw, pitch, x, y, z, unit } = turned;
  const [c, s, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const across = [c, s, 0] as const;
  const away = [-s * cp, c * cp, -sp] as const;
  const up = [-s * sp, c * sp, cp] as const;
  const distance = (DISTANCE * unit * Math.min(width, height)) / 2;
  const seen = (place: ArrayLike<number>, i = 0) => {
    const [dx, dy, dz] = [place[i] - x, place[i + 1] - y, place[i + 2] - z];
    return [
      across[0] * dx + across[1] * dy + across[2] * dz,
      up[0] * dx + up[1] * dy + up[2] * dz,
      1 + (away[0] * dx + away[1] * dy + away[2] * dz) / distance,
    ];
  };
  return {
    across,
    up,
    away,
    unitAt: (place) => unit * seen(place)[2],
    pixelOf: (place, i = 0) => {
      const [right, top, w] = seen(place, i);
      return [width / 2 + right / (unit * w), height / 2 - top / (unit * w), w];
    },
    placeAt: (left, top, near) => {
      const w = Math.max(0.05, seen(near)[2]);
      const [right, high, far] = [(left - width / 2) * unit * w, (height / 2 - top) * unit * w, (w - 1) * distance];
      return [0, 1, 2].map((d) => [x, y, z][d] + right * across[d] + high * up[d] + far * away[d]) as [number, number, number];
    },
    matrix: () => {
      const rows = [
        across.map((a) => (2 * a) / (width * unit)),
        up.map((a) => (2 * a) / (height * unit)),
        [0, 0, 0],
        away.map((a) => a / distance),
      ];
      const shifts = rows.map((row, r) => (r === 3 ? 1 : 0) - row[0] * x - row[1] * y - row[2] * z);
      return [0, 1, 2, 3].flatMap((column) => rows.map((row, r) => (column < 3 ? row[column] : shifts[r])));
    },
  };
}

/** Where most places lie: low and high of each dimension. */
export interface Extent {
  low: number[];
  high: number[];
}

const SAMPLE = 4000;
const LEFT_OUT = 0.002; // of the places, at either end, that a fit need not show

export function extentOf(places: Float32Array): Extent {
  const count = places.length / 3;
  const step = Math.max(1, Math.floor(count / SAMPLE));
  const low: number[] = [];
  const high: number[] = [];
  for (let d = 0; d < 3; d++) {
    const values = new Float32Array(Math.ceil(count / step));
    for (let i = 0; i < values.length; i++) values[i] = places[3 * i * step + d];
    values.sort();
    const skip = Math.floor(LEFT_OUT * values.length);
    low.push(values[skip] ?? -3);
    high.push(values[values.length - 1 - skip] ?? 3);
  }
  return { low, high };
}

/** Room that a fit leaves at the edges, CSS pixels: ticks stand at the left and below. */
const ROOM = { left: 46, right: 16, top: 46, bottom: 40 };

export function fitFlat({ low, high }: Extent, { width, height }: Size): Flat {
  const [w, h] = [Math.max(width - ROOM.left - ROOM.right, 40), Math.max(height - ROOM.top - ROOM.bottom, 40)];
  const unit = 1.06 * Math.max((high[0] - low[0]) / w, (high[1] - low[1]) / h) || 0.02;
  return {
    x: (low[0] + high[0]) / 2 - ((ROOM.left - ROOM.right) / 2) * unit,
    y: (low[1] + high[1]) / 2 - ((ROOM.bottom - ROOM.top) / 2) * unit,
    unit,
  };
}

const BOX = 1.04; // the box about the extent, which a fit shows whole
const LABELS = { left: 62, right: 46, top: 54, bottom: 56 };
const ROUNDS = 4; // perspective: what is nearer is larger, so a fit is found by steps

export function fitTurned({ low, high }: Extent, size: Size, now?: Turned | null): Turned {
  const [x, y, z] = low.map((end, d) => (end + high[d]) / 2);
  const halves = low.map((end, d) => (BOX * (high[d] - end)) / 2);
  const corners = Array.from({ length: 8 }, (_, i) => [x, y, z].map((c, d) => c + (i & (1 << d) ? halves[d] : -halves[d])));
  const [w, h] = [Math.max(size.width - LABELS.left - LABELS.right, 40), Math.max(size.height - LABELS.top - LABELS.bottom, 40)];
  const unit = (2 * Math.hypot(...halves)) / Math.max(1, Math.min(w, h)) || 0.02;
  let turned: Turned = { yaw: now?.yaw ?? 0.6, pitch: now?.pitch ?? 0.3, x, y, z, unit };
  for (let round = 0; round < ROUNDS; round++) {
    const pixels = corners.map((corner) => turnedCamera(turned, size).pixelOf(corner));
    const [left, right] = [Math.min(...pixels.map((p) => p[0])), Math.max(...pixels.map((p) => p[0]))];
    const [top, bottom] = [Math.min(...pixels.map((p) => p[1])), Math.max(...pixels.map((p) => p[1]))];
    turned = panTurned(turned, size, LABELS.left + w / 2 - (left + right) / 2, LABELS.top + h / 2 - (top + bottom) / 2);
    turned = zoomTurned(turned, Math.max((right - left) / w, (bottom - top) / h));
  }
  return turned;
}

export function panFlat(flat: Flat, dx: number, dy: number): Flat {
  return { ...flat, x: flat.x - dx * flat.unit, y: flat.y + dy * flat.unit };
}

/** Zoom by a factor (below 1 is nearer) about a pixel. */
export function zoomFlat(flat: Flat, size: Size, factor: number, x: number, y: number): Flat {
  const [across, up] = flatCamera(flat, size).placeAt(x, y, [0, 0, 0]);
  return { x: across + (flat.x - across) * factor, y: up + (flat.y - up) * factor, unit: flat.unit * factor };
}

export function panTurned(turned: Turned, size: Size, dx: number, dy: number): Turned {
  const { across, up } = turnedCamera(turned, size);
  const move = (d: number) => turned.unit * (-dx * across[d] + dy * up[d]);
  return { ...turned, x: turned.x + move(0), y: turned.y + move(1), z: turned.z + move(2) };
}

export function zoomTurned(turned: Turned, factor: number): Turned {
  return { ...turned, unit: turned.unit * factor };
}

/** Turn as a drag does, by radians: to the right, and down. */
export function turn(turned: Turned, right: number, down: number): Turned {
  const yaw = Math.atan2(Math.sin(turned.yaw - right), Math.cos(turned.yaw - right));
  return { ...turned, yaw, pitch: Math.min(MOST_PITCH, Math.max(-MOST_PITCH, turned.pitch + down)) };
}

// Decodes by looking up: a grid of decoded rows over the map, blended between its nodes.

export interface AtlasFacts {
  columns: number;
  rows: number;
  /** The map's places of the first node and of the last one. */
  low: [number, number];
  high: [number, number];
}

export class Atlas {
  private readonly out: Float64Array;

  /** @param nodes Rows of features, row of the grid after row. */
  constructor(
    private readonly facts: AtlasFacts,
    private readonly nodes: Uint8Array | Float32Array,
    private readonly features: number,
  ) {
    this.out = new Float64Array(features);
  }

  /** The row at a place of the map; at the edge where the place is outside. */
  at(x: number, y: number): Float64Array {
    const { columns, rows, low, high } = this.facts;
    const [i, u] = step(x, low[0], high[0], columns);
    const [j, v] = step(y, low[1], high[1], rows);
    const { nodes, features, out } = this;
    const first = (j * columns + i) * features;
    const second = first + (columns > 1 ? features : 0);
    const down = rows > 1 ? columns * features : 0;
    for (let f = 0; f < features; f++) {
      const upper = (1 - u) * nodes[first + f] + u * nodes[second + f];
      const lower = (1 - u) * nodes[first + down + f] + u * nodes[second + down + f];
      out[f] = (1 - v) * upper + v * lower;
    }
    return out;
  }
}

function step(x: number, low: number, high: number, count: number): [number, number] {
  if (count < 2) return [0, 0];
  const at = Math.min(count - 1, Math.max(0, ((x - low) / (high - low)) * (count - 1)));
  const i = Math.min(count - 2, Math.floor(at));
  return [i, at - i];
}

// Reads the binary bodies that src/vael/studio/columns.py writes; its docstring has the layout.

export type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

export interface Column<T extends Numbers = Numbers> {
  values: T;
  shape: number[];
}

const KINDS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const;

interface Header {
  facts: unknown;
  columns: { name: string; dtype: keyof typeof KINDS; shape: number[]; offset: number }[];
}

const MAGIC = 0x4c454156; // "VAEL", little-endian

/** Facts and arrays of one answer. */
export class Body<Facts = Record<string, unknown>> {
  constructor(
    readonly facts: Facts,
    private readonly columns: ReadonlyMap<string, Column>,
  ) {}

  static read<Facts>(buffer: ArrayBuffer): Body<Facts> {
    const view = new DataView(buffer);
    if (buffer.byteLength < 12 || view.getUint32(0, true) !== MAGIC)
      throw new Error("the server's answer is no body of the studio's");
    if (view.getUint32(4, true) !== 1)
      throw new Error("the server is of another version than this page: reload the page");
    const length = view.getUint32(8, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 12, length))) as Header;
    const start = Math.ceil((12 + length) / 8) * 8;
    const columns = new Map<string, Column>();
    for (const { name, dtype, shape, offset } of header.columns) {
      const count = shape.reduce((product, side) => product * side, 1);
      columns.set(name, { values: new KINDS[dtype](buffer, start + offset, count), shape });
    }
    return new Body(header.facts as Facts, columns);
  }

  has(name: string): boolean {
    return this.columns.has(name);
  }

  /** The column of a name, of the kind of array that is expected. */
  get<T extends Numbers>(name: string, kind: new (length: number) => T): Column<T> {
    const column = this.columns.get(name);
    if (!column) throw new Error(`the server's answer has no ${name}`);
    if (!(column.values instanceof kind)) throw new Error(`${name} of the server's answer is of another type`);
    return column as Column<T>;
  }

  /** Rows of a matrix, (rows, features), as the page shows them: bytes of images, numbers of tables. */
  rows(name: string): Row[] {
    const column = this.columns.get(name);
    if (!column) throw new Error(`the server's answer has no ${name}`);
    const { values, shape } = column;
    const width = shape[shape.length - 1];
    if (!(values instanceof Uint8Array || values instanceof Float32Array))
      throw new Error(`${name} holds no rows`);
    const count = width ? values.length / width : 0;
    return Array.from({ length: count }, (_, i) => values.subarray(i * width, (i + 1) * width));
  }
}

/** One row of the data as the page shows it: an image's bytes, or a table's numbers in their units. */
export type Row = Uint8Array | Float32Array;

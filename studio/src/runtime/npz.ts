// Writes NumPy's .npz: a zip that stores .npy files as they are.

type Values = Uint8Array | Float32Array;

export interface NpyArray {
  values: Values;
  shape: readonly number[];
}

/** NumPy's format 1.0: magic, a header that Python reads as a dictionary, the array in C order. */
export function npy({ values, shape }: NpyArray): Uint8Array<ArrayBuffer> {
  const kind = values instanceof Uint8Array ? "|u1" : "<f4";
  const dictionary = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const file = new Uint8Array(length + values.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (length - 10) & 255, (length - 10) >> 8]);
  file.set(new TextEncoder().encode(`${dictionary.padEnd(length - 11)}\n`), 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), length);
  return file;
}

/** A zip of stored files, NAME.npy each. */
export function npz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const content = npy(array);
    const title = new TextEncoder().encode(`${name}.npy`);
    const local = header(0x04034b50, 30, title, content, 0);
    directory.push(header(0x02014b50, 46, title, content, offset));
    parts.push(local, content);
    offset += local.length + content.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, directory.length, true);
  end.setUint16(10, directory.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return joined([...parts, ...directory, new Uint8Array(end.buffer)]);
}

/** The header of a file: of 30 bytes before it, or of 46 in the directory. */
function header(magic: number, fixed: number, title: Uint8Array, content: Uint8Array, offset: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(fixed + title.length));
  const at = fixed === 46 ? 6 : 4; // the directory says first which version wrote it
  view.setUint32(0, magic, true);
  if (fixed === 46) view.setUint16(4, 20, true);
  view.setUint16(at, 20, true);
  view.setUint16(at + 8, 0x21, true); // 1 January 1980
  view.setUint32(at + 10, crc32(content), true);
  view.setUint32(at + 14, content.length, true);
  view.setUint32(at + 18, content.length, true);
  view.setUint16(at + 22, title.length, true);
  if (fixed === 46) view.setUint32(42, offset, true);
  new Uint8Array(view.buffer).set(title, fixed);
  return new Uint8Array(view.buffer);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

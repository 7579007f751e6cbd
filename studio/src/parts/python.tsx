// "Copy as Python": the lines that give the same number outside of the studio.

import { useState } from "preact/hooks";
import { announce } from "../state/announce";
import { known } from "../state/facts";

/** Python that loads the run as `vae`, then `lines`. */
export function pythonOf(...lines: string[]): string {
  return ["import vael", "", `vae = vael.load(${JSON.stringify(known().run.folder)})`, ...lines].join("\n");
}

/** Python that loads the run with its data as `loaded`, whose rows are counted as here, then `lines`. */
export function pythonWithData(...lines: string[]): string {
  const head = ["from pathlib import Path", "", "from vael.studio.loaded import Loaded", "from vael.studio.terms import terms_of", ""];
  return [...head, `loaded = Loaded.open(Path(${JSON.stringify(known().run.folder)}))`, ...lines].join("\n");
}

const MOST_ROWS = 200;

/** Row numbers as Python has them, an array; of many, what the exported file gives. */
export function pythonRows(rows: ArrayLike<number>): string {
  const file = JSON.stringify(`${known().run.name}-selection.csv`);
  const few = rows.length <= MOST_ROWS;
  const numbers = few ? `np.array([${Array.from(rows).join(", ")}])` : `np.loadtxt(${file}, delimiter=",", skiprows=1, usecols=0, dtype=int)`;
  return `\nimport numpy as np\n\nrows = ${numbers}`;
}

/** A point as Python has it. */
export function pythonPoint(z: ArrayLike<number>): string {
  const float = (x: number) => (Number.isInteger(x) && Math.abs(x) < 1e15 ? x.toFixed(1) : `${x}`); // whole numbers would be integers there
  return `[${Array.from(z, (x) => float(Number(x.toPrecision(9)))).join(", ")}]`;
}

export function Python({ code, of }: { code: () => string; of: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(code());
    setCopied(true);
    announce(`Python of ${of} copied`);
    setTimeout(() => setCopied(false), 1500);
  }
  return (
    <button class="python" title={`Copy ${of} as Python`} aria-label={copied ? "copied" : `py: copy ${of} as Python`} onClick={copy}>
      {copied ? "copied" : "py"}
    </button>
  );
}

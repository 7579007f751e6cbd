// A number with its name, its unit and its Python.

import { brief } from "./row";
import { Python } from "./python";

interface Props {
  name: string;
  value: number | string | null;
  unit?: string;
  /** What it means, as a tip. */
  tip?: string;
  /** A line under it, on how sure it is or of what. */
  note?: string;
  code?: () => string;
}

export function Figure({ name, value, unit, tip, note, code }: Props) {
  const text = value === null ? "–" : typeof value === "number" ? brief(value) : value;
  return (
    <div class="figure" title={tip}>
      <dt>{name}</dt>
      <dd>
        <span class="number">{text}</span>
        {unit && <span class="unit"> {unit}</span>}
        {code && value !== null && <Python code={code} of={name} />}
        {note && <span class="spread">{note}</span>}
      </dd>
    </div>
  );
}

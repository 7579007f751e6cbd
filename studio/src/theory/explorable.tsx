// What every explorable has around its drawing: its one idea, what to drag, its formula, and where to read on.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Working, Wrong } from "../parts/states";
import { announce } from "../state/announce";
import { Formula } from "./formula";

interface Props {
  title: string;
  /** The one idea, in one sentence. */
  idea: ComponentChildren;
  /** What to drag, in one sentence. */
  drag: ComponentChildren;
  formula: readonly VNode[];
  drawing: ComponentChildren;
  /** Beside the drawing: numbers, choices, what the inks mean. */
  children: ComponentChildren;
  /** The page of docs/explanation that tells the same story. */
  page: string;
  /** What is said when the numbers change. */
  heard: string;
  error?: string;
  /** There only where something was moved. */
  reset?: (() => void) | false;
}

export function Explorable({ title, idea, drag, formula, drawing, children, page, heard, error, reset }: Props) {
  const before = useRef(heard);
  useEffect(() => {
    if (before.current && heard && heard !== before.current) announce(heard);
    before.current = heard;
  }, [heard]);
  return (
    <section class="explorable" aria-label={title}>
      <h3>{title}</h3>
      <p class="idea">{idea}</p>
      <p class="drag">{drag}</p>
      <div class="formulas">
        {formula.map((each, i) => (
          <Formula key={i}>{each}</Formula>
        ))}
      </div>
      <div class="halves">
        <div class="seen">
          {drawing ?? (!error && <Working what="Reckoning" />)}
          {error && <Wrong error={error} />}
          <button class="again" disabled={!reset} onClick={() => reset && reset()}>
            Start again
          </button>
        </div>
        <div class="told">{children}</div>
      </div>
      <p class="more">
        Read on: <code>docs/explanation/{page}.md</code>
      </p>
    </section>
  );
}

/** Python that needs no run: lines that end in one that prints. */
export function theoryPython(names: string, ...lines: string[]): () => string {
  return () => [`from vael.theory import ${names}`, "", ...lines].join("\n");
}

/** A number as Python has it. */
export function py(value: number): string {
  return Number(value.toPrecision(9)).toString();
}

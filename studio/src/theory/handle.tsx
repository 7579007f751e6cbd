// What can be dragged: along one direction or two, by pointer and by arrow keys.

import { useRef } from "preact/hooks";
import { rounded, within, type Scale } from "./scale";
import type { Range } from "./state";

/** One direction that a handle moves along. */
export interface Slide {
  scale: Scale;
  range: Range;
  value: number;
  /** Moves by this factor, not by the range's step, where values are spread by their logarithm. */
  factor?: number;
  move(value: number): void;
}

interface Props {
  /** What it moves, for those who hear the page. */
  name: string;
  /** Its value with its unit, for them. */
  says: string;
  x: number;
  y: number;
  along?: Slide;
  up?: Slide;
  ink?: string;
  /** More of the drawing that can be grabbed: x, y, width and height. */
  area?: readonly [number, number, number, number];
}

const FAR = 10;

export function Handle({ name, says, x, y, along, up, ink, area }: Props) {
  const grabbed = useRef<[number, number] | null>(null);
  const main = (along ?? up)!;

  function grab(event: PointerEvent) {
    if (event.button) return;
    const at = placeOf(event);
    if (!at) return;
    grabbed.current = [x - at[0], y - at[1]];
    const here = event.currentTarget as SVGGElement;
    here.setPointerCapture(event.pointerId);
    here.focus();
    event.preventDefault();
  }
  function drag(event: PointerEvent) {
    const at = grabbed.current && placeOf(event);
    if (!at || !grabbed.current) return;
    along?.move(fitted(along, along.scale.from(at[0] + grabbed.current[0])));
    up?.move(fitted(up, up.scale.from(at[1] + grabbed.current[1])));
  }
  function drop() {
    grabbed.current = null;
  }
  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const slide = event.key === "ArrowLeft" || event.key === "ArrowRight" ? (along ?? up)! : (up ?? along)!;
    const steps = stepsOf(event);
    if (steps === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (steps === Infinity || steps === -Infinity) slide.move(steps > 0 ? slide.range.high : slide.range.low);
    else slide.move(fitted(slide, slide.factor ? slide.value * slide.factor ** steps : slide.value + steps * slide.range.step));
  }
  return (
    <g
      class="handle"
      role="slider"
      tabindex={0} // in SVG an attribute keeps its case
      aria-label={name}
      aria-valuemin={main.range.low}
      aria-valuemax={main.range.high}
      aria-valuenow={main.value}
      aria-valuetext={says}
      aria-orientation={along ? "horizontal" : "vertical"}
      transform={`translate(${x} ${y})`}
      data-moves={along && up ? "both" : along ? "along" : "up"}
      style={ink ? { color: `var(${ink})` } : {}}
      onPointerDown={grab}
      onPointerMove={drag}
      onPointerUp={drop}
      onPointerCancel={drop}
      onKeyDown={press}
    >
      <title>{`${name}: ${says}`}</title>
      {area && <rect class="reach" x={area[0] - x} y={area[1] - y} width={area[2]} height={area[3]} />}
      <circle class="reach" r={15} />
      <circle class="ring" r={10.5} />
      <circle class="dot" r={6.5} />
    </g>
  );
}

function fitted(slide: Slide, value: number): number {
  const { low, high, step } = slide.range;
  return within(rounded(value, step), low, high);
}

function stepsOf(event: KeyboardEvent): number | null {
  const many = event.shiftKey ? FAR : 1;
  switch (event.key) {
    case "ArrowRight":
    case "ArrowUp":
      return many;
    case "ArrowLeft":
    case "ArrowDown":
      return -many;
    case "PageUp":
      return FAR;
    case "PageDown":
      return -FAR;
    case "Home":
      return -Infinity;
    case "End":
      return Infinity;
    default:
      return null;
  }
}

/** Where a pointer is in the units of the drawing. */
function placeOf(event: PointerEvent): [number, number] | null {
  const drawing = (event.currentTarget as SVGGElement).ownerSVGElement;
  const inverse = drawing?.getScreenCTM()?.inverse();
  if (!inverse) return null;
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(inverse);
  return [point.x, point.y];
}

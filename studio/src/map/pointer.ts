// The pointer on the map. A mouse moves the cursor and drags the map; a finger drags the cursor, two fingers the map.

import { hovered } from "../state/marks";
import { held } from "../state/view";
import { camera, isTurned, moveCursorTo, places, rowAt, tool } from "./mapState";
import { closeLoop, hold, loop, moveAway, moveToPixel, pan, rowNearCursor, turnBy, zoom } from "./moves";

const CLICK = 5; // pixels that a press may move and still be a click
const HOVER = 14;
const RADIANS_A_PIXEL = 0.007;

interface Pressed {
  x: number;
  y: number;
  moved: boolean;
  /** Shift or another button: pan where a drag would turn. */
  pans: boolean;
}

export function listenToPointer(canvas: HTMLCanvasElement): () => void {
  const fingers = new Map<number, [number, number]>();
  let press: Pressed | null = null;

  const at = (event: MouseEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const pressed = (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    const [x, y] = at(event);
    fingers.set(event.pointerId, [x, y]);
    press = { x, y, moved: false, pans: event.shiftKey || event.button !== 0 };
    if (event.pointerType === "touch" && fingers.size > 1) return;
    if (tool.value === "lasso") loop.value = [x, y];
    else if (event.pointerType === "touch") moveToPixel(x, y);
  };

  const moved = (event: PointerEvent) => {
    const [x, y] = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      hovered.value = rowAt(x, y, HOVER);
      if (tool.value === "look" && !held.value) moveToPixel(x, y);
      return;
    }
    const pinch = fingers.size > 1 ? spread(fingers) : null;
    fingers.set(event.pointerId, [x, y]);
    const [dx, dy] = [x - before[0], y - before[1]];
    if (press && Math.hypot(x - press.x, y - press.y) > CLICK) press.moved = true;
    if (pinch) {
      const now = spread(fingers);
      zoom(pinch.wide / Math.max(now.wide, 1), now.middle);
      const [right, down] = [now.middle[0] - pinch.middle[0], now.middle[1] - pinch.middle[1]];
      if (isTurned.value) turnBy(2 * right * RADIANS_A_PIXEL, 2 * down * RADIANS_A_PIXEL);
      else pan(right, down);
    } else if (tool.value === "lasso") {
      if (Math.hypot(x - loop.value.at(-2)!, y - loop.value.at(-1)!) > 2) loop.value = [...loop.value, x, y];
    } else if (event.pointerType === "touch") {
      moveToPixel(x, y);
      hovered.value = rowNearCursor();
    } else if (press?.moved) {
      if (isTurned.value && !press.pans) turnBy(dx * RADIANS_A_PIXEL, dy * RADIANS_A_PIXEL);
      else pan(dx, dy);
    }
  };

  const released = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    if (tool.value === "lasso") {
      if (!fingers.size) closeLoop(event.shiftKey);
    } else if (event.pointerType !== "touch" && press && !press.moved && event.button === 0) clicked(...at(event));
    if (!fingers.size) press = null;
  };

  const clicked = (x: number, y: number) => {
    if (held.value) {
      hold(false);
      moveToPixel(x, y);
      return;
    }
    // in depth, a click on a point goes to it: a plane through the cursor would pass before or behind
    const row = isTurned.value ? rowAt(x, y, HOVER) : null;
    if (row !== null) moveCursorTo(places.value.subarray(3 * row, 3 * row + 3));
    else moveToPixel(x, y);
    hold(true);
  };

  const left = () => {
    if (!fingers.size) hovered.value = null;
  };

  const cancelled = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    loop.value = [];
    press = null;
  };

  const wheeled = (event: WheelEvent) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1);
    if (event.shiftKey && isTurned.value) moveAway(-(event.deltaX || pixels) / 4);
    else zoom(Math.exp(Math.min(240, Math.max(-240, pixels)) * (event.ctrlKey ? 0.01 : 0.0015)), at(event));
    if (!held.value && tool.value === "look" && !isTurned.value) moveToPixel(...at(event));
  };

  const noMenu = (event: Event) => event.preventDefault(); // the other button pans

  const listeners = {
    pointerdown: pressed,
    pointermove: moved,
    pointerup: released,
    pointercancel: cancelled,
    pointerleave: left,
    wheel: wheeled,
    contextmenu: noMenu,
  };
  for (const [name, run] of Object.entries(listeners)) canvas.addEventListener(name, run as EventListener, { passive: false });
  return () => {
    for (const [name, run] of Object.entries(listeners)) canvas.removeEventListener(name, run as EventListener);
  };
}

function spread(fingers: ReadonlyMap<number, readonly [number, number]>) {
  const [[x1, y1], [x2, y2]] = [...fingers.values()];
  return { wide: Math.hypot(x2 - x1, y2 - y1), middle: [(x1 + x2) / 2, (y1 + y2) / 2] as [number, number] };
}

/** Drag a mark of the map, which lies at `near`, to another place. */
export function dragMark(event: PointerEvent, near: ArrayLike<number>, moved: (place: [number, number, number]) => void): void {
  const mark = event.currentTarget as HTMLElement;
  const box = mark.closest(".map")!.getBoundingClientRect();
  mark.setPointerCapture(event.pointerId);
  const follow = (next: PointerEvent) => {
    if (Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) > CLICK)
      moved(camera.value.placeAt(next.clientX - box.left, next.clientY - box.top, near));
  };
  mark.addEventListener("pointermove", follow);
  const stop = () => mark.removeEventListener("pointermove", follow);
  mark.addEventListener("lostpointercapture", stop, { once: true });
}

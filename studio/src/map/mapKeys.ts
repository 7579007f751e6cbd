// The map's keys. All of them are listed under `?`.

import { announce } from "../state/announce";
import { decoded } from "../state/cursor";
import { known } from "../state/facts";
import type { Key } from "../state/keys";
import { dimensions } from "../state/view";
import { fitAll, isTurned } from "./mapState";
import {
  changeReach,
  escape,
  hold,
  moveAway,
  moveByPixels,
  pin,
  sayPlace,
  selectAround,
  showCursor,
  switchLasso,
  turnBy,
  unpin,
  zoom,
} from "./moves";
import { chooseSlider, moveSlider } from "./sliders";

const STEP = 4; // pixels
const FAR_STEP = 24;
const TURN = 0.1; // radians
const ZOOM = 0.8;
const REACH = 1.25;

/** Keys of the map work while the map, or nothing, has the focus. */
function onMap(): boolean {
  const here = document.activeElement;
  return !here || here === document.body || here.closest(".map") !== null;
}

/** A key that does something on the map, not to the button that has the focus. */
function onMapItself(): boolean {
  return onMap() && !(document.activeElement instanceof HTMLButtonElement);
}

function arrow(key: string, shown: string, dx: number, dy: number): Key[] {
  return [
    {
      keys: [key],
      shown,
      says: "move z; with Shift, further",
      when: onMap,
      run: (event) => {
        const pixels = event.shiftKey ? FAR_STEP : STEP;
        hold(true);
        moveByPixels(pixels * dx, pixels * dy);
        announce(sayPlace(decoded.value?.far ?? false));
      },
    },
    {
      keys: [key],
      shown: `Alt ${shown}`,
      alt: true,
      says: "turn the map",
      when: () => isTurned.value && onMap(),
      run: () => turnBy(TURN * dx, TURN * dy),
    },
  ];
}

export function mapKeys(): Key[] {
  return [
    ...arrow("ArrowLeft", "←", -1, 0),
    ...arrow("ArrowRight", "→", 1, 0),
    ...arrow("ArrowUp", "↑", 0, -1),
    ...arrow("ArrowDown", "↓", 0, 1),
    { keys: [">"], shown: ">", says: "move z away from you, in 3-D", when: () => isTurned.value && onMap(), run: () => moveAway(FAR_STEP) },
    { keys: ["<"], shown: "<", says: "move z towards you, in 3-D", when: () => isTurned.value && onMap(), run: () => moveAway(-FAR_STEP) },
    { keys: ["Enter"], shown: "Enter", says: "pin A here, then B", when: onMapItself, run: pin },
    { keys: ["Backspace"], shown: "Backspace", says: "take the last pin away", when: onMap, run: unpin },
    { keys: ["+", "="], shown: "+", says: "nearer", run: () => zoom(ZOOM) },
    { keys: ["-", "_"], shown: "−", says: "further away", run: () => zoom(1 / ZOOM) },
    { keys: ["0"], shown: "0", says: "show all points", run: fitAll },
    { keys: ["c"], shown: "c", says: "bring the cursor to the middle", run: showCursor },
    {
      keys: ["d"],
      shown: "d",
      says: "two or three dimensions",
      when: () => known().model.coordinates >= 3,
      run: () => (dimensions.value = isTurned.value ? "2" : "3"),
    },
    { keys: ["]"], shown: "]", says: "the next latent", run: () => chooseSlider(1) },
    { keys: ["["], shown: "[", says: "the latent before", run: () => chooseSlider(-1) },
    { keys: ["PageUp"], shown: "Page ↑", says: "raise that latent; with Shift, further", when: onMap, run: (event) => moveSlider(event.shiftKey ? 10 : 1) },
    { keys: ["PageDown"], shown: "Page ↓", says: "lower that latent; with Shift, further", when: onMap, run: (event) => moveSlider(event.shiftKey ? -10 : -1) },
    { keys: ["l"], shown: "l", says: "lasso: drag a loop around rows", run: switchLasso },
    { keys: ["s", "S"], shown: "s", says: "select the rows around the cursor; with Shift, these too", run: (event) => selectAround(event.shiftKey) },
    { keys: ["."], shown: ".", says: "a larger radius for s", run: () => changeReach(REACH) },
    { keys: [","], shown: ",", says: "a smaller radius for s", run: () => changeReach(1 / REACH) },
    { keys: ["Escape"], shown: "Escape", says: "free the cursor; leave the lasso, the radius, the selection", run: escape },
  ];
}

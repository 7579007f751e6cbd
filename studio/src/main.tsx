import { render } from "preact";
import { App, failure } from "./app";
import { askJson, ServerError, told } from "./server/client";
import { followCursor } from "./state/cursor";
import { facts, type Facts } from "./state/facts";
import { addKeys, listenToKeys, showKeys } from "./state/keys";
import { pinA, pinB } from "./state/marks";
import { loadPoints } from "./state/points";
import { startTheme } from "./state/theme";
import { followTraining } from "./state/training";
import "./styles/colours.css";
import "./styles/page.css";
import "./styles/parts.css";

const REST = 2000; // ms between two tries to reach a server that does not answer

async function start(): Promise<void> {
  try {
    facts.value = await insist(() => askJson<Facts>("api/facts"));
    document.title = `${facts.value.run.name} · vael studio`;
    forgetOtherSpaces();
    followCursor(() => void comeBack());
    followTraining();
    await insist(loadPoints);
  } catch (error) {
    failure.value = told(error);
  }
}

/** Ask until the server is there; what it refuses is refused. */
async function insist<T>(asked: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const found = await asked();
      failure.value = "";
      return found;
    } catch (error) {
      if (!(error instanceof ServerError && error.status === 0)) throw error;
      if (!facts.value) failure.value = told(error);
      await new Promise((resolve) => setTimeout(resolve, REST));
    }
  }
}

/** Pins of another model's space, which an old address may hold, are no points of this one. */
function forgetOtherSpaces(): void {
  for (const pin of [pinA, pinB]) if (pin.value && pin.value.length !== facts.value!.model.coordinates) pin.value = null;
}

/** The server was away: where it now shows another run, everything is loaded anew; else the page goes on. */
async function comeBack(): Promise<void> {
  const found = await askJson<Facts>("api/facts").catch(() => null);
  if (found && found.run.id !== facts.value?.run.id) location.reload();
}

startTheme();
listenToKeys();
addKeys({ keys: ["?"], shown: "?", says: "list the keys", run: () => (showKeys.value = true) });
render(<App />, document.getElementById("studio")!);
void start();

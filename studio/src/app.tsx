// The whole page: a head, the map, and the side with what the cursor shows and one panel.

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { ExportLink } from "./parts/exportLink";
import { MapView } from "./map/mapView";
import { panelEntries } from "./panels";
import { DecodedCard } from "./panels/decodedCard";
import { Python, pythonOf } from "./parts/python";
import { minus } from "./parts/row";
import { Working, Wrong } from "./parts/states";
import { connection } from "./server/decodeSocket";
import { told } from "./server/client";
import { announcement } from "./state/announce";
import { facts } from "./state/facts";
import { keys, showKeys } from "./state/keys";
import { nextTheme, theme } from "./state/theme";
import { panel, PANELS, type PanelName } from "./state/view";

/** What kept the page from starting. */
export const failure = signal("");

export function App() {
  return (
    <div class="studio">
      <Head />
      {failure.value ? (
        <main class="stopped">
          <Wrong error={failure.value} />
        </main>
      ) : facts.value ? (
        <main class="rooms">
          <MapView />
          <Side />
        </main>
      ) : (
        <main class="stopped">
          <Working what="Opening the run" />
        </main>
      )}
      {showKeys.value && <KeyList />}
      <div class="announcer" aria-live="polite">
        {announcement.value}
      </div>
    </div>
  );
}

function Head() {
  const here = facts.value;
  return (
    <header class="head">
      <h1>
        <img src="./icon.svg" alt="" width="20" height="20" /> vael studio
      </h1>
      {here && (
        <p class="run">
          <strong>{here.run.name}</strong>
          <span>{here.data.name}</span>
          <span>
            {here.model.latents} latent{here.model.latents === 1 ? "" : "s"}
          </span>
          <span>
            bound {minus(here.model.bound.toFixed(1))} nats
            <Python code={() => pythonOf("vae.bound_")} of="bound" />
          </span>
        </p>
      )}
      {connection.value === "lost" && (
        <p class="lost" role="alert">
          The server is gone. Start it again by <code>vael studio</code>: this page finds it by itself.
        </p>
      )}
      <nav class="tools" aria-label="Page">
        {here && <ExportLink />}
        <button onClick={() => (showKeys.value = true)} aria-label="? lists the keys" title="Keys (?)">
          ?
        </button>
        <button class="theme" onClick={nextTheme} title="Colours: light, dark, or as the system has them" aria-label={`${theme.value} colours: press for others`}>
          <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
            <circle cx="8" cy="8" r="6" />
            <path d="M8 2a6 6 0 0 1 0 12z" />
          </svg>
          {theme.value}
        </button>
      </nav>
    </header>
  );
}

function Side() {
  return (
    <aside class="side">
      <DecodedCard />
      <div class="tabs" role="tablist" aria-label="Panels">
        {PANELS.filter((name) => panelEntries[name]).map((name) => (
          <button
            key={name}
            role="tab"
            id={`tab-${name}`}
            aria-selected={panel.value === name}
            aria-controls="panel"
            tabIndex={panel.value === name ? 0 : -1}
            onClick={() => (panel.value = name)}
            onKeyDown={(event) => turnTabs(event)}
          >
            {panelEntries[name]!.title}
          </button>
        ))}
      </div>
      <div class="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${panel.value}`} tabIndex={-1}>
        <Panel />
      </div>
    </aside>
  );
}

function turnTabs(event: KeyboardEvent) {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (!step) return;
  const names = PANELS.filter((name) => panelEntries[name]);
  panel.value = names[(names.indexOf(panel.value) + step + names.length) % names.length];
  event.preventDefault();
  requestAnimationFrame(() => document.getElementById(`tab-${panel.value}`)?.focus());
}

const loaded = signal<ReadonlyMap<PanelName, FunctionComponent>>(new Map());
const loadFailure = signal("");

function Panel() {
  const name = panelEntries[panel.value] ? panel.value : "map";
  const entry = panelEntries[name]!;
  useEffect(() => {
    if (loaded.value.has(name)) return;
    entry.load().then(
      (component) => {
        loaded.value = new Map(loaded.value).set(name, component);
        loadFailure.value = "";
      },
      (error: unknown) => (loadFailure.value = `this panel could not be loaded (${told(error)}): reload the page`),
    );
  }, [name]);
  const Component = loaded.value.get(name);
  return (
    <>
      <h2 class="unseen">{entry.title}</h2>
      <p class="says">{entry.says}</p>
      {Component ? <Component /> : loadFailure.value ? <Wrong error={loadFailure.value} /> : <Working what="Loading" />}
    </>
  );
}

/** Keys that do the same stand on one line. */
function keyLines(): { says: string; shown: string[] }[] {
  const lines = new Map<string, string[]>();
  for (const { says, shown } of keys.value) lines.set(says, [...new Set([...(lines.get(says) ?? []), shown])]);
  return [...lines].map(([says, shown]) => ({ says, shown }));
}

function KeyList() {
  useEffect(() => {
    const before = document.activeElement;
    document.querySelector<HTMLElement>(".key-list button")?.focus();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  const close = () => (showKeys.value = false);
  return (
    <div class="veil" onClick={close}>
      <div
        class="key-list"
        role="dialog"
        aria-modal="true"
        aria-labelledby="keys-title"
        onClick={(event) => event.stopPropagation()}
        onKeyDown={(event) => {
          if (event.key === "Escape") close();
          if (event.key === "Tab") event.preventDefault(); // one thing here has the focus
        }}
      >
        <div class="key-head">
          <h2 id="keys-title">Keys</h2>
          <button onClick={close}>Close</button>
        </div>
        <dl>
          {keyLines().map(({ says, shown }) => (
            <div key={says}>
              <dt>
                {shown.map((each) => (
                  <kbd key={each}>{each}</kbd>
                ))}
              </dt>
              <dd>{says}</dd>
            </div>
          ))}
        </dl>
        <p class="pointer-help">
          With a mouse: moving moves z, a click holds it, dragging moves or turns the map (with Shift it moves), the wheel zooms. With a
          finger: dragging moves z, two fingers move or turn the map and zoom.
        </p>
      </div>
    </div>
  );
}

// What lies under the cursor: its decode, the row that is nearest on the map, and numbers of the place.

import { computed, effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Figure } from "../parts/figure";
import { pythonOf, pythonPoint } from "../parts/python";
import { brief, fixed, RowView } from "../parts/row";
import { Working } from "../parts/states";
import { ask, isAborted } from "../server/client";
import type { Row } from "../server/columns";
import { connection } from "../server/decodeSocket";
import { cursor, decoded } from "../state/cursor";
import { known, offers } from "../state/facts";
import { hovered } from "../state/marks";
import { labelOf, PART_NAMES, points } from "../state/points";
import { size } from "../map/mapState";
import { rowNearCursor } from "../map/moves";

const SIDE = 132; // pixels of an image's side
const REST = 70; // ms that the pointer must rest before a row is fetched
const MOST_KEPT = 400;

/** The row that is named beside the decode: under the pointer, else near the cursor. */
const nearRow = computed<number | null>(() => (points.value && size.value.width ? (hovered.value ?? rowNearCursor()) : null));

const nearContent = signal<{ number: number; row: Row } | null>(null);
const kept = new Map<number, Row>();

function followNearRow(): () => void {
  let timer = 0;
  let asked = new AbortController();
  const stop = effect(() => {
    const number = nearRow.value;
    clearTimeout(timer);
    asked.abort();
    if (number === null || !offers("rows")) return void (nearContent.value = null);
    const row = kept.get(number);
    if (row) return void (nearContent.value = { number, row });
    asked = new AbortController();
    const { signal } = asked;
    timer = window.setTimeout(() => {
      ask("rows", { rows: [number] }, signal).then(
        (body) => {
          const [found] = body.rows("rows");
          if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
          kept.set(number, found);
          if (!signal.aborted) nearContent.value = { number, row: found };
        },
        (error: unknown) => {
          if (!isAborted(error)) nearContent.value = null; // the decode is what matters; a lost server is told of above
        },
      );
    }, REST);
  });
  return () => {
    clearTimeout(timer);
    asked.abort();
    stop();
  };
}

const PLACES_SHOWN = 4; // the sliders have them all
const place = computed(() => {
  const shown = Array.from(cursor.value.slice(0, PLACES_SHOWN), (x) => fixed(x));
  return `(${shown.join(", ")}${cursor.value.length > PLACES_SHOWN ? ", …" : ""})`;
});

function distanceCode(): string {
  const { folder } = known().run;
  return [
    "from pathlib import Path",
    "",
    "import numpy as np",
    "from vael.studio.loaded import Loaded",
    "from vael.studio.point_decoder import PointDecoder",
    "",
    `decoder = PointDecoder(Loaded.open(Path(${JSON.stringify(folder)})))`,
    `decoder(np.array(${pythonPoint(cursor.value)}, np.float32)).distance`,
  ].join("\n");
}

export function DecodedCard() {
  useEffect(followNearRow, []);
  const found = decoded.value;
  const images = known().data.image_shape !== null;
  const near = nearContent.value;
  return (
    <section class={`decoded${images ? "" : " of-table"}${found?.far ? " far" : ""}`} aria-label="Decoded at the cursor">
      <div class="pair">
        <figure class={connection.value === "lost" ? "stale" : ""}>
          {found ? (
            <RowView row={found.row} size={SIDE} says={`decoded at ${place.value}`} {...(images || near?.number !== nearRow.value || !near ? {} : { beside: near.row })} />
          ) : (
            <div class="blank">{connection.value === "lost" ? null : <Working what="Decoding" />}</div>
          )}
          {images && <figcaption>{connection.value === "lost" ? "decoded before the server went" : "decoded at the cursor"}</figcaption>}
        </figure>
        {images ? (
          <figure class={near && near.number !== nearRow.value ? "stale" : ""}>
            {near ? <RowView row={near.row} size={SIDE} says={`row ${near.number}`} /> : <div class="blank" />}
            <figcaption>
              <NearWords />
            </figcaption>
          </figure>
        ) : (
          <p class="near-words">
            {nearRow.value === null ? "Bars: decoded at the cursor; " : "Bars: decoded at the cursor. Marks: "}
            <NearWords />
          </p>
        )}
      </div>
      <dl>
        <Figure name="z" value={place.value} code={() => pythonOf(`vae.inverse_transform([${pythonPoint(cursor.value)}])[0]`)} />
        {found && (
          <Figure
            name="distance to the nearest code"
            value={found.distance < 100 ? fixed(found.distance) : brief(Math.round(found.distance))}
            unit="× usual"
            code={distanceCode}
            tip="in units of the 99th percentile of codes' distances to their nearest other code"
          />
        )}
      </dl>
      {found?.far && <p class="far-note">Far from the data: the decoder was never trained here.</p>}
    </section>
  );
}

function NearWords() {
  const row = nearRow.value;
  if (row === null || !points.value) return <>no row is near</>;
  const label = labelOf(row);
  return (
    <>
      row {row}
      {label && (
        <>
          , label <strong>{label}</strong>
        </>
      )}
      , {PART_NAMES[points.value.parts[row]]}
    </>
  );
}

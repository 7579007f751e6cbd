// The exported page: one view of a run that opens from disk and decodes without a server.

import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "../styles/colours.css";
import { decode, facts, pointAt, precision } from "./body";
import "./export.css";
import { begin, cursor, fit, hidden, said, zoomBy } from "./map";

function Page() {
  return (
    <div class="export">
      <header>
        <h1>{facts.title}</h1>
        <p>{facts.lines.join(" · ")}</p>
      </header>
      <main>
        <MapView />
        <aside>
          <Decoded />
          <Legend />
          <p class="quiet">
            Move over the map: the decoder draws what lies under the cursor. Drag to pan, wheel or + and − to zoom, 0 to see all; arrow keys move the cursor.
            {` ${precision}`}
            {facts.left_out > 0 && ` ${facts.left_out} of ${facts.left_out + facts.count} points are left out.`}
          </p>
        </aside>
      </main>
      <footer>
        made by vael {facts.version}
        <span class="announcer" aria-live="polite">{said.value}</span>
      </footer>
    </div>
  );
}

function MapView() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => begin(canvas.current!), []);
  return (
    <div class="map">
      <canvas ref={canvas} tabIndex={0} role="img" aria-label={`${facts.count} points of the latent space; arrow keys move the cursor`} />
      <div class="zoom" role="group" aria-label="Zoom">
        <button onClick={() => zoomBy(1 / 1.5)} aria-label="+ zoom in">+</button>
        <button onClick={() => zoomBy(1.5)} aria-label="− zoom out">−</button>
        <button onClick={fit} aria-label="all points">all</button>
      </div>
    </div>
  );
}

function Decoded() {
  const row = decode(cursor.value);
  const z = pointAt(cursor.value);
  return (
    <section aria-label="Decoded at the cursor">
      {facts.image_shape ? <Picture row={row} /> : <Bars row={row} />}
      <p class="place">
        z = (<span id="z">{Array.from(z, (x) => x.toPrecision(4)).join(", ")}</span>)
      </p>
    </section>
  );
}

function Picture({ row }: { row: ArrayLike<number> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, width, channels = 1] = facts.image_shape!;
  useEffect(() => {
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = Math.round(row[i * channels + (channels > 2 ? c : 0)]);
      pixels.data[4 * i + 3] = 255;
    }
    canvas.current!.getContext("2d")!.putImageData(pixels, 0, 0);
  });
  const scale = 224 / Math.max(width, height);
  return <canvas ref={canvas} id="decoded" class="image" width={width} height={height} style={{ width: `${width * scale}px`, height: `${height * scale}px` }} role="img" aria-label="the decoded image" />;
}

function Bars({ row }: { row: ArrayLike<number> }) {
  return (
    <table>
      <tbody>
        {Array.from({ length: row.length }, (_, i) => {
          const [low, , high] = facts.feature_quantiles![i];
          const share = Math.min(1, Math.max(0, (row[i] - low) / (high - low || 1)));
          return (
            <tr key={i}>
              <th scope="row">{facts.feature_names![i]}</th>
              <td class="bar"><span style={{ width: `${100 * share}%` }} /></td>
              <td>{Number(row[i].toPrecision(4))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Legend() {
  const how = facts.colouring;
  if (!how) return null;
  if (how.kind === "values")
    return (
      <figure class="scale">
        <figcaption>
          {how.title}
          {how.unit && ` (${how.unit})`}
        </figcaption>
        <div class="ramp" />
        <p>
          <span>{Number(how.low.toPrecision(4))}</span>
          <span>{Number(how.high.toPrecision(4))}</span>
        </p>
      </figure>
    );
  return (
    <ul class="legend" aria-label={`${how.title}: press a class to hide or show it`}>
      {how.names.map((name, code) => (
        <li key={code}>
          <button aria-pressed={!hidden.value.has(code)} onClick={() => toggle(code)}>
            <i style={{ background: `var(--class-${code % 10})` }} />
            {name}
          </button>
        </li>
      ))}
    </ul>
  );
}

function toggle(code: number): void {
  const now = new Set(hidden.value);
  if (!now.delete(code)) now.add(code);
  hidden.value = now;
}

render(<Page />, document.getElementById("page")!);

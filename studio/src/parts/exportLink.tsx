// One HTML file of the view: it opens from disk and decodes without a server.

import { address } from "../server/client";
import { announce } from "../state/announce";
import { known } from "../state/facts";

const POINT_BYTES = 5;
const BASE_64 = 4 / 3;
const LARGEST = 6; // MB, which the server keeps to

/** About how large the file will be, MB. */
export function expectedSize(): number {
  const { data, model } = known();
  const weights = Math.min(2 * model.parameters, 3e6); // the decoder is about half of the parameters, four bytes each
  return Math.min(LARGEST, (BASE_64 * (POINT_BYTES * (data.rows + data.test_rows) + weights)) / 1e6 + 0.05);
}

export function ExportLink() {
  const size = `${expectedSize().toFixed(1)} MB`;
  const says = `One HTML file of this view, about ${size}: points, their colours and a decoder that works without a server`;
  return (
    <a
      class="button"
      href={address("api/export").href}
      download={`${known().run.name}.html`}
      title={says}
      onClick={(event) => {
        const url = address("api/export");
        url.searchParams.set("view", location.hash.slice(1));
        event.currentTarget.href = url.href;
        announce(`The file is being made, about ${size}`, 0);
      }}
    >
      Export <small>{size}</small>
    </a>
  );
}

// Rows beside each other: images on one line, or a table's rows drawn over each other as lines.

import type { Row } from "../server/columns";
import { known } from "../state/facts";
import { RowView } from "./row";

interface Props {
  rows: readonly Row[];
  says: string;
  size?: number;
  /** What a click on one does. */
  choose?: (place: number) => void;
}

export function Strip({ rows, says, size = 34, choose }: Props) {
  if (!known().data.image_shape) return <Lines rows={rows} says={says} />;
  return (
    <div class="strip" role={choose ? "group" : "img"} aria-label={says}>
      {rows.map((row, i) =>
        choose ? (
          <button class="bare" key={i} onClick={() => choose(i)} aria-label={`${says}: ${i + 1} of ${rows.length}`}>
            <RowView row={row} size={size} says="" />
          </button>
        ) : (
          <RowView key={i} row={row} size={size} says="" />
        ),
      )}
    </div>
  );
}

function Lines({ rows, says }: { rows: readonly Row[]; says: string }) {
  const quantiles = known().data.feature_quantiles!;
  const [width, height] = [100, 40];
  const place = (row: Row) =>
    Array.from(row, (value, i) => {
      const [low, , high] = quantiles[i];
      const y = height - height * Math.min(1.1, Math.max(-0.1, (value - low) / (high - low || 1)));
      return `${((i + 0.5) * width) / row.length},${y.toFixed(2)}`;
    }).join(" ");
  return (
    <svg class="lines" viewBox={`0 -4 ${width} ${height + 8}`} preserveAspectRatio="none" role="img" aria-label={says}>
      {rows.map((row, i) => (
        <polyline key={i} points={place(row)} style={{ opacity: 0.25 + (0.75 * (i + 1)) / rows.length }} />
      ))}
    </svg>
  );
}

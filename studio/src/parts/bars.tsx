// Shares of a whole, as bars with their numbers.

export interface Bar {
  label: string;
  /** From 0 to 1. */
  share: number;
  shown: string;
  ink?: string;
}

export function Bars({ bars, says }: { bars: readonly Bar[]; says: string }) {
  return (
    <table class="bars" aria-label={says}>
      <tbody>
        {bars.map((bar) => (
          <tr key={bar.label}>
            <th scope="row">{bar.label}</th>
            <td class="bar">
              <span style={{ width: `${100 * bar.share}%`, background: `var(${bar.ink ?? "--link"})` }} />
            </td>
            <td class="value">{bar.shown}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

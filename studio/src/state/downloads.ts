// Files that the page makes itself.

export function download(name: string, content: BlobPart | Blob, kind = "application/octet-stream"): void {
  const blob = content instanceof Blob ? content : new Blob([content], { type: kind });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Lines of numbers or words with a head, as RFC 4180 has them. */
export function csv(head: readonly string[], rows: Iterable<ArrayLike<number | string>>): string {
  const cell = (value: number | string) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const lines = [head.map(cell).join(",")];
  for (const row of rows) lines.push(Array.from(row, cell).join(","));
  return `${lines.join("\n")}\n`;
}

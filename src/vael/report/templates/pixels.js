// Colours, packed numbers, discs of pixels: what the maps draw with.

const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
/** [r, g, b] of any CSS colour as the element sees it: variables and themes are resolved. */
const resolveColour = (element, css) => {
  const probe = document.createElement("i");
  probe.style.color = css;
  element.append(probe);
  pixel.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
};
const mix = (a, b, t) => a.map((value, i) => value + (b[i] - value) * t);
/** A table of colours: `steps` entries between the stops. */
const ramp = (stops, steps) =>
  Array.from({ length: steps }, (_, i) => {
    const place = (i / (steps - 1)) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return mix(stops[low], stops[low + 1], place - low);
  });

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
/** Little-endian 16-bit numbers, whatever the machine's own order is. */
const numbers = (text, signed) => {
  const view = new DataView(bytes(text).buffer);
  const out = new Float32Array(view.byteLength / 2);
  for (let i = 0; i < out.length; i++)
    out[i] = signed ? view.getInt16(2 * i, true) : view.getUint16(2 * i, true);
  return out;
};
const written = (value) => {
  const size = Math.abs(value);
  const text = size >= 0.01 && size < 1000 ? value.toPrecision(3) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
};

/** Blend one disc into RGBA pixels; its edge fades over one pixel. */
function disc(buffer, width, height, cx, cy, radius, shades, shade) {
  const reach = radius + 0.5;
  const left = Math.max(0, Math.ceil(cx - reach - 0.5));
  const right = Math.min(width - 1, Math.floor(cx + reach - 0.5));
  const top = Math.max(0, Math.ceil(cy - reach - 0.5));
  const bottom = Math.min(height - 1, Math.floor(cy + reach - 0.5));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const away = Math.hypot(column + 0.5 - cx, row + 0.5 - cy);
      const cover = 0.92 * Math.min(1, reach - away);
      if (cover <= 0) continue;
      const at = 4 * (row * width + column);
      const under = (buffer[at + 3] / 255) * (1 - cover);
      const total = cover + under;
      for (let c = 0; c < 3; c++)
        buffer[at + c] = (shades[shade + c] * cover + buffer[at + c] * under) / total;
      buffer[at + 3] = 255 * total;
    }
  }
}

// From values to places in a drawing, and back.

export interface Scale {
  low: number;
  high: number;
  at(value: number): number;
  /** The value at a place, within low and high. */
  from(place: number): number;
}

/** Values from low to high lie between two places; `by` bends them: Math.log, say. */
function scaleOf(low: number, high: number, first: number, last: number, by: (x: number) => number, back: (x: number) => number): Scale {
  const [a, b] = [by(low), by(high)];
  return {
    low,
    high,
    at: (value) => first + ((by(value) - a) / (b - a)) * (last - first),
    from: (place) => within(back(a + ((place - first) / (last - first)) * (b - a)), low, high),
  };
}

export function linear(low: number, high: number, first: number, last: number): Scale {
  return scaleOf(low, high, first, last, (x) => x, (x) => x);
}

export function logarithmic(low: number, high: number, first: number, last: number): Scale {
  return scaleOf(low, high, first, last, Math.log, Math.exp);
}

export function within(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** The next multiple of a step; free of the dust of floating point. */
export function rounded(value: number, step: number): number {
  return Number((Math.round(value / step) * step).toPrecision(12));
}

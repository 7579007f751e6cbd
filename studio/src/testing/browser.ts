// What modules of the page ask of a browser as they load, for tests that run without one. Import it first.

export const visited = { hash: "" };

const listeners = new Map<string, (() => void)[]>();

let waiting: (() => void)[] = [];

/** Let all time pass that the page waits for. */
export function settle(): void {
  const due = waiting;
  waiting = [];
  due.forEach((run) => run());
}

const page = {
  addEventListener: (name: string, run: () => void) => listeners.set(name, [...(listeners.get(name) ?? []), run]),
  setTimeout: (run: () => void) => waiting.push(run),
};

Object.assign(globalThis, {
  window: page,
  location: {
    get hash() {
      return visited.hash;
    },
    pathname: "/",
  },
  history: {
    replaceState: (_state: unknown, _title: string, address: string) => {
      visited.hash = address.startsWith("#") ? address : "";
    },
  },
});

/** Go to another fragment, as a link or the back button does. */
export function visit(hash: string): void {
  visited.hash = hash;
  listeners.get("hashchange")?.forEach((run) => run());
}

// What stands where there is nothing to show: empty, at work, or wrong, each with what to do.

import type { ComponentChildren } from "preact";

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Working({ what }: { what: string }) {
  return (
    <p class="working" role="status">
      {what} …
    </p>
  );
}

export function Wrong({ error }: { error: string }) {
  return (
    <p class="wrong" role="alert">
      {error}
    </p>
  );
}

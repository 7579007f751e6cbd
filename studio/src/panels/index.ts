// The panels of the side. Each loads when it is first opened, so that the first paint waits for none.

import type { FunctionComponent } from "preact";
import type { PanelName } from "../state/view";

interface Entry {
  title: string;
  /** One line under the title: what to do here. */
  says: string;
  load(): Promise<FunctionComponent>;
}

export const panelEntries: Partial<Record<PanelName, Entry>> = {
  map: {
    title: "Map",
    says: "Move over the map: the decoder draws what lies under the cursor.",
    load: async () => (await import("./mapPanel")).MapPanel,
  },
};

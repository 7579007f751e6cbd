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
    says: "Move over the map: the decoder draws what lies under the cursor. A click holds it there.",
    load: async () => (await import("./mapPanel")).MapPanel,
  },
  paths: {
    title: "Paths",
    says: "The straight path from A to B, and the geodesic: the one along which the decoder changes least.",
    load: async () => (await import("./pathsPanel")).PathsPanel,
  },
  selection: {
    title: "Selection",
    says: "Rows inside a loop on the map: what they have in common.",
    load: async () => (await import("./selectionPanel")).SelectionPanel,
  },
  encode: {
    title: "Encode",
    says: "Give the encoder a row of your own: where does it put it?",
    load: async () => (await import("./encodePanel")).EncodePanel,
  },
  sample: {
    title: "Sample",
    says: "Draws from the prior, decoded. Click one to find it on the map.",
    load: async () => (await import("./samplePanel")).SamplePanel,
  },
  train: {
    title: "Train",
    says: "Fit another model to the same data, and watch it learn.",
    load: async () => (await import("./trainPanel")).TrainPanel,
  },
  theory: {
    title: "Theory",
    says: "Seven ideas behind this model, each a drawing that answers to your hand, or to Tab and the arrow keys.",
    load: async () => (await import("../theory/lab")).TheoryLab,
  },
};

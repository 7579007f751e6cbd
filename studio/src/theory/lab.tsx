// The theory lab: seven explorables, one at a time.

import type { FunctionComponent } from "preact";
import { Bound } from "./bound";
import { Boxes } from "./boxes";
import { Divergence } from "./divergence";
import { Gradients } from "./gradients";
import { Joint } from "./joint";
import { KlTerm } from "./klTerm";
import { Posterior } from "./posterior";
import { lab, LABS, type LabName } from "./state";
import "./theory.css";

const PAGES: Record<LabName, { title: string; Page: FunctionComponent }> = {
  boxes: { title: "Bayes' rule", Page: Boxes },
  joint: { title: "Joint and marginal", Page: Joint },
  kl: { title: "KL", Page: Divergence },
  elbo: { title: "ELBO", Page: Bound },
  gradients: { title: "Reparameterisation", Page: Gradients },
  "kl-term": { title: "The KL term", Page: KlTerm },
  posterior: { title: "True posterior", Page: Posterior },
};

export function TheoryLab() {
  const { Page } = PAGES[lab.value];
  return (
    <div class="lab">
      <nav class="lab-pages" aria-label="Explorables">
        {LABS.map((name, i) => (
          <button key={name} aria-current={lab.value === name ? "page" : undefined} onClick={() => (lab.value = name)}>
            <span class="ordinal">{i + 1}</span> {PAGES[name].title}
          </button>
        ))}
      </nav>
      <Page key={lab.value} />
    </div>
  );
}

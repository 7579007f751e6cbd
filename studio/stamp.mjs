// Says what a build was made from: the SHA-256 over the page's sources, which setup.py and a test compute as well.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PARTS = ["index.html", "package-lock.json", "package.json", "public", "src", "stamp.mjs", "tsconfig.json", "vite.config.ts", "vite.export.config.ts"];

function files(folder, name) {
  if (!statSync(join(folder, name)).isDirectory()) return [name];
  return readdirSync(join(folder, name)).flatMap((child) => files(folder, `${name}/${child}`));
}

export function digest(folder) {
  const hash = createHash("sha256");
  const names = PARTS.flatMap((part) => files(folder, part)).filter((name) => !name.endsWith(".test.ts"));
  for (const name of names.sort()) {
    const content = readFileSync(join(folder, name));
    hash.update(`${name}\0${content.length}\0`);
    hash.update(content);
  }
  return hash.digest("hex");
}

/** A plugin of Vite's that leaves the digest beside the build. */
export function stamp() {
  let out = "";
  return {
    name: "stamp",
    configResolved(config) {
      out = join(config.root, config.build.outDir);
      if (config.build.outDir.startsWith("/")) out = config.build.outDir;
    },
    closeBundle() {
      writeFileSync(join(out, "sources.sha256"), `${digest(import.meta.dirname)}\n`);
    },
  };
}

// Decodes with the page's own runtime: reads {facts, numbers (base64), half, z} from stdin, writes rows as JSON.
// Arguments: the folder of the page's sources.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const studio = process.argv[2];
const vite = await import(pathToFileURL(createRequire(`${studio}/package.json`).resolve("vite")).href);
const [built] = [await vite.build({
  root: studio,
  configFile: false,
  logLevel: "error",
  publicDir: false,
  build: { write: false, minify: false, lib: { entry: "src/runtime/mlp.ts", formats: ["es"] } },
})].flat();
const code = built.output.find((part) => part.type === "chunk").code;
const { MlpDecoder } = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);

let text = "";
for await (const part of process.stdin) text += part;
const answers = JSON.parse(text).map(({ facts, numbers, half, z }) => {
  const bytes = Uint8Array.from(Buffer.from(numbers, "base64"));
  const decoder = new MlpDecoder(facts, half ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer));
  return z.map((point) => [...decoder.decode(point)]);
});
process.stdout.write(JSON.stringify(answers));

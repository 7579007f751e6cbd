import { defineConfig } from "vite";
import { stamp } from "./stamp.mjs";

// The page is built into the package, from where `vael studio` serves it.
export default defineConfig({
  base: "./",
  plugins: [stamp()],
  build: {
    outDir: "../src/vael/studio/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
});

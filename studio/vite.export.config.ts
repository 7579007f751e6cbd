import { defineConfig } from "vite";
import { stamp } from "./stamp.mjs";

// The exported page: one script and one style sheet, which Python puts into one file.
export default defineConfig({
  plugins: [stamp()],
  publicDir: false,
  build: {
    outDir: "../src/vael/studio/page",
    emptyOutDir: false,
    target: "es2022",
    cssCodeSplit: false,
    rollupOptions: {
      input: "src/export/main.tsx",
      output: { format: "iife", entryFileNames: "export/export.js", assetFileNames: "export/export[extname]" },
    },
  },
});

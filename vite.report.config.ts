/** Bundles the script of report pages into one file that a page carries inside: dist/report/page-bundle.js. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  configFile: false,
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  build: {
    outDir: 'dist/report',
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'es2022',
    minify: true,
    lib: {
      entry: fileURLToPath(new URL('src/report/page/main.ts', import.meta.url)),
      formats: ['iife'],
      name: 'seatrialReport',
      fileName: () => 'page-bundle.js',
    },
  },
});

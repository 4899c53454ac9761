/**
 * Joins the benches and what they measure to one program, compiled as the command is: run file by file through tsx the same code takes
 * a quarter longer, since tsx keeps the name of every function by a call.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import command from './vite.command.config.ts';

export default defineConfig({
  configFile: false,
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  ssr: command.ssr,
  build: {
    ssr: 'bench/main.ts',
    outDir: 'out/bench',
    copyPublicDir: false,
    target: 'es2022',
    minify: false,
    sourcemap: true,
    rolldownOptions: { output: { entryFileNames: 'main.js' } },
  },
});

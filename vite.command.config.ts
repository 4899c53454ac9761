/**
 * Joins the compiled program to a few files: the command (dist/cli/main.js), its worker threads and the two entries of the library share
 * the chunks in dist/chunks, so that a process has one copy of everything, whichever of them it starts from. Node takes a third of a
 * millisecond and more for every file it loads, and the program has six hundred.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** Node keeps a file in twice the memory, and reads it more slowly, for a single character beyond ASCII; only texts have any. */
const ascii: Plugin = {
  name: 'ascii',
  generateBundle: (_options, bundle) => {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk') chunk.code = chunk.code.replace(/[^\0-\x7f]/g, escaped);
    }
  },
};

function escaped(found: string): string {
  return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export default defineConfig({
  configFile: false,
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  plugins: [ascii],
  ssr: { noExternal: true, external: ['typescript', 'piscina', 'fast-check'] },
  build: {
    ssr: true,
    outDir: 'dist',
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'es2022',
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: {
        index: source('index.ts'),
        'testing/index': source('testing/index.ts'),
        'cli/main': source('cli/main.ts'),
        'cli/fuzz-worker': source('cli/fuzz-worker.ts'),
      },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name].js',
        // What is not parsed costs nothing; the source maps lead to the comments.
        comments: { legal: true, annotation: true, jsdoc: false },
      },
    },
  },
});

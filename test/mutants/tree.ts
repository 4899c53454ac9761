/**
 * CodeTree: the sources as JavaScript in a folder outside the project, and copies of it with one module replaced.
 *
 * Cost      translating takes some seconds once; a copy is hard links and one file, some ten milliseconds
 */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { applyMutant, type Mutant } from './mutant.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = join(PROJECT, 'src');

export function readSource(file: string): string {
  return readFileSync(join(SOURCE, file), 'utf8');
}

export class CodeTree {
  private readonly root: string;
  /** Paths of the modules, relative to the root. */
  private readonly modules: readonly string[];

  /** Translates what `entries` (project paths of modules) import, directly or not. */
  constructor(entries: readonly string[]) {
    this.root = mkdtempSync(join(tmpdir(), 'seatrial-mutants-'));
    const queue = entries.map((entry) => join(PROJECT, entry));
    const seen = new Set(queue);
    const modules: string[] = [];
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const source = readFileSync(path, 'utf8');
      const module = moduleOf(path);
      modules.push(module);
      write(join(this.root, 'plain', module), translate(source, path));
      for (const imported of importsOf(source, path)) {
        if (seen.has(imported)) continue;
        seen.add(imported);
        queue.push(imported);
      }
    }
    this.modules = modules;
    this.finish('plain');
  }

  /** Folder of the code as it is. */
  get plain(): string {
    return join(this.root, 'plain');
  }

  /** Folder of the code with the bug in it. Throws when the mutant does not apply, or when no module imports its file. */
  withMutant(mutant: Mutant): string {
    const path = join(SOURCE, mutant.file);
    const changed = moduleOf(path);
    if (!this.modules.includes(changed)) throw new Error(`mutant ${mutant.name}: src/${mutant.file} takes no part in storms`);
    const text = translate(applyMutant(mutant, readSource(mutant.file)), path);
    for (const module of this.modules) {
      const target = join(this.root, mutant.name, module);
      if (module === changed) {
        write(target, text);
        continue;
      }
      mkdirSync(dirname(target), { recursive: true });
      linkSync(join(this.plain, module), target);
    }
    this.finish(mutant.name);
    return join(this.root, mutant.name);
  }

  drop(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
  }

  dispose(): void {
    this.drop(this.root);
  }

  private finish(folder: string): void {
    writeFileSync(join(this.root, folder, 'package.json'), '{"type":"module"}\n');
    symlinkSync(join(PROJECT, 'node_modules'), join(this.root, folder, 'node_modules'));
  }
}

/** `src/base/hash.js` of the path of `src/base/hash.ts`. */
function moduleOf(path: string): string {
  return relative(PROJECT, path).replace(/\.ts$/, '.js');
}

function translate(source: string, fileName: string): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      useDefineForClassFields: true,
    },
  });
  const [first] = diagnostics;
  if (first !== undefined) throw new Error(`${fileName}: ${ts.flattenDiagnosticMessageText(first.messageText, ' ')}`);
  return outputText;
}

/** Paths of the modules that are loaded with this one; types only are not. */
function importsOf(source: string, path: string): string[] {
  const found: string[] = [];
  for (const [, keyword, clause = '', specifier] of source.matchAll(/^(import|export)\b([^;'"]*?)(?:from )?'(\.[^']+)';/gm)) {
    const isTypeOnly = clause.trimStart().startsWith('type ') && keyword !== undefined;
    if (!isTypeOnly) found.push(resolve(dirname(path), specifier!));
  }
  return found;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

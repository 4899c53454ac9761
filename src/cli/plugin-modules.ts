/**
 * PluginModules: runs a plugin's file and the files it imports, TypeScript or JavaScript, each once.
 *
 * Files are compiled by the TypeScript compiler (types are taken away, not checked) to functions with guarded globals. `seatrial`
 * means this very package, wherever the file stands; relative imports may leave out their ending and may be JSON; other packages are
 * found as Node finds them from the file, and run as they are. There is no top-level await, no `import.meta`, no `import()`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import type typescript from 'typescript';
import { InputError, type InputProblem } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import * as library from '../index.ts';
import { resolvePath } from '../scenario/lowering.ts';
import { pluginFile } from '../scenario/plugin-sources.ts';
import type { FileSource } from '../scenario/scenario.ts';
import { CompiledLines, type Place } from './compiled-lines.ts';
import { pluginGlobals } from './plugin-globals.ts';

const SELF = 'seatrial';
/** Node's own modules that only compute. */
const HARMLESS = ['assert', 'assert/strict', 'buffer', 'path', 'path/posix', 'querystring', 'string_decoder', 'url', 'util'];
const ENDINGS = ['', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json', '/index.ts', '/index.js'];

interface Module {
  exports: unknown;
}

export class PluginModules {
  private readonly files: FileSource;
  private readonly globals: Readonly<Record<string, unknown>>;
  private readonly modules: Map<string, Module>;
  private readonly lines: Map<string, CompiledLines>;
  private readonly libraries: Readonly<Record<string, unknown>>;
  private compiler: typeof typescript | undefined;

  /** `libraries`: what further package names mean, wherever the file stands. */
  constructor(files: FileSource, libraries: Readonly<Record<string, unknown>> = {}) {
    this.files = files;
    this.libraries = { [SELF]: library, ...libraries };
    this.globals = pluginGlobals();
    this.modules = new Map();
    this.lines = new Map();
    this.compiler = undefined;
  }

  /** What the file exports. Throws an InputError. */
  load(path: string): unknown {
    const known = this.modules.get(path);
    if (known !== undefined) return known.exports;
    const module: Module = { exports: {} };
    // Before it runs, so that files may import each other in a circle.
    this.modules.set(path, module);
    if (path.endsWith('.json')) {
      module.exports = parseJson(path, this.read(path));
      return module.exports;
    }
    this.run(path, this.read(path), module);
    return module.exports;
  }

  /** The file of a package's main entry, as seen from `from`. Throws an InputError. */
  findPackage(name: string, from: string): string {
    const require = createRequire(resolve(from));
    try {
      return require.resolve(name);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const found = code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? importEntry(name, resolve(from)) : undefined;
      if (found !== undefined) return found;
      const hint = `npm install ${packageOf(name)}, or write ./${name} for a file`;
      if (code === 'MODULE_NOT_FOUND') throw new InputError([{ path: '', file: name, message: 'there is no such package', hint }]);
      throw new InputError([{ path: '', file: name, message: message.split('\n')[0]! }]);
    }
  }

  /** Where in a loaded file `error` was thrown; undefined when it was not in one. */
  placeOf(error: unknown): (Place & { readonly file: string }) | undefined {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    let best: (Place & { readonly file: string; readonly at: number }) | undefined;
    for (const [file, lines] of this.lines) {
      for (let at = stack.indexOf(`${file}:`); at >= 0; at = stack.indexOf(`${file}:`, at + 1)) {
        const match = /^:(\d+):(\d+)/.exec(stack.slice(at + file.length));
        if (match === null || (best !== undefined && best.at <= at)) continue;
        const place = lines.find(Number(match[1]), Number(match[2]));
        if (place !== undefined) best = { ...place, file, at };
      }
    }
    return best === undefined ? undefined : { file: best.file, line: best.line, column: best.column };
  }

  private read(path: string): string {
    if (this.files.exists(path)) return this.files.readText(path);
    const nearest = nearestFile(path);
    const hint = nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` };
    throw new InputError([{ path: '', file: path, message: 'file not found', ...hint }]);
  }

  private run(path: string, text: string, module: Module): void {
    const code = this.compile(path, text);
    const names = Object.keys(this.globals).filter((name) => !declares(code, name));
    const require = (name: string): unknown => this.import(name, path);
    try {
      const body = compileFunction(code, ['exports', 'require', 'module', ...names], { filename: path });
      body.call(undefined, module.exports, require, module, ...names.map((name) => this.globals[name]));
    } catch (error) {
      this.modules.delete(path);
      if (error instanceof InputError) throw new InputError(error.problems.map((problem) => inFile(problem, path)));
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const place = this.placeOf(error) ?? { file: path };
      throw new InputError([{ path: '', ...place, message: `cannot be loaded: ${what}` }]);
    }
  }

  /** Plain JavaScript with `require` and `exports`. Throws an InputError at the place of a syntax error. */
  private compile(path: string, text: string): string {
    this.compiler ??= createRequire(import.meta.url)('typescript') as typeof typescript;
    const ts = this.compiler;
    const { outputText, diagnostics, sourceMapText } = ts.transpileModule(text, {
      // An ending that says "ES module" would be believed.
      fileName: path.replace(/\.[cm]([jt]s)$/, '.$1'),
      reportDiagnostics: true,
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        esModuleInterop: true,
        allowJs: true,
        sourceMap: true,
        ignoreDeprecations: '6.0',
      },
    });
    const problems: InputProblem[] = [];
    for (const { category, messageText, start, file } of diagnostics ?? []) {
      if (category !== ts.DiagnosticCategory.Error) continue;
      const message = ts.flattenDiagnosticMessageText(messageText, ' ').replace(/\.$/, '');
      const at = start === undefined || file === undefined ? undefined : file.getLineAndCharacterOfPosition(start);
      problems.push({ path: '', file: path, message, ...(at === undefined ? {} : { line: at.line + 1, column: at.character + 1 }) });
    }
    if (problems.length > 0) throw new InputError(problems);
    if (sourceMapText !== undefined) {
      this.lines.set(path, new CompiledLines((JSON.parse(sourceMapText) as { readonly mappings: string }).mappings));
    }
    return outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
  }

  private import(name: string, from: string): unknown {
    if (Object.hasOwn(this.libraries, name)) return this.libraries[name];
    if (/^\.\.?(\/|$)/.test(name) || name.startsWith('/')) return this.load(this.findFile(pluginFile(resolvePath(from, name)), name, from));
    const builtIn = name.replace(/^node:/, '');
    const require = createRequire(resolve(from));
    if (name.startsWith('node:') || isBuiltIn(builtIn)) {
      if (HARMLESS.includes(builtIn)) return require(`node:${builtIn}`);
      const message = `imports ${name}, but a run must depend on nothing but scenario, seed and code`;
      throw new InputError([{ path: '', file: from, message, hint: `a plugin may import ${HARMLESS.join(', ')}, and tables as JSON` }]);
    }
    try {
      return require(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
      const message = `imports ${name}, but there is no such package`;
      throw new InputError([{ path: '', file: from, message, hint: `npm install ${packageOf(name)}` }]);
    }
  }

  /** With the ending that was left out; `.js` may stand for the `.ts` it is compiled from. */
  private findFile(path: string, name: string, from: string): string {
    const sourceOf = path.replace(/\.([cm]?)js$/, '.$1ts');
    const found = [...ENDINGS.map((ending) => path + ending), sourceOf].find((candidate) => this.files.exists(candidate));
    if (found !== undefined) return found;
    const nearest = nearestFile(path);
    const hint = nearest === undefined ? {} : { hint: `did you mean "./${nearest}"?` };
    throw new InputError([{ path: '', file: from, message: `imports ${name}, but there is no such file`, ...hint }]);
  }
}

function inFile(problem: InputProblem, file: string): InputProblem {
  return problem.file === undefined ? { ...problem, file } : problem;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError([{ path: '', file: path, message: `not JSON: ${(error as Error).message}` }]);
  }
}

/** Whether the file itself gives `name` a meaning at its top, so that it cannot be a parameter as well. */
function declares(code: string, name: string): boolean {
  return new RegExp(`^(?:const|let|var|class|function\\*?)\\s+${name}\\b`, 'm').test(code);
}

function isBuiltIn(name: string): boolean {
  return createRequire(import.meta.url).resolve.paths(name) === null;
}

/** `@scope/name` or `name` of what is imported. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The file in the same folder that was most likely meant. */
function nearestFile(path: string): string | undefined {
  try {
    return nearestName(path.replace(/^.*[/\\]/, ''), readdirSync(dirname(path)));
  } catch {
    return undefined;
  }
}

/** The entry of a package that is there for `import` only. */
function importEntry(name: string, from: string): string | undefined {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const base = join(folder, 'node_modules', name);
    try {
      const { exports } = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8')) as { readonly exports?: unknown };
      const entry = conditionOf(exports);
      return entry === undefined ? undefined : join(base, entry);
    } catch {
      // Not here: one folder up.
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function conditionOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const entries = exports as Readonly<Record<string, unknown>>;
  for (const key of ['.', 'import', 'node', 'module', 'default']) {
    const found = Object.hasOwn(entries, key) ? conditionOf(entries[key]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The two rules that are correctness and not taste: imports go down the layers, and nothing in the
 * core may depend on the machine, the wall clock or the order of promises.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');

/** Folders by layer, lowest first. A folder may import itself and every lower layer; folders on one line do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['engine', 'objects'],
  ['apiserver', 'datacenter'],
  ['client'],
  ['scheduler', 'controllers', 'kubelet', 'workload', 'traces'],
  ['faults', 'metrics'],
  ['scenario'],
  ['sweep', 'compare', 'report', 'testing'],
  ['cli'],
];
/** Neighbours that may look at each other, and why. */
const EXCEPTIONS: ReadonlySet<string> = new Set([
  'workload>traces', // arrivals are fed from a trace's stream
  'compare>sweep', // statistics run over the cells of a sweep
]);
const layerOf = new Map(LAYERS.flatMap((folders, layer) => folders.map((folder) => [folder, layer] as const)));

/** Who may use Node's own modules: the command line, sweeps, and files that only read or write files. */
function mayUseNode(file: string): boolean {
  const folder = file.split(sep)[0]!;
  return folder === 'cli' || folder === 'sweep' || /-(file|pool|worker)\.ts$/.test(file);
}
const THIRD_PARTY_FOLDERS: ReadonlySet<string> = new Set(['report', 'scenario', 'cli', 'sweep', 'testing']);

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const sources = files.map((file) => ({
  file,
  folder: file.includes(sep) ? file.split(sep)[0]! : '',
  text: readFileSync(join(src, file), 'utf8'),
}));

function importsOf(text: string): string[] {
  // Examples in comments import, too.
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...code.matchAll(/(?:\bfrom\s|\bimport\s*\(?)\s*'([^']+)'/g)].map((match) => match[1]!);
}

describe('layers', () => {
  test('every folder of src has its place', () => {
    const unknown = new Set(sources.map((s) => s.folder).filter((folder) => folder !== '' && !layerOf.has(folder)));
    expect([...unknown]).toEqual([]);
  });

  test('imports follow the layers', () => {
    const wrong: string[] = [];
    for (const { file, folder, text } of sources) {
      if (folder === '') continue; // src/index.ts is the public surface and may name everything
      for (const target of importsOf(text)) {
        if (!target.startsWith('.')) continue;
        const other = join(dirname(file), target).split(sep)[0]!;
        // Users' plugins import the package from inside the command line.
        if (other === 'index.ts' && folder === 'cli') continue;
        if (other === folder || EXCEPTIONS.has(`${folder}>${other}`)) continue;
        const allowed = layerOf.has(other) && layerOf.get(other)! < layerOf.get(folder)!;
        if (!allowed) wrong.push(`${file} imports ${other}/`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('relative imports name files that exist, with their ending', () => {
    const wrong: string[] = [];
    for (const { file, text } of sources) {
      for (const target of importsOf(text)) {
        if (target.startsWith('.') && !existsSync(join(src, dirname(file), target))) wrong.push(`${file}: ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('the core uses nothing of Node and no third-party package', () => {
    const wrong: string[] = [];
    for (const { file, folder, text } of sources) {
      for (const target of importsOf(text)) {
        if (target.startsWith('.')) continue;
        if (target.startsWith('node:')) {
          if (!mayUseNode(file)) wrong.push(`${file} imports ${target}`);
        } else if (!THIRD_PARTY_FOLDERS.has(folder)) {
          wrong.push(`${file} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('only scenario, the command line and tests look into a registry from outside its folder', () => {
    const wrong: string[] = [];
    for (const { file, folder, text } of sources) {
      for (const target of importsOf(text)) {
        if (!target.endsWith('registry.ts')) continue;
        const other = join(dirname(file), target).split(sep)[0]!;
        if (other !== folder && !['scenario', 'cli', 'testing', 'report', ''].includes(folder)) wrong.push(`${file} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('determinism', () => {
  const CORE: ReadonlySet<string> = new Set(LAYERS.slice(0, 7).flat());
  const BANNED: readonly [RegExp, string][] = [
    [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, 'the simulated clock: engine.nowUs'],
    [/\bMath\.random\(|\bcrypto\./, 'a named stream: rng.fork(name)'],
    [/\bMath\.(log|log2|log10|log1p|exp|expm1|pow|sin|cos|tan|cbrt|tanh|sinh|cosh|atan2?|asin|acos|hypot)\(/, 'engine/portable-math.ts'],
    [/[\w)\]] \*\* [\w(]/, 'engine/portable-math.ts or multiplication'],
    [/\.(sort|toSorted)\(\)/, 'a total comparator, such as compareCodeUnits'],
    [/\.localeCompare\(|\.toLocale\w*\(|\bIntl\./, 'compareCodeUnits and explicit formatting'],
    [/\basync\b|\bawait\b|\bnew Promise\(|\bPromise\.|\bqueueMicrotask\(/, 'operations (Op<T>) and events'],
    [/\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(/, 'engine.schedule or scope.timer'],
    [/^(?:export )?let /m, 'a field of the world: module state is shared by two runs in one process'],
  ];

  test('no file of the core uses what differs between machines, engines or runs', () => {
    const wrong: string[] = [];
    for (const { file, folder, text } of sources) {
      if (!CORE.has(folder) || mayUseNode(file)) continue;
      const code = withoutCommentsAndStrings(text);
      for (const [pattern, instead] of BANNED) {
        const match = pattern.exec(code);
        if (match !== null) wrong.push(`${file}: ${match[0].trim()} — write instead: ${instead}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('the search finds what it looks for', () => {
    const samples = ['x = Math.random()', 'Math.log(2)', 'a ** b', 'list.sort()', 'async function f() {}', 'let count = 0;', 'Date.now()'];
    for (const sample of samples) expect(BANNED.some(([pattern]) => pattern.test(sample))).toBe(true);
    expect(BANNED.some(([pattern]) => pattern.test(withoutCommentsAndStrings("// Math.random()\nconst a = 'await';")))).toBe(false);
  });
});

/**
 * V8 allocates two things of a world in its old generation, and with them keeps whatever their scope sees until the next full collection: a function that
 * is written where it is assigned to a property, and the hidden class of a generator that is made anew each time. An accessor in an
 * object literal is of another kind: the second object with it becomes a hash table. See base/do-nothing.ts and docs/performance.md.
 */
describe('what a world leaves behind', () => {
  test('functions are assigned to properties by name; generators and accessors are members of classes or of modules', () => {
    const wrong = sources.filter(({ folder }) => folder !== 'cli').flatMap(({ file, text }) => keptBy(file, text));
    expect(wrong).toEqual([]);
  });

  test('the search finds what it looks for', () => {
    const kept = (text: string): number => keptBy('sample.ts', text).length;
    expect(kept('class A { constructor() { this.f = () => 1; } }')).toBe(1);
    expect(kept('a.f ??= function () {};')).toBe(1);
    expect(kept('function f() { function* g() {} }')).toBe(1);
    expect(kept('const f = () => all(function* () {});')).toBe(1);
    expect(kept('const f = () => ({ *g() {} });')).toBe(1);
    expect(kept('const f = () => ({ get g() { return 1; } });')).toBe(1);
    expect(kept('class A { *g() {} get h() { return 1; } constructor() { const f = () => 1; this.f = f; } } function* k() {}')).toBe(0);
  });
});

function keptBy(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  visit(source, false);
  return found;

  function visit(node: ts.Node, isInFunction: boolean): void {
    if (isFunctionInProperty(node) || (isInFunction && (isGenerator(node) || isAccessorOfLiteral(node)))) {
      found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    }
    ts.forEachChild(node, (child) => visit(child, isInFunction || ts.isFunctionLike(node)));
  }
}

const ASSIGNMENTS: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
];

function isFunctionInProperty(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node) || !ASSIGNMENTS.includes(node.operatorToken.kind)) return false;
  const isProperty = ts.isPropertyAccessExpression(node.left) || ts.isElementAccessExpression(node.left);
  return isProperty && (ts.isArrowFunction(node.right) || ts.isFunctionExpression(node.right));
}

function isGenerator(node: ts.Node): boolean {
  const canBe = ts.isFunctionExpression(node) || ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
  return canBe && node.asteriskToken !== undefined;
}

function isAccessorOfLiteral(node: ts.Node): boolean {
  return ts.isAccessor(node) && ts.isObjectLiteralExpression(node.parent);
}

/** Blanks out comments and string literals, so that prose about a function is not mistaken for a call. */
function withoutCommentsAndStrings(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, '""');
}

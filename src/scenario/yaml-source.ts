/**
 * YAML and JSON text as documents that know where each of their parts was written.
 *
 * Differs   beside plain YAML 1.2, distributions may stand unquoted: in `every: exponential(mean: 30d)` and
 *           `{ for: lognormal(median: 15m, sigma: 1) }` the colon and the comma would otherwise end the value. They are masked by
 *           characters of the private use area before parsing (same length, so positions hold) and restored in every string.
 */
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  type Node as YamlNode,
} from 'yaml';
import type { InputProblem } from '../base/input-error.ts';
import { jsonPlaces } from './json-places.ts';
import { DECLINED, type Place, parsePlainDocuments } from './plain-yaml.ts';
import type { SourcePosition } from './scenario.ts';

export type PathPart = string | number;
export type DocumentPath = readonly PathPart[];

const MASKED_COLON = '\uE001';
const MASKED_COMMA = '\uE002';
/** `word(...)` on one line. Any word, so that a misspelled distribution is reported as such and not as broken YAML. */
const CALL = /\b[A-Za-z][\w-]*\([^()\n'"#]*\)/g;

/** The syntax tree of a document, with the lines of its text. */
interface Tree {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** A document that was read without a tree; the tree is made when somebody asks for a place that is not known yet. */
interface Untreed {
  readonly text: string;
  readonly content: Place;
  /** Where the entries of a top-level list called `items` start. */
  readonly items: readonly Place[];
}

const NO_PLACE: Place = { line: 0, column: 0 };

/** Data that was never text; it becomes text when somebody replaces a part of it. */
class DataSource implements Untreed {
  readonly content = NO_PLACE;
  readonly items: readonly Place[] = [];
  private readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  get text(): string {
    return JSON.stringify(this.value);
  }
}

/** One document of a file. */
export class SourceDocument {
  readonly file: string;
  /** The document as plain data; changes after `set`. */
  value: unknown;
  private readonly source: Untreed | undefined;
  private tree: Tree | undefined;
  /** Lines of the file before the text the tree was made from. */
  private readonly linesBefore: number;
  /** Paths replaced from outside, with what to show as their place. */
  private overridden: Map<string, string> | undefined;
  /** Replaced in `value`, not yet in a tree. */
  private replaced: { readonly path: DocumentPath; readonly value: unknown }[] | undefined;

  constructor(file: string, source: Tree | Untreed, value: unknown, linesBefore = 0) {
    this.file = file;
    this.source = 'text' in source ? source : undefined;
    this.tree = 'text' in source ? undefined : source;
    this.linesBefore = linesBefore;
    this.overridden = undefined;
    this.replaced = undefined;
    this.value = value;
  }

  /** Plain data that no file holds: problems and positions name paths in it, and line 0. */
  static ofData(file: string, value: unknown): SourceDocument {
    return new SourceDocument(file, new DataSource(value), value);
  }

  private get document(): Document {
    return this.getTree().document;
  }

  private getTree(): Tree {
    if (this.tree === undefined) {
      const lines = new LineCounter();
      this.tree = { document: parseDocument(mask(this.source!.text), { lineCounter: lines, merge: true, prettyErrors: false }), lines };
      for (const { path, value } of this.replaced ?? []) this.replaceIn(this.tree.document, path, value);
    }
    return this.tree;
  }

  /** Replaces (or adds) the value at `path`; positions below it read `origin`, such as `--set spec.seed=9`. */
  set(path: DocumentPath, value: unknown, origin: string): void {
    this.overridden ??= new Map();
    this.overridden.set(formatPath(path), origin);
    const changed = this.tree === undefined ? withValue(this.value, path, 0, value) : undefined;
    if (changed === undefined) {
      this.replaceIn(this.document, path, value);
      this.value = unmask(this.document.toJS());
    } else {
      this.replaced ??= [];
      this.replaced.push({ path, value });
      this.value = changed;
    }
  }

  private replaceIn(document: Document, path: DocumentPath, value: unknown): void {
    document.setIn(path, document.createNode(value));
  }

  /** Where the value at `path` starts; of its nearest ancestor when there is no such value. */
  positionOf(path: DocumentPath): SourcePosition {
    return this.locate(path, false);
  }

  /** Where the key of the last part of `path` starts. */
  keyPositionOf(path: DocumentPath): SourcePosition {
    return this.locate(path, true);
  }

  /** `message` about the value at `path`, ready to be reported. */
  problem(path: DocumentPath, message: string, hint?: string, atKey = false): InputProblem {
    const at = this.locate(path, atKey);
    const where = at.line === 0 ? { file: at.file } : { file: at.file, line: at.line, column: at.column };
    return { path: formatPath(path), message, ...(hint === undefined ? {} : { hint }), ...where };
  }

  /** Whether the text at `path` is written in quotes. */
  isQuoted(path: DocumentPath): boolean {
    const node = this.document.getIn(path, true);
    return isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
  }

  private locate(path: DocumentPath, atKey: boolean): SourcePosition {
    const text = formatPath(path);
    for (let length = this.overridden === undefined ? 0 : path.length; length > 0; length--) {
      const origin = this.overridden!.get(formatPath(path.slice(0, length)));
      if (origin !== undefined) return { file: origin, line: 0, column: 0, path: text };
    }
    if (this.source?.content === NO_PLACE) return { file: this.file, line: 0, column: 0, path: text };
    const known = this.tree === undefined ? this.knownPlace(path) : undefined;
    if (known !== undefined) return { file: this.file, line: known.line, column: known.column, path: text };
    let offset = startOf(this.document.contents) ?? this.document.range?.[0] ?? 0;
    let node: unknown = this.document.contents;
    for (const [index, part] of path.entries()) {
      const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part)) : undefined;
      const next: unknown = isMap(node) ? pair?.value : isSeq(node) ? node.items[Number(part)] : undefined;
      const keyStart = pair === undefined ? undefined : startOf(pair.key);
      if (atKey && index === path.length - 1 && keyStart !== undefined) return this.at(keyStart, text);
      if (next === undefined) break;
      // An empty value has no text of its own: its key is the best place.
      offset = startOf(next) ?? keyStart ?? offset;
      node = isPair(next) ? next.value : next;
    }
    return this.at(offset, text);
  }

  /** Places that need no tree: of the document, and of the objects of a list, of which there may be very many. */
  private knownPlace(path: DocumentPath): Place | undefined {
    if (path.length === 0) return this.source?.content;
    return path.length === 2 && path[0] === 'items' ? this.source?.items[Number(path[1])] : undefined;
  }

  private at(offset: number, path: string): SourcePosition {
    const { line, col } = this.getTree().lines.linePos(offset);
    return { file: this.file, line: line + this.linesBefore, column: col, path };
  }
}

/**
 * Reads all documents of one file; empty documents are left out. Syntax errors are added to `problems`.
 *
 * Cost      what machines write (JSON, and YAML as `kubectl` and scripts print it) is read by fast readers, 50 times as fast as
 *           the complete parser, which makes a tree with positions. The rest, and documents with problems, go through that.
 */
export function parseSource(file: string, text: string, problems: InputProblem[]): SourceDocument[] {
  const json = parseJson(text);
  if (json !== undefined) return [new SourceDocument(file, { text, ...jsonPlaces(text) }, json.value)];
  const plain = parsePlainDocuments(text);
  if (plain === undefined) return parseTrees(file, text, 0, problems);
  const documents: SourceDocument[] = [];
  for (const { start, end, line, content, value, items } of plain) {
    if (value === undefined) continue;
    const own = text.slice(start, end);
    if (value === DECLINED) documents.push(...parseTrees(file, own, line - 1, problems));
    else documents.push(new SourceDocument(file, { text: own, content, items }, value, line - 1));
  }
  return documents;
}

/** Reads documents with the complete parser. `linesBefore` lines of the file come before `text`. */
function parseTrees(file: string, text: string, linesBefore: number, problems: InputProblem[]): SourceDocument[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(mask(text), { lineCounter: lines, merge: true, prettyErrors: false });
  const documents: SourceDocument[] = [];
  for (const document of 'empty' in parsed ? [] : parsed) {
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0]);
      const message = `not valid YAML: ${lowerFirst(String(unmask(error.message)))}`;
      problems.push({ path: '', message, file, line: line + linesBefore, column: col });
    }
    if (document.errors.length === 0 && document.contents !== null && !isEmptyScalar(document.contents)) {
      documents.push(new SourceDocument(file, { document: document as Document, lines }, unmask(document.toJS()), linesBefore));
    }
  }
  return documents;
}

/** The value of a text that is JSON as a whole; undefined for anything else, broken JSON included: YAML has the better messages. */
function parseJson(text: string): { readonly value: unknown } | undefined {
  if (!/^[\ufeff\s]*[{[]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text.replace(/^\ufeff/, '')) as unknown };
  } catch {
    return undefined;
  }
}

/** One value as it would be written after a key: `3`, `false`, `[a, b]`, `exponential(mean: 3d)`. undefined when it is not valid YAML. */
export function parseInlineValue(text: string): { readonly value: unknown } | undefined {
  // What the command line itself writes needs no complete parser.
  if (/^(?:"[^"\\\r\n\t]*"|0|-?[1-9]\d{0,14})$/.test(text)) return { value: JSON.parse(text) as unknown };
  const document = parseDocument(mask(text), { prettyErrors: false });
  return document.errors.length > 0 ? undefined : { value: unmask(document.toJS() as unknown) };
}

/** `spec.events[2].target`; keys that are no plain words are quoted: `labels["nvidia.com/gpu"]`. */
export function formatPath(path: DocumentPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `["${part}"]`;
  }
  return text;
}

/** The value at `path` inside plain data; undefined when there is none. */
export function valueAt(root: unknown, path: DocumentPath): unknown {
  let at = root;
  for (const part of path) at = at === null || typeof at !== 'object' ? undefined : (at as Record<PathPart, unknown>)[part];
  return at;
}

/** A copy of `root` with `value` at `path`; undefined unless the path leads through mappings that exist. */
function withValue(root: unknown, path: DocumentPath, from: number, value: unknown): unknown {
  const key = path[from];
  if (typeof key !== 'string' || typeof root !== 'object' || root === null || Array.isArray(root)) return undefined;
  const isLast = from === path.length - 1;
  const below = isLast ? value : withValue((root as Record<string, unknown>)[key], path, from + 1, value);
  return below === undefined ? undefined : { ...root, [key]: below };
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && (node.value === null || node.value === '') && node.source === '';
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? ((node as YamlNode).range?.[0] ?? undefined) : undefined;
}

function mask(text: string): string {
  return text.replace(CALL, (call) => call.replaceAll(':', MASKED_COLON).replaceAll(',', MASKED_COMMA));
}

/** Restores masked characters in every string and key. */
function unmask(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\uE001') || value.includes('\uE002') ? restore(value) : value;
  if (Array.isArray(value)) return value.map(unmask);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [restore(key), unmask(entry)]));
  }
  return value;
}

function restore(text: string): string {
  return text.replaceAll(MASKED_COLON, ':').replaceAll(MASKED_COMMA, ',');
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

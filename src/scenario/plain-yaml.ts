/**
 * plain-yaml: a fast reader for the part of YAML that machines write, and most people too.
 *
 * Accepts block mappings and sequences of one-line scalars (plain, single or double quoted), folded plain and single-quoted
 * scalars, literal block scalars, `{}` and `[]`, comments on lines of their own. Whatever is not certainly one of these
 * (anchors, tags, flow collections, tabs, duplicate keys, odd keys ...) is declined, and the caller uses the complete parser:
 * being accepted here must mean the same value there.
 *
 * Models    YAML 1.2, core schema
 * HOT       about 0.15 us per line: cluster dumps and scheduler benchmarks have 10^5 to 10^6 lines
 * Oracle    the `yaml` package, on generated documents and on real files (plain-yaml.test.ts)
 */

/** Returned when a document is outside the accepted part of YAML. */
export const DECLINED: unique symbol = Symbol('declined');

export interface PlainDocument {
  /** First and last offset in the text: `text.slice(start, end)` is the document. */
  readonly start: number;
  readonly end: number;
  /** 1-based line of `start`. */
  readonly line: number;
  /** Where the first thing in the document is; the document's first line when there is none. */
  readonly content: Place;
  /** Plain data; undefined for a document with nothing in it; DECLINED. */
  readonly value: unknown;
  /** Where the entries of a top-level list called `items` start. */
  readonly items: readonly Place[];
}

/** What documents of one text have in common. */
interface Known {
  /** Keys found good. */
  readonly keys: Set<string>;
  /** Values of each of the SHARED keys by the text of their blocks. */
  readonly blocks: ReadonlyMap<string, Map<string, Block>>;
}

interface Block {
  readonly value: object;
  /** Indent of the key. */
  readonly indent: number;
  readonly lines: number;
}

/** 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The documents of `text`; undefined when the text cannot even be divided with certainty. */
export function parsePlainDocuments(text: string): PlainDocument[] | undefined {
  // Directives, document ends and line breaks other than LF and CRLF are rare and change what follows.
  if (/^(?:%|\.\.\.)|\r(?!\n)/m.test(text)) return undefined;
  const documents: PlainDocument[] = [];
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  let oddAt = nextOddCharacter(text, start);
  const known: Known = { keys: new Set(), blocks: new Map(SHARED.map((key) => [key, new Map()])) };
  while (start <= text.length) {
    const end = findMarker(text, start);
    if (end === start && start < text.length) {
      const lineEnd = endOfLine(text, start);
      // Content on the marker's own line belongs to the document that follows.
      if (!/^---[ \t]*\r?$/.test(text.slice(start, lineEnd))) return undefined;
      start = lineEnd + 1;
      line++;
      continue;
    }
    // Looked for once per occurrence, not once per document: that would be quadratic.
    if (oddAt < start) oddAt = nextOddCharacter(text, start);
    const parser = new PlainParser(text, start, end, line, known);
    documents.push(parser.parse(oddAt < end));
    line = parser.lineAtEnd;
    start = end === text.length ? end + 1 : end;
  }
  return documents;
}

/** Offset of the next `---` line at or after `from`, which is the start of a line; the text's length when there is none. */
function findMarker(text: string, from: number): number {
  if (isMarker(text, from)) return from;
  for (let at = text.indexOf('\n---', from); at !== -1; at = text.indexOf('\n---', at + 1)) if (isMarker(text, at + 1)) return at + 1;
  return text.length;
}

function isMarker(text: string, at: number): boolean {
  if (!text.startsWith('---', at)) return false;
  const next = text.charCodeAt(at + 3);
  return at + 3 >= text.length || next === SPACE || next === LF || next === CR || next === TAB;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? text.length : at;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const HASH = 35;
const DASH = 45;
const COLON = 58;

/** Keys whose text is their value in every schema. */
const KEY = /^[A-Za-z_][\w./:-]*$/;
const NOT_A_NAME = /^(?:null|true|false|__proto__)$/i;
const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:[eE][-+]?[0-9]+)?$/;
/** Keys whose blocks are often the same from one object to the next: they are read once, and become one value. */
const SHARED = ['spec', 'status', 'labels', 'annotations'];
/** A dump of a live cluster has none of them; they must not cost memory. */
const MAX_BLOCKS = 1024;
const OTHER_NUMBER = /^(?:0[xo]|[-+]?\.(?:inf|nan)$)/i;
/** Characters that cannot start a plain scalar, or (`?`, `:`, `-`) only sometimes can. */
const INDICATOR = /^[[\]{},#&*!|>'"%@`?:]/;

class PlainParser {
  private readonly text: string;
  private readonly start: number;
  private readonly end: number;
  private readonly startLine: number;
  private readonly known: Known;
  private readonly items: Place[];
  private declined: boolean;

  // The current line: its number, where it starts, where its content starts and ends (before CR), how far it is indented.
  private line: number;
  private lineStart: number;
  private content: number;
  private contentEnd: number;
  private indent: number;
  /** Start of the line after the current one. */
  private nextLine: number;
  /** Blank or comment lines came before the current line. */
  private skippedLines: boolean;
  private depth: number;

  constructor(text: string, start: number, end: number, startLine: number, known: Known) {
    this.text = text;
    this.start = start;
    this.end = end;
    this.startLine = startLine;
    this.known = known;
    this.items = [];
    this.declined = false;
    this.line = startLine - 1;
    this.lineStart = start;
    this.content = start;
    this.contentEnd = start;
    this.indent = 0;
    this.nextLine = start;
    this.skippedLines = false;
    this.depth = 0;
  }

  /** 1-based line that follows the document. */
  get lineAtEnd(): number {
    let line = this.line;
    // A declined document was left half-read.
    for (let at = this.nextLine; at < this.end; at = endOfLine(this.text, at) + 1) line++;
    return line + 1;
  }

  parse(hasOddCharacters: boolean): PlainDocument {
    const { start, end, startLine } = this;
    let value: unknown;
    let content: Place = { line: startLine, column: 1 };
    if (hasOddCharacters) value = DECLINED;
    else {
      this.advance();
      if (!this.atEnd) {
        content = { line: this.line, column: this.indent + 1 };
        value = this.parseBlock();
        if (!this.atEnd || this.declined) value = DECLINED;
      }
    }
    return { start, end, line: startLine, content, value, items: this.items };
  }

  private get atEnd(): boolean {
    return this.lineStart >= this.end;
  }

  private decline(): undefined {
    this.declined = true;
    return undefined;
  }

  /** Moves to the next line with something on it; to the end when there is none. */
  private advance(): void {
    const { text, end } = this;
    this.skippedLines = false;
    let at = this.nextLine;
    while (at < end) {
      this.line++;
      let lineEnd = text.indexOf('\n', at);
      if (lineEnd === -1 || lineEnd > end) lineEnd = end;
      let content = at;
      while (content < lineEnd && text.charCodeAt(content) === SPACE) content++;
      const code = content < lineEnd ? text.charCodeAt(content) : LF;
      if (code !== LF && code !== CR && code !== HASH) {
        this.lineStart = at;
        this.content = content;
        this.indent = content - at;
        this.contentEnd = text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
        this.nextLine = lineEnd + 1;
        return;
      }
      this.skippedLines = true;
      at = lineEnd + 1;
    }
    this.nextLine = at;
    this.lineStart = end;
    this.indent = -1;
  }

  /** The current line starts an entry of a sequence. */
  private get isEntry(): boolean {
    if (this.text.charCodeAt(this.content) !== DASH) return false;
    return this.content + 1 >= this.contentEnd || this.text.charCodeAt(this.content + 1) === SPACE;
  }

  private parseBlock(): unknown {
    return this.isEntry ? this.parseSequence(this.indent) : this.parseMapping(this.indent);
  }

  private parseMapping(indent: number): unknown {
    const { text } = this;
    const result: Record<string, unknown> = {};
    this.depth++;
    while (!this.declined && this.indent === indent && !this.isEntry) {
      const colon = this.findColon(this.content);
      if (colon === -1) return this.decline();
      const key = this.parseKey(this.content, colon);
      // A key that every object inherits is not in the way; one that was set is.
      if (key === undefined || Object.hasOwn(result, key)) return this.decline();
      let at = colon + 1;
      while (at < this.contentEnd && text.charCodeAt(at) === SPACE) at++;
      if (at < this.contentEnd) result[key] = this.parseScalar(at, indent);
      else {
        const blocks = this.known.blocks.get(key);
        if (blocks !== undefined) {
          result[key] = this.parseShared(blocks, indent);
          continue;
        }
        this.advance();
        const isList = this.isEntry && this.indent >= indent;
        if (isList) result[key] = this.parseSequence(this.indent, this.depth === 1 && key === 'items');
        else result[key] = this.indent > indent ? this.parseMapping(this.indent) : null;
      }
    }
    this.depth--;
    return this.indent > indent ? this.decline() : result;
  }

  /** What follows a key that is indented by `indent`: for the same text the same value, which nobody changes. */
  private parseShared(blocks: Map<string, Block>, indent: number): unknown {
    const start = this.nextLine;
    const end = this.endOfBlock(start, indent);
    const text = this.text.slice(start, end);
    const known = blocks.get(text);
    if (known !== undefined && known.indent === indent) {
      this.line += known.lines;
      this.nextLine = end;
      this.advance();
      return known.value;
    }
    this.advance();
    if (this.isEntry && this.indent >= indent) return this.parseSequence(this.indent);
    if (this.indent <= indent) return null;
    const value = this.parseMapping(this.indent);
    // What ends elsewhere than expected has more to it than its text.
    if (!this.declined && this.lineStart === end && blocks.size < MAX_BLOCKS) {
      const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
      blocks.set(text, { value: value as object, indent, lines });
    }
    return value;
  }

  /** Offset of the first line at or after `from` that is indented no deeper than `indent`. */
  private endOfBlock(from: number, indent: number): number {
    const { text, end } = this;
    let at = from;
    while (at < end) {
      let content = at;
      while (content < end && content - at <= indent && text.charCodeAt(content) === SPACE) content++;
      if (content - at <= indent && content < end) {
        const code = text.charCodeAt(content);
        if (code !== LF && code !== CR) return at;
      }
      const lineEnd = text.indexOf('\n', content);
      if (lineEnd === -1) return end;
      at = lineEnd + 1;
    }
    return end;
  }

  private parseSequence(indent: number, notePlaces = false): unknown {
    const { text } = this;
    const result: unknown[] = [];
    while (!this.declined && this.indent === indent && this.isEntry) {
      let at = this.content + 1;
      while (at < this.contentEnd && text.charCodeAt(at) === SPACE) at++;
      if (notePlaces) this.items.push({ line: this.line, column: at - this.lineStart + 1 });
      if (at >= this.contentEnd) {
        this.advance();
        result.push(this.indent > indent ? this.parseBlock() : null);
      } else if (text.charCodeAt(at) === DASH && (at + 1 >= this.contentEnd || text.charCodeAt(at + 1) === SPACE)) {
        return this.decline();
      } else if (this.findColon(at) === -1) {
        result.push(this.parseScalar(at, indent));
      } else {
        // The mapping starts on the dash's line: its indent is the column of its first key.
        this.content = at;
        this.indent = at - this.lineStart;
        result.push(this.parseMapping(this.indent));
      }
    }
    return this.indent > indent ? this.decline() : result;
  }

  /** Offset of the colon that ends the key at `from` on this line; -1 when the line is no entry of a mapping. */
  private findColon(from: number): number {
    const { text, contentEnd } = this;
    let at = from;
    const quote = text.charCodeAt(from);
    if (quote === 34 || quote === 39) {
      const close = text.indexOf(quote === 34 ? '"' : "'", from + 1);
      if (close === -1 || close >= contentEnd || text.charCodeAt(close + 1) !== COLON) return -1;
      at = close + 1;
    }
    for (at = text.indexOf(':', at); at !== -1 && at < contentEnd; at = text.indexOf(':', at + 1)) {
      if (at + 1 >= contentEnd || text.charCodeAt(at + 1) === SPACE) return at;
    }
    return -1;
  }

  private parseKey(from: number, colon: number): string | undefined {
    const key = this.text.slice(from, colon);
    if (this.known.keys.has(key)) return key;
    const quote = key.charCodeAt(0);
    if (quote === 34 || quote === 39) {
      const inner = key.slice(1, -1);
      return inner === '__proto__' || key.length < 2 || key.charCodeAt(key.length - 1) !== quote || /["'\\]/.test(inner)
        ? undefined
        : inner;
    }
    if (!KEY.test(key) || NOT_A_NAME.test(key)) return undefined;
    this.known.keys.add(key);
    return key;
  }

  /** The scalar at `from`, whose parent is indented by `indent`. Leaves the parser on the line after it. */
  private parseScalar(from: number, indent: number): unknown {
    const { text, contentEnd } = this;
    switch (text.charCodeAt(from)) {
      case 34:
        return this.parseDoubleQuoted(from, indent);
      case 39:
        return this.parseSingleQuoted(from, indent);
      case 124: // |
        return this.parseLiteral(from, indent);
      case 123: // {
      case 91: {
        const rest = text.slice(from, contentEnd).trimEnd();
        this.advance();
        if (this.indent > indent) return this.decline();
        return rest === '{}' ? {} : rest === '[]' ? [] : this.decline();
      }
      default:
        return this.parsePlain(from, indent);
    }
  }

  private parsePlain(from: number, indent: number): unknown {
    let scalar = this.text.slice(from, this.contentEnd);
    if (scalar.charCodeAt(scalar.length - 1) === SPACE) scalar = scalar.trimEnd();
    if (INDICATOR.test(scalar) || !isPlainLine(scalar)) return this.decline();
    if (scalar.charCodeAt(0) === DASH && (scalar.length === 1 || scalar.charCodeAt(1) === SPACE)) return this.decline();
    this.advance();
    if (this.indent <= indent) return resolvePlain(scalar, this);
    while (this.indent > indent) {
      const more = this.text.slice(this.content, this.contentEnd).trimEnd();
      if (this.skippedLines || !isPlainLine(more)) return this.decline();
      scalar += ` ${more}`;
      this.advance();
    }
    // A folded scalar has a blank inside, so it can only be a string.
    return scalar;
  }

  private parseSingleQuoted(from: number, indent: number): unknown {
    let body = this.text.slice(from + 1, this.contentEnd);
    for (;;) {
      const close = closingQuote(body);
      if (close !== -1) {
        if (body.slice(close + 1).trimEnd() !== '') return this.decline();
        this.advance();
        return this.indent > indent ? this.decline() : body.slice(0, close).replaceAll("''", "'");
      }
      this.advance();
      if (this.skippedLines || this.indent <= indent) return this.decline();
      body = `${body.trimEnd()} ${this.text.slice(this.content, this.contentEnd)}`;
    }
  }

  private parseDoubleQuoted(from: number, indent: number): unknown {
    const quoted = this.text.slice(from, this.contentEnd).trimEnd();
    const inner = quoted.slice(1, -1);
    if (quoted.length < 2 || quoted.charCodeAt(quoted.length - 1) !== 34) return this.decline();
    this.advance();
    if (this.indent > indent) return this.decline();
    if (!inner.includes('\\') && !inner.includes('"')) return inner;
    // The escapes JSON and YAML share mean the same in both.
    if (!/^(?:[^"\\]|\\["\\/bfnrt])*$/.test(inner)) return this.decline();
    return JSON.parse(quoted) as string;
  }

  /** `|`, `|-` and `|+`, whose lines are indented like the first of them. */
  private parseLiteral(from: number, indent: number): unknown {
    const { text, end } = this;
    const header = text.slice(from, this.contentEnd).trimEnd();
    if (header !== '|' && header !== '|-' && header !== '|+') return this.decline();
    const lines: string[] = [];
    let bodyIndent = -1;
    let at = this.nextLine;
    while (at < end) {
      let lineEnd = text.indexOf('\n', at);
      if (lineEnd === -1 || lineEnd > end) return this.decline();
      const next = lineEnd + 1;
      if (text.charCodeAt(lineEnd - 1) === CR) lineEnd--;
      let content = at;
      while (content < lineEnd && text.charCodeAt(content) === SPACE) content++;
      if (content >= lineEnd) {
        if (bodyIndent === -1 || content > at) return this.decline();
        lines.push('');
      } else {
        if (bodyIndent === -1) bodyIndent = content - at;
        if (bodyIndent <= indent || content - at < bodyIndent) break;
        lines.push(text.slice(at + bodyIndent, lineEnd));
      }
      this.line++;
      at = next;
    }
    if (bodyIndent <= indent || lines.length === 0) return this.decline();
    this.nextLine = at;
    this.advance();
    let trailing = 0;
    while (lines[lines.length - 1 - trailing] === '') trailing++;
    const body = lines.slice(0, lines.length - trailing).join('\n');
    if (header === '|-') return body;
    return header === '|' ? `${body}\n` : `${body}\n${'\n'.repeat(trailing)}`;
  }

  /** For resolvePlain: a number in a notation that is left to the complete parser. */
  refuse(): undefined {
    return this.decline();
  }
}

/** A line of a plain scalar without anything that would end it: a comment or a mapping. */
function isPlainLine(line: string): boolean {
  if (line.includes('#') && (line.includes(' #') || line.charCodeAt(0) === HASH)) return false;
  return !line.includes(':') || !(line.includes(': ') || line.charCodeAt(line.length - 1) === COLON);
}

/** Offset of the quote that ends a single-quoted scalar; -1 when it is not in `body`. */
function closingQuote(body: string): number {
  for (let at = body.indexOf("'"); at !== -1; at = body.indexOf("'", at + 2)) if (body.charCodeAt(at + 1) !== 39) return at;
  return -1;
}

/** The value of a plain scalar in the core schema. */
function resolvePlain(scalar: string, parser: PlainParser): unknown {
  const code = scalar.charCodeAt(0);
  const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
  if (isLetter) {
    if (scalar.length > 5) return scalar;
    switch (scalar) {
      case 'null':
      case 'Null':
      case 'NULL':
        return null;
      case 'true':
      case 'True':
      case 'TRUE':
        return true;
      case 'false':
      case 'False':
      case 'FALSE':
        return false;
      default:
        return scalar;
    }
  }
  if (scalar === '~') return null;
  const isNumberLike = (code >= 48 && code <= 57) || code === 43 || code === DASH || code === 46;
  if (!isNumberLike) return scalar;
  if (INTEGER.test(scalar) || FLOAT.test(scalar)) return Number(scalar);
  return OTHER_NUMBER.test(scalar) ? parser.refuse() : scalar;
}

/** Offset of the next tab or control character at or after `from`: legal in places, never certain here. Infinity when there is none. */
function nextOddCharacter(text: string, from: number): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const odd = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
  odd.lastIndex = from;
  return odd.exec(text)?.index ?? Infinity;
}

/**
 * json-places: where the objects of a JSON document start, without a syntax tree.
 *
 * The text must be valid JSON. Cost: one pass over the characters.
 */
import type { Place } from './plain-yaml.ts';

export interface JsonPlaces {
  /** The document itself. */
  readonly content: Place;
  /** The entries of a top-level list called `items`, as `kubectl get -o json` writes them. */
  readonly items: readonly Place[];
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

export function jsonPlaces(text: string): JsonPlaces {
  const items: Place[] = [];
  let content: Place | undefined;
  let line = 1;
  let lineStart = 0;
  let depth = 0;
  /** The text of the last key or string at depth 1. */
  let lastString = '';
  let inItems = false;
  /** An entry of `items` starts at the next character that is no blank. */
  let isEntryDue = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10) {
      line++;
      lineStart = at + 1;
      continue;
    }
    if (code <= 32 || code === 0xfeff) continue;
    content ??= { line, column: at - lineStart + 1 };
    if (isEntryDue && code !== CLOSE_LIST) {
      items.push({ line, column: at - lineStart + 1 });
      isEntryDue = false;
    }
    switch (code) {
      case QUOTE: {
        const end = endOfString(text, at);
        if (depth === 1) lastString = text.slice(at + 1, end);
        at = end;
        break;
      }
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        if (code === OPEN_LIST && depth === 2 && lastString === 'items') {
          inItems = true;
          isEntryDue = true;
        }
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        if (depth === 1) {
          inItems = false;
          isEntryDue = false;
        }
        break;
      case COMMA:
        if (inItems && depth === 2) isEntryDue = true;
        break;
    }
  }
  return { content: content ?? { line: 1, column: 1 }, items };
}

/** Offset of the quote that ends the string which starts at `at`. */
function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

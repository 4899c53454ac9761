/**
 * CompiledLines: from a place in compiled JavaScript back to the place in the file its author wrote.
 *
 * Models    source maps, version 3 (ECMA-426), of one file without sections
 */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export interface Place {
  /** 1-based, as in error messages. */
  readonly line: number;
  readonly column: number;
}

interface Segment {
  readonly column: number;
  readonly place: Place;
}

export class CompiledLines {
  /** By line of the compiled text, each in column order. */
  private readonly lines: readonly (readonly Segment[])[];

  /** `mappings` is that field of a source map. */
  constructor(mappings: string) {
    let sourceLine = 0;
    let sourceColumn = 0;
    this.lines = mappings.split(';').map((line) => {
      const segments: Segment[] = [];
      let column = 0;
      for (const text of line === '' ? [] : line.split(',')) {
        const [columnStep = 0, , lineStep, sourceColumnStep] = decode(text);
        column += columnStep;
        if (lineStep === undefined || sourceColumnStep === undefined) continue;
        sourceLine += lineStep;
        sourceColumn += sourceColumnStep;
        segments.push({ column, place: { line: sourceLine + 1, column: sourceColumn + 1 } });
      }
      return segments;
    });
  }

  /** Where the text at `line` and `column` (1-based) of the compiled file was written; undefined when the compiler made it up. */
  find(line: number, column: number): Place | undefined {
    let found: Place | undefined;
    for (const segment of this.lines[line - 1] ?? []) {
      if (segment.column > column - 1) break;
      found = segment.place;
    }
    return found;
  }
}

/** Base 64 digits of 5 bits each, the lowest first; the lowest bit of a number is its sign. */
function decode(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    if ((digit & 32) !== 0) {
      shift += 5;
      continue;
    }
    numbers.push((value & 1) === 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

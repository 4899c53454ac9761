/**
 * CsvRows: the rows of a delimited text file, read from its bytes a block at a time.
 *
 * Our own reader: importers sit below the layer that may use third-party packages, and what traces need is small. Comma
 * separated by default, LF or CRLF, optional header, optional byte-order mark, fields in double quotes with `""` for a quote.
 *
 * Differs   a quoted field cannot hold a line break; such a line is given with `isBroken` set
 * HOT       once per row and pass; about 0.3 us per row of nine fields
 */

export interface CsvRow {
  readonly fields: readonly string[];
  /** 1-based line in the file. */
  readonly line: number;
  /** Byte at which the line starts; `rowAt` reads it again. */
  readonly offset: number;
  /** A quote is opened and not closed on this line. */
  readonly isBroken: boolean;
}

/** Splits one line into fields; `' '` means runs of blanks. Returns undefined when a quote is left open. */
export type LineSplitter = (line: string) => string[] | undefined;

const BLOCK_BYTES = 1 << 18;
const LF = 10;

export class CsvRows {
  private readonly bytes: Uint8Array;
  private readonly split: LineSplitter;
  private readonly decoder: InstanceType<typeof TextDecoder>;

  constructor(bytes: Uint8Array, split: LineSplitter = splitCommas) {
    this.bytes = bytes;
    this.split = split;
    this.decoder = new TextDecoder('utf-8');
  }

  /** Every line that is not blank, the header included, in file order. */
  *rows(): Generator<CsvRow, void, undefined> {
    const { bytes } = this;
    let line = 0;
    let start = hasByteOrderMark(bytes) ? 3 : 0;
    while (start < bytes.length) {
      const end = this.blockEnd(start);
      const text = this.decoder.decode(bytes.subarray(start, end));
      // Only where every character is one byte do positions in the text tell positions in the file.
      const isAscii = text.length === end - start;
      let offset = start;
      let from = 0;
      while (from < text.length) {
        const newline = text.indexOf('\n', from);
        const to = newline === -1 ? text.length : newline;
        line++;
        const content = text.charCodeAt(to - 1) === 13 && to > from ? text.slice(from, to - 1) : text.slice(from, to);
        const at = isAscii ? start + from : offset;
        if (!isAscii) offset = this.nextLine(offset);
        if (content !== '') yield this.row(content, line, at);
        from = to + 1;
      }
      start = end;
    }
  }

  /** The row that starts at byte `offset`, as `rows` gave it. */
  rowAt(offset: number, line: number): CsvRow {
    const content = this.decoder.decode(this.bytes.subarray(offset, this.nextLine(offset))).replace(/\r?\n$/, '');
    return this.row(content, line, offset);
  }

  private row(content: string, line: number, offset: number): CsvRow {
    const fields = this.split(content);
    return { fields: fields ?? [content], line, offset, isBroken: fields === undefined };
  }

  /** The end of a block that starts at `start`: after the last line break within reach, or after the next one. */
  private blockEnd(start: number): number {
    const { bytes } = this;
    if (start + BLOCK_BYTES >= bytes.length) return bytes.length;
    const last = bytes.lastIndexOf(LF, start + BLOCK_BYTES - 1);
    return last >= start ? last + 1 : this.nextLine(start + BLOCK_BYTES);
  }

  private nextLine(from: number): number {
    const newline = this.bytes.indexOf(LF, from);
    return newline === -1 ? this.bytes.length : newline + 1;
  }
}

export function splitCommas(line: string): string[] | undefined {
  return line.includes('"') ? splitQuoted(line) : line.split(',');
}

/** Blank-separated columns, as in the Standard Workload Format. */
export function splitBlanks(line: string): string[] {
  const trimmed = line.trim();
  return trimmed === '' ? [] : trimmed.split(/\s+/);
}

function splitQuoted(line: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = '';
      let from = at + 1;
      for (;;) {
        const quote = line.indexOf('"', from);
        if (quote === -1) return undefined;
        field += line.slice(from, quote);
        at = quote + 1;
        if (line[at] !== '"') break;
        field += '"';
        from = at + 1;
      }
      fields.push(field);
      if (at >= line.length) return fields;
      if (line[at] !== ',') return undefined;
      at++;
    } else {
      const comma = line.indexOf(',', at);
      if (comma === -1) {
        fields.push(line.slice(at));
        return fields;
      }
      fields.push(line.slice(at, comma));
      at = comma + 1;
    }
    if (at === line.length) {
      fields.push('');
      return fields;
    }
  }
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

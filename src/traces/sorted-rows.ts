/**
 * SortedRows: the arrivals of row files, in order of time, without holding them all.
 *
 * The first pass parses every row: bad ones are reported, times are noted. Files that are in order (most are) are then
 * simply read again; for others an index of 20 bytes per row is kept and sorted.
 */
import { compareNumbers } from '../base/compare.ts';
import type { ArrivalCursor, PodArrival } from '../objects/arrival.ts';
import { type CsvRow, CsvRows, type LineSplitter, splitCommas } from './csv-rows.ts';
import { BadRow, type RowReport, type Trace, type TraceFile } from './trace.ts';

/** Reads one row: an arrival, undefined for a row that is left out on purpose, or why it cannot be used. Must be pure. */
export type RowParser = (row: CsvRow) => PodArrival | BadRow | undefined;

export interface RowFormat {
  /** Makes the parser of one file from its header (empty when the format has none), or says what is wrong with it. */
  parserFor(header: readonly string[], file: string): RowParser | BadRow;
  readonly hasHeader: boolean;
  readonly split?: LineSplitter;
  /** Lines to pass over without a word, such as comments. */
  isComment?(row: CsvRow): boolean;
}

interface OpenFile {
  readonly name: string;
  readonly rows: CsvRows;
  readonly parse: RowParser;
  readonly headerOffset: number;
}

export function openSortedRows(files: readonly TraceFile[], format: RowFormat, report: RowReport): Trace {
  const opened: OpenFile[] = [];
  for (const file of files) {
    const open = openFile(file, format, report);
    if (open !== undefined) opened.push(open);
  }
  let count = 0;
  let firstUs = Infinity;
  let lastUs = -Infinity;
  let isSorted = true;
  for (const file of opened) {
    for (const row of file.rows.rows()) {
      const arrival = read(file, row, format);
      if (arrival instanceof BadRow) report.badRow(file.name, row.line, arrival.message);
      if (arrival === undefined || arrival instanceof BadRow) continue;
      count++;
      if (arrival.timeUs < lastUs) isSorted = false;
      if (arrival.timeUs < firstUs) firstUs = arrival.timeUs;
      if (arrival.timeUs > lastUs) lastUs = arrival.timeUs;
    }
  }
  const index = isSorted ? undefined : indexRows(opened, format, count);
  return {
    count,
    firstUs: count === 0 ? 0 : firstUs,
    lastUs: count === 0 ? 0 : lastUs,
    cursor: () => (index === undefined ? new SequentialCursor(opened, format) : new IndexedCursor(opened, format, index)),
  };
}

function openFile(file: TraceFile, format: RowFormat, report: RowReport): OpenFile | undefined {
  const rows = new CsvRows(file.bytes, format.split ?? splitCommas);
  const first = rows.rows().next();
  if (first.done === true) {
    report.badFile(file.name, 'the file is empty');
    return undefined;
  }
  const parse = format.parserFor(format.hasHeader ? first.value.fields : [], file.name);
  if (parse instanceof BadRow) {
    report.badFile(file.name, parse.message);
    return undefined;
  }
  return { name: file.name, rows, parse, headerOffset: format.hasHeader ? first.value.offset : -1 };
}

function read(file: OpenFile, row: CsvRow, format: RowFormat): PodArrival | BadRow | undefined {
  if (row.offset === file.headerOffset || format.isComment?.(row)) return undefined;
  return row.isBroken ? new BadRow('a quote is opened and not closed on this line') : file.parse(row);
}

/** Rows in order of (time, file, line). */
interface RowIndex {
  readonly file: Uint16Array;
  readonly offset: Float64Array;
  readonly line: Float64Array;
}

function indexRows(files: readonly OpenFile[], format: RowFormat, count: number): RowIndex {
  const time = new Float64Array(count);
  const file = new Uint16Array(count);
  const offset = new Float64Array(count);
  const line = new Float64Array(count);
  let at = 0;
  for (const [fileIndex, open] of files.entries()) {
    for (const row of open.rows.rows()) {
      const arrival = read(open, row, format);
      if (arrival === undefined || arrival instanceof BadRow) continue;
      time[at] = arrival.timeUs;
      file[at] = fileIndex;
      offset[at] = row.offset;
      line[at++] = row.line;
    }
  }
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => compareNumbers(time[a]!, time[b]!) || a - b);
  return {
    file: Uint16Array.from(order, (i) => file[i]!),
    offset: Float64Array.from(order, (i) => offset[i]!),
    line: Float64Array.from(order, (i) => line[i]!),
  };
}

class SequentialCursor implements ArrivalCursor {
  private readonly files: readonly OpenFile[];
  private readonly format: RowFormat;
  private fileIndex: number;
  private rows: Iterator<CsvRow> | undefined;

  constructor(files: readonly OpenFile[], format: RowFormat) {
    this.files = files;
    this.format = format;
    this.fileIndex = 0;
    this.rows = undefined;
  }

  next(): PodArrival | undefined {
    for (;;) {
      const file = this.files[this.fileIndex];
      if (file === undefined) return undefined;
      this.rows ??= file.rows.rows();
      const step = this.rows.next();
      if (step.done === true) {
        this.fileIndex++;
        this.rows = undefined;
        continue;
      }
      const arrival = read(file, step.value, this.format);
      if (arrival !== undefined && !(arrival instanceof BadRow)) return arrival;
    }
  }
}

class IndexedCursor implements ArrivalCursor {
  private readonly files: readonly OpenFile[];
  private readonly format: RowFormat;
  private readonly index: RowIndex;
  private at: number;

  constructor(files: readonly OpenFile[], format: RowFormat, index: RowIndex) {
    this.files = files;
    this.format = format;
    this.index = index;
    this.at = 0;
  }

  next(): PodArrival | undefined {
    const { at, index } = this;
    if (at === index.offset.length) return undefined;
    this.at++;
    const file = this.files[index.file[at]!]!;
    return read(file, file.rows.rowAt(index.offset[at]!, index.line[at]!), this.format) as PodArrival;
  }
}

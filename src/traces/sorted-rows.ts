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

/**
 * Reads one row: its arrival, several arrivals at one time, undefined for a row that is left out on purpose, or why it cannot be
 * used. Must give the same whenever it reads the row again.
 */
export type RowParser = (row: CsvRow) => PodArrival | readonly PodArrival[] | BadRow | undefined;

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
  const passes = { rows: 0, arrivals: 0, firstUs: Infinity, lastUs: -Infinity, isSorted: true };
  for (const file of opened) {
    for (const row of file.rows.rows()) {
      const arrivals = read(file, row, format);
      if (arrivals instanceof BadRow) report.badRow(file.name, row.line, arrivals.message);
      else if (arrivals.length > 0) note(passes, arrivals);
    }
  }
  const { arrivals: count, firstUs, lastUs, isSorted } = passes;
  const index = isSorted ? undefined : indexRows(opened, format, passes.rows);
  return {
    count,
    firstUs: count === 0 ? 0 : firstUs,
    lastUs: count === 0 ? 0 : lastUs,
    cursor: () => new RowCursor(index === undefined ? inFileOrder(opened, format) : inTimeOrder(opened, format, index)),
  };
}

function note(
  passes: { rows: number; arrivals: number; firstUs: number; lastUs: number; isSorted: boolean },
  arrivals: readonly PodArrival[],
): void {
  const { timeUs } = arrivals[0]!;
  passes.rows++;
  passes.arrivals += arrivals.length;
  if (timeUs < passes.lastUs) passes.isSorted = false;
  passes.firstUs = Math.min(passes.firstUs, timeUs);
  passes.lastUs = Math.max(passes.lastUs, timeUs);
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

const NO_ARRIVALS: readonly PodArrival[] = [];

function read(file: OpenFile, row: CsvRow, format: RowFormat): readonly PodArrival[] | BadRow {
  if (row.offset === file.headerOffset || format.isComment?.(row)) return NO_ARRIVALS;
  if (row.isBroken) return new BadRow('a quote is opened and not closed on this line');
  const parsed = file.parse(row);
  if (parsed === undefined) return NO_ARRIVALS;
  return parsed instanceof BadRow || Array.isArray(parsed) ? (parsed as BadRow | PodArrival[]) : [parsed as PodArrival];
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
      const arrivals = read(open, row, format);
      if (arrivals instanceof BadRow || arrivals.length === 0) continue;
      time[at] = arrivals[0]!.timeUs;
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

function* inFileOrder(files: readonly OpenFile[], format: RowFormat): Generator<readonly PodArrival[], void, undefined> {
  for (const file of files) {
    for (const row of file.rows.rows()) {
      const arrivals = read(file, row, format);
      if (!(arrivals instanceof BadRow)) yield arrivals;
    }
  }
}

function* inTimeOrder(files: readonly OpenFile[], format: RowFormat, index: RowIndex): Generator<readonly PodArrival[], void, undefined> {
  for (let at = 0; at < index.offset.length; at++) {
    const file = files[index.file[at]!]!;
    const arrivals = read(file, file.rows.rowAt(index.offset[at]!, index.line[at]!), format);
    if (!(arrivals instanceof BadRow)) yield arrivals;
  }
}

/** Arrivals one by one, from the arrivals of one row after the other. */
class RowCursor implements ArrivalCursor {
  private readonly rows: Iterator<readonly PodArrival[], void, undefined>;
  private current: readonly PodArrival[];
  private at: number;

  constructor(rows: Iterator<readonly PodArrival[], void, undefined>) {
    this.rows = rows;
    this.current = NO_ARRIVALS;
    this.at = 0;
  }

  next(): PodArrival | undefined {
    while (this.at === this.current.length) {
      const step = this.rows.next();
      if (step.done === true) return undefined;
      this.current = step.value;
      this.at = 0;
    }
    return this.current[this.at++];
  }
}

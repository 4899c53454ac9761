/**
 * Trace: what an importer is. Bytes in, a stream of arrivals sorted by time out; machines too, where the format has them.
 *
 * An importer is a pure function of its files and options. It reads every row once when it is opened, so that a bad row
 * stops a run before it starts, and makes arrivals one at a time when they are asked for.
 *
 * Units     times in microseconds on the trace's own clock
 * Order     arrivals by (time, file order); importers of files that are not in order keep an index of rows
 */
import { InputError, type InputProblem } from '../base/input-error.ts';
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import type { ArrivalCursor } from '../objects/arrival.ts';
import type { Node } from '../objects/node.ts';

/** One file of a trace, unpacked. */
export interface TraceFile {
  /** As the user wrote it; for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Role (`pods`, `nodes`, ...) to its files, in reading order. */
export type TraceFiles = Readonly<Record<string, readonly TraceFile[]>>;

export interface TraceFileRole {
  readonly role: string;
  readonly isRequired: boolean;
  readonly summary: string;
}

export interface Trace {
  /** Arrivals in all; bad rows and rows the options leave out do not count. */
  readonly count: number;
  /** Time of the first and of the last arrival; 0 when there is none. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** A fresh pass over the arrivals. */
  cursor(): ArrivalCursor;
}

export interface TraceDef {
  /** As scenarios name it, such as `openb`. */
  readonly name: string;
  /** One sentence: what real cluster it is. */
  readonly summary: string;
  /** Where the data comes from and under which licence. */
  readonly source: string;
  readonly files: readonly TraceFileRole[];
  readonly parameters: readonly ParameterDef[];
  /** Reads the arrivals; problems go to `rows`. Call `rows.throwIfAny()` before using the result. */
  open(files: TraceFiles, parameters: ParameterValues, rows: RowReport): Trace;
  /** The role of the file that lists machines; undefined when the format has none. */
  readonly nodesRole: string | undefined;
  /** The machines of the trace as nodes; empty for formats without. */
  readNodes(files: TraceFiles, parameters: ParameterValues, rows: RowReport): readonly Node[];
}

/** Declares an importer; formats without a list of machines leave the last two fields out. */
export function defineTrace(def: Omit<TraceDef, 'nodesRole' | 'readNodes'> & Partial<Pick<TraceDef, 'nodesRole' | 'readNodes'>>): TraceDef {
  return Object.freeze({ nodesRole: undefined, readNodes: () => [], ...def });
}

/** Why a row cannot be used; what importers return for it. */
export class BadRow {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Problems listed in full; beyond these they are only counted. */
const LISTED_PROBLEMS = 50;

/** Collects the bad rows of a reading: refused all together at the end, or only counted. */
export class RowReport {
  /** Count bad rows instead of refusing them. */
  readonly skipBadRows: boolean;
  /** Rows that were left out because they are bad. */
  skipped: number;
  private readonly problems: InputProblem[];

  constructor(options: { readonly skipBadRows: boolean }) {
    this.skipBadRows = options.skipBadRows;
    this.skipped = 0;
    this.problems = [];
  }

  /** A row that cannot be used. */
  badRow(file: string, line: number, message: string): void {
    this.skipped++;
    if (!this.skipBadRows && this.problems.length < LISTED_PROBLEMS) this.problems.push({ path: '', file, line, message });
  }

  /** Something wrong with a file as a whole: never skipped. */
  badFile(file: string, message: string, hint?: string): void {
    this.problems.push({ path: '', file, message, ...(hint === undefined ? {} : { hint }) });
  }

  /** Throws one InputError with everything that was not to be skipped. */
  throwIfAny(): void {
    if (this.problems.length === 0) return;
    const more = this.skipBadRows ? 0 : this.skipped - LISTED_PROBLEMS;
    const rest: InputProblem[] = more > 0 ? [{ path: '', message: `and ${more} more bad rows` }] : [];
    const hint: InputProblem[] =
      this.skipped > 0 && !this.skipBadRows ? [{ path: '', message: 'bad rows can be counted and left out with --skip-bad-rows' }] : [];
    throw new InputError([...this.problems, ...rest, ...hint]);
  }
}

/**
 * Trace files of a scenario: opening them with their importer, for arrivals and for machines.
 */
import { ProblemList } from '../base/input-error.ts';
import { fail } from '../base/invariant.ts';
import { resolveParameters } from '../base/parameters.ts';
import type { Node } from '../objects/node.ts';
import { traceFormats } from '../traces/registry.ts';
import { RowReport, type Trace, type TraceDef, type TraceFiles } from '../traces/trace.ts';
import type { FileSource, TraceWorkloadSpec } from './scenario.ts';

type TraceInput = Pick<TraceWorkloadSpec, 'format' | 'files' | 'options' | 'skipBadRows'>;

export interface OpenedTrace extends Trace {
  /** Malformed rows that were left out. */
  readonly skippedRows: number;
}

/** Reads all rows once; throws an InputError with every bad one, unless they are to be skipped. */
export function openTrace(input: TraceInput, files: FileSource): OpenedTrace {
  const def = formatOf(input);
  const rows = new RowReport(input);
  const trace = def.open(readFiles(input, files), parametersOf(def, input), rows);
  rows.throwIfAny();
  const { count, firstUs, lastUs } = trace;
  return { count, firstUs, lastUs, cursor: () => trace.cursor(), skippedRows: rows.skipped };
}

/** The machines of a trace; none when the format or the input has no list of them. */
export function readTraceMachines(input: TraceInput, files: FileSource): readonly Node[] {
  const def = formatOf(input);
  const role = def.nodesRole;
  if (role === undefined || input.files[role] === undefined) return [];
  const rows = new RowReport(input);
  // Only the machine list is read here: task lists may be large, and are opened by the run.
  const nodes = def.readNodes(readFiles({ ...input, files: { [role]: input.files[role] } }, files), parametersOf(def, input), rows);
  rows.throwIfAny();
  return nodes;
}

function formatOf({ format }: TraceInput): TraceDef {
  return traceFormats.find((def) => def.name === format) ?? fail(`no trace format ${format}`);
}

function parametersOf(def: TraceDef, { options }: TraceInput): ReturnType<typeof resolveParameters> {
  const problems = new ProblemList();
  const values = resolveParameters(def.parameters, options, '', problems);
  problems.throwIfAny();
  return values;
}

function readFiles({ files }: TraceInput, source: FileSource): TraceFiles {
  const read = (paths: readonly string[]) => paths.map((name) => ({ name, bytes: source.readBytes(name) }));
  return Object.fromEntries(Object.entries(files).map(([role, paths]) => [role, read(paths)]));
}

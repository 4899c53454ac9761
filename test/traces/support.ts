/** Opening traces from texts, with default options unless given. */
import { ProblemList } from '../../src/base/input-error.ts';
import { resolveParameters } from '../../src/base/parameters.ts';
import type { PodArrival } from '../../src/objects/arrival.ts';
import { RowReport, type Trace, type TraceDef } from '../../src/traces/trace.ts';

export interface OpenOptions {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly skipBadRows?: boolean;
}

export function open(
  def: TraceDef,
  files: Readonly<Record<string, string | Uint8Array>>,
  { options = {}, skipBadRows = false }: OpenOptions = {},
) {
  const problems = new ProblemList();
  const parameters = resolveParameters(def.parameters, options, '', problems);
  problems.throwIfAny();
  const report = new RowReport({ skipBadRows });
  const opened = Object.fromEntries(
    Object.entries(files).map(([role, content]) => [
      role,
      [{ name: `${role}.csv`, bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content }],
    ]),
  );
  const trace = def.open(opened, parameters, report);
  const nodes = def.readNodes(opened, parameters, report);
  report.throwIfAny();
  return { trace, nodes, skipped: report.skipped };
}

export function allOf(trace: Trace): PodArrival[] {
  const arrivals: PodArrival[] = [];
  const cursor = trace.cursor();
  for (let arrival = cursor.next(); arrival !== undefined; arrival = cursor.next()) arrivals.push(arrival);
  return arrivals;
}

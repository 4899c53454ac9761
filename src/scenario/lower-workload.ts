/**
 * From written workloads to trace and synthetic workload specs.
 */
import { meanOf } from '../engine/distributions.ts';
import type { Lowering } from './lowering.ts';
import type { PodShapeSpec, SyntheticWorkloadSpec, TraceWorkloadSpec, WorkloadSpec } from './scenario.ts';
import type { WorkloadDocument } from './schema.ts';
import type { TraceFormatInfo } from './vocabulary.ts';
import type { DocumentPath } from './yaml-source.ts';

type TraceDocument = NonNullable<WorkloadDocument['trace']>;
type SyntheticDocument = NonNullable<WorkloadDocument['synthetic']>;

export function lowerWorkload(lowering: Lowering, workload: readonly WorkloadDocument[], skipAllBadRows: boolean): WorkloadSpec[] {
  const result: WorkloadSpec[] = [];
  const names = new Set<string>();
  for (const [index, entry] of workload.entries()) {
    const path: DocumentPath = ['spec', 'workload', index];
    if ((entry.trace === undefined) === (entry.synthetic === undefined)) {
      lowering.report(
        path,
        entry.trace === undefined ? 'a workload is a "trace" or "synthetic"' : 'a workload is a "trace" or "synthetic", not both',
      );
    } else if (entry.trace !== undefined) {
      const at = [...path, 'trace'];
      const name = uniqueName(lowering, entry.trace.name, entry.trace.format, names, at);
      const spec = lowerTrace(lowering, entry.trace, name, at);
      if (spec !== undefined) result.push(skipAllBadRows ? { ...spec, skipBadRows: true } : spec);
    } else {
      const at = [...path, 'synthetic'];
      const name = uniqueName(lowering, entry.synthetic!.name, 'synthetic', names, at);
      result.push(lowerSynthetic(lowering, entry.synthetic!, name, at));
    }
  }
  return result;
}

function uniqueName(lowering: Lowering, given: string | undefined, base: string, names: Set<string>, path: DocumentPath): string {
  let name = given ?? base;
  if (given !== undefined && names.has(given)) lowering.report([...path, 'name'], `two workloads are called "${given}"`);
  for (let n = 2; names.has(name) && given === undefined; n++) name = `${base}-${n}`;
  names.add(name);
  return name;
}

function lowerTrace(lowering: Lowering, trace: TraceDocument, name: string, path: DocumentPath): TraceWorkloadSpec | undefined {
  const { format, from, until, start, speedup, skipBadRows, maxPods, namespace, schedulerName, name: _written, ...rest } = trace;
  const info = lowering.words.traceFormats.find((known) => known.name === format);
  if (info === undefined) return undefined; // the schema has reported it
  if (!(speedup > 0)) lowering.report([...path, 'speedup'], 'must be above 0');
  if (until !== undefined && until <= from) lowering.report([...path, 'until'], '"until" must be after "from"');
  const { files, options } = splitTraceKeys(lowering, info, rest, path);
  return {
    kind: 'trace',
    name,
    format,
    files,
    options,
    maxPods: maxPods ?? Infinity,
    fromUs: from,
    untilUs: until ?? Infinity,
    startUs: start,
    speedup,
    skipBadRows,
    namespace,
    schedulerName,
    position: lowering.positionOf(path),
  };
}

/** Divides the keys of a trace into file roles and options; roles that are required must be there. */
export function splitTraceKeys(
  lowering: Lowering,
  info: TraceFormatInfo,
  given: Readonly<Record<string, unknown>>,
  path: DocumentPath,
  neededRoles: readonly string[] = info.files.filter((file) => file.isRequired).map((file) => file.role),
): Pick<TraceWorkloadSpec, 'files' | 'options'> {
  const files: Record<string, readonly string[]> = {};
  const others: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (info.files.some((file) => file.role === key)) files[key] = (value as readonly string[]).map((file) => lowering.resolve(file));
    else others[key] = value;
  }
  for (const role of neededRoles) {
    if (files[role] === undefined)
      lowering.report(path, `a ${info.name} trace needs "${role}": ${info.files.find((file) => file.role === role)?.summary ?? 'a file'}`);
  }
  for (const [role, paths] of Object.entries(files)) {
    for (const file of paths) if (!lowering.files.exists(file)) lowering.report([...path, role], `file not found: ${file}`);
  }
  const known = [...info.options, ...info.files.map((file) => ({ name: file.role, type: 'text' as const, summary: file.summary }))];
  return { files, options: lowering.params(others, known, `${info.name} traces`, path) };
}

function lowerSynthetic(lowering: Lowering, synthetic: SyntheticDocument, name: string, path: DocumentPath): SyntheticWorkloadSpec {
  if ((synthetic.pod === undefined) === (synthetic.shapes === undefined)) {
    lowering.report(path, 'a synthetic workload has one "pod" or several "shapes"');
  }
  if (!(meanOf(synthetic.every) > 0)) lowering.report([...path, 'every'], 'the time between two arrivals must be above 0');
  if (synthetic.until !== undefined && synthetic.until <= synthetic.start)
    lowering.report([...path, 'until'], '"until" must be after "start"');
  const shapes = synthetic.shapes ?? (synthetic.pod === undefined ? [] : [synthetic.pod]);
  if (synthetic.shapes?.length === 0) lowering.report([...path, 'shapes'], 'expected at least one shape');
  if (shapes.length > 0 && !shapes.some((shape) => shape.weight > 0))
    lowering.report([...path, 'shapes'], 'at least one weight must be above 0');
  return {
    kind: 'synthetic',
    name,
    interarrival: synthetic.every,
    batch: synthetic.batch,
    startUs: synthetic.start,
    untilUs: synthetic.until ?? Infinity,
    maxPods: synthetic.maxPods ?? Infinity,
    shapes: shapes.map(
      (shape, index): PodShapeSpec => ({
        name: shape.name ?? (shapes.length === 1 ? name : `${name}-${index + 1}`),
        weight: shape.weight,
        cpuMilli: shape.cpu,
        memoryBytes: shape.memory,
        resources: shape.resources,
        runTime: shape.runTime,
        labels: shape.labels,
        nodeSelector: shape.nodeSelector,
        priorityClassName: shape.priorityClassName,
        image: shape.image,
      }),
    ),
    namespace: synthetic.namespace,
    schedulerName: synthetic.schedulerName,
    position: lowering.positionOf(path),
  };
}

/**
 * plain: our own table of pods, for traces nobody wrote an importer for, and what other formats are converted to.
 *
 *   time,cpu,memory,run,labels,nvidia.com/gpu
 *   0,500m,1Gi,90,app=web;tier=front,
 *   12.5,2,4Gi,,app=train,1
 *
 * CSV with a header. Only `time` must be there; the columns may stand in any order.
 *
 *   time            when the pod is asked for, in seconds, decimals allowed
 *   name            pod name; default `pod-<line>`
 *   cpu, memory     quantities as Kubernetes writes them; empty for none
 *   <domain>/<name> any extended resource, as a whole number
 *   run             how long its container runs, in seconds; empty: until stopped
 *   delete          when its user deletes it, in seconds on the clock of `time`; empty: never
 *   exit_code       how the container ends; default 0
 *   labels          `key=value;key=value`
 *   node_labels     what the node must have, alternatives allowed: `zone=a|b;disk=ssd`
 *   priority_class  name of a PriorityClass
 *
 * Units     seconds
 * Order     by (time, line)
 */
import type { ArrivalTemplate, PodArrival } from '../objects/arrival.ts';
import { newContainer, newPodSpec } from '../objects/builders.ts';
import type { StringMap } from '../objects/meta.ts';
import { checkDnsSubdomain, isExtendedResource, isLabelKey, isLabelValue } from '../objects/names.ts';
import type { Affinity, PodSpec } from '../objects/pod.ts';
import { isQuantity } from '../objects/quantity.ts';
import { badField, count, decimal } from './columns.ts';
import { openSortedRows, type RowParser } from './sorted-rows.ts';
import { BadRow, defineTrace, type Trace } from './trace.ts';

const SECOND_US = 1_000_000;
const COLUMNS = ['time', 'name', 'cpu', 'memory', 'run', 'delete', 'exit_code', 'labels', 'node_labels', 'priority_class'] as const;

export const plain = defineTrace({
  name: 'plain',
  summary: 'a CSV table of pods with columns such as time, cpu, memory and run; for your own data',
  source: 'your own data, or any other format converted',
  files: [{ role: 'pods', isRequired: true, summary: 'tables of pods, *.csv' }],
  parameters: [],
  open: (files, _, report) =>
    openSortedRows(files['pods'] ?? [], { hasHeader: true, parserFor: (header, file) => podParser(header, file) }, report),
});

function podParser(header: readonly string[], file: string): RowParser | BadRow {
  const names = header.map((name) => name.trim());
  const unknown = names.filter((name) => !(COLUMNS as readonly string[]).includes(name) && !isExtendedResource(name));
  if (unknown.length > 0) return new BadRow(`unknown column "${unknown[0]}", expected some of ${COLUMNS.join(', ')} or extended resources`);
  if (!names.includes('time')) return new BadRow('the header lacks "time"');
  const column = (name: (typeof COLUMNS)[number]) => names.indexOf(name);
  const at = {
    time: column('time'),
    name: column('name'),
    run: column('run'),
    delete: column('delete'),
    exitCode: column('exit_code'),
  };
  // What decides the template, in the order of the header: rows that agree in it share it.
  const shape = names
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => !['time', 'name', 'run', 'delete', 'exit_code'].includes(name));
  const templates = new Map<string, ArrivalTemplate>();
  const firstLines = new Map<string, number>();

  return ({ fields, line }): PodArrival | BadRow => {
    const timeS = decimal(fields[at.time]);
    const runS = seconds(fields[at.run]);
    const deleteS = seconds(fields[at.delete]);
    const exitCode = fields[at.exitCode] === undefined || fields[at.exitCode] === '' ? 0 : count(fields[at.exitCode]);
    const name = fields[at.name] || `pod-${line}`;
    if (fields.length !== names.length) return new BadRow(`expected ${names.length} fields, found ${fields.length}`);
    if (!(timeS >= 0)) return badField('time', 'seconds from 0 up', fields[at.time]);
    if (!(runS >= 0)) return badField('run', 'seconds from 0 up, or empty', fields[at.run]);
    if (!(deleteS >= timeS)) return badField('delete', 'seconds not before the time, or empty', fields[at.delete]);
    if (exitCode < 0 || exitCode > 255) return badField('exit_code', '0 to 255', fields[at.exitCode]);
    if (checkDnsSubdomain(name) !== undefined) return badField('name', 'a pod name', name);
    if (at.name >= 0) {
      const first = firstLines.get(name) ?? line;
      firstLines.set(name, first);
      if (first !== line) return new BadRow(`two pods are called "${name}", the other on line ${first} of ${file}`);
    }
    const key = shape.map(({ index }) => fields[index]).join(',');
    let template = templates.get(key);
    if (template === undefined) {
      const made = makeTemplate(shape.map(({ name: field, index }) => [field, (fields[index] ?? '').trim()] as const));
      if (made instanceof BadRow) return made;
      template = made;
      templates.set(key, template);
    }
    return {
      timeUs: Math.round(timeS * SECOND_US),
      name,
      template,
      runDurationUs: runS === Infinity ? Infinity : Math.round(runS * SECOND_US),
      exitCode,
      deleteAtUs: deleteS === Infinity ? Infinity : Math.round(deleteS * SECOND_US),
    };
  };
}

/** Infinity when absent or empty, NaN when it is no number. */
function seconds(text: string | undefined): number {
  return text === undefined || text === '' ? Infinity : decimal(text);
}

function makeTemplate(shape: readonly (readonly [string, string])[]): ArrivalTemplate | BadRow {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  let labels: StringMap = {};
  let affinity: Affinity | undefined;
  let priorityClassName = '';
  for (const [field, text] of shape) {
    if (text === '') continue;
    if (field === 'cpu' || field === 'memory') {
      if (!isQuantity(text) || text.startsWith('-')) return badField(field, 'a quantity such as 500m or 2Gi', text);
      requests[field] = text;
    } else if (field.includes('/')) {
      if (count(text) < 0) return badField(field, 'a whole number', text);
      // Extended resources cannot be overcommitted: the API wants limits equal to requests.
      limits[field] = text;
    } else if (field === 'priority_class') {
      if (checkDnsSubdomain(text) !== undefined) return badField(field, 'the name of a PriorityClass', text);
      priorityClassName = text;
    } else {
      const pairs = parsePairs(text);
      if (pairs === undefined || (field === 'labels' && pairs.some(([, values]) => values.length > 1))) {
        return badField(field, field === 'labels' ? 'key=value;key=value' : 'key=value|value;key=value', text);
      }
      if (field === 'labels') labels = Object.fromEntries(pairs.map(([key, values]) => [key, values[0]!]));
      else affinity = requireLabels(pairs);
    }
  }
  return {
    labels,
    annotations: {},
    spec: newPodSpec({
      containers: [newContainer({ name: 'main', image: 'trace-pod:1', requests, limits })],
      restartPolicy: 'Never',
      priorityClassName,
      affinity,
    }),
  };
}

type Pairs = readonly (readonly [key: string, values: readonly string[]])[];

function parsePairs(text: string): Pairs | undefined {
  const pairs = text.split(';').map((pair) => {
    const equals = pair.indexOf('=');
    return [
      pair.slice(0, equals).trim(),
      pair
        .slice(equals + 1)
        .trim()
        .split('|'),
      equals,
    ] as const;
  });
  const isGood = pairs.every(([key, values, equals]) => equals > 0 && isLabelKey(key) && values.every(isLabelValue));
  return isGood ? pairs.map(([key, values]) => [key, values]) : undefined;
}

function requireLabels(pairs: Pairs): Affinity {
  const matchExpressions = pairs.map(([key, values]) => ({ key, operator: 'In', values }));
  return {
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions, matchFields: [] }] }, preferred: undefined },
    podAffinity: undefined,
    podAntiAffinity: undefined,
  };
}

// Writing -------------------------------------------------------------------------------------------

export interface PlainText {
  /** The table, piece by piece: the header first. */
  readonly lines: Iterable<string>;
  /** What pods of the trace have and the table cannot say, in words; empty when nothing is lost. */
  readonly losses: readonly string[];
}

/** Any trace as a plain table. Reads the trace once for its columns and once for its rows. */
export function writePlain(trace: Trace): PlainText {
  const resources = new Set<string>();
  const losses = new Set<string>();
  const seen = new WeakSet<ArrivalTemplate>();
  const cursor = trace.cursor();
  for (let arrival = cursor.next(); arrival !== undefined; arrival = cursor.next()) {
    if (seen.has(arrival.template)) continue;
    seen.add(arrival.template);
    for (const name of Object.keys(requestsOf(arrival.template.spec))) if (isExtendedResource(name)) resources.add(name);
    noteLosses(arrival.template.spec, losses);
  }
  const extended = [...resources].sort((a, b) => (a < b ? -1 : 1));
  return { lines: plainLines(trace, extended), losses: [...losses] };
}

function* plainLines(trace: Trace, extended: readonly string[]): Generator<string, void, undefined> {
  yield [...COLUMNS, ...extended].join(',');
  const cursor = trace.cursor();
  for (let arrival = cursor.next(); arrival !== undefined; arrival = cursor.next()) {
    const { template } = arrival;
    const requests = requestsOf(template.spec);
    yield [
      secondsText(arrival.timeUs),
      arrival.name,
      requests['cpu'] ?? '',
      requests['memory'] ?? '',
      secondsText(arrival.runDurationUs),
      secondsText(arrival.deleteAtUs),
      arrival.exitCode === 0 ? '' : String(arrival.exitCode),
      Object.keys(template.labels)
        .map((key) => `${key}=${template.labels[key]}`)
        .join(';'),
      nodeLabelsText(template.spec),
      template.spec.priorityClassName,
      ...extended.map((name) => requests[name] ?? ''),
    ].join(',');
  }
}

function secondsText(us: number): string {
  if (us === Infinity) return '';
  const whole = Math.floor(us / SECOND_US);
  const micros = us - whole * SECOND_US;
  return micros === 0 ? String(whole) : `${whole}.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

function requestsOf(spec: PodSpec): StringMap {
  return spec.containers[0]?.resources.requests ?? {};
}

function nodeLabelsText(spec: PodSpec): string {
  const selector = Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
  const required = onlyTerm(spec)?.map(({ key, values }) => `${key}=${values.join('|')}`) ?? [];
  return [...selector, ...required].join(';');
}

/** The expressions of a required node affinity that the table can say: one term of In. */
function onlyTerm(spec: PodSpec) {
  const terms = spec.affinity?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const [term] = terms;
  if (terms.length !== 1 || term === undefined || term.matchFields.length > 0) return undefined;
  return term.matchExpressions.every(({ operator }) => operator === 'In') ? term.matchExpressions : undefined;
}

function noteLosses(spec: PodSpec, losses: Set<string>): void {
  if (spec.containers.length !== 1 || spec.initContainers.length > 0) losses.add('containers beyond the first');
  if (spec.affinity?.nodeAffinity?.required !== undefined && onlyTerm(spec) === undefined)
    losses.add('node affinity other than one term of In');
  if ((spec.affinity?.nodeAffinity?.preferred?.length ?? 0) > 0) losses.add('preferred node affinity');
  if (spec.affinity?.podAffinity !== undefined || spec.affinity?.podAntiAffinity !== undefined) losses.add('affinity between pods');
  if (spec.tolerations.length > 0) losses.add('tolerations');
  if (spec.topologySpreadConstraints.length > 0) losses.add('topology spread constraints');
}

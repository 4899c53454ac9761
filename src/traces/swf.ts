/**
 * swf: logs of parallel machines in the Standard Workload Format, version 2.2.
 *
 * Models    the Parallel Workloads Archive's definition: 18 blank-separated fields, -1 for unknown, `;` for comments
 * Units     submit, run and requested times in seconds, memory in KB per processor
 * Differs   a job becomes pods of at most `processorsPerPod` processors each, which start independently: there is no gang
 *           scheduling, so a job may begin in part. Fields 17 and 18 (wait for an earlier job, think) are not used:
 *           jobs come when they came. Jobs of unknown size or run time are left out, as the format's rules ask
 * Order     by (submit time, line)
 */
import type { ParameterValues } from '../base/parameters.ts';
import type { ArrivalTemplate, PodArrival } from '../objects/arrival.ts';
import { newContainer, newPodSpec } from '../objects/builders.ts';
import { badField, count, decimal } from './columns.ts';
import { splitBlanks } from './csv-rows.ts';
import { openSortedRows, type RowParser } from './sorted-rows.ts';
import { BadRow, defineTrace } from './trace.ts';

const FIELDS = 18;
const SECOND_US = 1_000_000;
const FAILED = 0;
const CANCELLED = 5;

export const swf = defineTrace({
  name: 'swf',
  summary: 'log of a parallel machine in the Standard Workload Format',
  source: 'Parallel Workloads Archive (terms differ by log)',
  files: [{ role: 'jobs', isRequired: true, summary: 'logs, *.swf' }],
  parameters: [
    {
      name: 'processorsPerPod',
      type: 'integer',
      default: 16,
      min: 1,
      max: 100_000,
      summary: 'larger jobs are split into several pods; set it to the processors of a node',
    },
    {
      name: 'memoryPerProcessor',
      type: 'integer',
      default: 1024,
      min: 0,
      max: 10_000_000,
      summary: 'MiB asked for per processor where the log does not say; 0 for none',
    },
  ],
  open: (files, parameters, report) =>
    openSortedRows(
      files['jobs'] ?? [],
      {
        hasHeader: false,
        split: splitBlanks,
        isComment: (row) => row.fields[0]?.startsWith(';') ?? false,
        parserFor: () => jobParser(parameters),
      },
      report,
    ),
});

function jobParser(parameters: ParameterValues): RowParser {
  const perPod = parameters.number('processorsPerPod');
  const defaultMib = parameters.number('memoryPerProcessor');
  const templates = new Map<string, ArrivalTemplate>();

  function template(processors: number, mibPerProcessor: number): ArrivalTemplate {
    const key = `${processors}/${mibPerProcessor}`;
    let known = templates.get(key);
    if (known === undefined) {
      known = makeTemplate(processors, mibPerProcessor);
      templates.set(key, known);
    }
    return known;
  }

  return ({ fields, line }) => {
    if (fields.length < FIELDS) return new BadRow(`expected ${FIELDS} blank-separated fields, found ${fields.length}`);
    const numbers = fields.slice(0, FIELDS).map(decimal);
    const wrong = numbers.findIndex(Number.isNaN);
    if (wrong >= 0) return badField(`field ${wrong + 1}`, 'a number', fields[wrong]);
    const job = count(fields[0]);
    const [, submitS, , runS, allocated, , usedKb, requested, , requestedKb, status] = numbers as [number, ...number[]];
    if (job < 0) return badField('job number', 'a whole number', fields[0]);
    if (submitS! < 0) return badField('submit time', 'seconds from the start of the log', fields[1]);
    const processors = requested! > 0 ? requested! : allocated!;
    if (processors <= 0 || runS! < 0 || (runS === 0 && status === CANCELLED)) return undefined;
    const kb = requestedKb! > 0 ? requestedKb! : usedKb!;
    const mibPerProcessor = kb > 0 ? Math.ceil(kb / 1024) : defaultMib;
    const timeUs = Math.round(submitS! * SECOND_US);
    const runDurationUs = Math.round(runS! * SECOND_US);
    const exitCode = status === FAILED ? 1 : 0;
    const pods: PodArrival[] = [];
    // Job numbers may come twice (partial executions), lines do not.
    for (let rest = processors, part = 0; rest > 0; rest -= perPod, part++) {
      const name = `job-${job}-${line}-${part}`;
      pods.push({
        timeUs,
        name,
        template: template(Math.min(rest, perPod), mibPerProcessor),
        runDurationUs,
        exitCode,
        deleteAtUs: Infinity,
      });
    }
    return pods;
  };
}

function makeTemplate(processors: number, mibPerProcessor: number): ArrivalTemplate {
  const requests: Record<string, string> = { cpu: String(processors) };
  if (mibPerProcessor > 0) requests['memory'] = `${Math.ceil(processors * mibPerProcessor)}Mi`;
  return {
    labels: {},
    annotations: {},
    spec: newPodSpec({ containers: [newContainer({ name: 'job', image: 'swf-job:1', requests })], restartPolicy: 'Never' }),
  };
}

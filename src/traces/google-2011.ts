/**
 * google-2011: what ran, and what waited, on a Borg cell at the first instant of the trace of May 2011: 144,339 tasks, 12,580
 * machines.
 *
 * Models    C. Reiss et al., "Heterogeneity and dynamicity of clouds at scale", SoCC 2012; clusterdata-2011-2
 * Units     cpu and memory of tasks and machines are relative to the largest machine; `cpuPerUnit` and `memoryPerUnit` say how
 *           large that is (sizes were never published: the defaults are our own choice and change nothing in relation)
 * Differs   all tasks arrive at time 0 in file order and run until stopped: the file is a snapshot. Borg overcommits (requests
 *           add up to 112.5 % of the cpu), Kubernetes does not: take `scale` 0.85 or less, or `minPriority` 9 (production)
 *           to make everything fit. The different-machines flag becomes a required anti-affinity between the
 *           tasks of the job. Disk requests are left out (their scale is unknown), and so are the placements
 * Order     file order
 */
import type { ParameterValues } from '../base/parameters.ts';
import type { ArrivalTemplate } from '../objects/arrival.ts';
import { newContainer, newNode, newPodSpec } from '../objects/builders.ts';
import { LABEL_HOSTNAME, type Node } from '../objects/node.ts';
import type { Affinity } from '../objects/pod.ts';
import { bytesQuantity, milliQuantity } from '../objects/quantity.ts';
import { badField, count, decimal, findColumns } from './columns.ts';
import { CsvRows } from './csv-rows.ts';
import { openSortedRows, type RowParser } from './sorted-rows.ts';
import { BadRow, defineTrace, type RowReport, type TraceFiles } from './trace.ts';

const GIB = 1_073_741_824;
export const JOB_LABEL = 'google.seatrial.dev/job';
export const BORG_PRIORITY_LABEL = 'google.seatrial.dev/priority';
export const CLASS_LABEL = 'google.seatrial.dev/scheduling-class';
const HIGHEST_PRIORITY = 11;

export const google2011 = defineTrace({
  name: 'google-2011',
  summary: 'Google Borg cell of May 2011: machines, and the tasks that existed when the trace starts',
  source: 'github.com/google/cluster-data clusterdata-2011-2 (CC-BY-4.0)',
  files: [
    { role: 'tasks', isRequired: true, summary: 'tasks at time 0: snapshot-t0.csv' },
    { role: 'machines', isRequired: false, summary: 'machines.csv' },
  ],
  nodesRole: 'machines',
  parameters: [
    { name: 'cpuPerUnit', type: 'integer', default: 32_000, min: 1, max: 10_000_000, summary: 'milli-CPU of the largest machine' },
    { name: 'memoryPerUnit', type: 'integer', default: 128, min: 1, max: 1_000_000, summary: 'GiB of the largest machine' },
    { name: 'scale', type: 'number', default: 1, min: 0.001, max: 10, summary: 'factor on what tasks ask for' },
    { name: 'minPriority', type: 'integer', default: 0, min: 0, max: HIGHEST_PRIORITY, summary: 'leave out tasks below this priority' },
    {
      name: 'differentMachines',
      type: 'boolean',
      default: true,
      summary: 'honour the flag that keeps a job’s tasks on different machines',
    },
    { name: 'podsPerNode', type: 'integer', default: 110, min: 1, max: 100_000, summary: 'pods a node allows' },
  ],
  open: (files, parameters, report) =>
    openSortedRows(files['tasks'] ?? [], { hasHeader: true, parserFor: (header) => taskParser(header, parameters) }, report),
  readNodes,
});

function taskParser(header: readonly string[], parameters: ParameterValues): RowParser | BadRow {
  const columns = findColumns(header, [
    'job_id',
    'task_index',
    'scheduling_class',
    'priority',
    'cpu_request',
    'memory_request',
    'different_machines',
  ]);
  if (columns instanceof BadRow) return columns;
  const minPriority = parameters.number('minPriority');
  const templates = new Map<string, ArrivalTemplate>();

  return ({ fields }) => {
    const field = (name: string) => fields[columns[name]!];
    const job = count(field('job_id'));
    const task = count(field('task_index'));
    const schedulingClass = count(field('scheduling_class'));
    const priority = count(field('priority'));
    const cpu = decimal(field('cpu_request'));
    const memory = decimal(field('memory_request'));
    const different = field('different_machines');
    if (job < 0) return badField('job_id', 'a whole number', field('job_id'));
    if (task < 0) return badField('task_index', 'a whole number', field('task_index'));
    if (schedulingClass < 0 || schedulingClass > 3) return badField('scheduling_class', '0 to 3', field('scheduling_class'));
    if (priority < 0 || priority > HIGHEST_PRIORITY) return badField('priority', `0 to ${HIGHEST_PRIORITY}`, field('priority'));
    if (!(cpu >= 0)) return badField('cpu_request', 'a number from 0 up', field('cpu_request'));
    if (!(memory >= 0)) return badField('memory_request', 'a number from 0 up', field('memory_request'));
    if (different !== '0' && different !== '1') return badField('different_machines', '0 or 1', different);
    if (priority < minPriority) return undefined;
    // All tasks of a job ask for the same, with rare exceptions.
    const key = `${job}/${schedulingClass}/${priority}/${cpu}/${memory}/${different}`;
    let template = templates.get(key);
    if (template === undefined) {
      template = makeTemplate({ job, schedulingClass, priority, cpu, memory, isSpread: different === '1' }, parameters);
      templates.set(key, template);
    }
    return { timeUs: 0, name: `task-${job}-${task}`, template, runDurationUs: Infinity, exitCode: 0, deleteAtUs: Infinity };
  };
}

interface TaskShape {
  readonly job: number;
  readonly schedulingClass: number;
  readonly priority: number;
  readonly cpu: number;
  readonly memory: number;
  readonly isSpread: boolean;
}

function makeTemplate(shape: TaskShape, parameters: ParameterValues): ArrivalTemplate {
  const scale = parameters.number('scale');
  const job = String(shape.job);
  const requests = {
    cpu: milliQuantity(Math.ceil(shape.cpu * scale * parameters.number('cpuPerUnit'))),
    memory: bytesQuantity(Math.ceil(shape.memory * scale * parameters.number('memoryPerUnit') * GIB)),
  };
  return {
    labels: {
      [JOB_LABEL]: job,
      [BORG_PRIORITY_LABEL]: String(shape.priority),
      [CLASS_LABEL]: String(shape.schedulingClass),
    },
    annotations: {},
    spec: newPodSpec({
      containers: [newContainer({ name: 'task', image: 'borg-task:1', requests })],
      affinity: shape.isSpread && parameters.boolean('differentMachines') ? apartFrom(job) : undefined,
    }),
  };
}

function apartFrom(job: string): Affinity {
  const term = {
    labelSelector: { matchLabels: { [JOB_LABEL]: job }, matchExpressions: [] },
    namespaces: [],
    namespaceSelector: undefined,
    topologyKey: LABEL_HOSTNAME,
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
  return { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity: { required: [term], preferred: [] } };
}

function readNodes(files: TraceFiles, parameters: ParameterValues, report: RowReport): readonly Node[] {
  const nodes: Node[] = [];
  for (const file of files['machines'] ?? []) {
    let columns: Readonly<Record<string, number>> | undefined;
    for (const row of new CsvRows(file.bytes).rows()) {
      if (columns === undefined) {
        const found = findColumns(row.fields, ['machine_id', 'cpu_capacity', 'memory_capacity']);
        if (found instanceof BadRow) {
          report.badFile(file.name, found.message);
          break;
        }
        columns = found;
        continue;
      }
      const node = readNode(row.fields, columns, parameters);
      if (node instanceof BadRow) report.badRow(file.name, row.line, node.message);
      else nodes.push(node);
    }
  }
  return nodes;
}

function readNode(fields: readonly string[], columns: Readonly<Record<string, number>>, parameters: ParameterValues): Node | BadRow {
  const id = count(fields[columns['machine_id']!]);
  const cpu = decimal(fields[columns['cpu_capacity']!]);
  const memory = decimal(fields[columns['memory_capacity']!]);
  if (id < 0) return badField('machine_id', 'a whole number', fields[columns['machine_id']!]);
  if (!(cpu > 0 && cpu <= 1)) return badField('cpu_capacity', 'above 0, at most 1', fields[columns['cpu_capacity']!]);
  if (!(memory > 0 && memory <= 1)) return badField('memory_capacity', 'above 0, at most 1', fields[columns['memory_capacity']!]);
  const name = `machine-${id}`;
  const capacity = {
    cpu: milliQuantity(Math.floor(cpu * parameters.number('cpuPerUnit'))),
    memory: bytesQuantity(Math.floor(memory * parameters.number('memoryPerUnit') * GIB)),
    pods: String(parameters.number('podsPerNode')),
  };
  return newNode(name, { labels: { [LABEL_HOSTNAME]: name }, status: { capacity } });
}

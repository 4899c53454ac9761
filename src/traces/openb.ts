/**
 * openb: the Alibaba GPU cluster of 2023, 1,523 machines and 8,152 tasks, and the task lists resampled from it.
 *
 * Models    Q. Weng et al., "Beware of Fragmentation", USENIX ATC 2023; alibaba/clusterdata cluster-trace-gpu-v2023
 * Units     cpu in milli, memory in MiB, GPU shares in thousandths of a GPU, times in seconds from the window's start
 * Differs   GPUs are amounts, not devices. With `gpu: share`, a node offers `alibabacloud.com/gpu-milli` = 1000 per GPU and
 *           a task takes num_gpu × gpu_milli of it; tasks of whole GPUs also take `alibabacloud.com/gpu-count`. A node's
 *           spare shares are added up over its GPUs, so a task may be placed although no single GPU has room for it:
 *           packing comes out better than device by device. `gpu: whole` gives every task whole GPUs, which errs the
 *           other way; `gpu: none` leaves GPUs out, as scheduler benchmarks on this trace do
 *           Tasks that were never placed (Pending) have no run time: they are deleted when the trace says so
 *           Tasks still running at the end of the window run until stopped
 * Order     by (creation time, file order); lists without times arrive all at time 0
 */

import type { ParameterValues } from '../base/parameters.ts';
import type { ArrivalTemplate, PodArrival } from '../objects/arrival.ts';
import { newContainer, newNode, newPodSpec } from '../objects/builders.ts';
import { checkDnsSubdomain, isLabelValue } from '../objects/names.ts';
import type { Node } from '../objects/node.ts';
import { LABEL_HOSTNAME } from '../objects/node.ts';
import type { Affinity } from '../objects/pod.ts';
import { milliQuantity } from '../objects/quantity.ts';
import { badField, count, findColumns } from './columns.ts';
import { type CsvRow, CsvRows } from './csv-rows.ts';
import { openSortedRows, type RowParser } from './sorted-rows.ts';
import { BadRow, defineTrace, type RowReport, type TraceFile, type TraceFiles } from './trace.ts';

export const GPU_COUNT = 'alibabacloud.com/gpu-count';
export const GPU_MILLI = 'alibabacloud.com/gpu-milli';
export const GPU_MODEL_LABEL = 'alibabacloud.com/gpu-card-model';
export const QOS_LABEL = 'alibabacloud.com/qos-class';
/** End of the recorded window: a task deleted then was still there. */
const WINDOW_END_S = 12_902_960;
const SECOND_US = 1_000_000;

type GpuModel = 'share' | 'whole' | 'none';

export const openb = defineTrace({
  name: 'openb',
  summary: 'Alibaba GPU cluster 2023: GPU-sharing tasks of a production cluster of 1,523 machines',
  source: 'github.com/alibaba/clusterdata and github.com/hkust-adsl/kubernetes-scheduler-simulator (Apache-2.0)',
  files: [
    { role: 'pods', isRequired: true, summary: 'task lists openb_pod_list_*.csv' },
    { role: 'nodes', isRequired: false, summary: 'machines openb_node_list_*.csv' },
  ],
  nodesRole: 'nodes',
  parameters: [
    {
      name: 'gpu',
      type: 'text',
      default: 'share',
      choices: ['share', 'whole', 'none'],
      summary: 'GPUs as shares of a node’s total, as whole GPUs, or not at all',
    },
    { name: 'gpuSpec', type: 'boolean', default: true, summary: 'honour the GPU models a task asks for' },
    {
      name: 'podsPerNode',
      type: 'integer',
      default: 1001,
      min: 1,
      max: 100_000,
      summary: 'pods a node allows; 1001 in the published manifests',
    },
    {
      name: 'pending',
      type: 'text',
      default: 'keep',
      choices: ['keep', 'skip'],
      summary: 'tasks the real cluster never placed: ask for them until their deletion, or leave them out',
    },
    {
      name: 'end',
      type: 'text',
      default: 'run-time',
      choices: ['run-time', 'deletion', 'never'],
      summary: 'tasks end after the time they ran, are deleted at the time they were, or stay for ever',
    },
  ],
  open: (files, parameters, report) => {
    const names: NamePlaces = new Map();
    const parserFor = (header: readonly string[], file: string) => podParser(header, file, parameters, names);
    return openSortedRows(files['pods'] ?? [], { hasHeader: true, parserFor }, report);
  },
  readNodes,
});

// Machines ------------------------------------------------------------------------------------------

function readNodes(files: TraceFiles, parameters: ParameterValues, report: RowReport): readonly Node[] {
  const nodes: Node[] = [];
  const names = new Set<string>();
  for (const file of files['nodes'] ?? []) readNodeFile(file, parameters, report, nodes, names);
  return nodes;
}

function readNodeFile(file: TraceFile, parameters: ParameterValues, report: RowReport, nodes: Node[], names: Set<string>): void {
  let columns: Readonly<Record<string, number>> | undefined;
  for (const row of new CsvRows(file.bytes).rows()) {
    if (columns === undefined) {
      const found = findColumns(row.fields, ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model']);
      if (found instanceof BadRow) {
        report.badFile(file.name, found.message);
        return;
      }
      columns = found;
      continue;
    }
    const node = readNode(row, columns, parameters);
    if (node instanceof BadRow) report.badRow(file.name, row.line, node.message);
    else if (names.has(node.metadata.name)) report.badRow(file.name, row.line, `two machines are called "${node.metadata.name}"`);
    else {
      names.add(node.metadata.name);
      nodes.push(node);
    }
  }
  if (columns === undefined) report.badFile(file.name, 'the file is empty');
}

function readNode(row: CsvRow, columns: Readonly<Record<string, number>>, parameters: ParameterValues): Node | BadRow {
  const { fields } = row;
  const name = fields[columns['sn']!] ?? '';
  const cpuMilli = count(fields[columns['cpu_milli']!]);
  const memoryMib = count(fields[columns['memory_mib']!]);
  const gpus = count(fields[columns['gpu']!]);
  const model = fields[columns['model']!];
  if (checkDnsSubdomain(name) !== undefined) return badField('sn', 'a node name', name);
  if (cpuMilli < 0) return badField('cpu_milli', 'a whole number', fields[columns['cpu_milli']!]);
  if (memoryMib < 0) return badField('memory_mib', 'a whole number', fields[columns['memory_mib']!]);
  if (gpus < 0) return badField('gpu', 'a whole number', fields[columns['gpu']!]);
  if (model === undefined || !isLabelValue(model)) return badField('model', 'a GPU model or empty', model);
  const capacity: Record<string, string> = {
    cpu: milliQuantity(cpuMilli),
    memory: `${memoryMib}Mi`,
    pods: String(parameters.number('podsPerNode')),
  };
  if (gpus > 0 && parameters.text('gpu') !== 'none') {
    capacity[GPU_COUNT] = String(gpus);
    capacity[GPU_MILLI] = String(gpus * 1000);
  }
  const labels: Record<string, string> = { [LABEL_HOSTNAME]: name };
  if (model !== '') labels[GPU_MODEL_LABEL] = model;
  return newNode(name, { labels, status: { capacity } });
}

// Tasks ---------------------------------------------------------------------------------------------

const PHASES: readonly string[] = ['Running', 'Succeeded', 'Failed', 'Pending'];

/** The numbers of one task that decide its template. */
interface Shape {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly gpuMilli: number;
  readonly models: string;
  readonly qos: string;
}

/** Where each task name was first seen, to find names that come twice. */
type NamePlaces = Map<string, { readonly file: string; readonly line: number }>;

function podParser(header: readonly string[], file: string, parameters: ParameterValues, names: NamePlaces): RowParser | BadRow {
  const columns = findColumns(
    header,
    ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli'],
    ['gpu_spec', 'qos', 'pod_phase', 'creation_time', 'deletion_time', 'scheduled_time'],
  );
  if (columns instanceof BadRow) return columns;
  const hasTimes = columns['creation_time']! >= 0 && columns['deletion_time']! >= 0 && columns['scheduled_time']! >= 0;
  const templates = new Map<string, ArrivalTemplate>();
  const gpu = parameters.text('gpu') as GpuModel;
  const useSpec = parameters.boolean('gpuSpec');

  return (row) => {
    const { fields } = row;
    const shape = readShape(fields, columns);
    if (shape instanceof BadRow) return shape;
    const name = fields[columns['name']!]!;
    if (checkDnsSubdomain(name) !== undefined) return badField('name', 'a pod name', name);
    const first = names.get(name);
    if (first === undefined) names.set(name, { file, line: row.line });
    else if (first.file !== file || first.line !== row.line) {
      return new BadRow(`two tasks are called "${name}", the other on line ${first.line} of ${first.file}`);
    }
    const key = `${shape.cpuMilli},${shape.memoryMib},${shape.gpus},${shape.gpuMilli},${shape.models},${shape.qos}`;
    let template = templates.get(key);
    if (template === undefined) {
      template = templateOf(shape, gpu, useSpec);
      templates.set(key, template);
    }
    if (!hasTimes) return { timeUs: 0, name, template, runDurationUs: Infinity, exitCode: 0, deleteAtUs: Infinity };
    return withTimes(fields, columns, parameters, name, template);
  };
}

function readShape(fields: readonly string[], columns: Readonly<Record<string, number>>): Shape | BadRow {
  const number = (name: string) => count(fields[columns[name]!]);
  const shape: Shape = {
    cpuMilli: number('cpu_milli'),
    memoryMib: number('memory_mib'),
    gpus: number('num_gpu'),
    gpuMilli: number('gpu_milli'),
    models: fields[columns['gpu_spec']!] ?? '',
    qos: fields[columns['qos']!] ?? '',
  };
  if (shape.cpuMilli < 0) return badField('cpu_milli', 'a whole number', fields[columns['cpu_milli']!]);
  if (shape.memoryMib < 0) return badField('memory_mib', 'a whole number', fields[columns['memory_mib']!]);
  if (shape.gpus < 0) return badField('num_gpu', 'a whole number', fields[columns['num_gpu']!]);
  if (shape.gpuMilli < 0 || shape.gpuMilli > 1000) return badField('gpu_milli', '0 to 1000', fields[columns['gpu_milli']!]);
  if (!isLabelValue(shape.qos)) return badField('qos', 'a class such as LS or BE', shape.qos);
  for (const model of shape.models.split('|'))
    if (!isLabelValue(model)) return badField('gpu_spec', 'GPU models joined by "|"', shape.models);
  return shape;
}

function withTimes(
  fields: readonly string[],
  columns: Readonly<Record<string, number>>,
  parameters: ParameterValues,
  name: string,
  template: ArrivalTemplate,
): PodArrival | BadRow | undefined {
  const phase = fields[columns['pod_phase']!] ?? '';
  const createdS = count(fields[columns['creation_time']!]);
  const deletedS = count(fields[columns['deletion_time']!]);
  const scheduledText = fields[columns['scheduled_time']!];
  const scheduledS = scheduledText === '' ? -1 : count(scheduledText);
  if (!PHASES.includes(phase)) return badField('pod_phase', `one of ${PHASES.join(', ')}`, phase);
  if (createdS < 0) return badField('creation_time', 'whole seconds', fields[columns['creation_time']!]);
  if (deletedS < createdS) return badField('deletion_time', 'whole seconds, not before the creation', fields[columns['deletion_time']!]);
  if (scheduledText === undefined || (scheduledText !== '' && (scheduledS < createdS || scheduledS > deletedS))) {
    return badField('scheduled_time', 'empty, or whole seconds between creation and deletion', scheduledText);
  }
  const wasPlaced = scheduledS >= 0;
  if (!wasPlaced && parameters.text('pending') === 'skip') return undefined;
  const end = parameters.text('end');
  const stays = end === 'never' || (wasPlaced && phase === 'Running' && deletedS >= WINDOW_END_S);
  const runs = !stays && wasPlaced && end === 'run-time';
  return {
    timeUs: createdS * SECOND_US,
    name,
    template,
    runDurationUs: runs ? (deletedS - scheduledS) * SECOND_US : Infinity,
    exitCode: runs && phase === 'Failed' ? 1 : 0,
    deleteAtUs: stays || runs ? Infinity : deletedS * SECOND_US,
  };
}

function templateOf(shape: Shape, gpu: GpuModel, useSpec: boolean): ArrivalTemplate {
  const requests: Record<string, string> = { cpu: milliQuantity(shape.cpuMilli), memory: `${shape.memoryMib}Mi` };
  const limits: Record<string, string> = {};
  if (shape.gpus > 0 && gpu !== 'none') {
    const isWhole = gpu === 'whole' || shape.gpuMilli === 1000;
    // Extended resources cannot be overcommitted: the API wants limits equal to requests.
    if (isWhole) limits[GPU_COUNT] = String(shape.gpus);
    limits[GPU_MILLI] = String(shape.gpus * (isWhole ? 1000 : shape.gpuMilli));
  }
  const annotations: Record<string, string> =
    shape.gpus > 0 ? { [GPU_COUNT]: String(shape.gpus), [GPU_MILLI]: String(shape.gpuMilli) } : {};
  return {
    labels: shape.qos === '' ? {} : { [QOS_LABEL]: shape.qos },
    annotations,
    spec: newPodSpec({
      containers: [newContainer({ name: 'main', image: 'openb-task:1', requests, limits })],
      restartPolicy: 'Never',
      affinity: useSpec && shape.models !== '' ? modelAffinity(shape.models.split('|')) : undefined,
    }),
  };
}

function modelAffinity(models: readonly string[]): Affinity {
  const term = { matchExpressions: [{ key: GPU_MODEL_LABEL, operator: 'In', values: models }], matchFields: [] };
  return {
    nodeAffinity: { required: { nodeSelectorTerms: [term] }, preferred: undefined },
    podAffinity: undefined,
    podAntiAffinity: undefined,
  };
}

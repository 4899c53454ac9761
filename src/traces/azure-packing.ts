/**
 * azure-packing: virtual machines asked for in one Azure zone over 14 days, with their sizes and life times.
 *
 * Models    O. Hadary et al., "Protean", OSDI 2020, in the samples of CoSpot (SoCC 2022), which give cores and memory
 * Units     100 units of `cores` are one virtual CPU, 8 units of `ram` one GiB, times in fractional days
 * Differs   each virtual machine is a pod of the same size. The column headed `vmTypeId` holds the priority (0 high, 1 low) in
 *           these samples and is read as that. A machine that was alive before the window arrives at time 0 with the life
 *           it had left; one that outlived the observation (`inf`) runs until stopped. Tenants' batches are rows at one time
 * Order     by (start, line)
 */
import type { ParameterValues } from '../base/parameters.ts';
import type { ArrivalTemplate } from '../objects/arrival.ts';
import { newContainer, newPodSpec } from '../objects/builders.ts';
import { bytesQuantity, milliQuantity } from '../objects/quantity.ts';
import { badField, count, decimal, findColumns } from './columns.ts';
import { openSortedRows, type RowParser } from './sorted-rows.ts';
import { BadRow, defineTrace } from './trace.ts';

const DAY_US = 86_400_000_000;
const GIB = 1_073_741_824;
const CORE_UNITS = 100;
const RAM_UNITS = 8;

export const PRIORITY_LABEL = 'azure.seatrial.dev/priority';

export const azurePacking = defineTrace({
  name: 'azure-packing',
  summary: 'Azure 2020: virtual machine requests of one zone over 14 days, with life times',
  source: 'github.com/Azure/AzurePublicDataset, samples of CoSpot (CC-BY-4.0)',
  files: [{ role: 'vms', isRequired: true, summary: 'requests *-1pcnt-*.csv' }],
  parameters: [
    {
      name: 'end',
      type: 'text',
      default: 'run-time',
      choices: ['run-time', 'deletion', 'never'],
      summary: 'machines end after the time they lived, are deleted at the time they were, or stay for ever',
    },
    {
      name: 'priority',
      type: 'text',
      default: 'all',
      choices: ['all', 'high', 'low'],
      summary: 'take the requests of one priority only',
    },
    { name: 'lowPriorityClass', type: 'text', default: '', summary: 'PriorityClass of low-priority machines; empty for none' },
    { name: 'highPriorityClass', type: 'text', default: '', summary: 'PriorityClass of high-priority machines; empty for none' },
  ],
  open: (files, parameters, report) =>
    openSortedRows(files['vms'] ?? [], { hasHeader: true, parserFor: (header) => vmParser(header, parameters) }, report),
});

function vmParser(header: readonly string[], parameters: ParameterValues): RowParser | BadRow {
  const columns = findColumns(header, ['vmId', 'cores', 'ram', 'vmTypeId', 'starttime', 'endtime']);
  if (columns instanceof BadRow) return columns;
  const end = parameters.text('end');
  const wanted = parameters.text('priority');
  const templates = new Map<string, ArrivalTemplate>();

  return ({ fields, line }) => {
    const field = (name: string) => fields[columns[name]!];
    const id = count(field('vmId'));
    const cores = decimal(field('cores'));
    const ram = decimal(field('ram'));
    const startDay = decimal(field('starttime'));
    const endText = field('endtime');
    const endDay = endText === 'inf' || endText === '' ? Infinity : decimal(endText);
    const lowFlag = count(field('vmTypeId'));
    if (id < 0) return badField('vmId', 'a whole number', field('vmId'));
    if (!(cores > 0)) return badField('cores', 'a number above 0', field('cores'));
    if (!(ram >= 0)) return badField('ram', 'a number from 0 up', field('ram'));
    if (Number.isNaN(startDay)) return badField('starttime', 'days', field('starttime'));
    if (!(endDay >= startDay)) return badField('endtime', 'days not before the start, or inf', endText);
    if (lowFlag !== 0 && lowFlag !== 1) return badField('vmTypeId', '0 (high priority) or 1 (low)', field('vmTypeId'));
    const priority = lowFlag === 1 ? 'low' : 'high';
    if ((wanted !== 'all' && wanted !== priority) || endDay <= 0) return undefined;
    const key = `${cores}/${ram}/${priority}`;
    let template = templates.get(key);
    if (template === undefined) {
      template = makeTemplate(cores, ram, priority, parameters.text(`${priority}PriorityClass`));
      templates.set(key, template);
    }
    const timeUs = Math.round(Math.max(0, startDay) * DAY_US);
    const endUs = endDay === Infinity || end === 'never' ? Infinity : Math.round(endDay * DAY_US);
    return {
      timeUs,
      name: `vm-${id}-${line}`,
      template,
      runDurationUs: end === 'run-time' ? endUs - timeUs : Infinity,
      exitCode: 0,
      deleteAtUs: end === 'deletion' ? endUs : Infinity,
    };
  };
}

function makeTemplate(cores: number, ram: number, priority: string, priorityClassName: string): ArrivalTemplate {
  const requests = {
    cpu: milliQuantity(Math.ceil((cores * 1000) / CORE_UNITS)),
    memory: bytesQuantity(Math.ceil((ram * GIB) / RAM_UNITS)),
  };
  return {
    labels: { [PRIORITY_LABEL]: priority },
    annotations: {},
    spec: newPodSpec({
      containers: [newContainer({ name: 'vm', image: 'azure-vm:1', requests })],
      restartPolicy: 'Never',
      priorityClassName,
    }),
  };
}

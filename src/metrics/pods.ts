/**
 * Pods: answers `pods(phase=Running, app=web)` from what exists at the end, and, when the run keeps pods, one row per pod.
 *
 * Memory    the table is O(pods ever run); that is why it is off unless asked for
 */
import { POD, type PodRecord } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

export const PODS_TABLE: TableSpec = {
  name: 'pods',
  description: 'One row per pod, in order of removal and then of creation; only when the run keeps pods.',
  columns: [
    column('namespace', 'string', '', 'Namespace.'),
    column('pod', 'string', '', 'Name.'),
    column('workload', 'string', '', 'Workload.'),
    column('node', 'string', '', 'Node it was bound to; empty when none.'),
    column('phase', 'string', '', 'Last phase.'),
    column('created_us', 'integer', 'us', 'Created.'),
    column('bound_us', 'integer', 'us', 'Bound.'),
    column('started_us', 'integer', 'us', 'First container started.'),
    column('ready_us', 'integer', 'us', 'Ready for the first time.'),
    column('finished_us', 'integer', 'us', 'Reached Succeeded or Failed.'),
    column('deleted_us', 'integer', 'us', 'Object removed.'),
    column('restarts', 'integer', 'count', 'Container restarts.'),
    column('disruption', 'string', '', 'Reason of its disruption; empty when none.'),
  ],
};

export const pods = defineMeasure({
  name: 'pods',
  description: 'One row per pod (when kept), and counts of pods by any property at the end.',
  tables: [PODS_TABLE],
  create: (ctx) => {
    const table = new TableBuilder(PODS_TABLE);
    const push = (pod: PodRecord, deletedUs: number | null): void => {
      const { namespace, name } = pod.pod.metadata;
      table.push(
        namespace,
        name,
        pod.workload.name,
        pod.node?.name ?? '',
        pod.pod.status.phase,
        pod.createdUs,
        happened(pod.boundUs),
        happened(pod.startedUs),
        happened(pod.readyUs),
        happened(pod.finishedUs),
        deletedUs,
        pod.restarts,
        pod.disruption,
      );
    };
    if (ctx.settings.keepPods) {
      ctx.view.onPod(POD.DELETED, (pod, _, timeUs) => push(pod, timeUs));
    }
    return {
      finish: () => {
        if (ctx.settings.keepPods) for (const pod of ctx.view.pods.values()) push(pod, null);
        return {
          tables: ctx.settings.keepPods ? [table.build()] : [],
          figures: [],
          answers: [
            {
              name: 'pods',
              table: ctx.settings.keepPods ? PODS_TABLE.name : 'pod_outcomes',
              value: (args) => {
                const filters = args.map(parseFilter);
                let count = 0;
                for (const pod of ctx.view.pods.values()) {
                  const zone = pod.node === undefined ? '' : ctx.view.domainName(pod.node.domains[3]!).replace(/^zone\//, '');
                  if (filters.every((filter) => matches(filter, pod, zone))) count++;
                }
                return count;
              },
              known: () => [''],
            },
          ],
        };
      },
    };
  },
});

interface PodFilter {
  readonly key: string;
  readonly value: string;
  readonly isNegated: boolean;
}

/** `key=value` or `key!=value`; a bare word asks for a label that exists. */
function parseFilter(text: string): PodFilter {
  const match = /^([^=!]+?)(!?=)(.*)$/.exec(text);
  if (match === null) return { key: text, value: '', isNegated: true };
  return { key: match[1]!, value: match[3]!, isNegated: match[2] === '!=' };
}

function matches(filter: PodFilter, pod: PodRecord, zone: string): boolean {
  return (propertyOf(filter.key, pod, zone) === filter.value) !== filter.isNegated;
}

function propertyOf(key: string, pod: PodRecord, zone: string): string {
  switch (key) {
    case 'phase':
      return pod.pod.status.phase;
    case 'namespace':
      return pod.pod.metadata.namespace;
    case 'node':
      return pod.node?.name ?? '';
    case 'zone':
      return zone;
    case 'ready':
      return String(pod.isReady);
    default:
      return pod.pod.metadata.labels[key] ?? '';
  }
}

function happened(timeUs: number): number | null {
  return timeUs < 0 ? null : timeUs;
}

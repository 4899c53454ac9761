/**
 * Rollout: ready replicas of the old and the new template of each Deployment, step by step.
 *
 * `new` are the pods of the ReplicaSet with the highest revision, `old` all others. The record begins with the first update
 * of the template (the second revision), with the state just before it, and gets one step per change. A rollback makes an
 * old ReplicaSet the newest again, as its revision rises.
 *
 * Cost      O(1) per readiness change of a pod whose Deployment has been updated
 */
import { type OwnerRecord, POD, type WorkloadRecord } from './cluster-records.ts';
import { defineMeasure } from './measure.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

const MAX_STEPS = 2000;

export const ROLLOUTS: TableSpec = {
  name: 'rollouts',
  description: 'Ready replicas of old and new template of each Deployment since the first update, one row per change.',
  columns: [
    column('workload', 'string', '', 'Deployment.'),
    column('revision', 'integer', 'count', 'Revision of the new template.'),
    column('time_us', 'integer', 'us', 'When the state began.'),
    column('old_ready', 'integer', 'pods', 'Ready replicas of older templates.'),
    column('new_ready', 'integer', 'pods', 'Ready replicas of the newest template.'),
    column('wanted', 'integer', 'pods', 'Wanted replicas.'),
  ],
};

interface Step {
  readonly revision: number;
  readonly timeUs: number;
  readonly oldReady: number;
  readonly newReady: number;
  readonly wanted: number;
  /** The first state of a new template. */
  readonly isUpdate: boolean;
}

interface Rollout {
  readonly workload: WorkloadRecord;
  newest: OwnerRecord;
  revisions: number;
  readonly steps: Step[];
  dropped: number;
}

export const rollout = defineMeasure({
  name: 'rollout',
  description: 'Old and new replicas of a Deployment through every update.',
  tables: [ROLLOUTS],
  create: (ctx) => {
    const rollouts: (Rollout | undefined)[] = [];

    function note(entry: Rollout, timeUs: number, isUpdate: boolean): void {
      const newReady = entry.newest.ready;
      const oldReady = entry.workload.ready - newReady;
      const { revision } = entry.newest;
      const { steps } = entry;
      // States that last no time are nobody's state; the one an update begins with stays.
      if (steps[steps.length - 1]?.timeUs === timeUs && !steps[steps.length - 1]!.isUpdate) steps.pop();
      const last = steps[steps.length - 1];
      if (last !== undefined && last.oldReady === oldReady && last.newReady === newReady && last.revision === revision) return;
      if (steps.length >= MAX_STEPS) entry.dropped++;
      else steps.push({ revision, timeUs, oldReady, newReady, wanted: entry.workload.desired, isUpdate });
    }

    ctx.view.onRevision((workload, owner, timeUs) => {
      const entry = rollouts[workload.index];
      if (entry === undefined) {
        rollouts[workload.index] = { workload, newest: owner, revisions: 1, steps: [], dropped: 0 };
        return;
      }
      entry.newest = owner;
      entry.revisions++;
      note(entry, timeUs, true);
    });
    ctx.view.onPod(SERVING, (pod, _, timeUs) => {
      const entry = rollouts[pod.workload.index];
      if (entry !== undefined && entry.revisions > 1) note(entry, timeUs, false);
    });

    return {
      finish: () => {
        const table = new TableBuilder(ROLLOUTS);
        const present = rollouts.filter((entry) => entry !== undefined && entry.steps.length > 0) as Rollout[];
        for (const entry of present) {
          for (const step of entry.steps)
            table.push(entry.workload.name, step.revision, step.timeUs, step.oldReady, step.newReady, step.wanted);
        }
        return {
          tables: [table.build()],
          figures: [],
          answers: [
            {
              name: 'sequence',
              table: ROLLOUTS.name,
              value: (args) => {
                const workload = args[0] === undefined ? undefined : ctx.view.findWorkload(args[0]);
                const entry = workload === undefined ? undefined : rollouts[workload.index];
                return entry === undefined || entry.steps.length === 0 ? undefined : sequenceText(entry.steps);
              },
              known: () => present.map((entry) => entry.workload.name),
            },
          ],
        };
      },
    };
  },
});

const SERVING = POD.READY | POD.UNREADY | POD.TERMINATING | POD.FINISHED | POD.DELETED | POD.WENT_DOWN | POD.CAME_UP;

/** `3/0, 3/1, 2/1`: repeated states are written once. */
function sequenceText(steps: readonly Step[]): string {
  const states: string[] = [];
  for (const step of steps) {
    const state = `${step.oldReady}/${step.newReady}`;
    if (states[states.length - 1] !== state) states.push(state);
  }
  return states.join(', ');
}

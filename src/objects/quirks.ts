/**
 * Quirks: named behaviours of older releases, off by default, that reproduce known upstream bugs.
 * Behaviour that v1.34 itself has, bugs included, is not here: it is how the components behave.
 */

export interface Quirk {
  readonly name: string;
  /** What changes while it is on. */
  readonly summary: string;
  /** The upstream thread it reproduces. */
  readonly thread: string;
}

export const QUIRKS = Object.freeze([
  {
    name: 'replicaset-expectations-outlive-owner',
    summary: 'deleting a ReplicaSet keeps its expectations, so that a new one of the same name waits up to 5 minutes',
    thread: 'kubernetes/kubernetes#69376',
  },
  {
    name: 'deployment-weak-template-hash',
    summary: 'ReplicaSets are named by a weak hash of their template, and a Deployment whose next one collides with an old one is stuck',
    thread: 'kubernetes/kubernetes#29735',
  },
  {
    name: 'statefulset-duplicate-revisions',
    summary: 'a StatefulSet whose new revision exists already, unseen, makes another one of the same template under another name',
    thread: 'kubernetes/kubernetes#55159',
  },
  {
    name: 'gc-absent-owner-by-uid',
    summary: 'the garbage collector remembers absent owners by uid alone, whatever kind and namespace the reference named',
    thread: 'kubernetes/kubernetes#88097',
  },
  {
    name: 'disruption-stale-status-retry',
    summary: 'after a conflict the disruption controller writes the budget it had computed over the newer one',
    thread: 'kubernetes/kubernetes#82149',
  },
  {
    name: 'scheduler-loses-wakeups',
    summary: 'events that come while a pod is being scheduled are forgotten when no node fits it: it waits for the next one',
    thread: 'kubernetes/kubernetes#72122',
  },
  {
    name: 'scheduler-assumptions-expire',
    summary: 'the scheduler takes a bound pod for gone when its watch has not shown it on its node after 30 s',
    thread: 'kubernetes/kubernetes#106361',
  },
  {
    name: 'scheduler-nominates-deleted-pods',
    summary: 'a pod that is deleted while it is being scheduled keeps its nominated node for ever',
    thread: 'kubernetes/kubernetes#102339',
  },
  {
    name: 'scheduler-ignores-tombstones',
    summary: 'the scheduler keeps pods and nodes of whose deletion it learns only by listing again',
    thread: 'kubernetes/kubernetes#55587',
  },
  {
    name: 'scheduler-forgets-pods-of-deleted-nodes',
    summary: 'when a Node is deleted the scheduler forgets its pods: a node made again under the name looks empty',
    thread: 'kubernetes/kubernetes#93938',
  },
] as const satisfies readonly Quirk[]);

export type QuirkName = (typeof QUIRKS)[number]['name'];

/** The quirks that are on in a run. */
export type Quirks = ReadonlySet<QuirkName>;

export const NO_QUIRKS: Quirks = new Set();

/**
 * Why mutants survive, by name: what a storm would have to do to meet them, and what of it no storm does.
 */
export const SURVIVORS: Readonly<Record<string, string>> = {
  'binds-twice': 'two schedulers have to choose for one pod at the same time, both of them against the same stale list.',
  'gc-knows-owners-by-name':
    'the dependents of an owner are looked at again when its end is noted, and then it is known by uid: a namesake misleads only a collector that has forgotten since, which remembers 500 of them.',
  'job-takes-refusal-for-release': 'the refused removal has to be that of a pod no later sync looks at: one of a Job that is gone or over.',
  'node-look-takes-old-for-new': 'a node has to change in the few milliseconds in which it is looked at, and then never again.',
  'taint-queue-forgets-failures':
    'every health pass, 5 s apart, takes an untainted silent node out of the queue and adds it again, and the queue gives one node in 10 s: the next try comes with the same turn as without the bug.',
  'eviction-remembers-names':
    'the end of a pod clears its timer a second time, so that only an end which is not seen leaves the name behind; and pods that follow another of their name at once are let off (kubernetes/kubernetes#107543).',
  'namesake-is-deleted':
    'the final delete of a pod that has just ended has to reach the server after the pod was removed by force and made again.',
  'node-report-is-sent-once':
    'one of the few reports of a node that say something new has to be refused; the watch then shows the kubelet that its node is not ready, and it reports again.',
};

/**
 * Why mutants survive, by name: what a storm would have to do to meet them, and what of it no storm does.
 */
export const SURVIVORS: Readonly<Record<string, string>> = {
  'precondition-ignores-uid':
    'clients name a uid rarely for an object that is gone at that very moment; most of them hear of its end first.',
  'binds-twice': 'two schedulers have to choose for one pod at the same time, both of them against the same stale list.',
  'conflict-keeps-the-lease':
    'a leader has to miss its renewals for 15 s and then reach the server again before its own deadline of 10 s ends it, which a crash or freeze in storms does not do.',
  'replicaset-awaits-failed-deletes': 'a refused delete has to be the last thing that happens to a ReplicaSet for 5 min.',
  'rollout-drops-refusals': 'the status that is written next wakes the Deployment again, unless that is refused too.',
  'statefulset-updates-all-at-once':
    'ordered sets wait a step earlier all the same; only parallel ones go too fast, and no invariant counts their pods on the way.',
  'job-counts-twice': 'the cache has to show a finalizer for longer than the second for which pod events of a Job are gathered.',
  'job-forgets-the-uncounted': 'a sync has to end between the removal of a finalizer and the status that counts it.',
  'gc-knows-owners-by-name':
    'owners that were seen to go are remembered by uid, so that only a collector that has just started asks by name.',
  'node-look-takes-old-for-new': 'a node has to change in the few milliseconds in which it is looked at, and then never again.',
  'taint-queue-forgets-failures':
    'all five tries to taint a silent node have to be refused; then the faults around it excuse the late eviction.',
  'eviction-remembers-names': 'one name has to be evicted from two nodes within the life of one process, the second of which stays away.',
  'missed-events-are-lost': 'an event has to come in the milliseconds of a failing attempt, and no other for 5 min.',
  'recreated-pod-keeps-its-place': 'the scheduler has to relist exactly between the end of a pod and its successor’s binding.',
  'kubelet-takes-a-namesake-for-the-pod':
    'a kubelet has to relist after a pod was replaced behind its back: a cut long enough, and a compaction within it.',
  'status-goes-to-a-namesake': 'a kubelet that has not heard of the end of its pod has to have something new to say of it.',
  'namesake-is-deleted': 'as above, with a pod that has just ended.',
  'node-report-is-sent-once': 'the kubelet’s own writes have to fail, which only a cut at the very moment does.',
};

/**
 * Every invariant, in the order lists show them.
 */
import { apiContract } from './api-contract.ts';
import { availabilityFloor } from './availability-floor.ts';
import { budgetRespected } from './budget-respected.ts';
import { cachesCatchUp } from './caches-catch-up.ts';
import { gcSparesOwned } from './gc-spares-owned.ts';
import { healthyPodsNotEvicted } from './healthy-pods-not-evicted.ts';
import { healthyPodsStayReady } from './healthy-pods-stay-ready.ts';
import { historyLimits } from './history-limits.ts';
import type { InvariantDef } from './invariant.ts';
import { jobsCountTrue } from './jobs-count-true.ts';
import { jobsDoneOnce } from './jobs-done-once.ts';
import { kubeletsMindTheirOwn } from './kubelets-mind-their-own.ts';
import { noBindingToAbsentNode } from './no-binding-to-absent-node.ts';
import { noDoublePreemption } from './no-double-preemption.ts';
import { noHotLoop } from './no-hot-loop.ts';
import { noOrphans } from './no-orphans.ts';
import { noOvercommit } from './no-overcommit.ts';
import { noPodChurn } from './no-pod-churn.ts';
import { nominationsEnd } from './nominations-end.ts';
import { oneLeader } from './one-leader.ts';
import { oneNodePerPod } from './one-node-per-pod.ts';
import { oneProcessPerIdentity } from './one-process-per-identity.ts';
import { ownerGraphAcyclic } from './owner-graph-acyclic.ts';
import { placementHolds } from './placement-holds.ts';
import { podsPlaced } from './pods-placed.ts';
import { processesMatch } from './processes-match.ts';
import { queuesDoNotStarve } from './queues-do-not-starve.ts';
import { readyPodsOnReadyNodes } from './ready-pods-on-ready-nodes.ts';
import { refusalsJustified } from './refusals-justified.ts';
import { replicasWithinSurge } from './replicas-within-surge.ts';
import { statefulSetOrder } from './statefulset-order.ts';
import { statusesTrue } from './statuses-true.ts';
import { taintEvictionInTime } from './taint-eviction-in-time.ts';
import { volumeOnOneNode } from './volume-on-one-node.ts';
import { workloadsReady } from './workloads-ready.ts';

export const invariants: readonly InvariantDef[] = [
  oneProcessPerIdentity,
  noOvercommit,
  refusalsJustified,
  replicasWithinSurge,
  podsPlaced,
  workloadsReady,
  availabilityFloor,
  statefulSetOrder,
  healthyPodsStayReady,
  healthyPodsNotEvicted,
  noPodChurn,
  noDoublePreemption,
  nominationsEnd,
  budgetRespected,
  noBindingToAbsentNode,
  taintEvictionInTime,
  volumeOnOneNode,
  kubeletsMindTheirOwn,
  gcSparesOwned,
  readyPodsOnReadyNodes,
  placementHolds,
  jobsDoneOnce,
  jobsCountTrue,
  noOrphans,
  historyLimits,
  noHotLoop,
  queuesDoNotStarve,
  oneNodePerPod,
  oneLeader,
  ownerGraphAcyclic,
  apiContract,
  cachesCatchUp,
  processesMatch,
  statusesTrue,
];

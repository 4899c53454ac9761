/**
 * The four sums of a pod's requests that scheduling uses, each with its own rules.
 *
 * Models    kubernetes v1.34 component-helpers/resource/helpers.go as called by NodeInfo, NodeResourcesFit and
 *           NodeResourcesBalancedAllocation
 */

import type { Pod, PodSpec } from '../objects/pod.ts';
import { DEFAULT_NONZERO_MEMORY_BYTES, DEFAULT_NONZERO_MILLI_CPU, exactPodRequests } from '../objects/pod-requests.ts';
import { type Amount, type Amounts, amountsOfExact, amountsOfList } from './resources.ts';
import type { Behaviour } from './versions.ts';

export interface PodAmounts {
  /** What the Fit filter checks for an incoming pod. */
  readonly fit: Amounts;
  /** What the Fit score counts: containers without a cpu or memory request are taken for 100m and 200 MiB; pod-level requests are ignored. */
  readonly score: Amounts;
  /** What the pod takes from its node. */
  readonly accounted: Amounts;
  /** The same with the defaults for containers without requests. */
  readonly nonZeroCpuMilli: Amount;
  readonly nonZeroMemBytes: Amount;
}

const FILL: ReadonlyMap<string, bigint> = new Map([
  ['cpu', BigInt(DEFAULT_NONZERO_MILLI_CPU) * 1_000_000n],
  ['memory', BigInt(DEFAULT_NONZERO_MEMORY_BYTES) * 1_000_000_000n],
]);

/** `useStatus`: count what the runtime reports for this very pod's containers. */
export function podAmounts(pod: Pod, behaviour: Behaviour, useStatus: boolean): PodAmounts {
  const { spec } = pod;
  const only = spec.containers.length === 1 && isPlain(spec) && !useStatus ? spec.containers[0] : undefined;
  if (only !== undefined) {
    // One container: nothing is added up, so each amount can be rounded by itself.
    const requests = only.resources.requests;
    const fit = amountsOfList(requests);
    const nonZeroCpuMilli = requests['cpu'] === undefined ? DEFAULT_NONZERO_MILLI_CPU : fit.cpuMilli;
    const nonZeroMemBytes = requests['memory'] === undefined ? DEFAULT_NONZERO_MEMORY_BYTES : fit.memBytes;
    const score: Amounts = { ...fit, cpuMilli: nonZeroCpuMilli, memBytes: nonZeroMemBytes };
    return { fit, score, accounted: fit, nonZeroCpuMilli, nonZeroMemBytes };
  }
  const podLevel = behaviour.hasPodLevelResources;
  const fit = amountsOfExact(exactPodRequests(pod, { podLevel }));
  const score = amountsOfExact(exactPodRequests(pod, { podLevel: false, fill: FILL }));
  const accountedExact = exactPodRequests(pod, { podLevel, useStatus });
  let fill = FILL;
  if (podLevel && hasPodLevelRequests(spec)) {
    // What the pod as a whole asks for is not filled in container by container.
    const missing = new Map(FILL);
    for (const name of FILL.keys()) if (accountedExact.has(name)) missing.delete(name);
    fill = missing;
  }
  const nonZero = amountsOfExact(exactPodRequests(pod, { podLevel, useStatus, fill }));
  return {
    fit,
    score,
    accounted: amountsOfExact(accountedExact),
    nonZeroCpuMilli: nonZero.cpuMilli,
    nonZeroMemBytes: nonZero.memBytes,
  };
}

/** Whether the runtime reports what containers have been given (in-place resize). */
export function reportsResources(pod: Pod): boolean {
  for (const status of pod.status.containerStatuses) if (status.resources !== undefined) return true;
  for (const status of pod.status.initContainerStatuses) if (status.resources !== undefined) return true;
  return false;
}

function isPlain(spec: PodSpec): boolean {
  if (spec.initContainers.length > 0 || spec.resources !== undefined) return false;
  for (const _ in spec.overhead) return false;
  return true;
}

function hasPodLevelRequests(spec: PodSpec): boolean {
  if (spec.resources === undefined) return false;
  return Object.keys(spec.resources.requests).some((name) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-'));
}

/**
 * Node taints that mirror a node's conditions, and how to swap them.
 *
 * Models    kubernetes v1.34 pkg/controller/nodelifecycle (doNoScheduleTaintingPass),
 *           pkg/controller/util/node/controller_utils.go SwapNodeControllerTaint
 * Differs   adding and removing is one patch; upstream sends two when both are needed
 */

import type { Client } from '../client/client.ts';
import { type Op, sleep } from '../engine/process.ts';
import { MILLISECOND_US } from '../engine/units.ts';
import { type ApiStatus, isApiStatus } from '../objects/api-status.ts';
import { withTaints } from '../objects/copies.ts';
import type { TimeUs } from '../objects/meta.ts';
import {
  type Node,
  TAINT_DISK_PRESSURE,
  TAINT_MEMORY_PRESSURE,
  TAINT_NETWORK_UNAVAILABLE,
  TAINT_NOT_READY,
  TAINT_PID_PRESSURE,
  TAINT_UNREACHABLE,
  TAINT_UNSCHEDULABLE,
  type Taint,
  type TaintEffect,
} from '../objects/node.ts';
import { isSameTaint } from '../objects/taints.ts';

/** Condition type and status to the key of the NoSchedule taint that mirrors it. */
const TAINT_OF_CONDITION: Readonly<Record<string, string>> = {
  'Ready=False': TAINT_NOT_READY,
  'Ready=Unknown': TAINT_UNREACHABLE,
  'MemoryPressure=True': TAINT_MEMORY_PRESSURE,
  'DiskPressure=True': TAINT_DISK_PRESSURE,
  'PIDPressure=True': TAINT_PID_PRESSURE,
  'NetworkUnavailable=True': TAINT_NETWORK_UNAVAILABLE,
};

const MANAGED_KEYS: ReadonlySet<string> = new Set([...Object.values(TAINT_OF_CONDITION), TAINT_UNSCHEDULABLE]);

export interface TaintChange {
  readonly add: readonly Taint[];
  readonly remove: readonly Taint[];
}

export function newTaint(key: string, effect: TaintEffect, nowUs: TimeUs | undefined): Taint {
  return { key, value: '', effect, timeAdded: nowUs };
}

/** How the NoSchedule taints have to change to mirror the conditions; undefined when they do. */
export function planNoScheduleTaints(node: Node, nowUs: TimeUs): TaintChange | undefined {
  const wanted: Taint[] = [];
  for (const condition of node.status.conditions) {
    const key = TAINT_OF_CONDITION[`${condition.type}=${condition.status}`];
    if (key !== undefined) wanted.push(newTaint(key, 'NoSchedule', nowUs));
  }
  if (node.spec.unschedulable) wanted.push(newTaint(TAINT_UNSCHEDULABLE, 'NoSchedule', nowUs));
  const present = node.spec.taints.filter((taint) => taint.effect === 'NoSchedule' && MANAGED_KEYS.has(taint.key));
  const add = wanted.filter((taint) => !hasTaint(present, taint));
  const remove = present.filter((taint) => !hasTaint(wanted, taint));
  return add.length === 0 && remove.length === 0 ? undefined : { add, remove };
}

export function hasTaint(taints: readonly Taint[], wanted: Taint): boolean {
  return taints.some((taint) => isSameTaint(taint, wanted));
}

export function hasNoExecute(node: Node, key: string): boolean {
  return node.spec.taints.some((taint) => taint.effect === 'NoExecute' && taint.key === key);
}

/** `taints` after the change; the same array when it changes nothing. A taint present already gets the new time. */
export function applyTaintChange(taints: readonly Taint[], change: TaintChange): readonly Taint[] {
  const added = change.add.filter((taint) => !taints.some((old) => isSameTaint(old, taint) && old.timeAdded === taint.timeAdded));
  const isRemoving = change.remove.some((taint) => hasTaint(taints, taint));
  if (added.length === 0 && !isRemoving) return taints;
  const kept = taints.filter((taint) => !hasTaint(change.remove, taint) && !hasTaint(added, taint));
  return [...added, ...kept];
}

/** UpdateTaintBackoff, v1.34: 5 steps of 100 ms. */
const SWAP_TRIES = 5;
const SWAP_PAUSE_US = 100 * MILLISECOND_US;

/** Reads the node (first from the server's cache, after a conflict live) and patches its taints. Undefined when done. */
export function* swapTaints(client: Client, nodeName: string, change: TaintChange): Op<ApiStatus | undefined> {
  let refusal: ApiStatus | undefined;
  for (let attempt = 0; attempt < SWAP_TRIES; attempt++) {
    if (attempt > 0) yield* sleep(SWAP_PAUSE_US);
    const node = yield* client.get('Node', nodeName, { fromCache: attempt === 0 });
    if (isApiStatus(node)) return node;
    const taints = applyTaintChange(node.spec.taints, change);
    if (taints === node.spec.taints) return undefined;
    const patched = yield* client.patch('Node', nodeName, (current) => withTaints(current, taints), {
      resourceVersion: node.metadata.resourceVersion,
    });
    if (!isApiStatus(patched)) return undefined;
    if (!patched.isConflict) return patched;
    refusal = patched;
  }
  return refusal;
}

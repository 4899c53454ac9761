/**
 * UserActions: what people do to a cluster while it runs (kubectl apply, delete, scale, set image, rollout restart,
 * cordon, drain, label), as requests of one client called `kubectl`.
 *
 * Models    kubectl v1.34: apply merges what the manifest says over what is stored; the others patch one field
 * Differs   apply does not prune fields that an earlier manifest had and this one lacks;
 *           drain evicts pods without a controller too, and does not wait for the end of those it evicted
 * Order     the objects of one action are written one after the other, in file order; every request is tried again
 *           on conflicts, throttling and lost connections, with 1 s between tries
 */

import { compareCodeUnits } from '../base/compare.ts';
import type { Client } from '../client/client.ts';
import { all, type Op, sleep } from '../engine/process.ts';
import { MINUTE_US, SECOND_US } from '../engine/units.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import { type AnyObject, type Kind, kindInfo } from '../objects/kinds.ts';
import { keyOf, objectKey, withEntries } from '../objects/meta.ts';
import type { Node } from '../objects/node.ts';
import type { Pod } from '../objects/pod.ts';
import type { PodTemplate } from '../objects/workloads.ts';
import type { EventAction, FaultAction, ObjectRef } from './scenario.ts';

export type UserAction = Exclude<EventAction, FaultAction>;

const TRIES_MAX = 60;
const RETRY_US = SECOND_US;
/** 5 s between tries to evict a pod: kubectl drain, v1.34. */
const EVICT_RETRY_US = 5 * SECOND_US;

/** Performs one action. Returns the refusals that did not go away, for the timeline; empty when all went well. */
export function* performUserAction(client: Client, action: UserAction): Op<string[]> {
  if (action.kind === 'apply') {
    const refusals: string[] = [];
    for (const entry of action.objects) refusals.push(...(yield* apply(client, entry.object)));
    return refusals;
  }
  const refusals: string[] = [];
  for (const key of yield* keysOf(client, action.target)) {
    if (action.kind === 'drain') refusals.push(...(yield* drain(client, key, action.timeoutUs)));
    else refusals.push(...(yield* persist(() => change(client, action, key))));
  }
  return refusals;
}

/** Cordons, then evicts all pods side by side. */
function* drain(client: Client, nodeName: string, timeoutUs: number): Op<string[]> {
  const refusals = yield* persist(
    () => client.patch('Node', nodeName, (node) => withSpec(node, { unschedulable: true }) as Node) as Op<Result<AnyObject>>,
  );
  if (refusals.length > 0) return refusals;
  const keys = yield* keysWhere(client, 'Pod', (pod) => (pod as Pod).spec.nodeName === nodeName);
  const outcomes = yield* all(keys.map((key) => evict(client, key, Math.ceil(timeoutUs / EVICT_RETRY_US))));
  return outcomes.flat();
}

/** A budget that does not allow the eviction now may do so later. */
function* evict(client: Client, key: string, tries: number): Op<string[]> {
  let last = '';
  for (let tried = 0; tried < tries; tried++) {
    const evicted = yield* client.evict(key);
    if (!isApiStatus(evicted) || evicted.isNotFound) return [];
    last = evicted.toString();
    if (!evicted.isTooManyRequests && !evicted.isUnreachable && !evicted.isConflict) return [last];
    yield* sleep(EVICT_RETRY_US);
  }
  return [`gave up evicting ${key}: ${last}`];
}

function* change(client: Client, action: Exclude<UserAction, { kind: 'apply' | 'drain' }>, key: string): Op<Result<AnyObject>> {
  const kind = action.target.kind as Kind;
  if (action.kind === 'delete') {
    const { gracePeriodSeconds } = action;
    return (yield* client.delete(kind, key, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds })) as Result<AnyObject>;
  }
  return (yield* client.patch(kind, key, (current) => edited(current as AnyObject, action) as typeof current)) as Result<AnyObject>;
}

/** The object after the edit; the same object when there is nothing to change. */
function edited(current: AnyObject, action: Exclude<UserAction, { kind: 'apply' | 'delete' | 'drain' }>): AnyObject {
  switch (action.kind) {
    case 'scale':
      return withSpec(current, { replicas: action.replicas });
    case 'cordon':
      return withSpec(current, { unschedulable: true });
    case 'uncordon':
      return withSpec(current, { unschedulable: false });
    case 'label': {
      const labels = withEntries(current.metadata.labels, {});
      for (const [key, value] of Object.entries(action.labels)) {
        if (value === undefined) delete labels[key];
        else labels[key] = value;
      }
      return { ...current, metadata: { ...current.metadata, labels } } as AnyObject;
    }
    case 'set-image':
      return withTemplate(current, (template) => ({
        ...template,
        spec: {
          ...template.spec,
          containers: template.spec.containers.map((container) =>
            action.container === '' || container.name === action.container ? { ...container, image: action.image } : container,
          ),
        },
      }));
    case 'restart':
      return withTemplate(current, (template) => ({
        ...template,
        metadata: {
          ...template.metadata,
          // The generation makes every restart another template, as the time of day does upstream.
          annotations: withEntries(template.metadata.annotations, {
            'kubectl.kubernetes.io/restartedAt': `generation ${current.metadata.generation}`,
          }),
        },
      }));
  }
}

function withSpec(object: AnyObject, fields: Readonly<Record<string, unknown>>): AnyObject {
  const spec = (object as { spec?: object }).spec ?? {};
  return { ...object, spec: { ...spec, ...fields } } as AnyObject;
}

function withTemplate(object: AnyObject, edit: (template: PodTemplate) => PodTemplate): AnyObject {
  const template = (object as { spec?: { template?: PodTemplate } }).spec?.template;
  return template === undefined ? object : withSpec(object, { template: edit(template) });
}

function apply(client: Client, object: AnyObject): Op<string[]> {
  return persist(() => patchOrCreate(client, object));
}

function* patchOrCreate(client: Client, object: AnyObject): Op<Result<AnyObject>> {
  const patched = (yield* client.patch(
    object.kind as Kind,
    keyOf(object),
    (current) => applied(current as AnyObject, object) as typeof current,
  )) as Result<AnyObject>;
  if (!isApiStatus(patched) || !patched.isNotFound) return patched;
  return (yield* client.create(object)) as Result<AnyObject>;
}

/** `current` with everything the manifest says: labels and annotations merged, all other fields but status replaced. */
export function applied(current: AnyObject, manifest: AnyObject): AnyObject {
  const metadata = {
    ...current.metadata,
    labels: withEntries(current.metadata.labels, manifest.metadata.labels),
    annotations: withEntries(current.metadata.annotations, manifest.metadata.annotations),
  };
  const status = (current as { status?: unknown }).status;
  const next = { ...current, ...manifest, metadata } as Record<string, unknown>;
  if (status !== undefined) next['status'] = status;
  return next as unknown as AnyObject;
}

/** The keys a reference names: its own, or those of all objects matching its `*`, in name order. */
function* keysOf(client: Client, target: ObjectRef): Op<string[]> {
  if (!target.name.includes('*')) return [objectKey(kindInfo(target.kind).isNamespaced ? target.namespace : '', target.name)];
  const pattern = new RegExp(`^${target.name.split('*').map(escapeRegExp).join('.*')}$`);
  return yield* keysWhere(
    client,
    target.kind as Kind,
    (object) => pattern.test(object.metadata.name) && (target.namespace === '' || object.metadata.namespace === target.namespace),
  );
}

/** In name order. */
function* keysWhere(client: Client, kind: Kind, select: (object: AnyObject) => boolean): Op<string[]> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const list = yield* client.list(kind, { select });
    if (!isApiStatus(list)) return list.items.map((object) => keyOf(object as AnyObject)).sort(compareCodeUnits);
    yield* sleep(RETRY_US);
  }
  return [];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Repeats a request while the answer may change by itself. */
function* persist(request: () => Op<Result<AnyObject>>): Op<string[]> {
  let last = '';
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const result = yield* request();
    if (!isApiStatus(result)) return [];
    last = result.toString();
    if (!(result.isConflict || result.isTooManyRequests || result.isUnreachable)) return [last];
    yield* sleep(RETRY_US);
  }
  return [`gave up after ${(TRIES_MAX * RETRY_US) / MINUTE_US} min: ${last}`];
}

/**
 * Crash points: where in a run a process could have died and it would have mattered: at its writes and at its waits.
 *
 * One run is observed, without a fault; then each point names one more run, in which the component dies just there:
 *
 *   write n of a component      crash-at-write before or after, nth n
 *   yield n of a process        crash-at-yield, process by name, nth n
 *
 * Counts begin when the observer is attached, and those of the faults when they strike: attach it, and strike, at time 0. Up to the point
 * itself the run with the fault is the observed one, event for event but for the fault's own, so that the n-th is the same.
 *
 * Cost      nothing before `observeCrashPoints` and after `stop`; in between a small object per write and a map look-up per yield
 * Order     components in the order of the world, writes as they were sent, processes by the time of their first yield
 */
import { type ApiRequest, kindOfRequest, type Verb } from '../apiserver/request.ts';
import type { ApiAccess } from '../client/api-access.ts';
import { keyOf } from '../objects/meta.ts';
import type { FaultPlan } from './injector.ts';

/** One write of a component. */
export interface WritePoint {
  /** Counts the component's writes, from 1. */
  readonly n: number;
  readonly atUs: number;
  /** The sender, such as `kube-controller-manager/job`. */
  readonly client: string;
  readonly verb: Verb;
  readonly kind: string;
  /** `namespace/name`; of a create without a name its `generateName`. */
  readonly key: string;
}

/** All waits of the processes of one name, such as `deployment/2`. */
export interface YieldPoints {
  readonly process: string;
  readonly count: number;
}

export interface CrashPoints {
  readonly component: string;
  readonly writes: readonly WritePoint[];
  readonly yields: readonly YieldPoints[];
}

export interface CrashPointObserver {
  /** What was seen so far, of every component that wrote or waited. */
  points(): CrashPoints[];
  /** Looks away; what was seen stays. */
  stop(): void;
}

interface Seen {
  readonly writes: WritePoint[];
  readonly yields: Map<string, number>;
}

/** Counts the writes and waits of `components` (all but kubelets and users when left out) from now on. */
export function observeCrashPoints(access: ApiAccess, components?: readonly string[]): CrashPointObserver {
  const chosen = components === undefined ? undefined : new Set(components);
  const observes = (name: string): boolean => chosen?.has(name) ?? (!name.includes('/') && name !== 'kubectl');
  const seen = new Map<string, Seen>();
  const of = (component: string): Seen => {
    const known = seen.get(component);
    if (known !== undefined) return known;
    const entry: Seen = { writes: [], yields: new Map() };
    seen.set(component, entry);
    return entry;
  };
  const onWrite = (component: string, client: string, request: ApiRequest): void => {
    if (!observes(component)) return;
    const { writes } = of(component);
    const { verb } = request;
    writes.push({ n: writes.length + 1, atUs: access.engine.nowUs, client, verb, kind: kindOfRequest(request), key: keyOfWrite(request) });
  };
  access.beforeWrite.push(onWrite);
  const endYields = access.runtime.onYield((process) => {
    const { name } = process.scope;
    if (!observes(name)) return;
    const { yields } = of(name);
    yields.set(process.name, (yields.get(process.name) ?? 0) + 1);
  });
  return {
    points: () =>
      access.components.flatMap(({ name }) => {
        const entry = seen.get(name);
        if (entry === undefined) return [];
        const yields = [...entry.yields].map(([process, count]) => ({ process, count }));
        return [{ component: name, writes: [...entry.writes], yields }];
      }),
    stop: () => {
      endYields();
      const index = access.beforeWrite.indexOf(onWrite);
      if (index >= 0) access.beforeWrite.splice(index, 1);
    },
  };
}

export interface CrashPlanOptions {
  /** How long the process is down. */
  readonly restartAfterUs: number;
  /** Which points; default `writes`: before and after each. `yields` are many more. */
  readonly at?: 'writes' | 'yields' | 'both';
  /** Only every so many-th yield of a process, from the first; default 1: all of them. */
  readonly yieldStride?: number;
}

/** One plan per crash point, to be scheduled alone in a run of its own; component by component, in the order of the points. */
export function* crashPlans(points: readonly CrashPoints[], options: CrashPlanOptions): Generator<FaultPlan> {
  const { restartAfterUs, at = 'writes', yieldStride = 1 } = options;
  const base = { when: { kind: 'at', atUs: 0 }, between: undefined, duration: undefined, pick: undefined } as const;
  for (const { component, writes, yields } of points) {
    const targets = [`component/${component}`];
    for (const { n } of at === 'yields' ? [] : writes) {
      for (const when of ['before', 'after']) {
        const params = { when, nth: n, restartAfter: restartAfterUs };
        yield { ...base, name: `crash ${component} ${when} write ${n}`, fault: 'crash-at-write', targets, params };
      }
    }
    for (const { process, count } of at === 'writes' ? [] : yields) {
      for (let n = 1; n <= count; n += yieldStride) {
        const params = { process, nth: n, restartAfter: restartAfterUs };
        yield { ...base, name: `crash ${component} at yield ${n} of ${process}`, fault: 'crash-at-yield', targets, params };
      }
    }
  }
}

function keyOfWrite(request: ApiRequest): string {
  if (request.verb === 'list') return '';
  if (request.verb !== 'create' && request.verb !== 'update') return request.key;
  const { metadata } = request.object;
  if (metadata.name !== '') return keyOf(request.object);
  return `${metadata.namespace}/${metadata.generateName}`;
}

/**
 * InvariantWatch: shows a world to invariants and collects what they find broken.
 *
 * Must be made before the world starts: the first objects are writes like all others.
 *
 * Order     for one write: listeners of its kind, then listeners of any kind, each in registry order; deadlines before
 *           the event at or after their time
 * Cost      nothing for kinds nobody watches
 */

import type { ApiRequest, ObjectList } from '../apiserver/request.ts';
import { BinaryHeap } from '../base/binary-heap.ts';
import type { Topic } from '../engine/observers.ts';
import { type ContainerRecord, containerTopic, type NodeRecord, nodeTopic } from '../kubelet/topics.ts';
import { isApiStatus, type Result } from '../objects/api-status.ts';
import { type AnyObject, KINDS, type Kind, type ObjectOf } from '../objects/kinds.ts';
import { keyOf } from '../objects/meta.ts';
import type { World } from '../scenario/world.ts';
import { circumstancesOf } from './circumstances.ts';
import type {
  CacheView,
  Circumstances,
  CommitType,
  Invariant,
  InvariantDef,
  KindListener,
  Probe,
  RunningContainer,
  WriteRecord,
} from './invariants/invariant.ts';

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly timeUs: number;
  /** Number of the event that broke it. */
  readonly event: number;
  readonly message: string;
  /** `pod/default/web-0`, `node/a-1-1`: what the story is told about. */
  readonly subjects: readonly string[];
}

/** Violations of one invariant that are kept; the rest is counted. */
const KEPT_MAX = 100;

interface Deadline {
  readonly timeUs: number;
  readonly seq: number;
  readonly check: () => void;
}

type AnyListener = (kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined) => void;

export class InvariantWatch {
  readonly violations: Violation[];
  readonly circumstances: Circumstances;
  /** Invariants that are watched, in registry order. */
  readonly watched: readonly InvariantDef[];
  /** Called at every violation. */
  onViolation: (() => void) | undefined;

  private readonly world: World;
  private readonly invariants: readonly (readonly [InvariantDef, Invariant])[];
  private readonly kindListeners: Map<string, KindListener<AnyObject>[]>;
  private readonly anyListeners: AnyListener[];
  private readonly writeListeners: ((write: WriteRecord) => void)[];
  private readonly deadlines: BinaryHeap<Deadline>;
  private readonly counts: Map<string, number>;
  private containers: Map<string, RunningContainer> | undefined;
  private nextDeadlineUs: number;
  private deadlineCount: number;

  /** Watches all of `defs`, or those of them that `spec.converge.invariants` names, or without names those whose assumptions hold. */
  constructor(world: World, defs: readonly InvariantDef[]) {
    this.world = world;
    this.violations = [];
    this.circumstances = circumstancesOf(world.spec);
    this.onViolation = undefined;
    this.kindListeners = new Map();
    this.anyListeners = [];
    this.writeListeners = [];
    this.deadlines = new BinaryHeap((a, b) => a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.seq < b.seq));
    this.counts = new Map();
    this.containers = undefined;
    this.nextDeadlineUs = Infinity;
    this.deadlineCount = 0;
    const names = world.spec.converge?.invariants;
    this.watched = defs.filter((def) => {
      if (names !== undefined) return names.includes(def.name);
      return def.excusedBy?.(this.circumstances) === undefined;
    });
    world.store.onCommit((kind, type, old, next) => this.commit(kind, type, old, next));
    this.invariants = this.watched.map((def) => [def, def.create(this.probeFor(def))] as const);
  }

  /** Looks at deadlines that have come; call it before or after every event. */
  tick(nowUs: number): void {
    while (this.nextDeadlineUs <= nowUs) {
      const { check } = this.deadlines.pop()!;
      this.nextDeadlineUs = this.deadlines.peek()?.timeUs ?? Infinity;
      check();
    }
  }

  /** What keeps the cluster from being as wanted, with the invariant that says so. */
  unsettled(): { readonly invariant: string; readonly lines: readonly string[] }[] {
    const found: { invariant: string; lines: readonly string[] }[] = [];
    for (const [def, invariant] of this.invariants) {
      const lines = invariant.unsettled?.() ?? [];
      if (lines.length > 0) found.push({ invariant: def.name, lines });
    }
    return found;
  }

  /** True when no invariant has anything left to wish for; stops at the first that has. */
  isSettled(): boolean {
    return this.invariants.every(([, invariant]) => (invariant.unsettled?.().length ?? 0) === 0);
  }

  /** How often `invariant` was broken; all of them together for an empty name. undefined when it is not watched. */
  count(invariant: string): number | undefined {
    if (invariant === '') return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
    return this.counts.get(invariant) ?? (this.watched.some((def) => def.name === invariant) ? 0 : undefined);
  }

  report(invariant: string, message: string, subjects: readonly string[]): void {
    const count = (this.counts.get(invariant) ?? 0) + 1;
    this.counts.set(invariant, count);
    if (count <= KEPT_MAX) {
      const { nowUs, eventCount } = this.world.engine;
      this.violations.push({ invariant, timeUs: nowUs, event: eventCount, message, subjects });
    }
    this.onViolation?.();
  }

  private commit(kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined): void {
    const listeners = this.kindListeners.get(kind);
    if (listeners !== undefined) for (const listener of listeners) listener(type, old, next);
    for (const listener of this.anyListeners) listener(kind, type, old, next);
  }

  private probeFor(def: InvariantDef): Probe {
    const { world } = this;
    const { engine, store } = world;
    const on = <T>(topic: Topic<T>, listener: (record: T, timeUs: number) => void): void => engine.observers.on(topic, listener);
    return {
      spec: world.spec,
      topology: world.topology,
      store,
      peaceUs: world.spec.converge?.afterUs ?? Infinity,
      circumstances: this.circumstances,
      isStrict: world.spec.converge?.invariants?.includes(def.name) ?? false,
      nowUs: () => engine.nowUs,
      onCommit: <K extends Kind>(kind: K, listener: KindListener<ObjectOf<K>>) => {
        const list = this.kindListeners.get(kind) ?? [];
        this.kindListeners.set(kind, list);
        list.push(listener as unknown as KindListener<AnyObject>);
      },
      onAnyCommit: (listener) => this.anyListeners.push(listener),
      onWrite: (listener) => this.onWrite(listener),
      onContainer: (listener) => on<ContainerRecord>(containerTopic, listener),
      onMachine: (listener) => on<NodeRecord>(nodeTopic, listener),
      on,
      at: (timeUs, check) => {
        this.deadlines.push({ timeUs, seq: this.deadlineCount++, check });
        this.nextDeadlineUs = Math.min(this.nextDeadlineUs, timeUs);
      },
      runningContainers: () => this.runningContainers().values(),
      caches: () => this.caches(),
      report: (message, subjects) => this.report(def.name, message, subjects),
    };
  }

  private onWrite(listener: (write: WriteRecord) => void): void {
    // One record is made for all who listen.
    if (this.writeListeners.length === 0) {
      this.world.access.afterWrite.push((component, client, request, result) => {
        const record = writeRecord(component, client, request, result);
        for (const tell of this.writeListeners) tell(record);
      });
    }
    this.writeListeners.push(listener);
  }

  /** Followed from the first who asks on, which is while the invariants are made: nothing runs before that. */
  private runningContainers(): Map<string, RunningContainer> {
    if (this.containers !== undefined) return this.containers;
    const containers = new Map<string, RunningContainer>();
    this.containers = containers;
    this.world.engine.observers.on(containerTopic, (record) => {
      const key = `${record.nodeName}/${record.podUid}/${record.container}`;
      if (record.phase === 'stopped') containers.delete(key);
      else {
        const { nodeName, podUid, namespace, podName, container } = record;
        containers.set(key, { nodeName, podUid, namespace, podName, container });
      }
    });
    return containers;
  }

  private caches(): CacheView[] {
    const views: CacheView[] = [];
    for (const component of this.world.access.components) {
      if (!component.isRunning || component.name.startsWith('kubelet/')) continue;
      for (const { kind } of KINDS) {
        for (const informer of component.informersOf(kind)) {
          if (!informer.hasSynced) continue;
          views.push({ component: component.name, kind, objects: informer.list(), isFiltered: informer.isFiltered });
        }
      }
    }
    return views;
  }
}

function writeRecord(component: string, client: string, request: ApiRequest, result: Result<AnyObject | ObjectList>): WriteRecord {
  const isDone = !isApiStatus(result);
  const { verb } = request;
  const uid = isDone && 'metadata' in result ? (result as AnyObject).metadata.uid : undefined;
  if (verb === 'create' || verb === 'update') {
    // Of a created object the server may have made up the name.
    const object = isDone && 'kind' in result ? (result as AnyObject) : request.object;
    const wantedUid = verb === 'update' ? request.object.metadata.uid || undefined : undefined;
    return { component, client, verb, kind: object.kind, key: keyOf(object), isDone, wantedUid, uid };
  }
  const kind = verb === 'bind' || verb === 'evict' ? 'Pod' : request.kind;
  const wantedUid = 'uid' in request ? request.uid || undefined : undefined;
  return { component, client, verb, kind, key: 'key' in request ? request.key : '', isDone, wantedUid, uid };
}

/**
 * InvariantWatch: shows a world to invariants and collects what they find broken.
 *
 * Must be made before the world starts: the first objects are writes like all others.
 *
 * What happens is noted, and may be told later, many notes at a time (`notesAtOnce`): clock and store then stand for the invariants where
 * they stood at each note, so that they find the same.
 *
 * Order     for one write: listeners of its kind, then listeners of any kind, each in registry order; else as backlog.ts says
 * Cost      nothing for kinds nobody watches
 * Oracle    itself with one note at once, over the store itself (invariant-watch.test.ts)
 */

import type { Topic } from '../engine/observers.ts';
import { type ContainerRecord, containerTopic, type NodeRecord, nodeTopic } from '../kubelet/topics.ts';
import { type AnyObject, KINDS, type Kind, type ObjectOf } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';
import type { World } from '../scenario/world.ts';
import { Backlog } from './backlog.ts';
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
import { CommitNote, type CommitTeller, type TopicListener, TopicNote, WriteNote } from './notes.ts';
import { StoreMirror } from './store-mirror.ts';

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly timeUs: number;
  /** Number of the event that broke it; for a deadline, of the last event before it that invariants were told of. */
  readonly event: number;
  readonly message: string;
  /** `pod/default/web-0`, `node/a-1-1`: what the story is told about. */
  readonly subjects: readonly string[];
}

/** Violations of one invariant that are kept; the rest is counted. */
const KEPT_MAX = 100;

export interface InvariantWatchOptions {
  /**
   * How many notes are told at a time. Default 1: everything as it happens. With more, which takes less time, the world is up to that far
   * ahead when a violation is found; its time is the same.
   */
  readonly notesAtOnce?: number;
}

type AnyListener = (kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined) => void;

export class InvariantWatch implements CommitTeller {
  /** Those told so far. */
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
  private readonly topicListeners: Map<Topic<unknown>, TopicListener[]>;
  private readonly backlog: Backlog;
  /** Undefined when everything is told as it happens: the store itself is then as it was. */
  private readonly mirror: StoreMirror | undefined;
  private readonly counts: Map<string, number>;
  private containers: Map<string, RunningContainer> | undefined;

  /** Watches all of `defs`, or those of them that `spec.converge.invariants` names, or without names those whose assumptions hold. */
  constructor(world: World, defs: readonly InvariantDef[], { notesAtOnce = 1 }: InvariantWatchOptions = {}) {
    this.world = world;
    this.violations = [];
    this.circumstances = circumstancesOf(world.spec);
    this.onViolation = undefined;
    this.kindListeners = new Map();
    this.anyListeners = [];
    this.writeListeners = [];
    this.topicListeners = new Map();
    this.backlog = new Backlog(world.engine, notesAtOnce);
    this.mirror = notesAtOnce === 1 ? undefined : new StoreMirror();
    this.counts = new Map();
    this.containers = undefined;
    const names = world.spec.converge?.invariants;
    this.watched = defs.filter((def) => {
      if (names !== undefined) return names.includes(def.name);
      return def.excusedBy?.(this.circumstances) === undefined;
    });
    world.store.onCommit((kind, type, old, next, revision, key) => {
      this.backlog.add(new CommitNote(this, kind, type, old, next, revision, key));
    });
    this.invariants = this.watched.map((def) => [def, def.create(this.probeFor(def))] as const);
  }

  /** To be called after every event. */
  endEvent(): void {
    this.backlog.endEvent();
  }

  /** Tells the invariants of everything that has happened. */
  catchUp(): void {
    this.backlog.catchUp();
  }

  /** Tells nothing more, but for the rest of the event in which a violation was found. */
  stop(): void {
    this.backlog.stop();
  }

  /** What keeps the cluster from being as wanted, with the invariant that says so. Call `catchUp` before. */
  unsettled(): { readonly invariant: string; readonly lines: readonly string[] }[] {
    const found: { invariant: string; lines: readonly string[] }[] = [];
    for (const [def, invariant] of this.invariants) {
      const lines = invariant.unsettled?.() ?? [];
      if (lines.length > 0) found.push({ invariant: def.name, lines });
    }
    return found;
  }

  /** True when no invariant has anything left to wish for; stops at the first that has. Call `catchUp` before. */
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
      const { nowUs, event } = this.backlog;
      this.violations.push({ invariant, timeUs: nowUs, event, message, subjects });
    }
    this.onViolation?.();
  }

  /** Internal: called by its notes. */
  tellCommit(
    kind: string,
    type: CommitType,
    old: AnyObject | undefined,
    next: AnyObject | undefined,
    revision: number,
    key: ObjectKey,
  ): void {
    this.mirror?.put(kind, key, next, revision);
    const listeners = this.kindListeners.get(kind);
    if (listeners !== undefined) for (const listener of listeners) listener(type, old, next);
    for (const listener of this.anyListeners) listener(kind, type, old, next);
  }

  private probeFor(def: InvariantDef): Probe {
    const { world, backlog } = this;
    const on = <T>(topic: Topic<T>, listener: (record: T, timeUs: number) => void): void => this.on(topic, listener);
    return {
      spec: world.spec,
      topology: world.topology,
      store: this.mirror ?? world.store,
      peaceUs: world.spec.converge?.afterUs ?? Infinity,
      circumstances: this.circumstances,
      isStrict: world.spec.converge?.invariants?.includes(def.name) ?? false,
      nowUs: () => backlog.nowUs,
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
      at: (timeUs, check) => backlog.at(timeUs, check),
      runningContainers: () => this.runningContainers().values(),
      caches: () => this.caches(),
      report: (message, subjects) => this.report(def.name, message, subjects),
    };
  }

  private on<T>(topic: Topic<T>, listener: (record: T, timeUs: number) => void): void {
    const known = this.topicListeners.get(topic as Topic<unknown>);
    const listeners = known ?? [];
    listeners.push(listener as TopicListener);
    if (known !== undefined) return;
    this.topicListeners.set(topic as Topic<unknown>, listeners);
    this.world.engine.observers.on(topic, (record) => this.backlog.add(new TopicNote(listeners, record)));
  }

  private onWrite(listener: (write: WriteRecord) => void): void {
    if (this.writeListeners.length === 0) {
      this.world.access.afterWrite.push((component, client, request, result) => {
        this.backlog.add(new WriteNote(this.writeListeners, component, client, request, result));
      });
    }
    this.writeListeners.push(listener);
  }

  /** Followed from the first who asks on, which is while the invariants are made: nothing runs before that. */
  private runningContainers(): Map<string, RunningContainer> {
    if (this.containers !== undefined) return this.containers;
    const containers = new Map<string, RunningContainer>();
    this.containers = containers;
    this.on(containerTopic, (record) => {
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

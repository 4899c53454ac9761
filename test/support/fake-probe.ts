/**
 * FakeProbe: shows an invariant whatever a test wants it to see: writes, processes, faults, the passing of time. Nothing
 * happens by itself, and nothing is checked: a pod may change its node, a resourceVersion may fall.
 */
import type { Topology } from '../../src/datacenter/topology.ts';
import { Observers, type Topic } from '../../src/engine/observers.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { faultTopic } from '../../src/faults/injector.ts';
import { containerTopic, type NodeRecord, nodeTopic } from '../../src/kubelet/topics.ts';
import { newContainer, newNode, newPod, newPodSpec } from '../../src/objects/builders.ts';
import type { AnyObject, Kind, ObjectOf } from '../../src/objects/kinds.ts';
import { keyOf, type ObjectMeta, type OwnerReference } from '../../src/objects/meta.ts';
import type { Node } from '../../src/objects/node.ts';
import type { Pod, PodSpec } from '../../src/objects/pod.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import type { ScenarioSpec } from '../../src/scenario/scenario.ts';
import { circumstancesOf } from '../../src/testing/circumstances.ts';
import type {
  CacheView,
  Circumstances,
  CommitType,
  Invariant,
  InvariantDef,
  KindListener,
  Probe,
  RunningContainer,
  StoreView,
  WriteRecord,
} from '../../src/testing/invariants/invariant.ts';

const EMPTY_SCENARIO = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: fake }
spec:
  duration: 1h
  cluster:
    zones: [ { name: a, racks: 1, nodesPerRack: 1, machine: small } ]
    machines: { small: { cpu: 4, memory: 16Gi, pods: 32 } }
`;

let emptySpec: ScenarioSpec | undefined;

export interface FakeProbeOptions {
  readonly isStrict?: boolean;
  readonly spec?: ScenarioSpec;
  readonly circumstances?: Partial<Circumstances>;
}

export interface PodFields {
  readonly nodeName?: string;
  readonly cpu?: string;
  /** Controller of the pod. */
  readonly owner?: AnyObject;
  readonly labels?: Record<string, string>;
  readonly spec?: Partial<PodSpec>;
  readonly meta?: Partial<ObjectMeta>;
}

export class FakeProbe implements Probe {
  readonly spec: ScenarioSpec;
  readonly topology: Topology;
  readonly store: StoreView;
  readonly peaceUs: number;
  readonly circumstances: Circumstances;
  readonly isStrict: boolean;
  /** `12s message [subject subject]`, in order. */
  readonly reports: string[];
  cacheViews: CacheView[];
  readonly observers: Observers;
  private invariant: Invariant;
  private timeUs: number;
  private revision: number;
  private ids: number;
  private readonly objects: Map<string, AnyObject>;
  private readonly listeners: ((kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined) => void)[];
  private readonly writeListeners: ((write: WriteRecord) => void)[];
  private readonly deadlines: { readonly timeUs: number; readonly check: () => void }[];
  private readonly containers: Map<string, RunningContainer>;

  constructor(def: InvariantDef, options: FakeProbeOptions = {}) {
    emptySpec ??= loadScenarioText(EMPTY_SCENARIO);
    this.spec = options.spec ?? emptySpec;
    this.topology = undefined as unknown as Topology;
    this.peaceUs = Infinity;
    this.circumstances = { ...circumstancesOf(this.spec), ...options.circumstances };
    this.isStrict = options.isStrict ?? false;
    this.reports = [];
    this.cacheViews = [];
    this.observers = new Observers();
    this.timeUs = 0;
    this.revision = 0;
    this.ids = 0;
    this.objects = new Map();
    this.listeners = [];
    this.writeListeners = [];
    this.deadlines = [];
    this.containers = new Map();
    const { objects } = this;
    const probe = this;
    this.store = {
      get revision() {
        return probe.revision;
      },
      get: <K extends Kind>(kind: K, key: string) => objects.get(`${kind} ${key}`) as ObjectOf<K> | undefined,
      list: <K extends Kind>(kind: K, namespace?: string) =>
        [...objects.values()]
          .filter((object) => object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace))
          .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) as ObjectOf<K>[],
    };
    this.invariant = def.create(this);
  }

  // What the test does

  /** Moves the clock; deadlines that come are checked. */
  to(seconds: number): void {
    const untilUs = seconds * SECOND_US;
    for (;;) {
      const due = this.deadlines.filter((deadline) => deadline.timeUs <= untilUs).sort((a, b) => a.timeUs - b.timeUs)[0];
      if (due === undefined) break;
      this.deadlines.splice(this.deadlines.indexOf(due), 1);
      this.timeUs = Math.max(this.timeUs, due.timeUs);
      due.check();
    }
    this.timeUs = Math.max(this.timeUs, untilUs);
  }

  /** Stores an object as it is, with the next revision, and a uid if it has none. */
  put<T extends AnyObject>(object: T): T {
    const name = `${object.kind} ${keyOf(object)}`;
    const old = this.objects.get(name);
    const { metadata } = object;
    const isNew = old === undefined;
    const next = {
      ...object,
      metadata: {
        ...metadata,
        uid: metadata.uid === '' ? (old?.metadata.uid ?? `uid-${++this.ids}`) : metadata.uid,
        creationTimestamp: isNew ? this.timeUs : metadata.creationTimestamp,
        resourceVersion: ++this.revision,
      },
    } as T;
    this.objects.set(name, next);
    for (const listener of this.listeners) listener(object.kind, isNew ? 'ADDED' : 'MODIFIED', old, next);
    return next;
  }

  /** Stores a change of an object as it is now. */
  change<T extends AnyObject>(object: T, edit: (current: T) => T): T {
    return this.put(edit(this.objects.get(`${object.kind} ${keyOf(object)}`) as T));
  }

  remove(object: AnyObject): void {
    const name = `${object.kind} ${keyOf(object)}`;
    const old = this.objects.get(name);
    if (old === undefined) throw new Error(`there is no ${name}`);
    this.objects.delete(name);
    this.revision++;
    for (const listener of this.listeners) listener(object.kind, 'DELETED', old, undefined);
  }

  node(name: string, resources: Record<string, string> = {}): Node {
    const ready = { type: 'Ready', status: 'True' as const, reason: '', message: '', lastHeartbeatTime: 0, lastTransitionTime: 0 };
    const capacity = { cpu: '4', memory: '16Gi', pods: '10', ...resources };
    return this.put(newNode(name, { status: { capacity, conditions: [ready] } }));
  }

  pod(name: string, fields: PodFields = {}): Pod {
    const { nodeName = '', cpu = '1', owner, labels = {}, spec = {}, meta = {} } = fields;
    const base = newPod(
      { name, namespace: 'default', labels, ownerReferences: owner === undefined ? [] : ownedBy(owner) },
      newPodSpec({ nodeName, containers: [newContainer({ name: 'main', requests: { cpu } })], ...spec }),
    );
    return this.put({ ...base, metadata: { ...base.metadata, ...meta } });
  }

  bind(pod: Pod, nodeName: string): Pod {
    return this.change(pod, (now) => ({ ...now, spec: { ...now.spec, nodeName } }));
  }

  finish(pod: Pod, phase: 'Succeeded' | 'Failed' = 'Succeeded', reason = ''): Pod {
    return this.change(pod, (now) => ({ ...now, status: { ...now.status, phase, reason } }));
  }

  ready(pod: Pod, isReady = true): Pod {
    const conditions = [
      { type: 'Ready', status: isReady ? ('True' as const) : ('False' as const), reason: '', message: '', lastTransitionTime: this.timeUs },
    ];
    return this.change(pod, (now) => ({ ...now, status: { ...now.status, phase: 'Running', conditions } }));
  }

  /** Marks an object as being deleted. */
  terminate<T extends AnyObject>(object: T): T {
    return this.change(object, (now) => ({
      ...now,
      metadata: { ...now.metadata, deletionTimestamp: this.timeUs, deletionGracePeriodSeconds: 30 },
    }));
  }

  /** A process of the pod starts or stops; on the pod's node unless another is named. */
  process(pod: Pod, phase: 'started' | 'stopped', nodeName = pod.spec.nodeName, container = 'main'): void {
    const { namespace, name: podName, uid: podUid } = pod.metadata;
    const key = `${nodeName}/${podUid}/${container}`;
    if (phase === 'started') this.containers.set(key, { nodeName, podUid, namespace, podName, container });
    else this.containers.delete(key);
    const record = { phase, nodeName, podUid, namespace, podName, container, restartCount: 0, exitCode: 0, reason: '' } as const;
    this.observers.emit(containerTopic, record, this.timeUs);
  }

  machine(nodeName: string, state: NodeRecord['state']): void {
    this.observers.emit(nodeTopic, { nodeName, state }, this.timeUs);
  }

  fault(id: number, kind: string, target: string, phase: 'start' | 'heal'): void {
    this.observers.emit(faultTopic, { id, name: kind, kind, target, phase }, this.timeUs);
  }

  emit<T>(topic: Topic<T>, record: T): void {
    this.observers.emit(topic, record, this.timeUs);
  }

  /** A request has been executed. */
  write(client: string, verb: string, kind: string, key: string, isDone = true, uids: Pick<WriteRecord, 'uid' | 'wantedUid'> = {}): void {
    for (const listener of this.writeListeners) listener({ component: client.split('/')[0]!, client, verb, kind, key, isDone, ...uids });
  }

  get unsettled(): readonly string[] {
    return this.invariant.unsettled?.() ?? [];
  }

  // What the invariant sees

  nowUs(): number {
    return this.timeUs;
  }

  onCommit<K extends Kind>(kind: K, listener: KindListener<ObjectOf<K>>): void {
    this.listeners.push((written, type, old, next) => {
      if (written === kind) listener(type, old as ObjectOf<K> | undefined, next as ObjectOf<K> | undefined);
    });
  }

  onAnyCommit(listener: (kind: string, type: CommitType, old: AnyObject | undefined, next: AnyObject | undefined) => void): void {
    this.listeners.push(listener);
  }

  onWrite(listener: (write: WriteRecord) => void): void {
    this.writeListeners.push(listener);
  }

  onContainer(listener: Parameters<Probe['onContainer']>[0]): void {
    this.observers.on(containerTopic, listener);
  }

  onMachine(listener: (record: NodeRecord) => void): void {
    this.observers.on(nodeTopic, listener);
  }

  on<T>(topic: Topic<T>, listener: (record: T, timeUs: number) => void): void {
    this.observers.on(topic, listener);
  }

  at(timeUs: number, check: () => void): void {
    this.deadlines.push({ timeUs, check });
  }

  runningContainers(): Iterable<RunningContainer> {
    return this.containers.values();
  }

  caches(): readonly CacheView[] {
    return this.cacheViews;
  }

  report(message: string, subjects: readonly string[]): void {
    this.reports.push(`${this.timeUs / SECOND_US}s ${message} [${subjects.join(' ')}]`);
  }
}

export function ownedBy(owner: AnyObject): OwnerReference[] {
  const { kind, apiVersion, metadata } = owner;
  return [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true }];
}

/**
 * no-overcommit: pods bound to a node never ask for more than it has, nor do the processes that run there, and no kubelet
 * has to refuse a pod for want of room.
 *
 * I2 of the oracles. Three looks at the same promise: the store at each binding, the machine at each start of a
 * process, the kubelet's own verdict (`OutOf...`).
 *
 * Allowed   - a scheduler that crashed, or whose requests were lost, does not know what it has bound (kubernetes/kubernetes#106361,
 *             #65257): for 30 s, or until its watch has caught up; what it has promised too much by then stays so until pods
 *             end, and a kubelet that was not up may refuse them later
 *           - a node that shrank or came anew less than 10 s ago
 *           - a pod that ended less than 30 s ago frees its place in the API before its kubelet has cleaned up
 *             (kubernetes/kubernetes#106884), and one deleted by force does so before its processes have ended
 *           - a kubelet that stood still or heard late does not know which pods have gone by force: for 30 s after that
 * Cost      O(1) per binding and per start of a process
 */
import { SECOND_US } from '../../engine/units.ts';
import { podStartTopic } from '../../kubelet/topics.ts';
import { isTerminal, type Pod } from '../../objects/pod.ts';
import { podRequests } from '../../objects/pod-requests.ts';
import { delaying, FaultWindow, forgetting } from '../fault-window.ts';
import { NodeLedger } from '../node-ledger.ts';
import { defineInvariant, type Probe } from './invariant.ts';

/** In-flight bindings of a scheduler that died are seen by its successor within seconds. */
const MEMORY_US = 30 * SECOND_US;
/** What a scheduler may not have heard of a node yet. */
const NODE_LAG_US = 10 * SECOND_US;
/** Volumes and control groups are cleaned up after a pod's status says that it has ended. */
const CLEANUP_US = 30 * SECOND_US;

/** Faults that keep a kubelet from hearing what has become of its pods. */
const DEAFENING: ReadonlySet<string> = new Set(['kubelet-freeze', 'partition', 'link-degradation', 'watch-lag', 'watch-drop']);

export const noOvercommit = defineInvariant({
  name: 'no-overcommit',
  id: 'I2',
  summary: 'no node is promised, or runs, more than it can hold',
  excusedBy: ({ activeSchedulers }) =>
    activeSchedulers > 1 ? 'schedulers that know nothing of each other give away the same room (kubernetes/kubernetes#136782)' : undefined,
  create: (probe) => {
    const book = new Overcommit(probe);
    probe.onCommit('Node', (type, old, node) => {
      const name = (node ?? old)!.metadata.name;
      const isChanged = type === 'DELETED' || (type === 'MODIFIED' && old!.status.allocatable !== node!.status.allocatable);
      if (isChanged) book.placeOf(name).nodeChangedUs = probe.nowUs();
    });
    probe.onCommit('Pod', (_type, old, pod) => book.noteCommit(old, pod));
    probe.onContainer(({ phase, nodeName, podUid, container }) => {
      if (phase === 'started') book.noteStart(nodeName, podUid, container);
      else book.noteStop(nodeName, podUid, container);
    });
    probe.on(podStartTopic, ({ stage, nodeName, namespace, podName, podUid, detail }) => {
      if (stage === 'refused' && detail.startsWith('OutOf')) book.noteRefusal(nodeName, `${namespace}/${podName}`, podUid, detail);
    });
    return {};
  },
});

/** What is known of one node. */
class Place {
  /** Unfinished pods bound to it. */
  readonly bound: NodeLedger;
  /** Pods with processes. */
  readonly running: NodeLedger;
  readonly processes: Map<string, Set<string>>;
  nodeChangedUs: number;
  lastEndUs: number;
  /** More was promised than there is while nobody could be blamed, and still is. */
  isExcused: boolean;

  constructor() {
    this.bound = new NodeLedger();
    this.running = new NodeLedger();
    this.processes = new Map();
    this.nodeChangedUs = -Infinity;
    this.lastEndUs = -Infinity;
    this.isExcused = false;
  }
}

class Overcommit {
  private readonly probe: Probe;
  private readonly places: Map<string, Place>;
  /** Pods that are bound or still have processes. */
  private readonly pods: Map<string, Pod>;
  private readonly scheduler: FaultWindow;
  private readonly deafness: FaultWindow;
  /** A kubelet that starts anew has forgotten the pods that are no more in the API, whose processes it still has to end. */
  private readonly kubelets: Map<string, number>;

  constructor(probe: Probe) {
    this.probe = probe;
    this.places = new Map();
    this.pods = new Map();
    this.kubelets = new Map();
    this.scheduler = new FaultWindow(probe, {
      opens: forgetting(probe, /scheduler/),
      extends: delaying(/scheduler/),
      graceUs: MEMORY_US,
    });
    this.deafness = new FaultWindow(probe, { opens: ({ kind, target }) => DEAFENING.has(kind) && isOfNode(target), graceUs: CLEANUP_US });
    probe.onMachine(({ nodeName, state }) => {
      if (state === 'kubelet-up') this.kubelets.set(nodeName, probe.nowUs());
    });
  }

  placeOf(nodeName: string): Place {
    let place = this.places.get(nodeName);
    if (place === undefined) {
      place = new Place();
      this.places.set(nodeName, place);
    }
    return place;
  }

  noteCommit(old: Pod | undefined, pod: Pod | undefined): void {
    const before = old !== undefined && isHolding(old) ? old.spec.nodeName : '';
    const after = pod !== undefined && isHolding(pod) ? pod.spec.nodeName : '';
    if (pod === undefined && !this.placeOf(old!.spec.nodeName).processes.has(old!.metadata.uid)) this.pods.delete(old!.metadata.uid);
    if (before === after) return;
    if (before !== '') {
      const place = this.placeOf(before);
      place.bound.remove(podRequests(old!));
      place.lastEndUs = this.probe.nowUs();
      const node = this.probe.store.get('Node', before);
      if (node === undefined || place.bound.excessOver(node, podRequests(old!)) === '') place.isExcused = false;
    }
    if (after !== '') {
      this.pods.set(pod!.metadata.uid, pod!);
      const place = this.placeOf(after);
      place.bound.add(podRequests(pod!));
      this.checkBinding(place, pod!);
    }
  }

  noteStart(nodeName: string, uid: string, container: string): void {
    const pod = this.pods.get(uid);
    if (pod === undefined) return;
    const place = this.placeOf(nodeName);
    let names = place.processes.get(uid);
    if (names === undefined) {
      names = new Set();
      place.processes.set(uid, names);
      place.running.add(podRequests(pod));
      this.checkProcesses(place, nodeName, pod);
    }
    names.add(container);
  }

  noteStop(nodeName: string, uid: string, container: string): void {
    const place = this.placeOf(nodeName);
    const names = place.processes.get(uid);
    if (names?.delete(container) !== true || names.size > 0) return;
    place.processes.delete(uid);
    place.running.remove(podRequests(this.pods.get(uid)!));
    // Between two runs of its containers a pod has no process, so it is forgotten only when the store has none either.
    if (!this.isStored(this.pods.get(uid)!)) this.pods.delete(uid);
  }

  noteRefusal(nodeName: string, key: string, uid: string, reason: string): void {
    const place = this.placeOf(nodeName);
    const nowUs = this.probe.nowUs();
    if (!this.probe.isStrict && nowUs - place.lastEndUs < CLEANUP_US) return;
    if (this.isLate(place) || this.hasForgottenProcesses(place) || this.deafness.isOpen) return;
    const pod = this.pods.get(uid);
    const node = this.probe.store.get('Node', nodeName);
    const excess = pod === undefined || node === undefined ? '' : place.bound.excessOver(node, podRequests(pod));
    if (excess !== '' && place.isExcused) return;
    const why = excess === '' ? 'although the pods bound to it fit' : `which is promised ${excess}`;
    this.probe.report(`${key} was refused by ${nodeName} (${reason}), ${why}`, [`pod/${key}`, `node/${nodeName}`]);
  }

  private checkBinding(place: Place, pod: Pod): void {
    const { nodeName } = pod.spec;
    const node = this.probe.store.get('Node', nodeName);
    if (node === undefined) return;
    const excess = place.bound.excessOver(node, podRequests(pod));
    if (excess === '') return;
    if (this.isLate(place)) {
      place.isExcused = true;
      return;
    }
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.probe.report(`${key} was bound to ${nodeName}, which is now promised ${excess}`, [`pod/${key}`, `node/${nodeName}`]);
  }

  private checkProcesses(place: Place, nodeName: string, pod: Pod): void {
    const node = this.probe.store.get('Node', nodeName);
    if (node === undefined) return;
    const excess = place.running.excessOver(node, podRequests(pod));
    if (excess === '' || this.hasChanged(place)) return;
    if (this.hasForgottenProcesses(place) && this.kubelets.has(nodeName)) return;
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.probe.report(`${key} started on ${nodeName}, which now runs ${excess}`, [`pod/${key}`, `node/${nodeName}`]);
  }

  private isLate(place: Place): boolean {
    return this.scheduler.isOpen || this.hasChanged(place);
  }

  private hasChanged(place: Place): boolean {
    return !this.probe.isStrict && this.probe.nowUs() - place.nodeChangedUs < NODE_LAG_US;
  }

  /** Whether processes of pods run here that the API has no more. */
  private hasForgottenProcesses(place: Place): boolean {
    if (this.probe.isStrict) return false;
    for (const uid of place.processes.keys()) if (!this.isStored(this.pods.get(uid)!)) return true;
    return false;
  }

  private isStored(pod: Pod): boolean {
    const { namespace, name, uid } = pod.metadata;
    return this.probe.store.get('Pod', `${namespace}/${name}`)?.metadata.uid === uid;
  }
}

/** Of a node's kubelet or its link, not of a process of the control plane. */
function isOfNode(target: string): boolean {
  return !target.startsWith('component/');
}

/** Whether the pod takes room on a node. */
function isHolding(pod: Pod): boolean {
  return pod.spec.nodeName !== '' && !isTerminal(pod);
}

/**
 * OpenFault: one fault from its start until its damage is made good; the state behind recovery.ts.
 *
 * States    open, not healed -> open, healed -> closed. `isDone` says when it may close: nothing is missing, and either it was
 *           healed or every pod it hit has been lost (and so, with nothing missing, replaced).
 */
import { type NodeRecord, POD, type PodRecord, type WorkloadRecord } from './cluster-records.ts';
import type { FaultRecord } from './measure.ts';
import { StepIntegral } from './sample-clock.ts';

export interface WorkloadHit {
  readonly readyBefore: number;
  /** Ready replicas that stood on struck nodes. */
  readonly struck: number;
  isHurt: boolean;
  /** Fewer ready replicas than it is owed, now. */
  isShort: boolean;
  fewestReady: number;
  /** End of the last shortfall. */
  recoveredUs: number;
  readonly missing: StepIntegral;
}

export class OpenFault {
  readonly id: string | number;
  readonly name: string;
  readonly kind: string;
  readonly target: string;
  readonly startUs: number;
  healUs: number | null;
  closedUs: number;
  nodes: ReadonlySet<NodeRecord>;
  readonly nodeCount: number;
  readonly podCount: number;
  /** Unfinished pods that were bound to struck nodes. */
  pods: ReadonlySet<PodRecord>;
  readonly workloads: ReadonlyMap<WorkloadRecord, WorkloadHit>;
  /** Since the start; null: never. */
  detectionUs: number | null;
  detectionLastUs: number | null;
  evictionUs: number | null;
  evictionLastUs: number | null;
  rescheduledUs: number | null;
  private readonly detected: Set<NodeRecord>;
  /** Hit pods that have not yet ceased to serve. */
  private readonly unharmed: Set<PodRecord>;
  private shortCount: number;

  constructor(record: FaultRecord, timeUs: number, nodes: readonly NodeRecord[]) {
    this.id = record.id;
    this.name = record.name ?? record.kind;
    this.kind = record.kind;
    this.target = record.target;
    this.startUs = timeUs;
    this.healUs = null;
    this.closedUs = timeUs;
    this.nodes = new Set(nodes);
    this.detectionUs = null;
    this.detectionLastUs = null;
    this.evictionUs = null;
    this.evictionLastUs = null;
    this.rescheduledUs = null;
    this.detected = new Set();
    this.shortCount = 0;
    this.pods = new Set(nodes.flatMap((node) => node.pods.filter((pod) => !pod.isTerminating)));
    this.nodeCount = this.nodes.size;
    this.podCount = this.pods.size;
    this.unharmed = new Set();
    const struck = new Map<WorkloadRecord, { ready: number; alreadyDown: number }>();
    for (const pod of this.pods) {
      let count = struck.get(pod.workload);
      if (count === undefined) {
        count = { ready: 0, alreadyDown: 0 };
        struck.set(pod.workload, count);
      }
      // The machines may have gone down a moment before the fault is announced: the API server's word counts.
      if (pod.isReady) count.ready++;
      if (pod.isReady && !pod.isServing) count.alreadyDown++;
      if (pod.isServing) this.unharmed.add(pod);
    }
    const workloads = new Map<WorkloadRecord, WorkloadHit>();
    for (const [workload, count] of struck) {
      const readyBefore = workload.ready + count.alreadyDown;
      workloads.set(workload, {
        readyBefore,
        struck: count.ready,
        isHurt: false,
        isShort: false,
        fewestReady: workload.ready,
        recoveredUs: timeUs,
        missing: new StepIntegral(timeUs),
      });
    }
    this.workloads = workloads;
  }

  get hurtCount(): number {
    let count = 0;
    for (const hit of this.workloads.values()) if (hit.isHurt) count++;
    return count;
  }

  get isDone(): boolean {
    return this.shortCount === 0 && (this.healUs !== null || (this.unharmed.size === 0 && this.pods.size > 0));
  }

  /** From the start to the end of the last shortfall; 0 when nothing was hurt, null while something is missing. */
  get recoveryUs(): number | null {
    if (this.shortCount > 0) return null;
    let lastUs = this.startUs;
    for (const hit of this.workloads.values()) if (hit.isHurt) lastUs = Math.max(lastUs, hit.recoveredUs);
    return lastUs - this.startUs;
  }

  get lostReplicaUs(): number {
    let sum = 0;
    for (const hit of this.workloads.values()) sum += hit.missing.total(this.closedUs);
    return sum;
  }

  /** Judges every workload; right after the start. */
  lookAt(timeUs: number): void {
    for (const workload of this.workloads.keys()) this.noteWorkload(workload, timeUs);
  }

  noteDetection(node: NodeRecord, timeUs: number): void {
    if (this.detected.has(node)) return;
    this.detected.add(node);
    this.detectionUs ??= timeUs - this.startUs;
    this.detectionLastUs = timeUs - this.startUs;
  }

  notePod(pod: PodRecord, change: number, timeUs: number): void {
    if (this.pods.has(pod)) {
      const isMarked = (change & (POD.TERMINATING | POD.DELETED)) !== 0;
      if (
        isMarked &&
        pod.node !== undefined &&
        !pod.node.isReady &&
        !(change & POD.DELETED && pod.terminatingUs >= 0 && pod.terminatingUs < timeUs)
      ) {
        this.evictionUs ??= timeUs - this.startUs;
        this.evictionLastUs = timeUs - this.startUs;
      }
      if (!pod.isServing) this.unharmed.delete(pod);
    } else if (change & POD.BOUND && this.shortCount > 0) {
      this.rescheduledUs = timeUs - this.startUs;
    }
    this.noteWorkload(pod.workload, timeUs);
  }

  /** Compares what the workload has with what it is owed. */
  noteWorkload(workload: WorkloadRecord, timeUs: number): void {
    const hit = this.workloads.get(workload);
    if (hit === undefined || workload.desired < 0) return;
    const owed = Math.min(workload.desired, hit.readyBefore);
    const missing = Math.max(0, owed - workload.ready);
    hit.missing.set(timeUs, missing);
    hit.fewestReady = Math.min(hit.fewestReady, workload.ready);
    if (missing > 0 === hit.isShort) return;
    hit.isShort = missing > 0;
    this.shortCount += hit.isShort ? 1 : -1;
    if (hit.isShort) hit.isHurt = true;
    else hit.recoveredUs = timeUs;
  }

  close(timeUs: number): void {
    this.closedUs = timeUs;
  }

  /** Lets go of the records of pods and nodes; a closed fault needs only its numbers. */
  forgetPods(): void {
    this.pods = new Set();
    this.nodes = new Set();
    this.detected.clear();
    this.unharmed.clear();
  }
}

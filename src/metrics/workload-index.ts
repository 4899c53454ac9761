/**
 * WorkloadIndex: which workload a pod belongs to, and how many replicas are wanted of each.
 *
 * A pod of a ReplicaSet belongs to the Deployment above it; a pod without an owner to its `app` label or its namespace; any
 * other pod to its owner, known by kind and name.
 *
 * Memory    one record per workload, at most MAX_WORKLOADS; one per ReplicaSet that exists or has pods
 */
import { controllerOf, type OwnerReference, type TimeUs } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import type { Deployment, ReplicaSet, StatefulSet } from '../objects/workloads.ts';
import type { OwnerRecord, WorkloadRecord } from './cluster-records.ts';
import type { CommitType } from './measure.ts';

/** Wanted replicas changed, or the owning object came or went. */
export type WorkloadListener = (workload: WorkloadRecord, timeUs: TimeUs) => void;
/** A ReplicaSet with a higher revision than any before: a rollout of `workload` begins. */
export type RevisionListener = (workload: WorkloadRecord, owner: OwnerRecord, timeUs: TimeUs) => void;

/** Beyond so many workloads (one job object per pod, say) pods are counted as `other`. */
export const MAX_WORKLOADS = 2000;
const OTHER = 'other';
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

export class WorkloadIndex {
  /** In order of first sight. */
  readonly workloads: WorkloadRecord[];
  readonly workloadListeners: WorkloadListener[];
  readonly revisionListeners: RevisionListener[];
  private readonly workloadByName: Map<string, WorkloadRecord>;
  private readonly ownerByUid: Map<string, OwnerRecord>;
  private readonly bareOwners: Map<string, OwnerRecord>;
  private readonly topRevision: Map<WorkloadRecord, number>;

  constructor() {
    this.workloads = [];
    this.workloadListeners = [];
    this.revisionListeners = [];
    this.workloadByName = new Map();
    this.ownerByUid = new Map();
    this.bareOwners = new Map();
    this.topRevision = new Map();
  }

  /** `deployment/web`; `deployment/default/web` means the same. */
  find(name: string): WorkloadRecord | undefined {
    return this.workloadByName.get(name) ?? this.workloadByName.get(name.replace('/default/', '/'));
  }

  /** Lets go of a deleted ReplicaSet with its last pod. */
  forgetIfGone(owner: OwnerRecord): void {
    if (owner.isGone && owner.livePods === 0) this.ownerByUid.delete(owner.uid);
  }

  commitWorkload(type: CommitType, object: Deployment | StatefulSet, timeUs: TimeUs): void {
    const workload = this.workloadNamed(object.kind, object.metadata.namespace, object.metadata.name);
    const exists = type !== 'DELETED';
    const desired = exists ? object.spec.replicas : 0;
    if (workload.desired === desired && workload.exists === exists) return;
    workload.desired = desired;
    workload.exists = exists;
    for (const listener of this.workloadListeners) listener(workload, timeUs);
  }

  commitReplicaSet(type: CommitType, set: ReplicaSet, timeUs: TimeUs): void {
    const { uid, namespace, name, annotations } = set.metadata;
    const parent = controllerOf(set);
    let owner = this.ownerByUid.get(uid);
    if (owner === undefined) {
      if (type === 'DELETED') return;
      const workload =
        parent === undefined ? this.workloadNamed('ReplicaSet', namespace, name) : this.workloadNamed(parent.kind, namespace, parent.name);
      owner = { workload, uid, revision: 0, ready: 0, livePods: 0, isGone: false };
      this.ownerByUid.set(uid, owner);
    }
    const { workload } = owner;
    if (parent === undefined) {
      const exists = type !== 'DELETED';
      const desired = exists ? set.spec.replicas : 0;
      if (workload.desired !== desired || workload.exists !== exists) {
        workload.desired = desired;
        workload.exists = exists;
        for (const listener of this.workloadListeners) listener(workload, timeUs);
      }
    } else {
      const revision = Number(annotations[REVISION_ANNOTATION] ?? '0');
      if (revision > owner.revision) {
        owner.revision = revision;
        if (revision > (this.topRevision.get(workload) ?? 0)) {
          this.topRevision.set(workload, revision);
          for (const listener of this.revisionListeners) listener(workload, owner, timeUs);
        }
      }
    }
    if (type === 'DELETED') {
      owner.isGone = true;
      this.forgetIfGone(owner);
    }
  }

  /** Whom the pod belongs to; made on first sight. */
  ownerOf(pod: Pod): OwnerRecord {
    const reference = controllerOf(pod);
    if (reference === undefined) return this.bareOwner(pod);
    return this.ownerByUid.get(reference.uid) ?? this.newOwner(reference, pod.metadata.namespace);
  }

  /** Owners that are no ReplicaSet are known by their name only: a StatefulSet, a Job, a custom resource. */
  private newOwner(reference: OwnerReference, namespace: string): OwnerRecord {
    const name = workloadName(reference.kind, namespace, reference.name);
    const known = this.bareOwners.get(name);
    if (known !== undefined) return known;
    const workload = this.workloadNamed(reference.kind, namespace, reference.name);
    const owner: OwnerRecord = { workload, uid: '', revision: 0, ready: 0, livePods: 0, isGone: false };
    if (workload.name === name) this.bareOwners.set(name, owner);
    return owner;
  }

  /** Pods without an owner are grouped by their `app` label, or by namespace. */
  private bareOwner(pod: Pod): OwnerRecord {
    const { namespace, labels } = pod.metadata;
    const app = labels['app'] ?? labels['app.kubernetes.io/name'];
    const kind = app === undefined ? 'pods' : 'app';
    const name = app ?? namespace;
    const key = `${kind}/${namespace}/${name}`;
    let owner = this.bareOwners.get(key);
    if (owner === undefined) {
      const workload = kind === 'pods' ? this.workloadCalled(`pods/${name}`, kind, namespace) : this.workloadNamed(kind, namespace, name);
      owner = { workload, uid: '', revision: 0, ready: 0, livePods: 0, isGone: false };
      if (this.bareOwners.size < 4 * MAX_WORKLOADS) this.bareOwners.set(key, owner);
    }
    return owner;
  }

  private workloadNamed(kind: string, namespace: string, name: string): WorkloadRecord {
    return this.workloadCalled(workloadName(kind, namespace, name), kind, namespace);
  }

  private workloadCalled(fullName: string, kind: string, namespace: string): WorkloadRecord {
    const known = this.workloadByName.get(fullName);
    if (known !== undefined) return known;
    if (this.workloads.length >= MAX_WORKLOADS && fullName !== OTHER) return this.workloadCalled(OTHER, 'other', '');
    const workload: WorkloadRecord = {
      name: fullName,
      kind,
      namespace,
      index: this.workloads.length,
      desired: -1,
      ready: 0,
      exists: false,
    };
    this.workloads.push(workload);
    this.workloadByName.set(fullName, workload);
    return workload;
  }
}

function workloadName(kind: string, namespace: string, name: string): string {
  const lower = kind.toLowerCase();
  return namespace === 'default' || namespace === '' ? `${lower}/${name}` : `${lower}/${namespace}/${name}`;
}

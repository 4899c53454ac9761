/**
 * Cluster access: how the plugins of a running scheduler read and write the cluster.
 *
 * Reads come from the scheduler's informers and may be stale; writes are round trips to the API server.
 */
import type { Client } from '../client/client.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import { type Op, sleep } from '../engine/process.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { BuiltInKind, KindMap } from '../objects/kinds.ts';
import type { ObjectKey } from '../objects/meta.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../objects/storage.ts';
import { type ApiCalls, bindAndWait } from './api-calls.ts';
import type { ClusterLister, ClusterWriter } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { errorStatus, type Status, SUCCESS } from './status.ts';

/** Kinds the in-tree plugins read besides pods and nodes; their informers run from the start. */
export const LISTED_KINDS: readonly BuiltInKind[] = [
  'Namespace',
  'Service',
  'ReplicationController',
  'ReplicaSet',
  'StatefulSet',
  'PodDisruptionBudget',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'StorageClass',
  'CSINode',
  'CSIDriver',
  'CSIStorageCapacity',
  'VolumeAttachment',
];

export class InformerLister implements ClusterLister {
  private readonly informers: Map<BuiltInKind, Informer<KindMap[BuiltInKind]>>;

  constructor(factory: InformerFactory) {
    this.informers = new Map();
    for (const kind of ['Pod', 'Node', ...LISTED_KINDS] as const) {
      this.informers.set(kind, factory.of(kind) as unknown as Informer<KindMap[BuiltInKind]>);
    }
  }

  get<K extends BuiltInKind>(kind: K, key: ObjectKey): KindMap[K] | undefined {
    return this.informerOf(kind).get(key);
  }

  list<K extends BuiltInKind>(kind: K): readonly KindMap[K][] {
    return this.informerOf(kind).list();
  }

  inNamespace<K extends BuiltInKind>(kind: K, namespace: string): readonly KindMap[K][] {
    return this.informerOf(kind).inNamespace(namespace);
  }

  private informerOf<K extends BuiltInKind>(kind: K): Informer<KindMap[K]> {
    return this.informers.get(kind) as unknown as Informer<KindMap[K]>;
  }
}

export class ApiWriter implements ClusterWriter {
  private readonly client: Client;
  private readonly calls: ApiCalls;

  constructor(client: Client, calls: ApiCalls) {
    this.client = client;
    this.calls = calls;
  }

  *bindPod(pod: PodInfo, nodeName: string): Op<Status> {
    return statusOf(yield* bindAndWait(this.calls, pod, nodeName));
  }

  *bindVolume(volume: PersistentVolume): Op<Status> {
    return statusOf(yield* this.client.update(volume));
  }

  *updateClaim(claim: PersistentVolumeClaim): Op<Status> {
    return statusOf(yield* this.client.update(claim));
  }

  *sleep(us: number): Op<void> {
    yield* sleep(us);
  }
}

function statusOf(result: unknown): Status {
  return isApiStatus(result) ? errorStatus('', result.message) : SUCCESS;
}

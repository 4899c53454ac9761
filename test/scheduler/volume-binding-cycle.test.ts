/** Volumes that are bound only when the pod that wants them has a node: the part of the binding cycle. */
import { expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { newMeta } from '../../src/objects/meta.ts';
import type { Pod } from '../../src/objects/pod.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../src/objects/storage.ts';
import { testNode, testPod } from './builders.ts';
import { SmallWorld } from './small-world.ts';

const S = SECOND_US;

const localClass: StorageClass = {
  kind: 'StorageClass',
  apiVersion: 'storage.k8s.io/v1',
  metadata: newMeta({ name: 'local' }),
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
  allowedTopologies: [],
};

function localVolume(name: string, node: string): PersistentVolume {
  return {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    metadata: newMeta({ name }),
    spec: {
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      volumeMode: 'Filesystem',
      volumeAttributesClassName: undefined,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: undefined,
      nodeAffinityRequired: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }], matchFields: [] }],
      },
      csi: undefined,
      gcePersistentDisk: undefined,
      awsElasticBlockStore: undefined,
    },
    status: { phase: 'Available' },
  };
}

function claim(name: string): PersistentVolumeClaim {
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: newMeta({ name, namespace: 'default' }),
    spec: {
      accessModes: ['ReadWriteOnce'],
      requests: { storage: '5Gi' },
      storageClassName: 'local',
      volumeName: '',
      volumeMode: 'Filesystem',
      volumeAttributesClassName: undefined,
      selector: undefined,
    },
    status: { phase: 'Pending' },
  };
}

function using(claimName: string): Partial<Pod['spec']> {
  const none = {
    ephemeral: undefined,
    csi: undefined,
    gcePersistentDisk: undefined,
    awsElasticBlockStore: undefined,
    iscsi: undefined,
    rbd: undefined,
    azureDisk: undefined,
    cinder: undefined,
    other: '',
  };
  return { volumes: [{ name: 'data', persistentVolumeClaim: { claimName, readOnly: false }, ...none }] };
}

/** What the volume controller does once a volume names a claim. */
function bindClaims(world: SmallWorld): void {
  for (const volume of world.store.list('PersistentVolume')) {
    const { claimRef } = volume.spec;
    if (claimRef === undefined) continue;
    world.change('PersistentVolumeClaim', `${claimRef.namespace}/${claimRef.name}`, (old) => ({
      ...old,
      metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { ...old.spec, volumeName: volume.metadata.name },
      status: { phase: 'Bound' },
    }));
  }
}

function worldWithVolume(config?: unknown): SmallWorld {
  const world = new SmallWorld(config === undefined ? {} : { config });
  world.create(localClass);
  world.create(localVolume('pv-1', 'node-2'));
  world.create(claim('data'));
  world.start(testNode({ name: 'node-1' }), testNode({ name: 'node-2' }), testPod({ name: 'a', spec: using('data') }));
  return world;
}

test('a pod goes where its volume is, and is bound when the claim is', () => {
  const world = worldWithVolume();
  world.run(5 * S);
  expect(world.store.get('PersistentVolume', 'pv-1')!.spec.claimRef?.name).toBe('data');
  expect([world.nodeOf('a'), world.scheduler.queueCounts.binding]).toEqual(['', 1]);
  // The scheduler goes on with others meanwhile, and does not promise the volume twice.
  world.create(claim('other'));
  world.create(testPod({ name: 'b', spec: using('other') }));
  world.create(testPod({ name: 'c' }));
  world.run(S);
  expect(world.nodeOf('c')).not.toBe('');
  expect(world.attempts.find((attempt) => attempt.podKey === 'default/b')!.message).toContain(
    "2 node(s) didn't find available persistent volumes to bind",
  );
  bindClaims(world);
  world.run(2 * S);
  expect(world.nodeOf('a')).toBe('node-2');
});

test('a claim that is not bound in time fails the binding, and the pod is tried again', () => {
  const pluginConfig = [{ name: 'VolumeBinding', args: { bindTimeoutSeconds: 30 } }];
  const world = worldWithVolume({ profiles: [{ pluginConfig }] });
  world.run(29 * S);
  expect(world.attempts.length).toBe(1);
  world.run(10 * S);
  expect(world.events.some((event) => event.includes('binding volumes: context deadline exceeded'))).toBe(true);
  expect(world.attempts.length).toBe(2);
});

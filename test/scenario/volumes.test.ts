/** Claims and volumes in whole worlds: made by hand or by a driver, at once or where the pod goes, kept or reclaimed. */
import { describe, expect, test } from 'vitest';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { ScenarioRun } from '../../src/scenario/scenario-run.ts';
import type { World } from '../../src/scenario/world.ts';

const HEAD = (more = '', nodes = 2) => `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: volumes }
spec:
  seed: 3
  duration: 15m
  cluster:
    zones:
      - { name: a, racks: 1, nodesPerRack: ${nodes}, machine: m5.large }
      - { name: b, racks: 1, nodesPerRack: ${nodes}, machine: m5.large }
      - { name: c, racks: 1, nodesPerRack: ${nodes}, machine: m5.large }
${more}`;
const CLASS = (mode: string, more = '') => `---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: disk.example.com
volumeBindingMode: ${mode}
${more}
`;
const SET = (more = '', replicas = 3) => `---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: ${replicas}
  serviceName: db
  selector: { matchLabels: { app: db } }
  ${more}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { storageClassName: fast, accessModes: [ReadWriteOnce], resources: { requests: { storage: 10Gi } } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [ { name: db, image: db:1, resources: { requests: { cpu: 500m } } } ] }
`;
const CLAIM = (name: string, more = '', className = 'fast') => `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { ${className === '-' ? '' : `storageClassName: '${className}', `}accessModes: [ReadWriteOnce], resources: { requests: { storage: 10Gi } }${more} }
`;
const VOLUME = (name: string, size: string, more = '', className = 'by-hand') => `---
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name} }
spec: { capacity: { storage: ${size} }, accessModes: [ReadWriteOnce], storageClassName: '${className}', hostPath: { path: /x }${more} }
`;
const POD = (name: string, claim: string) => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [ { name: c, image: c:1 } ]
  volumes: [ { name: v, persistentVolumeClaim: { claimName: ${claim} } } ]
`;

function worldAfter(text: string, overrides: readonly string[] = []): World {
  const run = new ScenarioRun(loadScenarioText(text, { overrides }), {});
  while (!run.advance());
  return run.world;
}

const zoneOf = (nodeName: string): string => nodeName.slice(0, 1);
const claimOf = (world: World, name: string) => world.store.get('PersistentVolumeClaim', `default/${name}`);
const podOf = (world: World, name: string) => world.store.get('Pod', `default/${name}`);

/** Claim to the zone of its volume. */
function zones(world: World): Record<string, string | undefined> {
  return Object.fromEntries(
    world.store.list('PersistentVolume').map(({ spec }) => {
      const term = spec.nodeAffinityRequired?.nodeSelectorTerms[0]?.matchExpressions[0];
      return [spec.claimRef?.name ?? '', term?.values[0]];
    }),
  );
}

describe('a StatefulSet with claims', () => {
  test('has its volumes made where its pods go, and runs', () => {
    const world = worldAfter(HEAD() + CLASS('WaitForFirstConsumer') + SET());
    for (const i of [0, 1, 2]) {
      const pod = podOf(world, `db-${i}`)!;
      expect(pod.status.phase).toBe('Running');
      expect(pod.spec.volumes[0]!.persistentVolumeClaim?.claimName).toBe(`data-db-${i}`);
      const claim = claimOf(world, `data-db-${i}`)!;
      expect(claim.status.phase).toBe('Bound');
      expect(claim.metadata.annotations).toMatchObject({
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
        'volume.kubernetes.io/selected-node': pod.spec.nodeName,
        'volume.kubernetes.io/storage-provisioner': 'disk.example.com',
      });
      expect(zones(world)[claim.metadata.name]).toBe(zoneOf(pod.spec.nodeName));
    }
    expect(world.store.list('PersistentVolume').map((volume) => volume.status.phase)).toEqual(['Bound', 'Bound', 'Bound']);
  });

  test('keeps each pod in the zone of its volume, also when another zone is empty', () => {
    // The pod is deleted when its node is full of others' pods and cordoned: it comes back on the other node of the zone.
    const events = `  events:
    - { at: 5m, cordon: node/a-1-1 }
    - { at: 5m, cordon: node/b-1-1 }
    - { at: 5m, cordon: node/c-1-1 }
    - { at: 6m, delete: pod/db-0 }
    - { at: 7m, cordon: node/a-1-2 }
    - { at: 7m, cordon: node/b-1-2 }
    - { at: 8m, delete: pod/db-0 }
`;
    const world = worldAfter(
      HEAD(events) +
        CLASS(
          'WaitForFirstConsumer',
          'allowedTopologies: [ { matchLabelExpressions: [ { key: topology.kubernetes.io/zone, values: [a] } ] } ]',
        ) +
        SET('', 1),
    );
    const pod = podOf(world, 'db-0')!;
    // Zone a is closed, zone c has room: the volume does not follow.
    expect([pod.status.phase, pod.spec.nodeName]).toEqual(['Pending', '']);
    expect(pod.status.conditions.find(({ type }) => type === 'PodScheduled')?.message).toContain(
      "didn't match PersistentVolume's node affinity",
    );
    expect(zones(world)).toEqual({ 'data-db-0': 'a' });
    const open = worldAfter(HEAD(events.split('\n').slice(0, 5).join('\n') + '\n') + CLASS('WaitForFirstConsumer') + SET('', 1));
    const again = podOf(open, 'db-0')!;
    expect(again.status.phase).toBe('Running');
    expect(zoneOf(again.spec.nodeName)).toBe(zones(open)['data-db-0']);
  });

  test('goes round the zones when volumes are made at once, and its pods follow', () => {
    const world = worldAfter(HEAD() + CLASS('Immediate') + SET('podManagementPolicy: Parallel'));
    const places = [0, 1, 2].map((i) => zones(world)[`data-db-${i}`]);
    expect(new Set(places).size).toBe(3);
    expect([0, 1, 2].map((i) => zoneOf(podOf(world, `db-${i}`)!.spec.nodeName))).toEqual(places);
  });

  test.each([
    ['Retain', 'Retain', 3],
    ['Retain', 'Delete', 1],
  ])('keeps its claims as the policy says: whenDeleted %s, whenScaled %s', (whenDeleted, whenScaled, left) => {
    const policy = `persistentVolumeClaimRetentionPolicy: { whenDeleted: ${whenDeleted}, whenScaled: ${whenScaled} }`;
    const events = '  events: [ { at: 5m, scale: statefulset/db, replicas: 1 } ]\n';
    const world = worldAfter(HEAD(events) + CLASS('WaitForFirstConsumer') + SET(policy));
    expect(world.store.list('PersistentVolumeClaim')).toHaveLength(left);
    expect(world.store.list('PersistentVolume')).toHaveLength(left);
  });

  test('takes its claims along when it is told to', () => {
    const policy = 'persistentVolumeClaimRetentionPolicy: { whenDeleted: Delete }';
    const events = '  events: [ { at: 5m, delete: statefulset/db } ]\n';
    expect(worldAfter(HEAD(events) + CLASS('Immediate') + SET()).store.list('PersistentVolumeClaim')).toHaveLength(3);
    const world = worldAfter(HEAD(events) + CLASS('Immediate') + SET(policy));
    expect(world.store.list('PersistentVolumeClaim')).toEqual([]);
    expect(world.store.list('PersistentVolume')).toEqual([]);
  });

  test('gets new claims after it was scaled down and up again', () => {
    const policy = 'persistentVolumeClaimRetentionPolicy: { whenScaled: Delete }';
    const events = '  events: [ { at: 5m, scale: statefulset/db, replicas: 1 }, { at: 5m20s, scale: statefulset/db, replicas: 2 } ]\n';
    const world = worldAfter(HEAD(events) + CLASS('WaitForFirstConsumer') + SET(policy, 2));
    expect(podOf(world, 'db-1')?.status.phase).toBe('Running');
    expect(claimOf(world, 'data-db-1')).toMatchObject({ status: { phase: 'Bound' }, metadata: { ownerReferences: [] } });
  });
});

describe('volumes made by hand', () => {
  test('go to the claims they suit best: the smallest that is large enough', () => {
    const world = worldAfter(
      HEAD() +
        CLAIM('mine', '', 'by-hand') +
        VOLUME('huge', '100Gi') +
        VOLUME('small', '5Gi') +
        VOLUME('right', '12Gi') +
        VOLUME('other', '11Gi', '', 'x'),
    );
    expect(claimOf(world, 'mine')).toMatchObject({ spec: { volumeName: 'right' }, status: { phase: 'Bound' } });
    expect(Object.fromEntries(world.store.list('PersistentVolume').map((v) => [v.metadata.name, v.status.phase]))).toEqual({
      huge: 'Available',
      small: 'Available',
      right: 'Bound',
      other: 'Available',
    });
  });

  test('go to the claim they are reserved for, and to the claim that names them', () => {
    const world = worldAfter(
      HEAD() +
        CLAIM('named', ', volumeName: wanted', 'by-hand') +
        CLAIM('kept-for', '', 'by-hand') +
        VOLUME('reserved', '10Gi', ', claimRef: { namespace: default, name: kept-for }') +
        VOLUME('wanted', '20Gi'),
    );
    expect(claimOf(world, 'named')?.spec.volumeName).toBe('wanted');
    expect(claimOf(world, 'kept-for')?.spec.volumeName).toBe('reserved');
    expect([claimOf(world, 'named')?.status.phase, claimOf(world, 'kept-for')?.status.phase]).toEqual(['Bound', 'Bound']);
    expect(world.store.get('PersistentVolume', 'reserved')?.metadata.annotations['pv.kubernetes.io/bound-by-controller']).toBeUndefined();
  });

  test('that come later are found at the next tick of the resync', () => {
    const spec = 'capacity: { storage: 10Gi }, accessModes: [ReadWriteOnce], storageClassName: by-hand, hostPath: { path: /x }';
    const volume = `{ apiVersion: v1, kind: PersistentVolume, metadata: { name: late }, spec: { ${spec} } }`;
    const events = `  events: [ { at: 64s, apply: ${volume} } ]\n`;
    const before = worldAfter(HEAD(events) + CLAIM('mine', '', 'by-hand'), ['spec.duration=74s']);
    expect(claimOf(before, 'mine')?.status.phase).toBe('Pending');
    expect(before.store.get('PersistentVolume', 'late')?.status.phase).toBe('Available');
    const after = worldAfter(HEAD(events) + CLAIM('mine', '', 'by-hand'), ['spec.duration=76s']);
    expect(claimOf(after, 'mine')?.status.phase).toBe('Bound');
  });

  test('with node affinity hold the pod, chosen by the scheduler where their class waits for it', () => {
    const local = `, nodeAffinity: { required: { nodeSelectorTerms: [ { matchExpressions: [ { key: kubernetes.io/hostname, operator: In, values: [ b-1-2 ] } ] } ] } }`;
    const hand = CLASS('WaitForFirstConsumer')
      .replace('name: fast', 'name: by-hand')
      .replace('disk.example.com', 'kubernetes.io/no-provisioner');
    const world = worldAfter(HEAD() + hand + VOLUME('local', '10Gi', local) + CLAIM('mine', '', 'by-hand') + POD('user', 'mine'));
    expect(podOf(world, 'user')).toMatchObject({ spec: { nodeName: 'b-1-2' }, status: { phase: 'Running' } });
    expect(claimOf(world, 'mine')).toMatchObject({ spec: { volumeName: 'local' }, status: { phase: 'Bound' } });
  });
});

describe('reclaiming', () => {
  const events = '  events: [ { at: 3m, delete: persistentvolumeclaim/mine } ]\n';

  test.each([
    ['Delete', []],
    ['Retain', ['Released']],
  ])('a volume that was made goes with its claim when the policy is %s', (policy, phases) => {
    const world = worldAfter(HEAD(events) + CLASS('Immediate', `reclaimPolicy: ${policy}`) + CLAIM('mine'));
    expect(claimOf(world, 'mine')).toBeUndefined();
    expect(world.store.list('PersistentVolume').map((volume) => volume.status.phase)).toEqual(phases);
  });

  test('a volume made by hand stays, released, and goes to nobody else', () => {
    const world = worldAfter(HEAD(events) + VOLUME('hand', '10Gi') + CLAIM('mine', '', 'by-hand') + CLAIM('zz-other', '', 'by-hand'));
    expect(world.store.get('PersistentVolume', 'hand')?.status.phase).toBe('Released');
    expect(claimOf(world, 'zz-other')?.status.phase).toBe('Pending');
  });

  test('a claim in use stays until its pod is gone', () => {
    const used = HEAD(events) + CLASS('WaitForFirstConsumer') + CLAIM('mine') + POD('user', 'mine');
    const world = worldAfter(used);
    expect(podOf(world, 'user')?.status.phase).toBe('Running');
    expect(claimOf(world, 'mine')?.metadata).toMatchObject({ finalizers: ['kubernetes.io/pvc-protection'] });
    expect(claimOf(world, 'mine')?.metadata.deletionTimestamp).toBeDefined();
    const freed = worldAfter(used.replace('mine } ]\n', 'mine }, { at: 5m, delete: pod/user } ]\n'));
    expect(claimOf(freed, 'mine')).toBeUndefined();
    expect(freed.store.list('PersistentVolume')).toEqual([]);
  });

  test('a bound volume that is deleted stays, on its way out', () => {
    const world = worldAfter(
      HEAD('  events: [ { at: 3m, delete: persistentvolume/hand } ]\n') + VOLUME('hand', '10Gi') + CLAIM('mine', '', 'by-hand'),
    );
    expect(world.store.get('PersistentVolume', 'hand')?.metadata.deletionTimestamp).toBeDefined();
    expect(claimOf(world, 'mine')?.status.phase).toBe('Bound');
  });
});

test('a pod with an ephemeral volume gets a claim that goes with it', () => {
  const own = `---
apiVersion: v1
kind: Pod
metadata: { name: user }
spec:
  containers: [ { name: c, image: c:1 } ]
  volumes: [ { name: scratch, ephemeral: { volumeClaimTemplate: { spec: { storageClassName: fast, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } } } } } ]
`;
  const world = worldAfter(HEAD() + CLASS('WaitForFirstConsumer') + own);
  expect(podOf(world, 'user')?.status.phase).toBe('Running');
  expect(claimOf(world, 'user-scratch')).toMatchObject({
    status: { phase: 'Bound' },
    metadata: { ownerReferences: [{ kind: 'Pod', name: 'user' }] },
  });
  const gone = worldAfter(HEAD('  events: [ { at: 5m, delete: pod/user } ]\n') + CLASS('WaitForFirstConsumer') + own);
  expect([claimOf(gone, 'user-scratch'), gone.store.list('PersistentVolume')]).toEqual([undefined, []]);
});

describe('classes', () => {
  test('the default class serves claims without one, also when it comes later', () => {
    const isDefault = CLASS('Immediate').replace(
      'name: fast',
      'name: fast, annotations: { storageclass.kubernetes.io/is-default-class: "true" }',
    );
    const world = worldAfter(HEAD() + isDefault + CLAIM('mine', '', '-') + CLAIM('none', '', ''));
    expect(claimOf(world, 'mine')).toMatchObject({ spec: { storageClassName: 'fast' }, status: { phase: 'Bound' } });
    expect(claimOf(world, 'none')?.status.phase).toBe('Pending');
    const late = worldAfter(HEAD() + CLAIM('mine', '', '-') + isDefault);
    expect(claimOf(late, 'mine')?.status.phase).toBe('Bound');
  });

  test('how long a driver takes is a parameter', () => {
    const text = HEAD() + CLASS('Immediate') + CLAIM('mine');
    const slow = [
      'spec.controllers.volume-provisioner.createLatency=2m',
      'spec.controllers.volume-provisioner.latencySigma=0',
      'spec.duration=119s',
    ];
    expect(claimOf(worldAfter(text, slow), 'mine')?.status.phase).toBe('Pending');
    expect(claimOf(worldAfter(text, [...slow.slice(0, 2), 'spec.duration=125s']), 'mine')?.status.phase).toBe('Bound');
  });

  test('without the controllers nothing is bound', () => {
    const off = ['spec.controllers.persistent-volume.enabled=false'];
    const world = worldAfter(HEAD() + CLASS('WaitForFirstConsumer') + SET(), off);
    expect(podOf(world, 'db-0')?.status.phase).toBe('Pending');
  });
});

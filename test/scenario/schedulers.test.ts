/** Releases, profiles, several schedulers and volume plugins, as a scenario writes them, in whole worlds. */
import { describe, expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { ScenarioRun } from '../../src/scenario/scenario-run.ts';
import type { World } from '../../src/scenario/world.ts';

const HEAD = (more = '', nodes = 3) => `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  duration: 3m
  cluster: { zones: [ { name: a, racks: 1, nodesPerRack: ${nodes}, machine: m5.large }, { name: b, racks: 1, nodesPerRack: ${nodes}, machine: m5.large } ] }
${more}`;

function pod(
  name: string,
  fields: { scheduler?: string; spec?: string; requests?: string; container?: string; labels?: string } = {},
): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { ${fields.labels ?? 'app: x'} } }
spec:
  schedulerName: ${fields.scheduler ?? 'default-scheduler'}
  ${fields.spec ?? ''}
  containers: [ { name: c, image: c:1, resources: { requests: { ${fields.requests ?? 'cpu: 100m'} } }${fields.container ?? ''} } ]
`;
}

function worldOf(text: string, overrides: readonly string[] = []): World {
  const run = new ScenarioRun(loadScenarioText(text, { overrides }), {});
  while (!run.advance());
  return run.world;
}

const podOf = (world: World, name: string) => world.store.get('Pod', `default/${name}`)!;
const nodeOf = (world: World, name: string) => podOf(world, name).spec.nodeName;
const refusalOf = (world: World, name: string) =>
  podOf(world, name).status.conditions.find(({ type }) => type === 'PodScheduled')?.message ?? '';

describe('kubernetesVersion', () => {
  test.each([
    ['1.34', '1.34'],
    ['1.32', '1.32'],
    ["'1.32'", '1.32'],
    ['v1.34.1', '1.34'],
    ['v1.32', '1.32'],
  ])('%s is %s', (written, version) => {
    expect(loadScenarioText(HEAD(`  kubernetesVersion: ${written}\n`)).kubernetesVersion).toBe(version);
  });

  test('of other releases is refused, with those there are', () => {
    expect(() => loadScenarioText(HEAD('  kubernetesVersion: 1.31\n'))).toThrow('expected one of v1.34, v1.32, found "1.31"');
  });

  const sidecar = `initContainers: [ { name: s, image: s:1, restartPolicy: Always, ports: [ { containerPort: 80, hostPort: 80 } ] } ]`;
  const podLevel = 'resources: { requests: { cpu: 1500m } }';
  const spread = `topologySpreadConstraints: [ { maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: { matchLabels: { app: x } }, matchLabelKeys: [ rev ] } ]`;
  const here = 'nodeSelector: { kubernetes.io/hostname: a-1-1 }';

  test.each<[string, string, (world: World) => unknown, unknown, unknown]>([
    [
      'host ports of sidecars',
      pod('p', { spec: `${here}\n  ${sidecar}` }) + pod('q', { spec: `${here}\n  ${sidecar}` }),
      (world) => [nodeOf(world, 'p'), nodeOf(world, 'q')].sort(),
      ['', 'a-1-1'],
      ['a-1-1', 'a-1-1'],
    ],
    [
      'requests of the pod as a whole',
      pod('p', { spec: `${here}\n  ${podLevel}` }) + pod('q', { spec: `${here}\n  ${podLevel}` }),
      (world) => [nodeOf(world, 'p'), nodeOf(world, 'q')].sort(),
      ['', 'a-1-1'],
      ['a-1-1', 'a-1-1'],
    ],
    [
      'preemption for a request larger than the node',
      pod('big', { spec: here, requests: 'cpu: 99' }),
      (world) => refusalOf(world, 'big').includes('Preemption is not helpful for scheduling'),
      true,
      true,
    ],
    [
      'matchLabelKeys in stored constraints',
      pod('p', { spec: spread, labels: 'app: x, rev: one' }),
      (world) => podOf(world, 'p').spec.topologySpreadConstraints[0]!.labelSelector?.matchExpressions,
      [{ key: 'rev', operator: 'In', values: ['one'] }],
      [],
    ],
  ])('decides about %s', (_title, pods, look, in134, in132) => {
    expect(look(worldOf(HEAD('  kubernetesVersion: 1.34\n') + pods))).toEqual(in134);
    expect(look(worldOf(HEAD('  kubernetesVersion: 1.32\n') + pods))).toEqual(in132);
  });
});

describe('profiles', () => {
  const packer = `  scheduler:
    config:
      profiles:
        - schedulerName: default-scheduler
        - schedulerName: packer
          pluginConfig: [ { name: NodeResourcesFit, args: { scoringStrategy: { type: MostAllocated, resources: [ { name: cpu, weight: 1 } ] } } } ]
          plugins: { score: { disabled: [ { name: '*' } ], enabled: [ { name: NodeResourcesFit, weight: 1 } ] } }
`;

  test('of one scheduler place their pods each in their own way', () => {
    const names = [0, 1, 2, 3];
    const world = worldOf(HEAD(packer) + names.map((i) => pod(`spread-${i}`) + pod(`pack-${i}`, { scheduler: 'packer' })).join(''));
    expect(new Set(names.map((i) => nodeOf(world, `pack-${i}`))).size).toBe(1);
    expect(new Set(names.map((i) => nodeOf(world, `spread-${i}`))).size).toBeGreaterThan(2);
  });

  test('that nobody has leave their pods alone', () => {
    const world = worldOf(HEAD(packer) + pod('p', { scheduler: 'nobody' }));
    expect([nodeOf(world, 'p'), refusalOf(world, 'p')]).toEqual(['', '']);
  });
});

describe('several schedulers', () => {
  const two = `  schedulers:
    - name: kube-scheduler
    - name: batch-scheduler
      evaluator: plain
      tieBreak: first
      config: { profiles: [ { schedulerName: batch } ] }
`;

  test('place their own pods, and see each other’s', () => {
    const names = Array.from({ length: 8 }, (_, i) => i);
    const mine = names.map((i) => pod(`mine-${i}`, { requests: 'cpu: 800m' })).join('');
    const batch = names.map((i) => pod(`batch-${i}`, { scheduler: 'batch', requests: 'cpu: 800m' })).join('');
    const world = worldOf(HEAD(two) + mine + batch);
    // Chosen at the same instants and unseen by the other scheduler, some choices collide: the kubelet turns those down.
    const pods = world.store.list('Pod').filter(({ spec }) => spec.nodeName !== '');
    const running = pods.filter(({ status }) => status.phase === 'Running');
    for (const { metadata } of world.store.list('Node')) {
      expect(running.filter(({ spec }) => spec.nodeName === metadata.name).length).toBeLessThanOrEqual(2);
    }
    expect(pods.filter((other) => !running.includes(other)).every(({ status }) => status.reason === 'OutOfcpu')).toBe(true);
    expect(running.some(({ spec }) => spec.schedulerName === 'batch')).toBe(true);
    expect(running.some(({ spec }) => spec.schedulerName !== 'batch')).toBe(true);
    expect(world.schedulers.map(({ name }) => name)).toEqual(['kube-scheduler', 'batch-scheduler']);
  });

  test('have each their own plugins', () => {
    const text = HEAD(two) + pod('p') + pod('q', { scheduler: 'batch' });
    expect(() => loadScenarioText(text, { overrides: ['spec.schedulers[1].plugins=[./x.ts]'] })).toThrow('nothing here can load plugins');
  });

  test('go on after one of them has died', () => {
    const late = (name: string, scheduler: string) =>
      `    - { at: 20s, apply: { apiVersion: v1, kind: Pod, metadata: { name: ${name} }, spec: { schedulerName: ${scheduler}, containers: [ { name: c, image: c:1 } ] } } }\n`;
    const text = HEAD(`${two}  events:\n${late('mine', 'default-scheduler')}${late('theirs', 'batch')}`);
    const run = new ScenarioRun(loadScenarioText(text), {});
    run.world.schedulers[0]!.crash();
    while (!run.advance());
    expect([nodeOf(run.world, 'mine'), nodeOf(run.world, 'theirs')]).toEqual(['', expect.stringMatching(/^[ab]-/)]);
  });
});

describe('the configuration of the process', () => {
  const config = (text: string) => HEAD(`  scheduler: { replicas: 1, config: { ${text} } }\n`);
  const pods = Array.from({ length: 20 }, (_, i) => pod(`p${i}`, { requests: 'cpu: 10m' })).join('');
  const lastBoundUs = (world: World): number => {
    return Math.max(
      ...world.store.list('Pod').map(({ status }) => status.conditions.find(({ type }) => type === 'PodScheduled')!.lastTransitionTime),
    );
  };

  test('limits the requests of the scheduler', () => {
    const free = lastBoundUs(worldOf(config('clientConnection: { qps: -1 }') + pods));
    const slow = lastBoundUs(worldOf(config('clientConnection: { qps: 2, burst: 1 }') + pods));
    expect(free).toBeLessThan(SECOND_US);
    // Twenty bindings, two a second.
    expect(slow).toBeGreaterThan(9 * SECOND_US);
    expect(slow).toBeLessThan(20 * SECOND_US);
  });

  test('decides about leader election among replicas', () => {
    const replicas = (election: string) => HEAD(`  scheduler: { replicas: 2, config: { leaderElection: { ${election} } } }\n`) + pod('p');
    expect(
      worldOf(replicas(''))
        .schedulers.map((scheduler) => scheduler.isLeading)
        .sort(),
    ).toEqual([false, true]);
    const named = worldOf(replicas('resourceName: mine, leaseDuration: 30s, renewDeadline: 20s'));
    expect(named.store.get('Lease', 'kube-system/mine')).toMatchObject({ spec: { leaseDurationSeconds: 30 } });
    const alone = worldOf(replicas('leaderElect: false'));
    expect(alone.store.get('Lease', 'kube-system/kube-scheduler')).toBeUndefined();
    expect(nodeOf(alone, 'p')).not.toBe('');
  });

  test.each([
    ['clientConnection: { qps: fast }', 'spec.scheduler.config.clientConnection.qps: expected a number, found "fast"'],
    ['clientConnection: { qbs: 1 }', 'qbs'],
    ['leaderElection: { leaseDuration: 5s }', 'leaderElection.leaseDuration: must be longer than renewDeadline'],
    ['leaderElection: { retryPeriod: 9s }', 'leaderElection.renewDeadline: must be longer than 1.2 times retryPeriod'],
    ['leaderElection: { renewDeadline: soon }', 'expected a duration above 0 such as 15s, found "soon"'],
    ['leaderElection: { resourceLock: endpoints }', 'leaderElection.resourceLock: expected leases, found endpoints'],
    ['enableProfiling: maybe', 'enableProfiling'],
    ["healthzBindAddress: '0.0.0.0:10251'", 'healthzBindAddress: must be empty'],
    ['extenders: [ { urlPrefix: http://x } ]', 'extenders are not supported'],
  ])('is refused where it is wrong: %s', (text, message) => {
    expect(() => loadScenarioText(config(text))).toThrow(message);
  });
});

describe('volume plugins in a world', () => {
  const claim = (name: string, mode = 'ReadWriteOnce') => `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { storageClassName: fast, accessModes: [${mode}], resources: { requests: { storage: 1Gi } } }
`;
  const storageClass = `---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: disk.example.com
volumeBindingMode: WaitForFirstConsumer
`;
  const uses = (name: string) => ({ spec: `volumes: [ { name: v, persistentVolumeClaim: { claimName: ${name} } } ]` });

  test('NodeVolumeLimits: a node takes no more volumes than its driver allows', () => {
    const csiNodes = ['a-1-1', 'b-1-1'].map(
      (name) => `---
apiVersion: storage.k8s.io/v1
kind: CSINode
metadata: { name: ${name} }
spec: { drivers: [ { name: disk.example.com, nodeID: ${name}, topologyKeys: [], allocatable: { count: 1 } } ] }
`,
    );
    const pods = ['x', 'y', 'z'].map((name) => claim(name) + pod(name, uses(name)));
    const world = worldOf(HEAD('', 1) + storageClass + csiNodes.join('') + pods.join(''));
    const placed = ['x', 'y', 'z'].filter((name) => nodeOf(world, name) !== '');
    expect(placed).toHaveLength(2);
    const waiting = ['x', 'y', 'z'].find((name) => !placed.includes(name))!;
    expect(refusalOf(world, waiting)).toContain('node(s) exceed max volume count');
  });

  test('VolumeRestrictions: a claim for one pod is for one pod, until that is gone', () => {
    const text = storageClass + claim('one', 'ReadWriteOncePod') + pod('first', uses('one')) + pod('second', uses('one'));
    const world = worldOf(HEAD() + text);
    const [owner, other] = nodeOf(world, 'first') === '' ? ['second', 'first'] : ['first', 'second'];
    expect(refusalOf(world, other!)).toContain('PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod');
    const freed = worldOf(HEAD(`  events: [ { at: 1m, delete: pod/${owner} } ]\n`) + text);
    expect(podOf(freed, other!).status.phase).toBe('Running');
  });

  test('VolumeZone: labels of an old volume hold its pod to the zone', () => {
    const volume = `---
apiVersion: v1
kind: PersistentVolume
metadata: { name: old, labels: { topology.kubernetes.io/zone: b } }
spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], storageClassName: old, hostPath: { path: /x } }
`;
    const old = claim('mine').replace('storageClassName: fast', 'storageClassName: old');
    const world = worldOf(HEAD() + volume + old + pod('p', uses('mine')));
    expect(nodeOf(world, 'p')).toMatch(/^b-/);
    const closed = worldOf(
      HEAD('  events: [ { at: 0s, cordon: node/b-* } ]\n') +
        volume +
        old +
        pod('p', { ...uses('mine'), spec: `${uses('mine').spec}\n  nodeSelector: { topology.kubernetes.io/zone: a }` }),
    );
    expect(refusalOf(closed, 'p')).toContain('node(s) had no available volume zone');
  });
});

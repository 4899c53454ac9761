import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { CycleState } from '../../../src/scheduler/cycle-state.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod, type Situation } from '../decisions.ts';
import { boundClaim, claiming, classes, onlyOn, rawClaim, rawVolume } from './volumes.ts';

const nodes = [rawNode('a', { labels: { disk: 'big' } }), rawNode('b')];

function situation(claims: readonly object[], volumes: readonly object[], others: object = {}): Situation {
  return {
    nodes,
    pod: claiming(
      'p',
      claims.map((claim) => (claim as { metadata: { name: string } }).metadata.name),
    ),
    others: { storageClasses: classes, persistentVolumeClaims: claims, persistentVolumes: volumes, ...others } as never,
  };
}

describe('VolumeBinding PreFilter', () => {
  test.each([
    [
      'a lost claim',
      rawClaim('x', { spec: { volumeName: 'gone' }, status: { phase: 'Lost' } }),
      'persistentvolumeclaim "x" bound to non-existent persistentvolume "gone"',
    ],
    [
      'a claim being deleted',
      rawClaim('x', { metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } }),
      'persistentvolumeclaim "x" is being deleted',
    ],
    [
      'an unbound claim of an immediate class',
      rawClaim('x', { spec: { storageClassName: 'now' } }),
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'a claim that names its volume but is not bound to it',
      rawClaim('x', { spec: { volumeName: 'v' } }),
      'pod has unbound immediate PersistentVolumeClaims',
    ],
  ])('rejects %s', (_, claim, reason) => {
    expect(decide(situation([claim], [])).preFilter).toEqual({
      code: 'UnschedulableAndUnresolvable',
      plugin: 'VolumeBinding',
      reasons: [reason],
    });
  });

  test('waits for the claim of an ephemeral volume, which must be owned by the pod', () => {
    const pod = rawPod('p', { spec: { volumes: [{ name: 'tmp', ephemeral: { volumeClaimTemplate: { spec: {} } } }] } });
    expect(decide({ nodes, pod }).preFilter.reasons).toEqual([
      'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-tmp"',
    ]);
    const foreign = decide({ nodes, pod, others: { persistentVolumeClaims: [rawClaim('p-tmp')], storageClasses: classes } });
    expect(foreign.preFilter.reasons).toEqual(['PVC default/p-tmp was not created for pod default/p (pod is not owner)']);
  });

  test('skips pods without claims', () => {
    expect(decide({ nodes, pod: rawPod('p', { spec: { volumes: [{ name: 'v', emptyDir: {} }] } }) }).preFilter.skip).toContain(
      'VolumeBinding',
    );
  });
});

describe('VolumeBinding filter', () => {
  test.each([
    ['1.34', "node(s) didn't match PersistentVolume's node affinity"],
    ['1.32', 'node(s) had volume node affinity conflict'],
  ] as const)('v%s: a bound volume keeps the pod where it is reachable', (version, reason) => {
    const { feasible, filter } = decide({ version, ...situation([boundClaim('x', 'v')], [rawVolume('v', { spec: onlyOn('b') })]) });
    expect(feasible).toEqual(['b']);
    expect(filter['a']?.reasons).toEqual([reason]);
  });

  test('a bound volume that is gone is told apart', () => {
    // VolumeZone notices first.
    expect(decide(situation([boundClaim('x', 'v')], [])).preFilter.reasons).toEqual(['persistentvolume "v" not found']);
    expect(
      decide({
        ...situation([boundClaim('x', 'v')], []),
        plugins: { preFilter: { disabled: [{ name: 'VolumeZone' }] }, filter: { disabled: [{ name: 'VolumeZone' }] } },
      }).filter['a']?.reasons,
    ).toEqual(['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)']);
  });

  test('delayed claims take free volumes the node reaches, each once', () => {
    const volumes = [rawVolume('v1', { spec: onlyOn('a') }), rawVolume('v2', { spec: onlyOn('a', 'b') })];
    expect(decide(situation([rawClaim('x')], volumes)).feasible).toEqual(['a', 'b']);
    const { feasible, filter } = decide(situation([rawClaim('x'), rawClaim('y')], volumes));
    expect(feasible).toEqual(['a']);
    expect(filter['b']?.reasons).toEqual(["node(s) didn't find available persistent volumes to bind"]);
  });

  test.each([
    ['too small', { spec: { capacity: { storage: '500Mi' } } }],
    ['of another class', { spec: { storageClassName: 'other' } }],
    ['without the access mode', { spec: { accessModes: ['ReadOnlyMany'] } }],
    ['of another mode', { spec: { volumeMode: 'Block' } }],
    ['kept for another claim', { spec: { claimRef: { namespace: 'default', name: 'other' } } }],
    ['not available', { status: { phase: 'Released' } }],
    ['being deleted', { metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } }],
  ])('a volume that is %s does not do', (_, fields) => {
    expect(decide(situation([rawClaim('x')], [rawVolume('v', fields)])).feasible).toEqual([]);
  });

  test('a volume kept for the claim is the only one considered', () => {
    const kept = rawVolume('kept', { spec: { ...onlyOn('b'), claimRef: { namespace: 'default', name: 'x' } } });
    expect(decide(situation([rawClaim('x')], [kept, rawVolume('free')])).feasible).toEqual(['b']);
  });

  test('claims without a volume are provisioned where the class allows', () => {
    const claim = rawClaim('x', { spec: { storageClassName: 'made' } });
    expect(decide(situation([claim], [])).feasible).toEqual(['a', 'b']);
    const restricted = [{ ...classes[2], allowedTopologies: [{ matchLabelExpressions: [{ key: 'disk', values: ['big'] }] }] }];
    expect(decide(situation([claim], [], { storageClasses: restricted })).feasible).toEqual(['a']);
    const selected = rawClaim('x', { spec: { storageClassName: 'made' }, annotations: { 'volume.kubernetes.io/selected-node': 'b' } });
    expect(decide(situation([selected], [])).feasible).toEqual(['b']);
  });

  test('storage capacity counts for drivers that tell it', () => {
    const claim = rawClaim('x', { spec: { storageClassName: 'made' } });
    const csiDrivers = [{ metadata: { name: 'csi.example.com' }, spec: { storageCapacity: true } }];
    const capacity = (name: string, fields: object) => ({
      metadata: { name, namespace: 'kube-system' },
      storageClassName: 'made',
      ...fields,
    });
    const csiStorageCapacities = [
      capacity('small', { nodeTopology: { matchLabels: { disk: 'big' } }, capacity: '10Gi', maximumVolumeSize: '100Mi' }),
      capacity('large', { nodeTopology: { matchLabels: { 'kubernetes.io/hostname': 'b' } }, capacity: '2Gi' }),
    ];
    const { feasible, filter } = decide(situation([claim], [], { csiDrivers, csiStorageCapacities }));
    expect(feasible).toEqual(['b']);
    expect(filter['a']?.reasons).toEqual(['node(s) did not have enough free storage']);
  });
});

describe('VolumeBinding reserve', () => {
  test('makes later attempts see a promised volume as taken, until the promise is taken back', () => {
    const bench = benchOf(situation([rawClaim('x'), rawClaim('y')], [rawVolume('v')]));
    const attempt = (name: string, claim: string) => {
      const pod = bench.cluster.podInfos.of(decodedPod(claiming(name, [claim])));
      const state = new CycleState();
      return { pod, state, feasible: bench.evaluate(pod, state, 0, false).feasible.map((node) => node.name) };
    };
    const first = attempt('p', 'x');
    expect(first.feasible).toEqual(['a', 'b']);
    expect(bench.profile.runReserve(first.state, first.pod, 'a').code).toBe('Success');
    expect(attempt('q', 'y').feasible).toEqual([]);
    expect(attempt('p2', 'x').feasible).toEqual(['a', 'b']);
    bench.profile.runUnreserve(first.state, first.pod, 'a');
    expect(attempt('q', 'y').feasible).toEqual(['a', 'b']);
  });

  test('keeps a provisioned claim on the chosen node', () => {
    const bench = benchOf(situation([rawClaim('x', { spec: { storageClassName: 'made' } })], []));
    const pod = bench.cluster.podInfos.of(decodedPod(claiming('p', ['x'])));
    const state = new CycleState();
    bench.evaluate(pod, state, 0, false);
    bench.profile.runReserve(state, pod, 'b');
    expect(bench.evaluate(pod, new CycleState(), 0, false).feasible.map((node) => node.name)).toEqual(['b']);
  });

  test('finds the volumes itself when no filter ran for the node', () => {
    const bench = benchOf(situation([rawClaim('x'), rawClaim('y')], [rawVolume('v')]));
    const pod = bench.cluster.podInfos.of(decodedPod(claiming('p', ['x'])));
    const state = new CycleState();
    bench.profile.runPreFilter(state, pod);
    bench.profile.runReserve(state, pod, 'a');
    const other = bench.cluster.podInfos.of(decodedPod(claiming('q', ['y'])));
    expect(bench.evaluate(other, new CycleState(), 0, false).feasible).toEqual([]);
  });
});

test('VolumeBinding is woken by storage that may help', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(claiming('p', ['x'])));
  const hint = (resource: string, action: number, before: unknown, after: unknown) =>
    hintsOf(bench, 'VolumeBinding', resource, action, pod, before, after);
  expect(hint('PersistentVolumeClaim', ACTION.ADD, undefined, decoded('PersistentVolumeClaim', rawClaim('x')))).toBe(true);
  expect(hint('PersistentVolumeClaim', ACTION.ADD, undefined, decoded('PersistentVolumeClaim', rawClaim('y')))).toBe(false);
  const capacity = (size: string) =>
    decoded('CSIStorageCapacity', { metadata: { name: 'c', namespace: 'd' }, storageClassName: 'made', capacity: size });
  expect(hint('CSIStorageCapacity', ACTION.UPDATE, capacity('1Gi'), capacity('2Gi'))).toBe(true);
  expect(hint('CSIStorageCapacity', ACTION.UPDATE, capacity('2Gi'), capacity('1Gi'))).toBe(false);
  const storageClass = decoded('StorageClass', classes[2]!);
  expect(hint('StorageClass', ACTION.UPDATE, storageClass, storageClass)).toBe(false);
});

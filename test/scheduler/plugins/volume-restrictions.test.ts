import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';
import { boundClaim, claiming, classes, rawVolume } from './volumes.ts';

const nodes = [rawNode('a'), rawNode('b')];
const mounting = (name: string, source: object, on?: string) =>
  rawPod(name, { ...(on === undefined ? {} : { on }), spec: { volumes: [{ name: 'v', ...source }] } });

describe('VolumeRestrictions inline disks', () => {
  const gce = (pdName: string, readOnly = false) => ({ gcePersistentDisk: { pdName, readOnly } });
  const aws = (volumeID: string, readOnly = false) => ({ awsElasticBlockStore: { volumeID, readOnly } });
  const iscsi = (iqn: string, readOnly = false) => ({ iscsi: { iqn, readOnly } });
  const rbd = (monitors: readonly string[], image: string, readOnly = false) => ({ rbd: { monitors, image, readOnly } });

  test.each([
    ['same GCE disk', gce('d'), gce('d'), true],
    ['another GCE disk', gce('d'), gce('e'), false],
    ['same GCE disk, both read-only', gce('d', true), gce('d', true), false],
    ['same GCE disk, one read-only', gce('d', true), gce('d'), true],
    ['same EBS volume, both read-only', aws('v', true), aws('v', true), true],
    ['same iSCSI target', iscsi('q'), iscsi('q'), true],
    ['same iSCSI target, both read-only', iscsi('q', true), iscsi('q', true), false],
    ['same RBD image with a common monitor', rbd(['1', '2'], 'i'), rbd(['2', '3'], 'i'), true],
    ['same RBD image without a common monitor', rbd(['1'], 'i'), rbd(['3'], 'i'), false],
    ['same names of different types', gce('v'), aws('v'), false],
  ])('%s', (_, wanted, taken, isConflict) => {
    const { feasible, filter } = decide({ nodes, pods: [mounting('e', taken, 'a')], pod: mounting('p', wanted) });
    expect(feasible).toEqual(isConflict ? ['b'] : ['a', 'b']);
    if (isConflict) expect(filter['a']).toMatchObject({ code: 'Unschedulable', reasons: ['node(s) had no available disk'] });
  });
});

describe('VolumeRestrictions claims', () => {
  const once = boundClaim('x', 'v', { spec: { accessModes: ['ReadWriteOncePod'] } });
  const others = {
    storageClasses: classes,
    persistentVolumeClaims: [once],
    persistentVolumes: [rawVolume('v', { spec: { accessModes: ['ReadWriteOncePod'] } })],
  };

  test('a missing claim is reported here first', () => {
    expect(decide({ nodes, pod: claiming('p', ['gone']) }).preFilter).toEqual({
      code: 'UnschedulableAndUnresolvable',
      plugin: 'VolumeRestrictions',
      reasons: ['persistentvolumeclaim "gone" not found'],
    });
  });

  test.each([
    ['1.34', 'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'],
    ['1.32', 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'],
  ] as const)('v%s: a claim for one pod only rejects every node while it is used', (version, reason) => {
    const { filter } = decide({ version, nodes, pods: [claiming('e', ['x'], 'a')], pod: claiming('p', ['x']), others });
    expect([filter['a']?.reasons, filter['b']?.reasons]).toEqual([[reason], [reason]]);
    expect(filter['b']?.code).toBe('Unschedulable');
  });

  test('preempting its user helps, and only where that runs', () => {
    const user = { ...claiming('e', ['x'], 'a') };
    const pod = rawPod('p', { priority: 10, spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'x' } }] } });
    const { postFilter } = decide({ kind: 'preemption', nodes, pods: [user, rawPod('f', { on: 'b' })], pod, others });
    expect(Object.keys(postFilter!.candidates!)).toEqual(['a']);
  });

  test('the end of a user of the same claim wakes the pod', () => {
    const bench = benchOf({});
    const pod = bench.cluster.podInfos.of(decodedPod(claiming('p', ['x'])));
    const hint = (before: unknown) => hintsOf(bench, 'VolumeRestrictions', 'Pod', ACTION.DELETE, pod, before, undefined);
    expect(hint(decodedPod(claiming('e', ['x'], 'a')))).toBe(true);
    expect(hint(decodedPod(claiming('e', ['y'], 'a')))).toBe(false);
  });
});

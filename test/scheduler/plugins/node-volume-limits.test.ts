import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';
import { boundClaim, claiming, classes, rawClaim, rawVolume } from './volumes.ts';

const nodes = [rawNode('a'), rawNode('b')];
const csi = (handle: string) => ({ spec: { csi: { driver: 'csi.example.com', volumeHandle: handle } } });
const csiNode = (name: string, count?: number) => ({
  metadata: { name },
  spec: { drivers: [{ name: 'csi.example.com', nodeID: name, ...(count === undefined ? {} : { allocatable: { count } }) }] },
});
const others = {
  storageClasses: classes,
  persistentVolumeClaims: [
    ...['1', '2', '3'].map((n) => boundClaim(`c${n}`, `v${n}`)),
    boundClaim('same', 'v1'),
    rawClaim('late', { spec: { storageClassName: 'made' } }),
  ],
  persistentVolumes: ['1', '2', '3'].map((n) => rawVolume(`v${n}`, csi(`h${n}`))),
  csiNodes: [csiNode('a', 1), csiNode('b')],
};

describe('NodeVolumeLimits', () => {
  test('counts what is attached and what would come', () => {
    const pods = [claiming('e', ['c1'], 'a')];
    const { feasible, filter } = decide({ nodes, pods, pod: claiming('p', ['c2']), others });
    expect(feasible).toEqual(['b']);
    expect(filter['a']).toMatchObject({ code: 'Unschedulable', reasons: ['node(s) exceed max volume count'] });
  });

  test('counts a volume once, whoever uses it through whatever claim', () => {
    expect(decide({ nodes, pods: [claiming('e', ['c1'], 'a')], pod: claiming('p', ['same']), others }).feasible).toEqual(['a', 'b']);
  });

  test('counts a claim to be provisioned under its class', () => {
    expect(decide({ nodes, pods: [claiming('e', ['c1'], 'a')], pod: claiming('p', ['late']), others }).feasible).toEqual(['b']);
  });

  test('counts attachments that no pod accounts for, even one of the very volume that comes', () => {
    const attachment = (volume: string) => ({
      metadata: { name: 'va' },
      spec: { attacher: 'csi.example.com', nodeName: 'a', source: { persistentVolumeName: volume } },
    });
    const withAttachment = (volume: string) => ({
      nodes,
      pod: claiming('p', ['c1']),
      others: { ...others, volumeAttachments: [attachment(volume)] },
    });
    expect(decide({ nodes, pod: claiming('p', ['c1']), others }).feasible).toEqual(['a', 'b']);
    expect(decide(withAttachment('v2')).feasible).toEqual(['b']);
    expect(decide(withAttachment('v1')).feasible).toEqual(['b']);
  });

  test('counts inline disks that a driver took over on the node', () => {
    const migrated = {
      metadata: { name: 'a', annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/gce-pd' } },
      spec: { drivers: [{ name: 'pd.csi.storage.gke.io', nodeID: 'a', allocatable: { count: 1 } }] },
    };
    const disk = (name: string, on?: string) =>
      rawPod(name, { ...(on === undefined ? {} : { on }), spec: { volumes: [{ name: 'v', gcePersistentDisk: { pdName: name } }] } });
    expect(decide({ nodes, pods: [disk('e', 'a')], pod: disk('p'), others: { csiNodes: [migrated] } }).feasible).toEqual(['b']);
    expect(decide({ nodes, pods: [disk('e', 'a')], pod: disk('p') }).feasible).toEqual(['a', 'b']);
  });

  test('is woken by a grown limit and by detached volumes', () => {
    const bench = benchOf({});
    const pod = bench.cluster.podInfos.of(decodedPod(claiming('p', ['c1'])));
    const node = (count?: number) => decoded('CSINode', csiNode('a', count));
    const hint = (resource: string, action: number, before: unknown, after: unknown) =>
      hintsOf(bench, 'NodeVolumeLimits', resource, action, pod, before, after);
    expect([
      hint('CSINode', ACTION.UPDATE, node(1), node(2)),
      hint('CSINode', ACTION.UPDATE, node(2), node(1)),
      hint('CSINode', ACTION.UPDATE, node(), node(1)),
    ]).toEqual([true, false, true]);
    expect(hint('Pod', ACTION.DELETE, decodedPod(claiming('e', ['c2'], 'a')), undefined)).toBe(true);
    expect(hint('Pod', ACTION.DELETE, decodedPod(rawPod('e', { on: 'a' })), undefined)).toBe(false);
  });
});

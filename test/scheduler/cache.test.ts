import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SchedulerCache } from '../../src/scheduler/cache.ts';
import type { NodeInfo } from '../../src/scheduler/node-info.ts';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { check } from '../support/seeded.ts';
import { decoded, decodedPod, rawNode, rawPod } from './decisions.ts';

const ZONE = 'topology.kubernetes.io/zone';

function newCache(): SchedulerCache {
  return new SchedulerCache(new PodInfos(behaviourOf('1.34')));
}

const node = (name: string, zone?: string, images: readonly object[] = []) =>
  decoded('Node', rawNode(name, { labels: zone === undefined ? {} : { [ZONE]: zone }, images: images as never }));
const pod = (name: string, on: string, fields: object = {}) => decodedPod(rawPod(name, { on, requests: { cpu: '1' }, ...fields }));
const order = (cache: SchedulerCache) => cache.refresh().nodes.map((info) => info.name);

describe('node order', () => {
  test('takes turns among zones in order of first appearance', () => {
    const cache = newCache();
    for (const [name, zone] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['a3', 'a'], ['x'], ['b2', 'b']] as const)
      cache.addNode(node(name, zone));
    expect(order(cache)).toEqual(['a1', 'b1', 'x', 'a2', 'b2', 'a3']);
  });

  test('a zone that vanished comes back last', () => {
    const cache = newCache();
    cache.addNode(node('a1', 'a'));
    cache.addNode(node('b1', 'b'));
    cache.removeNode('a1');
    cache.addNode(node('a2', 'a'));
    expect(order(cache)).toEqual(['b1', 'a2']);
  });

  test('a change of zone alone does not reorder the snapshot, the next new node does', () => {
    const cache = newCache();
    for (const name of ['n1', 'n2', 'n3']) cache.addNode(node(name, 'a'));
    order(cache);
    cache.updateNode(node('n1', 'b'));
    expect(order(cache)).toEqual(['n1', 'n2', 'n3']);
    cache.addNode(node('n4', 'a'));
    expect(order(cache)).toEqual(['n2', 'n1', 'n3', 'n4']);
  });

  test('a node deleted and made again between two snapshots keeps its place, with its new contents', () => {
    const cache = newCache();
    for (const name of ['n1', 'n2']) cache.addNode(node(name));
    order(cache);
    cache.removeNode('n1');
    cache.addNode(node('n1', 'z'));
    expect(order(cache)).toEqual(['n1', 'n2']);
    expect(cache.snapshot.nodes[0]!.labels[ZONE]).toBe('z');
    expect(cache.snapshot.get('n1')!.position).toBe(0);
  });
});

/** Writes down what observers hear. */
function listenTo(cache: SchedulerCache): string[] {
  const heard: string[] = [];
  cache.addObserver({
    podAdded: (on, info) => heard.push(`+${info.key} ${on.name}`),
    podRemoved: (on, info) => heard.push(`-${info.key} ${on.name}`),
    nodeChanged: (on) => heard.push(`node ${on.name}`),
    imagesCounted: (on) => heard.push(`images ${on.name}`),
    nodesListed: () => heard.push('listed'),
  });
  return heard;
}

describe('newer versions of placed pods', () => {
  const image = { names: ['app:1'], sizeBytes: 1000 };
  const running = (p: ReturnType<typeof pod>) => ({ ...p, status: { ...p.status, phase: 'Running' as const, startTime: 5 } });

  test('are seen by everybody, and heard of when a plugin can tell them from the old ones', () => {
    const cache = newCache();
    for (const name of ['n1', 'n2']) cache.addNode(node(name));
    const placed = pod('p', 'n1');
    for (const it of [placed, pod('q', 'n1'), pod('r', 'n1')]) cache.addPod(it);
    cache.refresh();
    const heard = listenTo(cache);
    cache.updatePod(running(placed));
    const info = cache.nodeInfo('n1')!;
    // To the end of the list, the last one into its place: as a removal and an addition would have it.
    expect(info.pods.map(({ key }) => key)).toEqual(['default/r', 'default/q', 'default/p']);
    expect(info.pods[2]!.pod.status.startTime).toBe(5);
    expect(info.requested.cpuMilli).toBe(3000);
    expect(heard).toEqual([]);
    const ending = { ...placed, metadata: { ...placed.metadata, deletionTimestamp: 9 } };
    cache.updatePod(ending);
    expect(heard).toEqual(['-default/p n1', '+default/p n1']);
    expect(info.requested.cpuMilli).toBe(3000);
    cache.removePod(ending);
    expect(info.requested.cpuMilli).toBe(2000);
  });

  test('count as bound and not as assumed, on another node when they are there', () => {
    const cache = newCache();
    for (const name of ['n1', 'n2']) cache.addNode(node(name));
    const placed = pod('p', 'n1');
    cache.assumePod(placed);
    const heard = listenTo(cache);
    cache.addPod(running(placed));
    expect([cache.isAssumed(placed), cache.nodeInfo('n1')!.pods.length, heard.length]).toEqual([false, 1, 0]);
    cache.updatePod({ ...placed, spec: { ...placed.spec, nodeName: 'n2' } });
    expect([cache.nodeInfo('n1')!.pods.length, cache.nodeInfo('n2')!.pods.length]).toEqual([0, 1]);
    expect(heard).toEqual(['-default/p n1', '+default/p n2']);
  });

  test('let the images of their node be counted anew, of which observers hear', () => {
    const cache = newCache();
    cache.addNode(node('n1', undefined, [image]));
    cache.addNode(node('n2'));
    const placed = pod('p', 'n1');
    cache.addPod(placed);
    cache.refresh();
    cache.updateNode(node('n2', undefined, [image]));
    cache.refresh();
    const heard = listenTo(cache);
    expect(cache.nodeInfo('n1')!.images.get('app:1')!.nodeCount).toBe(1);
    cache.updatePod(running(placed));
    cache.refresh();
    expect(cache.nodeInfo('n1')!.images.get('app:1')!.nodeCount).toBe(2);
    expect(heard).toEqual(['images n1']);
  });

  test('are all heard of where plugins of a user may look at anything', () => {
    const cache = new SchedulerCache(new PodInfos(behaviourOf('1.34')), true);
    cache.addNode(node('n1'));
    const placed = pod('p', 'n1');
    cache.addPod(placed);
    const heard = listenTo(cache);
    cache.updatePod(running(placed));
    expect(heard).toEqual(['-default/p n1', '+default/p n1']);
  });
});

describe('pods', () => {
  test('of unknown and deleted nodes wait on a ghost outside the snapshot', () => {
    const cache = newCache();
    cache.addPod(pod('p', 'n1'));
    expect(order(cache)).toEqual([]);
    cache.addNode(node('n1'));
    expect(cache.refresh().nodes[0]!.pods).toHaveLength(1);
    cache.removeNode('n1');
    expect(order(cache)).toEqual([]);
    expect(cache.nodeInfo('n1')!.pods).toHaveLength(1);
    cache.removePod(pod('p', 'n1'));
    expect(cache.nodeInfo('n1')).toBeUndefined();
  });

  test('an assumption counts at once, and is confirmed, moved or forgotten', () => {
    const cache = newCache();
    cache.addNode(node('n1'));
    cache.addNode(node('n2'));
    cache.assumePod(pod('p', 'n1'));
    expect(cache.isAssumed(pod('p', 'n1'))).toBe(true);
    expect(cache.refresh().get('n1')!.requested.cpuMilli).toBe(1000);
    cache.addPod(pod('p', 'n2'));
    expect(cache.isAssumed(pod('p', 'n2'))).toBe(false);
    expect([cache.nodeInfo('n1')!.pods.length, cache.nodeInfo('n2')!.pods.length]).toEqual([0, 1]);
    cache.forgetPod(pod('p', 'n2'));
    expect(cache.podCount).toBe(1);
    cache.assumePod(pod('q', 'n1'));
    cache.forgetPod(pod('q', 'n1'));
    expect(cache.podCount).toBe(1);
  });

  test('an update moves a pod to the end, a removal the last pod into its place', () => {
    const cache = newCache();
    cache.addNode(node('n1'));
    for (const name of ['a', 'b', 'c', 'd']) cache.addPod(pod(name, 'n1'));
    const names = () => cache.nodeInfo('n1')!.pods.map((info) => info.pod.metadata.name);
    cache.removePod(pod('a', 'n1'));
    expect(names()).toEqual(['d', 'b', 'c']);
    cache.updatePod(pod('d', 'n1', { labels: { x: 'y' } }));
    expect(names()).toEqual(['c', 'b', 'd']);
  });

  test('removing one of two pods with the same host port frees it', () => {
    const cache = newCache();
    cache.addNode(node('n1'));
    const spec = { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }] };
    cache.addPod(pod('a', 'n1', { spec }));
    cache.addPod(pod('b', 'n1', { spec }));
    cache.removePod(pod('a', 'n1'));
    expect(cache.nodeInfo('n1')!.usedPorts.conflictsWith({ ip: '0.0.0.0', key: 'TCP/80' })).toBe(false);
  });
});

describe('images', () => {
  const image = (size: number) => [{ names: ['app:1'], sizeBytes: size }];
  const stateOn = (cache: SchedulerCache, name: string) => cache.refresh().get(name)!.images.get('app:1');

  test('numbers of nodes are those of the time the node itself last changed', () => {
    const cache = newCache();
    cache.addNode(node('n1', undefined, image(5)));
    expect(stateOn(cache, 'n1')).toEqual({ sizeBytes: 5, nodeCount: 1 });
    cache.addNode(node('n2', undefined, image(5)));
    expect(stateOn(cache, 'n2')).toEqual({ sizeBytes: 5, nodeCount: 2 });
    expect(stateOn(cache, 'n1')).toEqual({ sizeBytes: 5, nodeCount: 1 });
    cache.addPod(pod('p', 'n1'));
    expect(stateOn(cache, 'n1')).toEqual({ sizeBytes: 5, nodeCount: 2 });
  });

  test('the size is that of the first node until nobody has the image', () => {
    const cache = newCache();
    cache.addNode(node('n1', undefined, image(5)));
    cache.addNode(node('n2', undefined, image(9)));
    expect(stateOn(cache, 'n2')?.sizeBytes).toBe(5);
    cache.removeNode('n1');
    cache.updateNode(node('n2', 'a', image(9)));
    expect(stateOn(cache, 'n2')).toEqual({ sizeBytes: 9, nodeCount: 1 });
  });
});

// The same cache built from scratch --------------------------------------------------------------------

const nodeName = fc.constantFrom('n1', 'n2', 'n3', 'n4');
const podName = fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5', 'p6');
const podFields = fc.constantFrom(
  {},
  { labels: { app: 'web' } },
  { requests: { cpu: '250m', memory: '1Gi', 'x.com/gpu': '2' } },
  { spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }] } } } },
  { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } },
);
const step = fc.oneof(
  fc.record({ op: fc.constant('node' as const), name: nodeName, zone: fc.constantFrom('a', 'b', undefined) }),
  fc.record({ op: fc.constant('removeNode' as const), name: nodeName }),
  fc.record({ op: fc.constant('pod' as const), name: podName, on: nodeName, fields: podFields }),
  fc.record({ op: fc.constant('removePod' as const), name: podName }),
  fc.record({ op: fc.constant('refresh' as const) }),
);

function sums(info: NodeInfo) {
  return {
    pods: info.pods.map((entry) => entry.key).sort(),
    requested: [info.requested.cpuMilli, info.requested.memBytes, info.requested.scalars.get('x.com/gpu') ?? 0],
    nonZero: [info.nonZeroCpuMilli, info.nonZeroMemBytes],
    affinity: info.podsWithAffinity.map((entry) => entry.key).sort(),
    antiAffinity: info.podsWithRequiredAntiAffinity.map((entry) => entry.key).sort(),
    claims: [...info.claimCounts].sort(),
  };
}

test('after any changes the snapshot holds what a cache built from scratch would', () => {
  check(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = newCache();
      const nodes = new Map<string, ReturnType<typeof node>>();
      const pods = new Map<string, ReturnType<typeof pod>>();
      for (const change of steps) {
        if (change.op === 'node') {
          nodes.set(change.name, node(change.name, change.zone));
          cache.addNode(nodes.get(change.name)!);
        } else if (change.op === 'removeNode') {
          nodes.delete(change.name);
          cache.removeNode(change.name);
        } else if (change.op === 'pod') {
          const old = pods.get(change.name);
          const next = pod(change.name, old?.spec.nodeName ?? change.on, change.fields);
          pods.set(change.name, next);
          cache.addPod(next);
        } else if (change.op === 'removePod') {
          const old = pods.get(change.name);
          if (old !== undefined) cache.removePod(old);
          pods.delete(change.name);
        } else {
          cache.refresh();
        }
      }
      const fresh = newCache();
      for (const object of nodes.values()) fresh.addNode(object);
      for (const object of pods.values()) fresh.addPod(object);
      const found = cache.refresh();
      const wanted = fresh.refresh();
      expect(found.nodes.map((info) => info.name).sort()).toEqual(wanted.nodes.map((info) => info.name).sort());
      for (const info of wanted.nodes) expect([info.name, sums(found.get(info.name)!)]).toEqual([info.name, sums(info)]);
      expect(found.nodes.map((info) => info.position)).toEqual(found.nodes.map((_, index) => index));
      const names = (list: readonly NodeInfo[]) => list.map((info) => info.name).sort();
      expect(names(found.nodesWithAffinity)).toEqual(names(wanted.nodesWithAffinity));
      expect(names(found.nodesWithRequiredAntiAffinity)).toEqual(names(wanted.nodesWithRequiredAntiAffinity));
      expect(found.isClaimUsed('default/c')).toBe(wanted.isClaimUsed('default/c'));
    }),
    300,
  );
});

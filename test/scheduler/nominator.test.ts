import { describe, expect, test } from 'vitest';
import { keyOf } from '../../src/objects/meta.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { AS_IN_STATUS, Nominator } from '../../src/scheduler/nominator.ts';
import { PodInfos } from '../../src/scheduler/pod-info.ts';
import { behaviourOf } from '../../src/scheduler/versions.ts';
import { testPod } from './builders.ts';

function fixture(): { nominator: Nominator; cluster: Map<string, Pod>; queued: Map<string, Pod>; put(pod: Pod): Pod } {
  const infos = new PodInfos(behaviourOf('1.34'));
  const cluster = new Map<string, Pod>();
  const queued = new Map<string, Pod>();
  const nominator = new Nominator(
    (key) => cluster.get(key),
    (key) => {
      const pod = queued.get(key);
      return pod === undefined ? undefined : infos.of(pod);
    },
    (pod) => infos.of(pod),
  );
  const put = (pod: Pod): Pod => {
    cluster.set(keyOf(pod), pod);
    queued.set(keyOf(pod), pod);
    return pod;
  };
  return { nominator, cluster, queued, put };
}

const on = (nodeName: string) => ({ mode: 'override', nodeName }) as const;
const names = (nominator: Nominator, node: string): string[] => nominator.onNode(node).map((info) => info.pod.metadata.name);

describe('nominations', () => {
  test('are listed per node in the order they were made; a new one replaces the old', () => {
    const { nominator, put } = fixture();
    const [a, b] = [put(testPod({ name: 'a' })), put(testPod({ name: 'b' }))];
    nominator.add(a, on('node-1'));
    nominator.add(b, on('node-1'));
    expect(names(nominator, 'node-1')).toEqual(['a', 'b']);
    nominator.add(a, on('node-2'));
    expect([names(nominator, 'node-1'), names(nominator, 'node-2')]).toEqual([['b'], ['a']]);
    nominator.add(b, on(''));
    expect(nominator.onNode('node-1')).toEqual([]);
    nominator.remove(a.metadata.uid);
    expect(nominator.isEmpty).toBe(true);
  });

  test('without an override follow the status of the pod', () => {
    const { nominator, put } = fixture();
    nominator.add(put(testPod({ name: 'a', nominated: 'node-1' })), AS_IN_STATUS);
    nominator.add(put(testPod({ name: 'b' })), AS_IN_STATUS);
    expect([nominator.size, names(nominator, 'node-1')]).toEqual([1, ['a']]);
  });

  test('are not made for pods that are gone or placed, so that none is left for ever (kubernetes/kubernetes#102339)', () => {
    const { nominator, cluster, put } = fixture();
    const gone = put(testPod({ name: 'gone' }));
    cluster.delete('default/gone');
    nominator.add(gone, on('node-1'));
    const placed = put(testPod({ name: 'placed' }));
    cluster.set('default/placed', testPod({ name: 'placed', nodeName: 'node-3' }));
    nominator.add(placed, on('node-1'));
    expect(nominator.isEmpty).toBe(true);
  });

  test('survive an update of the pod that does not show them yet, and move to the end of the list', () => {
    const { nominator, put } = fixture();
    const [a, b] = [put(testPod({ name: 'a' })), put(testPod({ name: 'b' }))];
    nominator.add(a, on('node-1'));
    nominator.add(b, on('node-1'));
    nominator.update(a, put({ ...a, metadata: { ...a.metadata, labels: { x: 'y' } } }));
    expect(names(nominator, 'node-1')).toEqual(['b', 'a']);
  });

  test('end with an update that clears them in the status', () => {
    const { nominator, put } = fixture();
    const a = put(testPod({ name: 'a', nominated: 'node-1' }));
    nominator.add(a, AS_IN_STATUS);
    nominator.update(a, put(testPod({ name: 'a' })));
    expect(nominator.isEmpty).toBe(true);
  });

  test('Q19: a pod that no queue holds appears with priority 0 and no requests', () => {
    const { nominator, queued, put } = fixture();
    const pod = put(testPod({ name: 'a', priority: 100, cpu: '2' }));
    nominator.add(pod, on('node-1'));
    expect(nominator.onNode('node-1')[0]!.priority).toBe(100);
    queued.delete('default/a');
    const stub = nominator.onNode('node-1')[0]!;
    expect([stub.uid, stub.priority, stub.pod.spec.containers.length]).toEqual([pod.metadata.uid, 0, 0]);
  });
});

import { describe, expect, test } from 'vitest';
import { decide, rawNode, rawPod } from '../decisions.ts';

const busy = {
  nodes: [rawNode('n1')],
  pods: [rawPod('e', { on: 'n1', requests: { cpu: '4' } })],
  pod: rawPod('p', { requests: { cpu: '1' } }),
  kind: 'preemption' as const,
};
const hopeless = rawPod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'gone' } }] } });

describe('DynamicResources without claims', () => {
  test('shows in the messages of v1.34 and is unknown to v1.32', () => {
    const preemption = 'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
    expect(decide(busy).message).toBe(`0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ${preemption}`);
    expect(decide({ ...busy, version: '1.32' }).message).toBe(`0/1 nodes are available: 1 Insufficient cpu. ${preemption}`);
  });

  test('keeps preemption from running when PreFilter gave up before it', () => {
    const situation = { nodes: [rawNode('n1')], pod: hopeless, kind: 'preemption' as const };
    expect(decide(situation).postFilter?.status).toMatchObject({ code: 'Error', plugin: 'DynamicResources' });
    expect(decide(situation).message).toBe('0/1 nodes are available: persistentvolumeclaim "gone" not found. not found');
    expect(decide({ ...situation, version: '1.32' }).message).toBe(
      '0/1 nodes are available: persistentvolumeclaim "gone" not found. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
  });
});

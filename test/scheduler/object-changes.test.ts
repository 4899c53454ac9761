import { describe, expect, test } from 'vitest';
import type { Node, Taint } from '../../src/objects/node.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ACTION, clusterEvent, EVENT, matchesEvent } from '../../src/scheduler/cluster-event.ts';
import { nodeChangeEvents, podChangeEvents } from '../../src/scheduler/object-changes.ts';
import { testContainer, testNode, testPod } from './builders.ts';

const labels = (events: readonly { label: string }[]): string[] => events.map((event) => event.label);

function changed(pod: Pod, spec: Partial<Pod['spec']>, podLabels: Record<string, string> = pod.metadata.labels): Pod {
  return { ...pod, metadata: { ...pod.metadata, labels: podLabels }, spec: { ...pod.spec, ...spec } };
}

describe('changes of a pod', () => {
  const pod = testPod({ cpu: '2', gates: ['g'] });

  test('come in upstream order, for the kind of pod the new version is', () => {
    const next = changed(
      pod,
      {
        containers: [testContainer({ cpu: '1' })],
        schedulingGates: [],
        tolerations: [{ key: 'a', operator: 'Exists', value: '', effect: '', tolerationSeconds: undefined }],
      },
      { a: 'b' },
    );
    const kinds = ['PodLabel', 'PodScaleDown', 'PodGatesEliminated', 'PodToleration'];
    expect(labels(podChangeEvents(pod, next))).toEqual(kinds.map((kind) => `UnschedulablePod/${kind}`));
    const bound = changed(next, { nodeName: 'node-1' });
    expect(labels(podChangeEvents(pod, bound))[0]).toBe('AssignedPod/PodLabel');
  });

  test('that concern nothing in particular are one generic update, which no single bit matches', () => {
    const events = podChangeEvents(pod, { ...pod, status: { ...pod.status, phase: 'Running' } });
    expect(events).toEqual([EVENT.UNSCHEDULABLE_POD_UPDATE]);
    expect(matchesEvent(clusterEvent('Pod', ACTION.UPDATE_POD_LABEL), events[0]!)).toBe(false);
    expect(matchesEvent(clusterEvent('Pod', ACTION.ADD | ACTION.UPDATE), events[0]!)).toBe(true);
  });

  test('count as scale-down when a request shrinks or goes, not when it is written differently or grows', () => {
    const withCpu = (cpu: string): Pod => changed(pod, { containers: [testContainer({ cpu })] });
    const isScaleDown = (next: Pod): boolean => labels(podChangeEvents(pod, next)).includes('UnschedulablePod/PodScaleDown');
    expect([withCpu('1999m'), withCpu('2000m'), withCpu('3'), changed(pod, { containers: [testContainer({})] })].map(isScaleDown)).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('changes of a node', () => {
  const node = testNode({ unschedulable: true, labels: { zone: 'a' } });
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoSchedule', timeAdded: undefined };

  test('come in upstream order; uncordoning counts as a taint change of its own', () => {
    const next: Node = {
      ...node,
      metadata: { ...node.metadata, labels: {}, annotations: { a: 'b' } },
      spec: { ...node.spec, unschedulable: false, taints: [taint] },
      status: {
        ...node.status,
        allocatable: { ...node.status.allocatable, cpu: '5' },
        conditions: [{ type: 'Ready', status: 'True', reason: '', message: '', lastHeartbeatTime: 0, lastTransitionTime: 0 }],
      },
    };
    expect(labels(nodeChangeEvents(node, next))).toEqual(
      ['NodeTaint', 'NodeAllocatable', 'NodeLabel', 'NodeTaint', 'NodeCondition', 'NodeAnnotation'].map((kind) => `Node/${kind}`),
    );
    expect(labels(nodeChangeEvents(next, { ...next, spec: { ...next.spec, unschedulable: true } }))).toEqual([]);
  });

  test('do not include heartbeats and other ways to write a quantity', () => {
    const ready = { type: 'Ready', status: 'True', reason: '', message: '', lastHeartbeatTime: 0, lastTransitionTime: 0 } as const;
    const a: Node = { ...node, status: { ...node.status, conditions: [ready] } };
    const b: Node = {
      ...node,
      status: {
        ...node.status,
        allocatable: { ...node.status.allocatable, cpu: '4000m' },
        conditions: [{ ...ready, lastHeartbeatTime: 9 }],
      },
    };
    expect(nodeChangeEvents(a, b)).toEqual([]);
  });
});

describe('event match', () => {
  test('Pod registers both assigned and unschedulable pods, and only wildcards match wildcards', () => {
    const podDelete = clusterEvent('Pod', ACTION.DELETE);
    expect(matchesEvent(podDelete, EVENT.ASSIGNED_POD_DELETE)).toBe(true);
    expect(matchesEvent(podDelete, clusterEvent('UnschedulablePod', ACTION.DELETE))).toBe(true);
    expect(matchesEvent(podDelete, EVENT.NODE_DELETE)).toBe(false);
    expect(matchesEvent(podDelete, EVENT.UNSCHEDULABLE_TIMEOUT)).toBe(false);
    expect(matchesEvent(clusterEvent('*', ACTION.ALL), EVENT.UNSCHEDULABLE_TIMEOUT)).toBe(true);
    expect(matchesEvent(clusterEvent('*', ACTION.ALL), EVENT.NODE_ADD)).toBe(true);
  });
});

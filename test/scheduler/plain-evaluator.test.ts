import { describe, expect, test } from 'vitest';
import { CycleState } from '../../src/scheduler/cycle-state.ts';
import type { Evaluation } from '../../src/scheduler/framework.ts';
import { PlainEvaluator } from '../../src/scheduler/plain-evaluator.ts';
import { benchOf, decide, decodedPod, rawNode, rawPod, type Situation } from './decisions.ts';

function scheduler(situation: Situation) {
  const bench = benchOf(situation);
  let nextStartNodeIndex = 0;
  return {
    bench,
    schedule(raw = rawPod('p')): Evaluation {
      const pod = bench.cluster.podInfos.of(decodedPod(raw));
      const evaluation = bench.evaluate(pod, new CycleState(), nextStartNodeIndex, false);
      nextStartNodeIndex = evaluation.nextStartNodeIndex;
      return evaluation;
    },
  };
}

const many = (count: number) => Array.from({ length: count }, (_, i) => rawNode(`n${i}`, { unschedulable: i % 3 === 2 }));

describe('sampling', () => {
  test('stops at the wanted number and starts behind it the next time, counting failures', () => {
    const { schedule } = scheduler({ nodes: many(300), percentageOfNodesToScore: 40 });
    const first = schedule();
    expect(first.feasible.map((node) => node.name).slice(0, 3)).toEqual(['n0', 'n1', 'n3']);
    expect(first.feasible).toHaveLength(120);
    // The 121st feasible node ends the search; the failed node before it counts.
    expect(first.nextStartNodeIndex).toBe(180);
    expect(first.evaluatedCount).toBe(181);
    const second = schedule();
    expect(second.feasible[0]!.name).toBe('n180');
    expect(second.nextStartNodeIndex).toBe((180 + 180) % 300);
  });

  test('looks at every node of a small cluster', () => {
    const { feasible, nextStartNodeIndex } = scheduler({ nodes: many(99), percentageOfNodesToScore: 10 }).schedule();
    expect([feasible.length, nextStartNodeIndex]).toEqual([66, 0]);
  });

  test('without score plugins one node is enough', () => {
    const situation = { nodes: many(9), plugins: { score: { disabled: [{ name: '*' }] } } };
    expect(
      scheduler(situation)
        .schedule()
        .feasible.map((node) => node.name),
    ).toEqual(['n0']);
  });

  test('without filter plugins the first nodes are taken unseen', () => {
    const { schedule } = scheduler({ nodes: many(150), percentageOfNodesToScore: 50, plugins: { filter: { disabled: [{ name: '*' }] } } });
    expect(
      schedule()
        .feasible.map((node) => node.name)
        .slice(0, 3),
    ).toEqual(['n0', 'n1', 'n2']);
    expect(schedule().feasible[0]!.name).toBe('n100');
  });
});

describe('the nominated node', () => {
  test('is taken without looking at any other', () => {
    const { schedule } = scheduler({ nodes: many(6) });
    const found = schedule(rawPod('p', { status: { nominatedNodeName: 'n4' } }));
    expect([found.nodeName, found.evaluatedCount, found.nextStartNodeIndex]).toEqual(['n4', 1, 0]);
  });

  test('is tried again with the others when it fails, and counts when it was not reached', () => {
    const { schedule } = scheduler({ nodes: many(300), percentageOfNodesToScore: 40 });
    const found = schedule(rawPod('p', { status: { nominatedNodeName: 'n299' } }));
    expect(found.feasible).toHaveLength(120);
    expect(found.nextStartNodeIndex).toBe(181);
  });

  test('that fails shows among the plugins that narrowed the search', () => {
    const named = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }],
      },
    };
    const pod = rawPod('p', { status: { nominatedNodeName: 'n5' }, spec: { affinity: { nodeAffinity: named } } });
    expect(decide({ nodes: many(6), pod }).filter['n0']?.reasons).toEqual([
      "node(s) didn't satisfy plugin(s) [NodeAffinity NodeUnschedulable]",
    ]);
  });
});

describe('nominated pods of others', () => {
  const waiting = (priority: number) => rawPod('w', { priority, requests: { cpu: '3' }, status: { nominatedNodeName: 'a' } });
  const situation = (priority: number) => ({
    nodes: [rawNode('a'), rawNode('b')],
    pods: [waiting(priority)],
    pod: rawPod('p', { priority: 5, requests: { cpu: '2' } }),
  });

  test('count when they are at least as important', () => {
    expect(decide(situation(5)).feasible).toEqual(['b']);
    expect(decide(situation(4)).feasible).toEqual(['a', 'b']);
  });

  test('do not lend their company: the node has to do without them too', () => {
    const affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'kubernetes.io/hostname' },
        ],
      },
    };
    const friend = rawPod('w', { priority: 9, labels: { app: 'db' }, status: { nominatedNodeName: 'a' } });
    expect(decide({ nodes: [rawNode('a')], pods: [friend], pod: rawPod('p', { spec: { affinity } }) }).feasible).toEqual([]);
  });
});

describe('choosing', () => {
  test('breaks ties by the given rank among the best, in feasible order', () => {
    const bench = benchOf({ nodes: [rawNode('a'), rawNode('b', { taints: [{ key: 't', effect: 'PreferNoSchedule' }] }), rawNode('c')] });
    const pod = bench.cluster.podInfos.of(decodedPod(rawPod('p')));
    const { profile, cluster } = bench;
    const asked: number[] = [];
    const evaluator = new PlainEvaluator({ percentageOfNodesToScore: 0 });
    const chosen = [0, 1].map(
      (rank) =>
        evaluator.schedulePod({
          profile,
          pod,
          state: new CycleState(),
          snapshot: cluster.cache.snapshot,
          nextStartNodeIndex: 0,
          isDetailed: false,
          tieBreak: (count) => {
            asked.push(count);
            return rank;
          },
        }).nodeName,
    );
    expect(chosen).toEqual(['a', 'c']);
    expect(asked).toEqual([2, 2]);
  });

  test('takes a single feasible node without scoring', () => {
    const found = scheduler({ nodes: [rawNode('a'), rawNode('b', { unschedulable: true })] }).schedule();
    expect([found.nodeName, found.totals.length]).toEqual(['a', 0]);
  });
});

test('an empty cluster is an error, not a rejection', () => {
  const found = scheduler({}).schedule();
  expect([found.outcome, found.error?.reasons]).toEqual(['error', ['no nodes available to schedule pods']]);
});

test('messages count reasons over all nodes and sort them as text', () => {
  const nodes = [...many(6), ...Array.from({ length: 10 }, (_, i) => rawNode(`full${i}`, { allocatable: { cpu: '0', memory: '0' } }))];
  const pods = many(6).map((_, i) => rawPod(`e${i}`, { on: `n${i}`, requests: { cpu: '4' } }));
  const { message } = decide({ nodes, pods, pod: rawPod('p', { requests: { cpu: '1', memory: '1' } }) });
  expect(message).toBe('0/16 nodes are available: 10 Insufficient memory, 14 Insufficient cpu, 2 node(s) were unschedulable.');
});

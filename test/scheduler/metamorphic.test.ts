/** What must not matter to a decision, on arbitrary clusters. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import { check } from '../support/seeded.ts';
import { type Decision, decide, rawPod, type Situation } from './decisions.ts';
import { anySituation } from './situations.ts';

/** Everything that does not speak of order. */
function essence(decision: Decision): unknown {
  const { nodeOrder: _, ...rest } = decision;
  return rest;
}

test('the order in which nodes and pods became known', () => {
  check(
    fc.property(anySituation, (situation) => {
      const reversed = { ...situation, nodes: situation.nodes!.toReversed(), pods: situation.pods!.toReversed() };
      expect(essence(decide(reversed))).toEqual(essence(decide(situation)));
    }),
    120,
  );
});

test('pods that have finished, and pods on nodes that are not there', () => {
  check(
    fc.property(anySituation, fc.constantFrom('Succeeded', 'Failed'), (situation, phase) => {
      const extra = [
        rawPod('done', { on: 'n0', labels: { app: 'web' }, requests: { cpu: '8' }, status: { phase } }),
        rawPod('lost', { on: 'nowhere', labels: { app: 'web' }, requests: { cpu: '8' } }),
      ];
      expect(decide({ ...situation, pods: [...situation.pods!, ...extra] })).toEqual(decide(situation));
    }),
    60,
  );
});

test('how names are spelled: renamed nodes and pods change names in the answer, and nothing else', () => {
  const rename = (text: string): string => text.replace(/\bn(\d)\b/g, 'x$1').replace(/\b([ew])(\d+)\b/g, 'y$1$2');
  check(
    fc.property(anySituation, (situation) => {
      const renamed = JSON.parse(rename(JSON.stringify(situation))) as Situation;
      expect(decide(renamed)).toEqual(JSON.parse(rename(JSON.stringify(decide(situation)))));
    }),
    60,
  );
});

test('more room on a node never takes it from the feasible ones', () => {
  check(
    fc.property(anySituation, (situation) => {
      const grow = (node: RawObject): RawObject => {
        const status = node['status'] as { allocatable: RawObject };
        return { ...node, status: { ...status, allocatable: { ...status.allocatable, cpu: '64', memory: '256Gi', pods: '500' } } };
      };
      const before = decide({ ...situation, kind: 'decision' });
      const after = decide({ ...situation, kind: 'decision', nodes: situation.nodes!.map(grow) });
      expect(after.feasible).toEqual(expect.arrayContaining([...before.feasible]));
    }),
    60,
  );
});

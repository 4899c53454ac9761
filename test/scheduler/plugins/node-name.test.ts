import { expect, test } from 'vitest';
import { decide, rawNode, rawPod } from '../decisions.ts';

test('a pod that names its node fits only there', () => {
  const { feasible, filter } = decide({ nodes: [rawNode('n1'), rawNode('n2')], pod: rawPod('p', { on: 'n2' }) });
  expect(feasible).toEqual(['n2']);
  expect(filter['n1']).toEqual({
    code: 'UnschedulableAndUnresolvable',
    plugin: 'NodeName',
    reasons: ["node(s) didn't match the requested node name"],
  });
});

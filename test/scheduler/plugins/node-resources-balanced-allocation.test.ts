import { describe, expect, test } from 'vitest';
import type { RawObject } from '../../../src/objects/decode-reader.ts';
import { decide, rawNode, rawPod } from '../decisions.ts';

const NAME = 'NodeResourcesBalancedAllocation';

function raw(requests: object, allocatable: object, resources?: readonly string[]): number | undefined {
  const args: Record<string, RawObject> = {};
  if (resources !== undefined) args[NAME] = { resources: resources.map((name) => ({ name, weight: 1 })) };
  const situation = {
    nodes: [rawNode('n1', { allocatable: allocatable as never }), rawNode('n2')],
    pod: rawPod('p', { requests: requests as never }),
    args,
  };
  return decide(situation).scores?.[NAME]?.['n1']?.raw;
}

describe('NodeResourcesBalancedAllocation', () => {
  test('takes half the difference of two fractions, truncated', () => {
    expect(raw({ cpu: '3', memory: '5000' }, { cpu: '4', memory: '10000' })).toBe(87);
    expect(raw({ cpu: '2', memory: '5000' }, { cpu: '4', memory: '10000' })).toBe(100);
  });

  test('takes the standard deviation of three and more, in the configured order', () => {
    // fractions 0.75, 0.5, 0.25: mean 0.5, deviation sqrt(0.125 / 3)
    expect(
      raw({ cpu: '3', memory: '5000', 'x.com/gpu': '1' }, { cpu: '4', memory: '10000', 'x.com/gpu': '4' }, ['cpu', 'memory', 'x.com/gpu']),
    ).toBe(79);
  });

  test('leaves out resources the node lacks and scalars the pod does not ask for', () => {
    expect(raw({ cpu: '3', memory: '5000' }, { cpu: '4', memory: '0' })).toBeUndefined();
    expect(raw({ cpu: '3' }, { cpu: '4', memory: '10000', 'x.com/gpu': '4' }, ['cpu', 'x.com/gpu'])).toBe(100);
  });

  test.each([
    ['1.34', true],
    ['1.32', false],
  ] as const)('v%s skips pods that request none of its resources: %s', (version, skips) => {
    const { scoreSkipped, total } = decide({ version, nodes: [rawNode('a'), rawNode('b')] });
    expect(scoreSkipped?.includes(NAME)).toBe(skips);
    expect(total?.['a']).toBe(skips ? 397 : 497);
  });
});

/** Samples of packing that look again only at what has changed. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeRecord, RequestShape } from '../../src/metrics/cluster-records.ts';
import { PackingSampler } from '../../src/metrics/packing.ts';
import { check } from '../support/seeded.ts';

interface Change {
  readonly node: number;
  readonly requested: readonly number[];
  readonly isReady: boolean;
  readonly exists: boolean;
}

test('a sampler that looks at changed nodes only finds what one that looks at all of them finds', () => {
  const amounts = fc.array(fc.constantFrom(0, 1, 2, 3, 5), { minLength: 1, maxLength: 3 });
  const anyChange: fc.Arbitrary<Change> = fc.record({
    node: fc.nat(4),
    requested: amounts,
    isReady: fc.boolean(),
    exists: fc.constantFrom(true, true, true, false),
  });
  const anyStep = fc.tuple(
    fc.array(anyChange, { maxLength: 3 }),
    // Which shape has become more frequent, if any; how many resources are known.
    fc.constantFrom(-1, -1, 0, 1, 2),
    fc.constantFrom(3, 3, 4),
  );
  check(
    fc.property(fc.array(amounts, { minLength: 3, maxLength: 3 }), fc.array(anyStep, { maxLength: 12 }), (requests, steps) => {
      const nodes = Array.from({ length: 5 }, (_, index) => ({
        index,
        node: {} as NodeRecord['node'],
        isReady: true,
        isSchedulable: index !== 4,
        allocatable: Float64Array.from([4, 4 + index, index]),
        requested: new Float64Array(0),
      })) as unknown as NodeRecord[];
      const shapes: RequestShape[] = requests.map((vector) => ({ requests: Float64Array.from(vector), count: 1 }));
      const sampler = new PackingSampler();
      for (const [changes, grown, width] of steps) {
        for (const { node: index, requested, isReady, exists } of changes) {
          const node = nodes[index]!;
          node.requested = Float64Array.from(requested);
          node.isReady = isReady;
          node.node = exists ? ({} as NodeRecord['node']) : undefined;
          sampler.forget(node);
        }
        if (grown >= 0) shapes[grown]!.count++;
        expect(sampler.sample(nodes, shapes, width)).toEqual(new PackingSampler().sample(nodes, shapes, width));
      }
    }),
    300,
  );
});

import { describe, expect, test } from 'vitest';
import { constant } from '../../src/engine/distributions.ts';
import { Rng } from '../../src/engine/rng.ts';
import type { PodArrival } from '../../src/objects/arrival.ts';
import { type PodShape, SyntheticCursor, type SyntheticOptions } from '../../src/workload/synthetic.ts';

const SECOND = 1_000_000;
const GIB = 2 ** 30;

function shape(name: string, fields: Partial<PodShape> = {}): PodShape {
  return {
    name,
    weight: 1,
    cpuMilli: constant(500),
    memoryBytes: constant(GIB),
    resources: {},
    runTime: undefined,
    labels: {},
    nodeSelector: {},
    priorityClassName: '',
    image: 'app:1',
    ...fields,
  };
}

function draw(count: number, fields: Partial<SyntheticOptions> = {}, seed = 1): PodArrival[] {
  const options: SyntheticOptions = {
    name: 'web',
    interarrival: { kind: 'exponential', mean: 10 * SECOND },
    batch: constant(1),
    startUs: 0,
    untilUs: Infinity,
    maxPods: count,
    shapes: [shape('one')],
    ...fields,
  };
  const cursor = new SyntheticCursor(options, Rng.root(seed));
  const arrivals: PodArrival[] = [];
  for (let arrival = cursor.next(); arrival !== undefined; arrival = cursor.next()) arrivals.push(arrival);
  return arrivals;
}

describe('SyntheticCursor', () => {
  test('draws Poisson arrivals of the wanted rate', () => {
    const arrivals = draw(5000);
    expect(arrivals).toHaveLength(5000);
    expect(arrivals.at(-1)!.timeUs / 5000 / SECOND).toBeCloseTo(10, 0);
    expect(arrivals.every((a) => Number.isSafeInteger(a.timeUs))).toBe(true);
    expect(new Set(arrivals.map((a) => a.name)).size).toBe(5000);
  });

  test('gives the same arrivals for the same seed, others for another', () => {
    expect(draw(50)).toEqual(draw(50));
    expect(draw(50, {}, 2).map((a) => a.timeUs)).not.toEqual(draw(50).map((a) => a.timeUs));
  });

  test('starts and ends when told', () => {
    const arrivals = draw(1000, { startUs: 100 * SECOND, untilUs: 200 * SECOND });
    expect(arrivals[0]!.timeUs).toBeGreaterThanOrEqual(100 * SECOND);
    expect(arrivals.at(-1)!.timeUs).toBeLessThan(200 * SECOND);
    expect(arrivals.length).toBeLessThan(30);
  });

  test('brings batches at one instant', () => {
    const arrivals = draw(30, { batch: constant(3) });
    expect(new Set(arrivals.map((a) => a.timeUs)).size).toBe(10);
  });

  test('draws shapes by weight, never one of weight 0', () => {
    const shapes = [shape('often', { weight: 3 }), shape('never', { weight: 0 }), shape('rare', { cpuMilli: constant(9) })];
    const arrivals = draw(4000, { shapes });
    const share = arrivals.filter((a) => a.template.spec.containers[0]!.resources.requests['cpu'] === '500m').length / 4000;
    expect(share).toBeCloseTo(0.75, 1);
  });

  test('a change of one shape leaves the draws of the others alone', () => {
    const runTimes = (other: PodShape) => {
      const shapes = [shape('kept', { runTime: { kind: 'exponential', mean: SECOND } }), other];
      return draw(200, { shapes })
        .filter((a) => a.runDurationUs !== Infinity)
        .map((a) => a.runDurationUs);
    };
    expect(runTimes(shape('other'))).toEqual(runTimes(shape('other', { cpuMilli: { kind: 'uniform', min: 1, max: 9 } })));
  });

  test('pods of one size share their template; jobs end, services do not', () => {
    const [a, b] = draw(2, { shapes: [shape('job', { runTime: constant(90 * SECOND) })] });
    expect(a!.template).toBe(b!.template);
    expect(a).toMatchObject({ runDurationUs: 90 * SECOND, template: { spec: { restartPolicy: 'Never' } } });
    expect(draw(1)[0]).toMatchObject({ runDurationUs: Infinity, template: { spec: { restartPolicy: 'Always' } } });
  });

  test('asks for what the shape says: drawn sizes in whole MiB, extended resources as limits too, nothing for zero', () => {
    const [pod] = draw(1, {
      shapes: [shape('gpu', { memoryBytes: constant(1.4 * 2 ** 20), cpuMilli: constant(0), resources: { 'nvidia.com/gpu': '2' } })],
    });
    expect(pod!.template.spec.containers[0]!.resources).toEqual({
      requests: { 'nvidia.com/gpu': '2', memory: '1Mi' },
      limits: { 'nvidia.com/gpu': '2' },
    });
  });
});

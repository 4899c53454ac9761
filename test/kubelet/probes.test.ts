import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FailingSpan, mergeSpans, nextResultChangeUs } from '../../src/kubelet/probes.ts';
import type { Probe } from '../../src/objects/pod.ts';
import { check } from '../support/seeded.ts';

const S = 1_000_000;

/** Probes one period after the other, as a kubelet does, up to a limit. */
function naiveChangeUs(
  probe: Probe,
  isSuccess: boolean,
  gridUs: number,
  startedUs: number,
  fromUs: number,
  failing: readonly FailingSpan[],
): number {
  let streak = 0;
  for (let timeUs = gridUs; timeUs < 2_000 * S; timeUs += probe.periodSeconds * S) {
    if (timeUs < fromUs || timeUs - startedUs < probe.initialDelaySeconds * S) continue;
    const answers = !failing.some((span) => span.fromUs <= timeUs && timeUs < span.untilUs);
    streak = answers === isSuccess ? 0 : streak + 1;
    if (streak >= (isSuccess ? probe.failureThreshold : probe.successThreshold)) return timeUs;
  }
  return Infinity;
}

test('the next change of a result is what probing period by period finds', () => {
  const seconds = (max: number) => fc.integer({ min: 0, max: max * 4 }).map((quarter) => (quarter * S) / 4);
  const anyProbe = fc.record({
    initialDelaySeconds: fc.nat(30),
    timeoutSeconds: fc.constant(1),
    periodSeconds: fc.integer({ min: 1, max: 15 }),
    successThreshold: fc.integer({ min: 1, max: 3 }),
    failureThreshold: fc.integer({ min: 1, max: 4 }),
    terminationGracePeriodSeconds: fc.constant(undefined),
  });
  const span = fc.tuple(seconds(200), seconds(60)).map(([fromUs, length]) => ({ fromUs, untilUs: fromUs + length }));
  const last = fc.option(
    seconds(300).map((fromUs) => ({ fromUs, untilUs: Infinity })),
    { nil: undefined },
  );
  check(
    fc.property(
      anyProbe,
      fc.boolean(),
      seconds(10),
      seconds(20),
      seconds(100),
      fc.array(span, { maxLength: 5 }),
      last,
      (probe, isSuccess, gridUs, startedUs, afterUs, spans, end) => {
        const failing = mergeSpans(end === undefined ? spans : [...spans, end]);
        const fromUs = startedUs + afterUs;
        expect(nextResultChangeUs(probe, isSuccess, gridUs, startedUs, fromUs, failing)).toBe(
          naiveChangeUs(probe, isSuccess, gridUs, startedUs, fromUs, failing),
        );
      },
    ),
    1000,
  );
});

test('spans that overlap or touch are one', () => {
  const spans = [
    { fromUs: 5, untilUs: 8 },
    { fromUs: 1, untilUs: 3 },
    { fromUs: 3, untilUs: 5 },
    { fromUs: 9, untilUs: 9 },
    { fromUs: 10, untilUs: Infinity },
    { fromUs: 12, untilUs: 13 },
  ];
  expect(mergeSpans(spans)).toEqual([
    { fromUs: 1, untilUs: 8 },
    { fromUs: 10, untilUs: Infinity },
  ]);
});

import { describe, expect, test } from 'vitest';
import { MEASURES } from '../../src/scenario/expect.ts';
import { parseExpectation } from '../../src/scenario/expect-parser.ts';

describe('parseExpectation', () => {
  test.each([
    ['availability(deployment/web) >= 99.9%', 'availability', ['deployment/web'], '>=', 0.999],
    ['availability(deployment/shop/web, 50%) > 0.5', 'availability', ['deployment/shop/web', '50%'], '>', 0.5],
    ['p99(pod.startup) <= 5s', 'p99', ['pod.startup'], '<=', 5_000_000],
    ['time_to_recover(fault/zone-outage)<=6m', 'time_to_recover', ['fault/zone-outage'], '<=', 360_000_000],
    ['count(pods.pending) == 0', 'count', ['pods.pending'], '==', 0],
    ['count(fault/node-crash) >= 7', 'count', ['fault/node-crash'], '>=', 7],
    ['sequence(deployment/web) == 3/0,3/1 , 2/1', 'sequence', ['deployment/web'], '==', '3/0, 3/1, 2/1'],
    ['max_share_lost(deployment/web, zone) <= 34%', 'max_share_lost', ['deployment/web', 'zone'], '<=', 0.34],
    ['share_lost(deployment/web, fault/node-crash) == 25%', 'share_lost', ['deployment/web', 'fault/node-crash'], '==', 0.25],
    ['pods(phase=Running, app = web) == 3', 'pods', ['phase=Running', 'app=web'], '==', 3],
    ['pods(phase!=Running) != 3', 'pods', ['phase!=Running'], '!=', 3],
    ['pods() > 0', 'pods', [], '>', 0],
    ['evictions == 0', 'evictions', [], '==', 0],
    ['evictions(statefulset/db) == 0', 'evictions', ['statefulset/db'], '==', 0],
    ['utilization(nvidia.com/gpu, max) >= 60%', 'utilization', ['nvidia.com/gpu', 'max'], '>=', 0.6],
    ['simulated_time < 2h', 'simulated_time', [], '<', 7_200_000_000],
  ])('reads %s', (text, measure, args, comparator, bound) => {
    expect(parseExpectation(text)).toMatchObject({ ok: true, value: { text, measure, args, comparator, bound } });
  });

  test.each([
    ['', 0, 'expected a measure'],
    ['99 > 3', 0, 'expected a measure'],
    ['availabilty(deployment/web) >= 1', 0, 'unknown measure "availabilty"'],
    ['availability(deployment/web >= 1', 12, 'the parenthesis is never closed'],
    ['availability() >= 1', 13, 'availability(workload, threshold?) takes 1 to 2 arguments, found 0'],
    ['availability >= 1', 13, 'availability(workload, threshold?) takes 1 to 2 arguments, found 0'],
    ['evictions(deployment/a, deployment/b) == 0', 10, 'evictions(workload?) takes 0 to 1 arguments, found 2'],
    ['availability(web) >= 1', 13, 'expected a workload such as deployment/web'],
    ['availability(deploiment/web) >= 1', 13, 'unknown kind of workload "deploiment"'],
    ['p99(pod.starup) <= 5s', 4, 'unknown sample series "pod.starup"'],
    ['count(pods.pnding) == 0', 6, 'unknown set "pods.pnding"'],
    ['max_share_lost(deployment/web, zoen) <= 1', 31, 'unknown level "zoen"'],
    ['share_lost(deployment/web, node-crash) <= 1', 27, 'expected fault/<name>'],
    ['pods(phase=Runing) == 1', 5, 'unknown phase "Runing"'],
    ['pods(phase) == 1', 5, 'expected key=value or key!=value'],
    ['utilization(cpu, average) >= 1', 17, 'unknown statistic "average"'],
    ['availability(deployment/web)', 28, 'expected one of >= <= == != > <'],
    ['availability(deployment/web) = 1', 29, 'expected a comparison, found "="'],
    ['availability(deployment/web) >=', 31, 'expected a ratio such as 99.9% or 0.999 after >='],
    ['availability(deployment/web) >= 5s', 32, 'availability is a ratio: expected a ratio'],
    ['availability(deployment/web) >= 99', 32, 'availability is a ratio from 0 to 1, found 99'],
    ['p99(pod.startup) <= 5', 20, 'p99 is a duration: expected a duration'],
    ['evictions == 5%', 13, 'evictions is a number'],
    ['sequence(deployment/web) >= 3/0', 28, 'a sequence can only be compared with == or !='],
    ['sequence(deployment/web) == 3/0, 3', 33, 'expected pairs of ready replicas such as 3/0, 3/1, found "3"'],
  ])('refuses "%s" at character %i', (text, offset, problem) => {
    const parsed = parseExpectation(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
    expect(parsed.ok ? -1 : parsed.offset).toBe(offset);
  });

  test.each([
    ['availabilty(deployment/web) >= 1', 'did you mean "availability"?'],
    ['p99(pod.starup) <= 5s', 'did you mean "pod.startup"?'],
    ['availability(deployment/web) = 1', 'write == for equality'],
    ['availability(deployment/web) >= 99', 'did you mean 99%?'],
    ['pods(Phase=Running) == 1', 'did you mean "phase"?'],
  ])('says what was probably meant by "%s"', (text, hint) => {
    expect(parseExpectation(text)).toMatchObject({ ok: false, hint });
  });

  test.each(MEASURES.map((measure) => [measure.name, measure.example] as const))('reads its own example of %s', (name, example) => {
    expect(parseExpectation(example)).toMatchObject({ ok: true, value: { measure: name } });
  });
});

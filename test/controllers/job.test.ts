import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addRule } from '../../src/apiserver/controls.ts';
import { setWatchLag } from '../../src/client/controls.ts';
import { garbageCollector } from '../../src/controllers/garbage-collector.ts';
import { job } from '../../src/controllers/job.ts';
import {
  FAILURE_BACKOFF_US_MAX,
  finishTimeOf,
  formatIndexes,
  NO_BACKOFF,
  nextBackoff,
  parseIndexes,
  remainingBackoffUs,
  wantedActive,
} from '../../src/controllers/job-plan.ts';
import { ttlAfterFinished } from '../../src/controllers/ttl-after-finished.ts';
import { HOUR_US, MILLISECOND_US, MINUTE_US, SECOND_US } from '../../src/engine/units.ts';
import { conflict } from '../../src/objects/api-status.ts';
import { finishedCondition, type Job } from '../../src/objects/job.ts';
import { keyOf } from '../../src/objects/meta.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { ControllerWorld, type ControllerWorldOptions } from '../support/controller-world.ts';
import { check } from '../support/seeded.ts';
import { newJob, pod } from './objects.ts';

/** A world whose pods end by themselves `runUs` after their start, as `outcome` says. */
function world(
  options: Partial<ControllerWorldOptions> & {
    readonly runUs?: number;
    readonly outcome?: (pod: Pod, n: number) => 'Succeeded' | 'Failed';
  } = {},
): ControllerWorld {
  const w = new ControllerWorld({ controllers: [job, ttlAfterFinished, garbageCollector], ...options });
  const { runUs = 5 * SECOND_US, outcome = () => 'Succeeded' } = options;
  let ended = 0;
  w.store.onCommit((kind, _type, old, next) => {
    if (kind !== 'Pod' || next === undefined || (next as Pod).status.phase !== 'Running' || (old as Pod).status.phase === 'Running') return;
    const { uid } = next.metadata;
    w.at(w.engine.nowUs + runUs, () => {
      const now = w.store.get('Pod', keyOf(next));
      if (now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined) w.finish(keyOf(next), outcome(now, ended++));
    });
  });
  return w;
}

function statusOf(w: ControllerWorld, name = 'work') {
  return w.get('Job', name)!.status;
}

function endOf(w: ControllerWorld, name = 'work'): string | undefined {
  const end = finishedCondition(w.get('Job', name)!);
  return end && `${end.type}/${end.reason}`;
}

describe('indexes', () => {
  test.each([
    ['', []],
    ['0', [0]],
    ['0,1', [0, 1]],
    ['0-2,5,7,8', [0, 1, 2, 5, 7, 8]],
  ])('%s', (text, list) => {
    expect(parseIndexes(text)).toEqual(list);
    expect(formatIndexes(list)).toBe(text);
  });

  test('read back what was written', () => {
    check(
      fc.property(fc.uniqueArray(fc.nat(40)), (list) => {
        const ordered = list.toSorted((a, b) => a - b);
        expect(parseIndexes(formatIndexes(ordered))).toEqual(ordered);
      }),
    );
  });
});

describe('back-off', () => {
  const failed = (name: string, atS: number): Pod => {
    const base = pod({ name, phase: 'Failed' });
    return {
      ...base,
      status: {
        ...base.status,
        containerStatuses: [],
        conditions: [{ ...base.status.conditions[0]!, lastTransitionTime: atS * SECOND_US }],
      },
    };
  };

  test('is 10 s after the first failure and doubles up to 10 min', () => {
    const waits = [1, 2, 3, 6, 7, 50].map(
      (count) => remainingBackoffUs({ failuresAfterLastSuccess: count, lastFailureUs: 0 }, 0) / SECOND_US,
    );
    expect(waits).toEqual([10, 20, 40, 320, 600, 600]);
    expect(remainingBackoffUs({ failuresAfterLastSuccess: 50, lastFailureUs: 0 }, FAILURE_BACKOFF_US_MAX)).toBe(0);
    expect(remainingBackoffUs(NO_BACKOFF, 0)).toBe(0);
  });

  test('starts over with a success, but failures after it count', () => {
    const record = { failuresAfterLastSuccess: 3, lastFailureUs: 5 };
    expect(nextBackoff(record, { succeeded: [], failed: [] }, 0)).toBe(record);
    expect(nextBackoff(record, { succeeded: [failed('a', 9)], failed: [] }, 0)).toEqual(NO_BACKOFF);
    expect(nextBackoff(record, { succeeded: [], failed: [failed('a', 9)] }, 0)).toEqual({
      failuresAfterLastSuccess: 4,
      lastFailureUs: 9 * SECOND_US,
    });
    expect(nextBackoff(record, { succeeded: [failed('a', 9)], failed: [failed('b', 8), failed('c', 10)] }, 0)).toEqual({
      failuresAfterLastSuccess: 1,
      lastFailureUs: 10 * SECOND_US,
    });
  });

  test('a pod ended when its last container did', () => {
    const base = pod({ phase: 'Failed' });
    const terminated = (finishedAt: number) => ({
      ...base.status.containerStatuses[0]!,
      current: { state: 'terminated' as const, exitCode: 1, reason: 'Error', startedAt: 0, finishedAt },
    });
    expect(finishTimeOf({ ...base, status: { ...base.status, containerStatuses: [terminated(3), terminated(8)] } }, 99)).toBe(8);
  });
});

test.each([
  [{ completions: 5, parallelism: 2 }, 0, 0, 2],
  [{ completions: 5, parallelism: 2 }, 1, 4, 1],
  [{ completions: 5, parallelism: 2 }, 0, 5, 0],
  [{ completions: undefined, parallelism: 3 }, 1, 0, 3],
  [{ completions: undefined, parallelism: 3 }, 2, 1, 2],
])('%j with %i active and %i done wants %i', (spec, active, succeeded, expected) => {
  expect(wantedActive(newJob('work', spec), active, succeeded)).toBe(expected);
});

describe('the controller', () => {
  test('runs so many pods at a time until so many have succeeded', () => {
    const w = world();
    let most = 0;
    w.store.onCommit(() => {
      most = Math.max(most, w.livePods().length);
    });
    w.start(newJob('work', { completions: 7, parallelism: 3 }));
    w.run(2 * MINUTE_US);
    expect(most).toBe(3);
    expect(statusOf(w)).toMatchObject({
      succeeded: 7,
      failed: 0,
      active: 0,
      ready: 0,
      uncountedTerminatedPods: { succeeded: [], failed: [] },
    });
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    expect(statusOf(w).completionTime).toBeGreaterThan(15 * SECOND_US);
    expect(w.pods()).toHaveLength(7);
    expect(w.pods().every((p) => p.metadata.finalizers.length === 0 && p.metadata.labels['job-name'] === 'work')).toBe(true);
    expect(w.events.at(-1)).toBe('Completed work: Job completed');
    const writes = w.writeCount;
    w.run(HOUR_US);
    expect(w.writeCount).toBe(writes);
  });

  test('without a number of completions ends when the running pods have ended after the first success', () => {
    const w = world({ outcome: (_, n) => (n === 0 ? 'Succeeded' : 'Failed') }).start(
      newJob('work', { completions: undefined, parallelism: 3 }),
    );
    w.run(5 * MINUTE_US);
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    expect(w.pods()).toHaveLength(3);
  });

  test('tries again after 10, 20, 40 s and gives up beyond the limit', () => {
    const w = world({ outcome: () => 'Failed' });
    const starts: number[] = [];
    w.store.onCommit((kind, type) => {
      if (kind === 'Pod' && type === 'ADDED') starts.push(w.engine.nowUs / SECOND_US);
    });
    w.start(newJob('work', { backoffLimit: 3 }));
    w.run(10 * MINUTE_US);
    const gaps = starts.slice(1).map((start, i) => Math.round(start - starts[i]! - 6)); // 1 s to start, 5 s to run
    expect(gaps).toEqual([10, 20, 40]);
    expect(endOf(w)).toBe('Failed/BackoffLimitExceeded');
    expect(statusOf(w)).toMatchObject({ failed: 4, succeeded: 0 });
    expect(w.events.at(-1)).toBe('BackoffLimitExceeded work: Job has reached the specified backoff limit');
  });

  test('ends at its deadline, and its pods with it', () => {
    const w = world({ runUs: HOUR_US }).start(newJob('work', { parallelism: 2, completions: 2, activeDeadlineSeconds: 30 }));
    w.run(29 * SECOND_US);
    expect(statusOf(w)).toMatchObject({ active: 2, ready: 2 });
    w.run(20 * SECOND_US);
    expect(endOf(w)).toBe('Failed/DeadlineExceeded');
    expect(w.livePods()).toHaveLength(0);
    expect(statusOf(w)).toMatchObject({ active: 0, failed: 2 });
  });

  test('gives every index its own success', () => {
    const w = world({ outcome: (p, n) => (n === 1 ? 'Failed' : p ? 'Succeeded' : 'Failed') }).start(
      newJob('work', { completionMode: 'Indexed', completions: 4, parallelism: 4 }),
    );
    w.run(5 * MINUTE_US);
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    expect(statusOf(w)).toMatchObject({ succeeded: 4, failed: 1, completedIndexes: '0-3' });
    const indexes = w.pods().map((p) => p.metadata.annotations['batch.kubernetes.io/job-completion-index']);
    expect(new Set(indexes)).toEqual(new Set(['0', '1', '2', '3']));
    expect(w.pods().every((p) => p.metadata.name.startsWith(`${p.spec.hostname}-`))).toBe(true);
  });

  test('stops its pods while suspended, and counts the deadline from when it goes on', () => {
    const w = world({ runUs: 20 * SECOND_US }).start(newJob('work', { activeDeadlineSeconds: 60 }));
    w.run(5 * SECOND_US);
    w.change('Job', 'default/work', (j) => ({ ...j, spec: { ...j.spec, suspend: true } }));
    w.run(2 * MINUTE_US);
    expect(w.livePods()).toHaveLength(0);
    expect(statusOf(w).conditions).toMatchObject([{ type: 'Suspended', status: 'True' }]);
    w.change('Job', 'default/work', (j) => ({ ...j, spec: { ...j.spec, suspend: false } }));
    w.run(MINUTE_US);
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    expect(w.events.filter((event) => /^(Suspended|Resumed)/.test(event))).toEqual([
      'Suspended work: Job suspended',
      'Resumed work: Job resumed',
    ]);
  });

  test('replaces a pod that is deleted from under it', () => {
    const w = world({ runUs: 30 * SECOND_US }).start(newJob('work'));
    w.run(5 * SECOND_US);
    w.remove('Pod', keyOf(w.pods()[0]!));
    w.run(2 * MINUTE_US);
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    expect(statusOf(w)).toMatchObject({ succeeded: 1, failed: 1 });
  });

  test('waits for the end of a pod before replacing it when told so', () => {
    const slow = { runUs: 30 * SECOND_US, stopUs: 20 * SECOND_US };
    const alive = (policy: 'Failed' | 'TerminatingOrFailed') => {
      const w = world(slow).start(newJob('work', { podReplacementPolicy: policy }));
      w.run(5 * SECOND_US);
      w.remove('Pod', keyOf(w.pods()[0]!));
      w.run(15 * SECOND_US);
      return w.livePods().length;
    };
    expect(alive('Failed')).toBe(0);
    expect(alive('TerminatingOrFailed')).toBe(1);
  });

  test('a finished Job goes after its time to live, with its pods', () => {
    const w = world().start(newJob('work', { ttlSecondsAfterFinished: 60 }));
    w.run(50 * SECOND_US);
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    w.run(MINUTE_US);
    expect([w.names('Job'), w.names('Pod')]).toEqual([[], []]);
  });

  test('a conflict at the removal of a finalizer is tried again', () => {
    const w = world({ runUs: 5 * SECOND_US });
    let refusals = 2;
    const status = conflict('the object has been modified');
    addRule([w.server], {
      matches: (request) => request.verb === 'patch' && request.kind === 'Pod' && refusals-- > 0,
      effect: { what: 'refuse', status },
      skip: 0,
      times: Infinity,
    });
    w.start(newJob('work', { parallelism: 1, completions: 1 }));
    w.run(10 * MINUTE_US);
    expect(endOf(w)).toBe('Complete/CompletionsReached');
    expect(w.pods().every((p) => p.metadata.finalizers.length === 0)).toBe(true);
  });

  test('deleting a running Job leaves no pod behind its finalizer', () => {
    const w = world({ runUs: HOUR_US }).start(newJob('work', { parallelism: 3, completions: 3 }));
    w.run(10 * SECOND_US);
    w.remove('Job', 'default/work');
    w.run(MINUTE_US);
    expect([w.names('Job'), w.names('Pod')]).toEqual([[], []]);
  });
});

test('a pod whose finalizer is gone is not counted again by a sync that listed it before it heard so', () => {
  // Late enough that a sync which starts pods hears of the finalizer while it waits for the server.
  for (let lagMs = 2000; lagMs <= 2800; lagMs += 40) {
    const w = world({ runUs: 2 * SECOND_US, linkUs: 50 * MILLISECOND_US });
    let successes = 0;
    w.store.onCommit((kind, _type, old, next) => {
      if (kind === 'Pod' && (next as Pod | undefined)?.status.phase === 'Succeeded' && (old as Pod).status.phase !== 'Succeeded')
        successes++;
      if (kind === 'Job') expect((next as Job).status.succeeded, `with a lag of ${lagMs} ms`).toBeLessThanOrEqual(successes);
    });
    setWatchLag(w.access, 'kube-controller-manager', 'Pod', { kind: 'constant', value: lagMs * MILLISECOND_US });
    w.start(newJob('work', { completions: 12, parallelism: 3 }));
    w.run(MINUTE_US);
  }
});

test('a finalizer whose removal meets a conflict is removed later', () => {
  const w = world();
  addRule([w.server], {
    matches: (request) => request.verb === 'patch' && request.kind === 'Pod' && request.subresource === undefined,
    effect: { what: 'refuse', status: conflict('the object has been modified') },
    times: 1,
  });
  w.start(newJob('work', { completions: 3, parallelism: 1 }));
  w.run(11 * SECOND_US);
  const ended = w.pods().filter((p) => p.status.phase === 'Succeeded');
  expect(endOf(w)).toBeUndefined();
  expect(ended.map((p) => p.metadata.finalizers)).toEqual([[]]);
});

test('every success is counted once, through crashes, lag and removed finished pods', () => {
  const step = fc.oneof(fc.constant('crash' as const), fc.constant('remove' as const), fc.constant('wait' as const));
  const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000_000 }), step), { maxLength: 15 });
  check(
    fc.property(
      plan,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.constantFrom(1_000, 100_000),
      (schedule, completions, parallelism, isIndexed, linkUs) => {
        const w = world({ linkUs, runUs: 2 * SECOND_US, outcome: (_, n) => (n % 3 === 1 ? 'Failed' : 'Succeeded') });
        let successes = 0;
        w.store.onCommit((kind, _type, old, next) => {
          if (kind === 'Pod' && (next as Pod | undefined)?.status.phase === 'Succeeded' && (old as Pod).status.phase !== 'Succeeded')
            successes++;
        });
        w.start(newJob('work', { completions, parallelism, backoffLimit: 100, completionMode: isIndexed ? 'Indexed' : 'NonIndexed' }));
        for (const [waitUs, what] of schedule) {
          w.run(waitUs);
          if (what === 'crash' && w.manager.isRunning) w.manager.restart(SECOND_US);
          else if (what === 'remove') {
            const finished = w.pods().find((p) => p.status.phase === 'Succeeded');
            if (finished !== undefined) w.remove('Pod', keyOf(finished));
          }
        }
        w.run(2 * HOUR_US);
        expect(endOf(w)).toBe('Complete/CompletionsReached');
        const { succeeded, uncountedTerminatedPods } = statusOf(w);
        expect(uncountedTerminatedPods).toEqual({ succeeded: [], failed: [] });
        expect(succeeded).toBeGreaterThanOrEqual(completions);
        if (!isIndexed) expect(succeeded).toBe(successes);
        expect(successes).toBeLessThanOrEqual(completions + parallelism);
        expect(w.pods().every((p) => p.metadata.finalizers.length === 0)).toBe(true);
      },
    ),
    40,
  );
});

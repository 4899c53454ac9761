import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PodTally } from '../../src/controllers/pod-tally.ts';
import { controllerOf } from '../../src/objects/meta.ts';
import { isActive, isPodReady, type Pod } from '../../src/objects/pod.ts';
import { check } from '../support/seeded.ts';
import { pod } from './objects.ts';

const OWNERS = ['a', 'b'];

test('counts as looking at all pods does, through additions, changes, new owners and deletions', () => {
  const state = fc.record({
    owner: fc.option(fc.constantFrom(...OWNERS), { nil: undefined }),
    phase: fc.constantFrom('Pending' as const, 'Running' as const, 'Failed' as const),
    isReady: fc.boolean(),
    isDeleting: fc.boolean(),
    label: fc.constantFrom('x', 'x', 'x', 'y'),
  });
  const step = fc.record({ pod: fc.nat(5), state: fc.option(state, { nil: undefined, freq: 4 }) });
  check(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tally = new PodTally();
      const pods = new Map<number, Pod>();
      for (const { pod: index, state: next } of steps) {
        const old = pods.get(index);
        const now = next === undefined ? undefined : podOf(`p${index}`, next);
        tally.change(old, now);
        if (now === undefined) pods.delete(index);
        else pods.set(index, now);
        for (const uid of OWNERS) {
          const owned = [...pods.values()].filter((entry) => controllerOf(entry)?.uid === uid);
          const found = tally.of(uid);
          expect(found === undefined).toBe(owned.length === 0);
          if (found === undefined) continue;
          const active = owned.filter(isActive);
          expect([found.active, found.ready]).toEqual([active.length, active.filter(isPodReady).length]);
          const isAlike = owned.every((entry) => entry.metadata.labels['app'] === found.labels['app']);
          expect(found.isMixed).toBe(!isAlike);
        }
      }
    }),
    300,
  );
});

interface State {
  readonly owner: string | undefined;
  readonly phase: Pod['status']['phase'];
  readonly isReady: boolean;
  readonly isDeleting: boolean;
  readonly label: string;
}

function podOf(name: string, { owner, phase, isReady, isDeleting, label }: State): Pod {
  const base = pod({ name, phase });
  const ready = { type: 'Ready', status: isReady ? 'True' : 'False', reason: '', message: '', lastTransitionTime: 0 } as const;
  const reference = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'set',
    uid: owner ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { app: label },
      deletionTimestamp: isDeleting ? 1 : undefined,
      ownerReferences: owner === undefined ? [] : [reference],
    },
    status: { ...base.status, conditions: [ready] },
  };
}

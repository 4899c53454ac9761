import { expect, test } from 'vitest';
import { controllerOf, defineController, isApiStatus, keyOf, newMeta, type Pod, WorkQueue } from '../../src/index.ts';
import { newPod, newPodSpec } from '../../src/objects/builders.ts';
import { CaseChecker, defineInvariant, exhausting } from '../../src/testing/index.ts';

/** Makes a pod and then notes it in the status of its Pair; forgets to look whether an earlier life has made one already. */
const forgetful = defineController({
  name: 'forgetful',
  summary: 'one pod for each Pair, noted in its status',
  kinds: ['Pair'],
  workers: 1,
  create: ({ ctx, client }) => {
    const pairs = ctx.informers.of('Pair');
    const queue = new WorkQueue(ctx.scope, 'pairs');
    pairs.addHandlers({ onAdd: (pair) => queue.add(keyOf(pair)) });
    function* reconcile(key: string) {
      const pair = pairs.get(key);
      if (pair === undefined || pair.status['pod'] !== undefined) return undefined;
      const { apiVersion, kind, metadata } = pair;
      const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
      const made = yield* client.create(newPod({ namespace: 'default', generateName: 'pair-', ownerReferences: [owner] }, newPodSpec()));
      if (isApiStatus(made)) return made;
      const noted = yield* client.updateStatus({ ...pair, status: { pod: made.metadata.name } });
      return isApiStatus(noted) ? noted : undefined;
    }
    return { queues: [{ queue, workers: 1, maxRetries: Infinity, reconcile }] };
  },
});

const onePod = defineInvariant({
  name: 'one-pod-per-pair',
  id: '',
  summary: 'a Pair never has two pods',
  create: (probe) => {
    probe.onCommit('Pod', (type) => {
      const pods = probe.store.list('Pod').filter((pod: Pod) => controllerOf(pod)?.kind === 'Pair');
      if (type === 'ADDED' && pods.length > 1) probe.report('a Pair has two pods', [`pod/${keyOf(pods[0]!)}`]);
    });
    return {};
  },
});

const checker = new CaseChecker({ controllers: [forgetful], properties: [onePod] });
const storm = {
  ...checker.storm(0),
  zones: [1],
  apiServers: 1,
  controllerManagers: 1,
  schedulers: 1,
  workloads: [],
  actions: [],
  faults: [],
  objects: [{ apiVersion: 'example.com/v1', kind: 'Pair', metadata: { name: newMeta({ name: 'p' }).name }, spec: {} }],
};

test('finds the one crash between two writes that matters', () => {
  expect(checker.runStorm(storm).violation).toBeUndefined();
  const { failed } = checker.drive(exhausting(storm));
  expect(failed?.outcome.violation?.invariant).toBe('one-pod-per-pair');
  const [crash] = failed!.storm.faults;
  expect(crash!.breaks).toMatchObject({ fault: 'crash-at-write', target: 'component/kube-controller-manager', nth: 1, when: 'after' });
});

test('our own controllers survive a crash at each of their writes', () => {
  const own = new CaseChecker({
    world: { maxNodes: 2, maxZones: 1, maxWorkloads: 1, maxReplicas: 2, maxFaults: 0, maxActions: 1, maxControlPlane: 1 },
  });
  for (const index of [0, 1]) {
    const { runs, failed } = own.drive(exhausting(own.storm(index)));
    expect(failed).toBeUndefined();
    expect(runs).toBeGreaterThan(10);
  }
}, 30_000);

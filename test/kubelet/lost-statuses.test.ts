import { expect, test } from 'vitest';
import { containerTopic } from '../../src/kubelet/topics.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { startScenario } from '../../src/scenario/scenario-run.ts';

/** Found by a storm: the last report of a deleted pod is lost, and its machine goes down before the next. */
const SCENARIO = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: lost-status }
spec:
  seed: 284662
  duration: 5m
  cluster:
    zones: [{ name: a, racks: 1, nodesPerRack: 1, machine: small }]
    machines: { small: { cpu: 4, memory: 16Gi, pods: 32 } }
  events:
    - { at: 30s, fault: node-crash, target: node/a-1-1, for: 17ms }
    - { at: 100s, fault: lost-reply, target: node/a-1-1, skip: 3, count: 1, for: 30s }
    - { at: 120s, drain: node/a-1-1, timeout: 60s }
    - { at: 170s, fault: node-crash, target: node/a-1-1, for: 15ms }
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: set-2 }
spec:
  replicas: 3
  selector: { matchLabels: { app: set-2 } }
  template:
    metadata: { labels: { app: set-2 } }
    spec: { containers: [{ name: main, image: "set-2:1", resources: { requests: { cpu: 100m, memory: 64Mi } } }] }
`;

test('a kubelet that finds nothing of a pod keeps to what was said of its containers before', () => {
  const run = startScenario(loadScenarioText(SCENARIO));
  const fallen: string[] = [];
  let mostRestarts = 0;
  run.world.store.onCommit((kind, _type, old, next) => {
    if (kind !== 'Pod' || next === undefined) return;
    const countOf = (object: unknown): number => {
      const { status } = object as { status: { containerStatuses: readonly { restartCount: number }[] } };
      return status.containerStatuses[0]?.restartCount ?? 0;
    };
    mostRestarts = Math.max(mostRestarts, countOf(next));
    if (old !== undefined && countOf(next) < countOf(old)) fallen.push(next.metadata.name);
  });
  while (!run.advance());
  expect(mostRestarts).toBe(1);
  expect(fallen).toEqual([]);
});

/** Found by a storm: a pod completes while its kubelet cannot say so, and the kubelet starts anew before it can. */
const COMPLETED = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: unreported-end }
spec:
  seed: 11
  duration: 3m
  cluster:
    zones: [{ name: a, racks: 1, nodesPerRack: 1, machine: small }]
    machines: { small: { cpu: 4, memory: 16Gi, pods: 32 } }
  events:
    - { at: 20s, fault: partition, between: [rack/a-1, control-plane], direction: from, for: 40s }
    - { at: 60s, fault: FAULT, target: node/a-1-1, for: 15ms }
---
apiVersion: batch/v1
kind: Job
metadata: { name: work }
spec:
  completions: 1
  parallelism: 1
  template:
    metadata: { annotations: { seatrial.dev/run-duration: 44s } }
    spec:
      restartPolicy: Never
      containers: [{ name: main, image: "work:1", resources: { requests: { cpu: 100m, memory: 64Mi } } }]
`;

test.each(['kubelet-crash', 'node-crash'])('a pod that has completed does not run again after a %s', (fault) => {
  const run = startScenario(loadScenarioText(COMPLETED.replace('FAULT', fault)));
  let starts = 0;
  run.world.engine.observers.on(containerTopic, ({ phase }) => {
    if (phase === 'started') starts++;
  });
  while (!run.advance());
  const [pod] = run.world.store.list('Pod');
  expect(starts).toBe(1);
  expect(pod!.status).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ restartCount: 0, current: { reason: 'Completed' } }] });
});

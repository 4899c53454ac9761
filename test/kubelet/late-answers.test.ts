import { expect, test } from 'vitest';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { startScenario } from '../../src/scenario/scenario-run.ts';

/** Found by a storm: the answer to a status patch is held up while the node is taken for lost and its pods are marked. */
const SCENARIO = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: late-answer }
spec:
  seed: 419214
  duration: 2m
  cluster:
    zones: [{ name: a, racks: 1, nodesPerRack: 2, machine: small }]
    machines: { small: { cpu: 4, memory: 16Gi, pods: 32 } }
  events:
    - { at: 11s, fault: partition, between: [node/a-1-1, control-plane], direction: both, for: 47s }
    - { at: 13s, fault: api-server-restart, target: api-server/0, for: 15ms }
    - { at: 60s, fault: partition, between: [rack/a-1, control-plane], direction: to, for: 18s }
`;

const WORKLOADS = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db-0 }
spec:
  replicas: 3
  serviceName: db-0
  selector: { matchLabels: { app: db-0 } }
  template:
    metadata: { labels: { app: db-0 } }
    spec: { containers: [{ name: main, image: "db-0:1", resources: { requests: { cpu: 100m, memory: 64Mi } } }] }
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: set-1 }
spec:
  replicas: 3
  selector: { matchLabels: { app: set-1 } }
  template:
    metadata: { labels: { app: set-1 } }
    spec: { containers: [{ name: main, image: "set-1:1", resources: { requests: { cpu: 100m, memory: 64Mi } } }] }
`;

test('a status that was changed by others while the answer to the last report was on its way is written back', () => {
  const run = startScenario(loadScenarioText(`${SCENARIO}---\n${WORKLOADS}`));
  while (!run.advance());
  const pods = run.world.store.list('Pod');
  const unready = pods.filter(({ status }) => status.conditions.find(({ type }) => type === 'Ready')?.status !== 'True');
  expect(pods).toHaveLength(6);
  expect(unready.map(({ metadata }) => metadata.name)).toEqual([]);
});

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EventDriver } from '../../../src/scenario/event-driver.ts';
import { loadScenarioText } from '../../../src/scenario/load-text.ts';
import { World } from '../../../src/scenario/world.ts';
import type { InvariantDef } from '../../../src/testing/invariants/invariant.ts';
import { invariants } from '../../../src/testing/invariants/registry.ts';
import { ConvergenceJudge } from '../../../src/testing/judge.ts';
import { invariantsPage, PAGE } from '../../support/invariants-page.ts';

const FOLDER = new URL('../../../src/testing/invariants/', import.meta.url);

/** Everything a user may do to a cluster, and a node that is lost for a while: nothing that a control plane cannot bear. */
const BUSY_DAY = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: busy-day }
spec:
  seed: 3
  cluster:
    zones:
      - { name: a, racks: 1, nodesPerRack: 3, machine: small }
      - { name: b, racks: 1, nodesPerRack: 3, machine: small }
    machines: { small: { cpu: 4, memory: 16Gi, pods: 16 } }
  events:
    - { at: 30s, scale: deployment/web, replicas: 8 }
    - { at: 60s, setImage: deployment/web, image: 'web:2' }
    - { at: 70s, restart: statefulset/db }
    - { at: 90s, drain: node/a-1-1, timeout: 120s }
    - { at: 100s, fault: node-crash, target: node/b-1-1, for: 150s }
    - { at: 110s, fault: component-crash, target: component/kube-controller-manager, for: 10s }
    - { at: 130s, fault: watch-lag, target: component/kube-scheduler, lag: 3s, for: 60s }
    - { at: 150s, setImage: deployment/web, image: 'web:3' }
    - { at: 160s, fault: component-crash, target: component/kube-scheduler, for: 5s }
    - { at: 200s, uncordon: node/a-1-1 }
    - { at: 210s, scale: statefulset/db, replicas: 1 }
    - { at: 230s, delete: replicaset/old }
  converge: { within: 20m, quiet: 2m }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: web } } }
      containers: [ { name: main, image: 'web:1', resources: { requests: { cpu: 500m } } } ]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: web } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 3
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers: [ { name: main, image: 'db:1', resources: { requests: { cpu: '1' } } } ]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: old }
spec:
  replicas: 2
  selector: { matchLabels: { app: old } }
  template:
    metadata: { labels: { app: old } }
    spec: { containers: [ { name: main, image: 'old:1', resources: { requests: { cpu: 100m } } } ] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: sum }
spec:
  completions: 6
  parallelism: 2
  backoffLimit: 20
  template:
    metadata: { annotations: { seatrial.dev/run-duration: 20s } }
    spec:
      restartPolicy: Never
      containers: [ { name: main, image: 'sum:1', resources: { requests: { cpu: 500m } } } ]
`;

function run(defs: readonly InvariantDef[]): { judge: ConvergenceJudge; digest: string } {
  const spec = loadScenarioText(BUSY_DAY);
  const world = new World(spec);
  const judge = new ConvergenceJudge(world, { invariants: defs });
  const driver = new EventDriver(world);
  world.start();
  driver.start();
  world.engine.run({ untilUs: spec.durationUs as number });
  judge.finish();
  return { judge, digest: world.engine.digest.toString() };
}

describe('the invariants', () => {
  test('are silent about a busy day that a control plane can bear, and content with its end', () => {
    const { judge } = run(invariants);
    expect(judge.violations).toEqual([]);
    expect(judge.convergedAfterUs).toBeDefined();
    expect(judge.watch.watched.length).toBeGreaterThan(20);
  });

  test('change nothing by watching', () => {
    const goals = invariants.filter(({ name }) => name === 'workloads-ready');
    expect(run(goals).digest).toBe(run(invariants).digest);
  });

  test('each stand in a file and a test of their name', () => {
    const files = readdirSync(FOLDER).filter((file) => file !== 'invariant.ts' && file !== 'registry.ts');
    expect([...files].sort()).toEqual(invariants.map(({ name }) => `${name}.ts`).sort());
    for (const { name } of invariants) expect(existsSync(new URL(`${name}.test.ts`, import.meta.url)), name).toBe(true);
  });

  test('each say in their header what docs/invariants.md says of them', () => {
    const page = invariantsPage(invariants);
    if (process.env['SEATRIAL_WRITE_DOCS'] !== undefined) writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  });
});

/**
 * Storms of everything that can happen to control loops, in whole clusters: when they are over, nothing of them is left.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SECOND_US } from '../../src/engine/units.ts';
import type { Pod } from '../../src/objects/pod.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import { ScenarioRun } from '../../src/scenario/scenario-run.ts';
import { check } from '../support/seeded.ts';

const kind = fc.constantFrom('', 'Pod', 'Node', 'ReplicaSet', 'Deployment', 'Job', 'StatefulSet');
const someSeconds = (max: number) => fc.integer({ min: 0, max: max * 10 }).map((tenths) => `${tenths * 100}ms`);
const component = fc.constantFrom(
  'component/kube-scheduler',
  'component/kube-controller-manager',
  'component/*',
  'component/kube-scheduler-1',
);
const watcher = fc.oneof(component, fc.constantFrom('node/n1', 'node/*'));
const sender = fc.oneof(watcher, fc.constantFrom('', 'api-server/0', 'api-server/*'));
const filter = {
  verb: fc.constantFrom('', 'read', 'write', 'create', 'patch', 'bind', 'delete'),
  kind,
  skip: fc.nat(3),
  count: fc.nat(5),
  share: fc.constantFrom(1, 0.5),
};
const restartAfter = someSeconds(30);

const breaks = fc.oneof(
  fc.record({
    fault: fc.constant('crash-at-write'),
    target: component,
    when: fc.constantFrom('before', 'after'),
    nth: fc.integer({ min: 1, max: 20 }),
    restartAfter,
  }),
  fc.record({ fault: fc.constant('crash-at-yield'), target: component, nth: fc.integer({ min: 1, max: 60 }), restartAfter }),
  fc.record({ fault: fc.constantFrom('component-crash', 'component-freeze'), target: component }),
  fc.record({ fault: fc.constantFrom('kubelet-crash', 'kubelet-freeze', 'slow-cleanup'), target: fc.constant('node/n1') }),
  fc.record({ fault: fc.constant('watch-lag'), target: watcher, kind, lag: someSeconds(20), stall: fc.boolean() }),
  fc.record({ fault: fc.constant('watch-drop'), target: watcher, kind, relist: fc.boolean() }),
  fc.record({ fault: fc.constant('reconnect'), target: watcher, kind, server: fc.nat(1) }),
  fc.record({ fault: fc.constant('stale-api-server'), target: fc.constantFrom('api-server/0', 'api-server/1'), kind }),
  fc.record({ fault: fc.constant('api-server-restart'), target: fc.constantFrom('api-server/0', 'api-server/*') }),
  fc.record({ fault: fc.constant('etcd-leader-loss') }),
  fc.record({ fault: fc.constant('watch-compaction') }),
  fc.record({ fault: fc.constant('request-refusal'), target: sender, code: fc.constantFrom(409, 429, 500, 503, 504), ...filter }),
  fc.record({ fault: fc.constantFrom('lost-reply', 'lost-request'), target: sender, ...filter }),
  fc.record({
    fault: fc.constant('slow-requests'),
    target: sender,
    delay: someSeconds(10),
    when: fc.constantFrom('before', 'after'),
    ...filter,
  }),
);

const INSTANT = ['watch-compaction'];

const MANIFESTS = `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template: &web
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: "web:1", resources: { requests: { cpu: 300m } } } ] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [ { name: db, image: "db:1", resources: { requests: { cpu: 300m } } } ] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: work }
spec:
  completions: 3
  parallelism: 2
  backoffLimit: 1000
  template:
    metadata: { labels: { app: work }, annotations: { seatrial.dev/run-duration: 10s } }
    spec: { restartPolicy: Never, containers: [ { name: main, image: "work:1", resources: { requests: { cpu: 300m } } } ] }
`;

function scenarioOf(strikes: readonly { readonly atS: number; readonly forS: number; readonly what: object }[], shuffle: number): string {
  const events = strikes.map(({ atS, forS, what }) => {
    const { target, ...rest } = what as { readonly fault: string; readonly target?: string };
    const lasts = INSTANT.includes(rest.fault) ? {} : { for: `${forS}s` };
    return JSON.stringify({ at: `${atS}s`, ...rest, ...lasts, ...(target === undefined || target === '' ? {} : { target }) });
  });
  return `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: storm }
spec:
  duration: 30m
  shuffleTies: ${shuffle}
  cluster:
    nodes: [ { name: n, count: 3, machine: box } ]
    machines: { box: { cpu: 4, memory: 8Gi } }
    controlPlane: { apiServers: 2, controllerManagers: 2 }
  scheduler: { replicas: 2 }
  events: [ { at: 20s, setImage: deployment/web, image: "web:2" }, ${events.join(', ').replaceAll('"node/n1"', '"node/n-1"')} ]
${MANIFESTS}`;
}

test('when all faults are over, every process works again and the cluster is as it should be', () => {
  const strike = fc.record({ atS: fc.nat(60), forS: fc.integer({ min: 1, max: 90 }), what: breaks });
  check(
    fc.property(fc.array(strike, { minLength: 1, maxLength: 6 }), fc.nat(5), (strikes, shuffle) => {
      const run = new ScenarioRun(loadScenarioText(scenarioOf(strikes, shuffle), { files: memoryFiles({}) }), {});
      while (!run.advance());
      const { world, injector } = run;
      expect(injector.openCount).toBe(0);
      expect(world.servers.map((server) => [server.isUp, server.rules.isEmpty])).toEqual([
        [true, true],
        [true, true],
      ]);
      expect([world.access.beforeWrite.length, world.access.afterWrite.length, world.access.runtime.isYieldWatched]).toEqual([0, 0, false]);
      const processes = [...world.schedulers, ...world.controllerManagers];
      expect(processes.map((process) => [process.name, process.isRunning, process.isFrozen])).toEqual(
        processes.map((process) => [process.name, true, false]),
      );
      // Caches are in step: every running process sees the pods of the store.
      const stored = world.store.table('Pod').list(undefined, undefined, undefined) as Pod[];
      for (const process of processes) {
        const seen = process.informersOf('Pod').flatMap((informer) => informer.list().map((pod) => pod.metadata.name));
        if (process.isLeading) expect([process.name, seen.sort()]).toEqual([process.name, stored.map((pod) => pod.metadata.name).sort()]);
      }
      const ready = (app: string): number =>
        stored.filter((pod) => {
          return pod.metadata.labels['app'] === app && pod.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
        }).length;
      const done = stored.filter((pod) => pod.metadata.labels['app'] === 'work' && pod.status.phase === 'Succeeded').length;
      expect([ready('web'), ready('db'), done >= 3]).toEqual([3, 2, true]);
      expect(world.engine.nowUs).toBe(1800 * SECOND_US);
    }),
    20,
  );
});

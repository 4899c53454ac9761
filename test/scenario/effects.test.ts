/**
 * No key is parsed and ignored: each of these changes shows in the events or the tables of a small run.
 */
import { describe, expect, test } from 'vitest';
import { builtInVocabulary } from '../../src/scenario/built-in-vocabulary.ts';
import { loadScenarioText } from '../../src/scenario/load-text.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import { runScenario } from '../../src/scenario/scenario-run.ts';

const TRACE = `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
p-0,1000,1024,0,0,,LS,Succeeded,0,200,10
p-1,500,512,0,0,,LS,Succeeded,120,300,130
p-2,500,512,0,0,,LS,Succeeded,240,500,250
`;

const SCENARIO = `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  seed: 1
  duration: 12m
  cluster:
    zones:
      - { name: a, racks: 2, nodesPerRack: 2, machine: box }
      - { name: b, racks: 2, nodesPerRack: 2, machine: box }
    machines: { box: { cpu: 4, memory: 8Gi } }
  workload:
    - synthetic: { name: batch, every: 20s, maxPods: 9, pod: { cpu: 500m, memory: 256Mi, runTime: 1m, image: "batch:1" } }
    - trace: { format: openb, pods: trace.csv, start: 1m }
  events:
    - { name: crash, at: 3m, fault: node-crash, target: node/a-1-*, for: 2m }
    - { name: hazard, every: 4m, times: 2, fault: node-reboot, target: node/b-*, pick: 1 }
    - { name: cut, at: 4m, fault: partition, between: [rack/b-1, control-plane], for: 1m }
    - { at: 2m, scale: deployment/web, replicas: 5 }
    - { at: 9m, setImage: deployment/web, image: "web:2" }
  expect: [ count(nodes.ready) == 8 ]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: "web:1", resources: { requests: { cpu: 500m, memory: 512Mi } } } ] }
`;

function fingerprint(overrides: readonly string[] = []): { digest: string; tables: string } {
  const spec = loadScenarioText(SCENARIO, {
    files: memoryFiles({ 'trace.csv': TRACE, 'other.csv': TRACE.replace('p-0,1000', 'p-0,2000') }),
    overrides,
  });
  const { digest, result } = runScenario(spec, {
    files: memoryFiles({ 'trace.csv': TRACE, 'other.csv': TRACE.replace('p-0,1000', 'p-0,2000') }),
  });
  return { digest, tables: JSON.stringify(result.tables) };
}

const base = fingerprint();

describe('a change of this key changes the run', () => {
  test.each([
    'spec.seed=2',
    'spec.random=seedrandom-alea',
    'spec.duration=11m',
    'spec.cluster.zones[0].racks=3',
    'spec.cluster.zones[0].powerFeeds=2',
    'spec.cluster.zones[0].taints=[{key: a, effect: NoSchedule}]',
    'spec.cluster.nodes=[{name: extra, machine: box, zone: b}]',
    'spec.cluster.machines.box.cpu=3',
    'spec.cluster.machines.box.pods=1',
    'spec.cluster.machines.box.resources={nvidia.com/gpu: 2}',
    'spec.cluster.machines.box.reserved={cpu: 3500m}',
    'spec.cluster.machines.box.price=2',
    'spec.cluster.machines.box.busyWatts=100',
    'spec.cluster.network.profile=wan',
    'spec.cluster.network.latency={same-region: 20ms}',
    'spec.cluster.controlPlane.at=zone/b',
    'spec.cluster.controlPlane.watchCacheLag=1s',
    'spec.cluster.controlPlane.controllerManagers=2',
    'spec.scheduler={tieBreak: first}',
    'spec.scheduler={cycleCost: 500ms}',
    'spec.scheduler={replicas: 2}',
    'spec.scheduler={name: another}',
    'spec.scheduler={config: {apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, podInitialBackoffSeconds: 5, podMaxBackoffSeconds: 7, profiles: [{plugins: {score: {disabled: [{name: "*"}]}}}]}}',
    'spec.schedulers=[{name: one}, {name: two, config: {apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, profiles: [{schedulerName: other}]}}]',
    ...builtInVocabulary()
      .controllers.filter(({ name }) => ['replicaset', 'deployment', 'node-lifecycle'].includes(name))
      .map(({ name }) => `spec.controllers.${name}.enabled=false`),
    'spec.controllers.node-lifecycle.monitorGracePeriod=20s',
    'spec.kubelet.profile=instant',
    'spec.workload[0].synthetic.every=10s',
    'spec.workload[0].synthetic.batch=2',
    'spec.workload[0].synthetic.start=1m',
    'spec.workload[0].synthetic.until=1m',
    'spec.workload[0].synthetic.maxPods=5',
    'spec.workload[0].synthetic.namespace=other',
    'spec.workload[0].synthetic.schedulerName=nobody',
    'spec.workload[0].synthetic.name=other',
    'spec.workload[0].synthetic.pod.cpu=1',
    'spec.workload[0].synthetic.pod.memory=1Gi',
    'spec.workload[0].synthetic.pod.resources={nvidia.com/gpu: 1}',
    'spec.workload[0].synthetic.pod.runTime=2m',
    'spec.workload[0].synthetic.pod.nodeSelector={topology.kubernetes.io/zone: a}',
    'spec.workload[0].synthetic.pod.image=other:1',
    'spec.workload[1].trace.pods=other.csv',
    'spec.workload[1].trace.from=100s',
    'spec.workload[1].trace.until=200s',
    'spec.workload[1].trace.start=2m',
    'spec.workload[1].trace.speedup=2',
    'spec.workload[1].trace.maxPods=2',
    'spec.workload[1].trace.namespace=other',
    'spec.workload[1].trace.schedulerName=nobody',
    'spec.workload[1].trace.name=other',
    'spec.workload[1].trace.end=deletion',
    'spec.events[0].at=4m',
    'spec.events[0].for=3m',
    'spec.events[0].target=node/a-2-*',
    'spec.events[0].pick=1',
    'spec.events[0].name=other',
    'spec.events[1].every=3m',
    'spec.events[1].from=1m',
    'spec.events[1].until=5m',
    'spec.events[1].times=1',
    'spec.events[2].between=[rack/b-2, control-plane]',
    'spec.events[3].replicas=6',
    'spec.events[4].image=web:3',
    'spec.events[4]={at: 9m, restart: deployment/web}',
    'spec.events[4]={at: 9m, delete: deployment/web}',
    'spec.events[4]={at: 9m, cordon: node/b-1-1}',
    'spec.events[4]={at: 9m, label: node/b-1-1, labels: {a: b}}',
    'spec.events[4]={at: 9m, apply: {apiVersion: v1, kind: Namespace, metadata: {name: new}}}',
    'spec.metrics.interval=1m',
    'spec.metrics.keepEvents=true',
    'spec.metrics.keepPods=false',
    'spec.metrics.warmup=6m',
  ])('%s', (override) => {
    const changed = fingerprint([override]);
    expect(changed.digest !== base.digest || changed.tables !== base.tables).toBe(true);
  });

  test.each([
    ['spec.cluster.zones[0].labels={disk: ssd}', 'spec.workload[0].synthetic.pod.nodeSelector={disk: ssd}'],
    ['spec.cluster.machines.box.idleWatts=100', 'spec.cluster.machines.box.busyWatts=200'],
    ['spec.cluster.controlPlane.apiServers=3', 'spec.events[2]={at: 3m, fault: api-server-restart, target: api-server/0, for: 1m}'],
    [
      'spec.workload[0].synthetic.pod.priorityClassName=system-cluster-critical',
      'spec.cluster.machines.box.cpu=1',
      'deployment/web:spec.replicas=20',
    ],
    [
      'spec.kubelet.sandboxContention=7s',
      'spec.workload[0].synthetic.batch=9',
      'spec.workload[0].synthetic.pod.nodeSelector={kubernetes.io/hostname: a-1-1}',
    ],
    ['spec.events[4].container=nobody', 'spec.events[4].at=8m'],
  ])('%s, given %s %s', (override, ...context) => {
    const given = context.filter((text) => text !== undefined);
    const [before, after] = [fingerprint(given), fingerprint([...given, override])];
    expect(after.digest !== before.digest || after.tables !== before.tables).toBe(true);
  });

  /** Only pods with volumes, init containers, failing syncs or an open end show these. */
  const RARE = ['volumeWait', 'initRun', 'release', 'retryPeriod', 'batchRun', 'batchEnds', 'sandboxContention'];
  const VALUES: Readonly<Record<string, string>> = { boolean: 'false', bytes: '3M', number: '3' };

  test.each(
    builtInVocabulary()
      .kubeletParams.filter(({ name }) => !RARE.includes(name))
      .map(({ name, type }) => `spec.kubelet.${name}=${VALUES[type] ?? '7s'}`),
  )('%s', (override) => {
    const changed = fingerprint([override]);
    expect(changed.digest !== base.digest || changed.tables !== base.tables).toBe(true);
  });
});

describe('pods that are to run to their end and do not say for how long', () => {
  const SMALL = `
apiVersion: v1
kind: Node
metadata: { name: n }
status: { allocatable: { cpu: "1", pods: "10" } }
---
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { restartPolicy: OnFailure, containers: [{ name: main, image: "a:1", resources: { requests: { cpu: "1" } } }] }
---
apiVersion: v1
kind: Pod
metadata: { name: b }
spec: { restartPolicy: Never, containers: [{ name: main, image: "a:1", resources: { requests: { cpu: "1" } } }] }
`;
  const run = (...overrides: string[]) => {
    const { result, end, simulatedUs } = runScenario(loadScenarioText(SMALL, { overrides }));
    const pending = result.summary.find(({ title }) => title === 'Pods without a node at the end')?.value;
    return { end, pending, minutes: Math.floor(simulatedUs / 60_000_000) };
  };

  test('end after a time of batchRun', () => {
    expect(run('spec.kubelet.batchRun=10m')).toEqual({ end: 'idle', pending: 0, minutes: 20 });
    expect(run('spec.kubelet.batchRun=20m')).toEqual({ end: 'idle', pending: 0, minutes: 40 });
  });

  test('run on without batchEnds, and what waits for their room does not keep the run going', () => {
    expect(run('spec.kubelet.batchEnds=false')).toEqual({ end: 'idle', pending: 1, minutes: 0 });
  });
});

test('evaluators decide alike', () => {
  for (const evaluator of ['plain', 'incremental'])
    expect(fingerprint([`spec.scheduler={evaluator: ${evaluator}}`]).digest).toBe(base.digest);
});

test('the same run is the same', () => {
  expect(fingerprint()).toEqual(base);
  expect(fingerprint(['spec.seed=1'])).toEqual(base);
});

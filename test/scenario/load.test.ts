import { describe, expect, test } from 'vitest';
import { EVALUATOR_NAMES } from '../../src/scheduler/evaluators.ts';
import { DEPLOYMENT, load, problemsOf, scenario } from './words.ts';

describe('a small scenario', () => {
  const spec = load({ 's.yaml': scenario('') });

  test('gets a default for everything it leaves out', () => {
    expect(spec).toMatchObject({
      name: 's',
      description: '',
      seed: 1,
      randomSource: 'sfc32',
      durationUs: 3_600_000_000,
      kubernetesVersion: '1.34',
      quirks: [],
      controlPlane: { placement: undefined, apiServers: 1, controllerManagers: 1, watchCacheLag: { kind: 'constant', value: 0 } },
      schedulers: [{ name: 'kube-scheduler', config: undefined, evaluator: EVALUATOR_NAMES[0], tieBreak: 'random', replicas: 1 }],
      controllers: { settings: {} },
      kubelet: { profile: 'realistic', overrides: {} },
      manifests: [],
      workload: [],
      events: [],
      expect: [],
      metrics: { intervalUs: 10_000_000, keepEvents: false, keepPods: true, warmupUs: 0 },
    });
  });

  test('lists its machines with their places', () => {
    expect(spec.cluster.nodes.map((node) => [node.name, node.rack, node.power, node.zone, node.region, node.machine])).toEqual([
      ['a-1-1', 'a-1', 'a-1', 'a', 'region-1', 'm5.large'],
      ['a-1-2', 'a-1', 'a-1', 'a', 'region-1', 'm5.large'],
      ['a-2-1', 'a-2', 'a-1', 'a', 'region-1', 'm5.large'],
      ['a-2-2', 'a-2', 'a-1', 'a', 'region-1', 'm5.large'],
      ['b-1-1', 'b-1', 'b-1', 'b', 'region-1', 'm5.large'],
    ]);
    expect(Object.keys(spec.cluster.machines)).toEqual(['m5.large']);
  });

  test('is plain data', () => {
    expect(structuredClone(spec)).toEqual(spec);
  });
});

describe('a full scenario', () => {
  const spec = load(
    {
      'dir/s.yaml': `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: full }
spec:
  seed: blue
  random: seedrandom-alea
  duration: idle
  idleLimit: 30d
  quirks: [gc-absent-owner-by-uid]
  cluster:
    regions:
      - name: east
        zones: [ { name: a, racks: 4, nodesPerRack: 1, powerFeeds: 2, machine: big, labels: { disk: ssd }, taints: [ { key: k, effect: NoSchedule } ] } ]
      - name: west
        zones: [ { name: b, machine: m5.large, racks: [ { nodes: 2 }, { nodes: 1, machine: big, count: 2 } ] } ]
    nodes: [ { name: extra, count: 2, machine: big, zone: b, rack: b-1 } ]
    machines: { big: { cpu: 32, memory: 128Gi, pods: 250, resources: { nvidia.com/gpu: 4 }, reserved: { cpu: 100m }, price: 1.5, idleWatts: 100, busyWatts: 300 } }
    network: { profile: lan, latency: { same-rack: 0.1ms } }
    controlPlane: { at: region/east, apiServers: 3, watchCacheLag: 5ms, controllerManagers: 2 }
  scheduler: { config: profiles/packing.yaml, evaluator: plain, tieBreak: first, cycleCost: "uniform(1ms, 2ms)", replicas: 2 }
  controllers: { taint-eviction: { enabled: false }, node-lifecycle: { grace: 40s } }
  kubelet: { profile: instant, sandboxCreate: 1s }
  manifests: [ ../web.yaml, { apiVersion: v1, kind: Namespace, metadata: { name: shop } } ]
  workload:
    - trace: { format: openb, pods: p.csv, gpuShare: true, from: 1h, until: 2h, speedup: 2, maxPods: 10 }
    - synthetic: { name: batch, every: exponential(mean: 10s), batch: 3, until: 1h, pod: { cpu: "uniform(100m, 2)", memory: 1Gi, runTime: 5m } }
  events:
    - { at: 10m, apply: ../web.yaml }
    - { at: 11m, scale: deployment/web, replicas: 5 }
    - { at: 12m, setImage: deployment/web, image: "web:2", container: web }
    - { at: 13m, restart: deploy/web }
    - { at: 14m, cordon: node/a-1-* }
    - { at: 15m, uncordon: node/a-1-1 }
    - { at: 16m, label: node/a-1-1, labels: { disk: hdd, gone: null } }
    - { at: 17m, delete: deployment/shop/web }
    - { at: 40m, fault: zone-outage, target: zone/b, for: 25m }
    - { every: exponential(mean: 30d), until: 60d, fault: node-crash, target: node/*, for: lognormal(median: 15m, sigma: 1), pick: 2 }
    - { name: cut, at: 90m, fault: partition, between: [ rack/b-2, control-plane ], direction: to, for: 3m }
    - { at: 95m, fault: zone-outage, target: [zone/a, zone/b], for: 1m }
    - { at: 96m, fault: slow-disk, target: node/a-1-1, factor: 3, delay: 10ms }
  expect:
    - availability(deployment/web) >= 99.9%
    - time_to_recover(fault/cut) <= 6m
    - time_to_recover(fault/zone-outage-2) <= 6m
  metrics: { interval: 1m, keepEvents: true, keepPods: false, warmup: 5m }
`,
      'web.yaml': DEPLOYMENT,
      'dir/profiles/packing.yaml': 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n',
      'dir/p.csv': 'name\n',
    },
    [],
    ['dir/s.yaml'],
  );

  test('keeps what its cluster says', () => {
    expect(spec.cluster.nodes.map((node) => `${node.region}/${node.zone}/${node.power}/${node.rack}/${node.name}:${node.machine}`)).toEqual(
      [
        'east/a/a-1/a-1/a-1-1:big',
        'east/a/a-1/a-2/a-2-1:big',
        'east/a/a-2/a-3/a-3-1:big',
        'east/a/a-2/a-4/a-4-1:big',
        'west/b/b-1/b-1/b-1-1:m5.large',
        'west/b/b-1/b-1/b-1-2:m5.large',
        'west/b/b-1/b-2/b-2-1:big',
        'west/b/b-1/b-3/b-3-1:big',
        'west/b/b-1/b-1/extra-1:big',
        'west/b/b-1/b-1/extra-2:big',
      ],
    );
    expect(spec.cluster.nodes[0]).toMatchObject({ labels: { disk: 'ssd' }, taints: [{ key: 'k', value: '', effect: 'NoSchedule' }] });
    expect(spec.cluster.machines['big']).toEqual({
      name: 'big',
      capacity: { cpu: '32', memory: '128Gi', pods: '250', 'nvidia.com/gpu': '4' },
      reserved: { cpu: '100m' },
      pricePerHour: 1.5,
      idleWatts: 100,
      busyWatts: 300,
    });
    expect(spec.cluster.network).toEqual({ profile: 'lan', latency: { 'same-rack': { kind: 'constant', value: 100 } } });
    expect(spec.controlPlane).toMatchObject({
      placement: 'region/east',
      apiServers: 3,
      controllerManagers: 2,
      watchCacheLag: { value: 5000 },
    });
  });

  test('keeps what its components say', () => {
    expect(spec).toMatchObject({
      seed: 'blue',
      randomSource: 'seedrandom-alea',
      durationUs: 'idle',
      idleLimitUs: 2_592_000_000_000,
      quirks: ['gc-absent-owner-by-uid'],
    });
    expect(spec.schedulers[0]).toMatchObject({
      config: { value: { kind: 'KubeSchedulerConfiguration' }, position: { file: 'dir/profiles/packing.yaml', line: 1 } },
      evaluator: 'plain',
      tieBreak: 'first',
      cycleCost: { kind: 'distribution', durationUs: { kind: 'uniform', min: 1000, max: 2000 } },
      replicas: 2,
    });
    expect(spec.controllers.settings).toEqual({
      'taint-eviction': { enabled: false, params: {} },
      'node-lifecycle': { enabled: true, params: { grace: 40_000_000 } },
    });
    expect(spec.kubelet).toEqual({ profile: 'instant', overrides: { sandboxCreate: { kind: 'constant', value: 1_000_000 } } });
    expect(spec.metrics).toEqual({ intervalUs: 60_000_000, keepEvents: true, keepPods: false, warmupUs: 300_000_000 });
  });

  test('finds files relative to itself', () => {
    expect(
      spec.manifests.map((entry) => [entry.object.kind, entry.object.metadata.name, entry.position.file, entry.position.line]),
    ).toEqual([
      ['Deployment', 'web', 'web.yaml', 1],
      ['Namespace', 'shop', 'dir/s.yaml', 23],
    ]);
    expect(spec.workload[0]).toMatchObject({
      kind: 'trace',
      name: 'openb',
      files: { pods: ['dir/p.csv'] },
      options: { gpuShare: true },
      maxPods: 10,
      speedup: 2,
    });
  });

  test('keeps its workload and events', () => {
    expect(spec.workload[1]).toMatchObject({
      kind: 'synthetic',
      name: 'batch',
      interarrival: { kind: 'exponential', mean: 10_000_000 },
      batch: { kind: 'constant', value: 3 },
      untilUs: 3_600_000_000,
      maxPods: Infinity,
      shapes: [
        {
          name: 'batch',
          weight: 1,
          cpuMilli: { kind: 'uniform', min: 100, max: 2000 },
          memoryBytes: { value: 1_073_741_824 },
          runTime: { value: 300_000_000 },
        },
      ],
    });
    expect(spec.events.map((event) => [event.name, event.action.kind])).toEqual([
      ['apply', 'apply'],
      ['scale', 'scale'],
      ['setImage', 'set-image'],
      ['restart', 'restart'],
      ['cordon', 'cordon'],
      ['uncordon', 'uncordon'],
      ['label', 'label'],
      ['delete', 'delete'],
      ['zone-outage', 'fault'],
      ['node-crash', 'fault'],
      ['cut', 'fault'],
      ['zone-outage-2', 'fault'],
      ['slow-disk', 'fault'],
    ]);
    expect(spec.events[6]!.action).toEqual({
      kind: 'label',
      target: { kind: 'Node', namespace: '', name: 'a-1-1' },
      labels: { disk: 'hdd', gone: undefined },
    });
    expect(spec.events[7]!.action).toEqual({ kind: 'delete', target: { kind: 'Deployment', namespace: 'shop', name: 'web' } });
    expect(spec.events[9]).toMatchObject({
      when: { kind: 'every', interval: { kind: 'exponential' }, fromUs: 0, untilUs: 5_184_000_000_000, times: Infinity },
      action: { fault: 'node-crash', targets: ['node/*'], duration: { kind: 'lognormal' }, pick: 2 },
    });
    expect(spec.events[10]!.action).toMatchObject({ between: ['rack/b-2', 'control-plane'], params: { direction: 'to' }, targets: [] });
    expect(spec.events[12]!.action).toMatchObject({ params: { factor: 3, delay: 10_000 }, duration: undefined });
  });

  test('knows where expectations stand', () => {
    expect(spec.expect[1]).toMatchObject({ measure: 'time_to_recover', args: ['fault/cut'], file: 'dir/s.yaml', line: 43, column: 7 });
  });
});

describe('several documents and files', () => {
  test('reads a scenario and manifests from one file', () => {
    const spec = load({ 's.yaml': `${scenario('')}---\n${DEPLOYMENT}` });
    expect(spec.manifests.map((entry) => [entry.object.kind, entry.position.line])).toEqual([['Deployment', 8]]);
  });

  test('reads a scenario and manifests from several files', () => {
    const spec = load({ 's.yaml': scenario(''), 'w.yaml': DEPLOYMENT }, [], ['w.yaml', 's.yaml']);
    expect(spec.name).toBe('s');
    expect(spec.manifests).toHaveLength(1);
  });

  test('makes the cluster of Node manifests when there is no scenario', () => {
    const node = (name: string, zone: string): string =>
      `apiVersion: v1\nkind: Node\nmetadata: { name: ${name}, labels: { topology.kubernetes.io/zone: ${zone}, node.kubernetes.io/instance-type: m5.large } }\nstatus: { capacity: { cpu: "4", memory: 8Gi, pods: "110" } }\n`;
    const spec = load({ 'My Cluster.yaml.gz': `${node('n1', 'x')}---\n${node('n2', 'y')}---\n${DEPLOYMENT}` });
    expect(spec.name).toBe('my-cluster');
    expect(spec.durationUs).toBe('idle');
    expect(spec.cluster.nodes.map((found) => [found.name, found.zone, found.machine, found.manifest?.status.capacity['cpu']])).toEqual([
      ['n1', 'x', 'm5.large', '4'],
      ['n2', 'y', 'm5.large', '4'],
    ]);
    expect(spec.manifests).toHaveLength(1);
  });

  test('reads lists as kubectl writes them, leniently', () => {
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'u', managedFields: [] }, somethingNew: 1 }],
    });
    expect(load({ 'l.json': list }).cluster.nodes.map((node) => node.name)).toEqual(['n1']);
  });
});

describe('overrides', () => {
  test('replace values of the scenario before it is checked', () => {
    const spec = load({ 's.yaml': scenario('  events: [ { at: 1m, fault: zone-outage, target: zone/a } ]') }, [
      'spec.seed=9',
      'spec.events[0].for=3m',
      'spec.events[0].target=zone/b',
      'spec.controllers.taint-eviction.enabled=false',
    ]);
    expect(spec.seed).toBe(9);
    expect(spec.events[0]!.action).toMatchObject({ targets: ['zone/b'], duration: { value: 180_000_000 } });
    expect(spec.controllers.settings['taint-eviction']!.enabled).toBe(false);
  });

  test('replace values of manifests, wherever they are written', () => {
    const inline = '  manifests: [ { apiVersion: v1, kind: Namespace, metadata: { name: shop } }, w.yaml ]';
    const spec = load({ 's.yaml': scenario(inline), 'w.yaml': DEPLOYMENT }, [
      'deployment/web:spec.strategy.rollingUpdate.maxSurge=0',
      'namespace/shop:metadata.labels["a/b"]=c',
    ]);
    expect(spec.manifests.map((entry) => entry.object)).toMatchObject([
      { metadata: { labels: { 'a/b': 'c' } } },
      { spec: { strategy: { maxSurge: 0 } } },
    ]);
  });

  test('work without a scenario, too', () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: { name: n1 }\n';
    expect(load({ 'n.yaml': node }, ['spec.seed=4', 'spec.duration=1h'])).toMatchObject({ seed: 4, durationUs: 3_600_000_000 });
  });

  test.each([
    ['seed=9', '--set seed=9: expected a path that starts with spec or metadata, found "seed" (did you mean "spec.seed"?)'],
    ['spec.seed', '--set spec.seed: expected path=value, such as spec.seed=9'],
    ['spec.seed=[', '--set spec.seed=[: cannot read the value "[" (it is read as YAML: quote it, or write lists as [a, b])'],
    ['spec.sed=9', '--set spec.sed=9: spec.sed: unknown key "sed" (did you mean "seed"?)'],
    [
      'spec.duration=5',
      '--set spec.duration=5: spec.duration: expected a duration such as 250ms, 90s, 20m, 2h or 30d, found "5" (write "5s" for seconds)',
    ],
    [
      'deployment/wbe:spec.replicas=1',
      '--set deployment/wbe:spec.replicas=1: no manifest is Deployment/default/wbe (did you mean "Deployment/default/web"?)',
    ],
    [
      'deployment/web:spec.replcas=1',
      expect.stringContaining('--set deployment/web:spec.replcas=1: spec.replcas: unknown field "replcas"'),
    ],
  ])('are refused when wrong: %s', (override, message) => {
    expect(problemsOf(() => load({ 's.yaml': `${scenario('')}---\n${DEPLOYMENT}` }, [override]))).toEqual([message]);
  });
});

describe('bad input', () => {
  const table: [name: string, body: string, messages: unknown[]][] = [
    ['an unknown key', '  sed: 7', ['s.yaml:7:3: spec.sed: unknown key "sed" (did you mean "seed"?)']],
    ['a wrong type', '  events: 3', ['s.yaml:7:11: spec.events: expected a list, found 3']],
    [
      'a duration without unit',
      '  metrics: { interval: 10 }',
      [expect.stringMatching(/^s\.yaml:7:24: spec\.metrics\.interval: expected a duration .* \(write "10s" for seconds\)$/)],
    ],
    [
      'an unknown fault',
      '  events: [ { at: 1m, fault: zone-outge, target: zone/a } ]',
      [expect.stringMatching(/^s\.yaml:7:30: spec\.events\[0\]\.fault: unknown value "zone-outge".*\(did you mean "zone-outage"\?\)$/)],
    ],
    [
      'a target that does not exist',
      '  events: [ { at: 1m, fault: zone-outage, target: zone/c } ]',
      ['s.yaml:7:51: spec.events[0].target: no zone matches "zone/c", expected one of zone/a, zone/b (did you mean "zone/a"?)'],
    ],
    [
      'a target the fault cannot strike',
      '  events: [ { at: 1m, fault: zone-outage, target: node/a-1-1 } ]',
      [expect.stringContaining('spec.events[0].target: unknown target of zone-outage "node/a-1-1", expected one of zone/<name>')],
    ],
    [
      'a second target that does not exist',
      '  events: [ { at: 1m, fault: zone-outage, target: [zone/a, zone/q] } ]',
      [expect.stringMatching(/^s\.yaml:7:60: spec\.events\[0\]\.target\[1\]: no zone matches "zone\/q"/)],
    ],
    [
      'a fault without a target',
      '  events: [ { at: 1m, fault: zone-outage } ]',
      ['s.yaml:7:13: spec.events[0]: zone-outage needs a "target" such as zone/<name>'],
    ],
    [
      'a link fault without ends',
      '  events: [ { at: 1m, fault: partition, target: zone/a } ]',
      [
        expect.stringContaining('partition needs "between" with two ends'),
        's.yaml:7:41: spec.events[0].target: partition takes no "target"',
      ],
    ],
    [
      'a parameter of another fault',
      '  events: [ { at: 1m, fault: zone-outage, target: zone/a, factor: 3 } ]',
      [expect.stringContaining('s.yaml:7:59: spec.events[0].factor: unknown parameter of zone-outage "factor"')],
    ],
    [
      'a bad parameter',
      '  events: [ { at: 1m, fault: slow-disk, target: node/a-1-1, factor: 0.5 } ]',
      ['s.yaml:7:69: spec.events[0].factor: expected at least 1, found 0.5'],
    ],
    [
      'a bad choice',
      '  events: [ { at: 1m, fault: partition, between: [zone/a, zone/b], direction: too } ]',
      [
        expect.stringMatching(
          /^s\.yaml:7:79: spec\.events\[0\]\.direction: unknown value "too", expected one of both, to, from \(did you mean "to"\?\)$/,
        ),
      ],
    ],
    [
      'a missing parameter',
      '  events: [ { at: 1m, fault: slow-disk, target: node/a-1-1 } ]',
      [expect.stringContaining('slow-disk needs "factor": how much slower')],
    ],
    [
      'a duration for an instant',
      '  events: [ { at: 1m, fault: slow-disk, target: node/a-1-1, factor: 2, for: 1m } ]',
      [expect.stringContaining('slow-disk happens in an instant: leave "for" out')],
    ],
    [
      'an event without time',
      '  events: [ { fault: zone-outage, target: zone/a } ]',
      [expect.stringContaining('an event needs a time: "at" or "every"')],
    ],
    [
      'an event with two times',
      '  events: [ { at: 1m, every: 1m, fault: zone-outage, target: zone/a } ]',
      [expect.stringContaining('an event has either "at" or "every", not both')],
    ],
    [
      'an event without action',
      '  events: [ { at: 1m } ]',
      [expect.stringContaining('an event needs something to do: one of fault, apply')],
    ],
    [
      'an event with two actions',
      '  events: [ { at: 1m, cordon: node/a-1-1, delete: deployment/web } ]',
      [expect.stringContaining('an event does one thing, found delete and cordon')],
    ],
    [
      'a stray companion',
      '  events: [ { at: 1m, cordon: node/a-1-1, replicas: 3 } ]',
      ['s.yaml:7:43: spec.events[0].replicas: "replicas" only goes with "scale"'],
    ],
    [
      'a stray fault parameter',
      '  events: [ { at: 1m, cordon: node/a-1-1, factor: 3 } ]',
      ['s.yaml:7:43: spec.events[0].factor: "factor" is a parameter of faults, not of "cordon"'],
    ],
    [
      'an action on the wrong kind',
      '  events: [ { at: 1m, scale: node/a-1-1, replicas: 3 } ]',
      [expect.stringContaining('unknown kind "node", expected one of deployment, replicaset, statefulset')],
    ],
    [
      'an unknown kind',
      '  events: [ { at: 1m, delete: deploiment/web } ]',
      [expect.stringMatching(/unknown kind "deploiment".*\(did you mean "deployment"\?\)/)],
    ],
    [
      'no time between occurrences',
      '  events: [ { every: 0s, fault: zone-outage, target: zone/a } ]',
      [expect.stringContaining('the time between two occurrences must be above 0')],
    ],
    [
      'two events of one name',
      '  events: [ { name: x, at: 1m, cordon: node/a-1-1 }, { name: x, at: 2m, uncordon: node/a-1-1 } ]',
      [expect.stringContaining('two events are called "x"')],
    ],
    [
      'a bad expectation',
      '  expect: [ "p99(pod.starup) <= 5s" ]',
      [expect.stringMatching(/^s\.yaml:7:18: spec\.expect\[0\]: unknown sample series "pod\.starup".*\(did you mean "pod\.startup"\?\)$/)],
    ],
    [
      'an expectation of an unknown workload',
      '  expect: [ evictions(deployment/wbe) == 0 ]',
      ['s.yaml:7:13: spec.expect[0]: unknown workload "deployment/wbe"'],
    ],
    [
      'an expectation of an unknown fault',
      '  events: [ { at: 1m, fault: zone-outage, target: zone/a } ]\n  expect: [ count(fault/zone-outge) == 1 ]',
      [
        's.yaml:8:13: spec.expect[0]: unknown fault "fault/zone-outge", expected one of fault/zone-outage (did you mean "fault/zone-outage"?)',
      ],
    ],
    ['a missing manifest', '  manifests: [ ./gone.yaml ]', ['s.yaml:7:16: spec.manifests[0]: file not found: gone.yaml']],
    [
      'a bad manifest in place',
      '  manifests: [ { apiVersion: apps/v1, kind: Deploymnt, metadata: { name: x } } ]',
      [
        expect.stringMatching(
          /^s\.yaml:7:45: spec\.manifests\[0\]\.kind: unknown kind of apps\/v1 "Deploymnt".*\(did you mean "Deployment"\?\)$/,
        ),
      ],
    ],
    [
      'a missing trace file',
      '  workload: [ { trace: { format: openb, pods: gone.csv } } ]',
      ['s.yaml:7:47: spec.workload[0].trace.pods: file not found: gone.csv'],
    ],
    [
      'a trace without its file',
      '  workload: [ { trace: { format: openb } } ]',
      [expect.stringContaining('a openb trace needs "pods": the pod list')],
    ],
    ['a workload that is nothing', '  workload: [ { } ]', [expect.stringContaining('a workload is a "trace" or "synthetic"')]],
    [
      'a synthetic workload without pods',
      '  workload: [ { synthetic: { every: 1s } } ]',
      [expect.stringContaining('a synthetic workload has one "pod" or several "shapes"')],
    ],
    [
      'an unknown controller',
      '  controllers: { taint-evicton: { enabled: false } }',
      [
        expect.stringMatching(
          /^s\.yaml:7:18: spec\.controllers\.taint-evicton: unknown key "taint-evicton".*\(did you mean "taint-eviction"\?\)$/,
        ),
      ],
    ],
    [
      'a bad scheduler config path',
      '  scheduler: { config: gone.yaml }',
      ['s.yaml:7:24: spec.scheduler.config: file not found: gone.yaml'],
    ],
    ['an idle limit without idle', '  idleLimit: 1h', ['s.yaml:7:3: spec.idleLimit: "idleLimit" only goes with "duration: idle"']],
  ];

  test.each(table)('%s', (_, body, messages) => {
    expect(problemsOf(() => load({ 's.yaml': scenario(`${body}\n`) }))).toEqual(messages);
  });

  test.each([
    ['without machines', 'zones: [ { name: a, racks: 2, nodesPerRack: 1 } ]', 'zone "a" needs a "machine"'],
    ['without nodesPerRack', 'zones: [ { name: a, racks: 2, machine: m5.large } ]', 'zone "a" needs "nodesPerRack"'],
    [
      'with an unknown machine',
      'zones: [ { name: a, nodesPerRack: 1, machine: m5.lage } ]',
      'spec.cluster.zones[0].machine: unknown machine "m5.lage" (did you mean "m5.large"?)',
    ],
    [
      'with a zone twice',
      'zones: [ { name: a, nodesPerRack: 1, machine: m5.large }, { name: a, nodesPerRack: 1, machine: m5.large } ]',
      'zone "a" exists twice',
    ],
    [
      'with more feeds than racks',
      'zones: [ { name: a, nodesPerRack: 1, machine: m5.large, powerFeeds: 2 } ]',
      '2 power feeds for 1 racks',
    ],
    [
      'with a rack in two zones',
      'nodes: [ { name: x, machine: m5.large, zone: a, rack: r }, { name: y, machine: m5.large, zone: b, rack: r } ]',
      'node "y": power "a-1" stands in zone/a, not in zone/b',
    ],
    ['with a node twice', 'nodes: [ { name: x, machine: m5.large }, { name: x, machine: m5.large } ]', 'node "x" exists twice'],
    ['without nodes', '{}', 'the cluster has no nodes'],
    [
      'with its control plane nowhere',
      'zones: [ { name: a, nodesPerRack: 1, machine: m5.large } ], controlPlane: { at: zone/q }',
      'no zone matches "zone/q"',
    ],
    [
      'with both forms of racks',
      'zones: [ { name: a, racks: [ { nodes: 1 } ], nodesPerRack: 1, machine: m5.large } ]',
      'a list of racks says itself how many nodes each has',
    ],
  ])('a cluster %s', (_, cluster, message) => {
    const body = cluster === '{}' ? '{}' : `{ ${cluster} }`;
    const text = `apiVersion: seatrial.dev/v1alpha1\nkind: Scenario\nmetadata: { name: s }\nspec:\n  duration: 1h\n  cluster: ${body}\n`;
    const problems = problemsOf(() => load({ 's.yaml': text }));
    expect(problems.join('\n')).toContain(message);
    for (const problem of problems) expect(problem).toMatch(/^s\.yaml:\d+:\d+: /);
  });

  test('everything wrong is reported at once, in the order of the file', () => {
    const problems = problemsOf(() =>
      load({
        's.yaml': scenario(
          '  sed: 7\n  metrics: { interval: 1 }\n  events: [ { at: 1, fault: nothing } ]\n  expect: [ p99(x) > 1s ]\n  manifests: [ ./gone.yaml ]\n',
        ),
      }),
    );
    expect(problems.map((problem) => /^s\.yaml:(\d+):/.exec(problem)?.[1])).toEqual(['7', '8', '9', '9', '10', '11']);
  });

  test('a run until idle that can never be idle', () => {
    const text = scenario('').replace('duration: 1h', 'duration: idle');
    const events = '  events: [ { every: 1h, restart: deployment/web } ]\n';
    const arrivals = '  workload: [ { synthetic: { every: 1s, pod: {} } } ]\n';
    expect(problemsOf(() => load({ 's.yaml': `${text}${events}` }))).toEqual([
      expect.stringContaining('this happens for ever, so a run until idle never ends'),
    ]);
    expect(problemsOf(() => load({ 's.yaml': `${text}${arrivals}` }))).toEqual([expect.stringContaining('these arrivals never stop')]);
    expect(problemsOf(() => load({ 's.yaml': `${text}${events}  idleLimit: 1d\n` }))).toEqual([]);
  });

  test('two scenarios', () => {
    expect(problemsOf(() => load({ 'a.yaml': scenario(''), 'b.yaml': scenario('') }, [], ['a.yaml', 'b.yaml']))).toEqual([
      'b.yaml:2:7: kind: a second Scenario: the first is in a.yaml',
    ]);
  });

  test('a misspelled kind or version of ours', () => {
    expect(problemsOf(() => load({ 's.yaml': scenario('').replace('kind: Scenario', 'kind: Scenerio') }))).toEqual([
      expect.stringContaining('s.yaml:2:7: kind: unknown value "Scenerio", expected Scenario'),
    ]);
    expect(problemsOf(() => load({ 's.yaml': scenario('').replace('v1alpha1', 'v1') }))).toEqual([
      expect.stringContaining('s.yaml:1:13: apiVersion: unknown value "seatrial.dev/v1", expected seatrial.dev/v1alpha1'),
    ]);
  });

  test('an object twice', () => {
    expect(problemsOf(() => load({ 's.yaml': `${scenario('')}---\n${DEPLOYMENT}---\n${DEPLOYMENT}` }))).toEqual([
      expect.stringContaining('Deployment "web" exists twice: first in s.yaml:8'),
    ]);
  });

  test('an empty file, a missing file, broken YAML', () => {
    expect(problemsOf(() => load({ 's.yaml': '' }))).toEqual(['s.yaml: the file is empty: expected a Scenario or manifests']);
    expect(problemsOf(() => load({ 's.yaml': scenario('') }, [], ['t.yaml']))).toEqual(['t.yaml: file not found']);
    expect(problemsOf(() => load({ 's.yaml': 'a: [1\n' }))[0]).toMatch(/^s\.yaml:\d+:\d+: not valid YAML: /);
  });

  test('values that are lists, null or numbers where something else belongs never crash', () => {
    for (const value of ['null', '[]', '{}', '3', '"x"', '[null]', '[[]]', 'true']) {
      for (const key of [
        'cluster',
        'events',
        'expect',
        'manifests',
        'workload',
        'scheduler',
        'schedulers',
        'controllers',
        'kubelet',
        'metrics',
        'seed',
        'duration',
        'quirks',
        'description',
      ]) {
        const text = `apiVersion: seatrial.dev/v1alpha1\nkind: Scenario\nmetadata: { name: s }\nspec:\n  ${key}: ${value}\n`;
        for (const problem of problemsOf(() => load({ 's.yaml': text }))) expect(problem).toMatch(/^s\.yaml(:\d+:\d+)?: /);
      }
    }
    for (const text of [
      '3',
      '[]',
      'x',
      '{}',
      '- a',
      'kind: Scenario',
      'apiVersion: seatrial.dev/v1alpha1\nkind: Scenario\nspec: 3',
      'kind: Scenario\nmetadata: { name: Foo_Bar }',
    ]) {
      expect(problemsOf(() => load({ 's.yaml': text })).length).toBeGreaterThan(0);
    }
  });
});

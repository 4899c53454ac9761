import { describe, expect, test } from 'vitest';
import { formatProblem, ProblemList } from '../../src/base/input-error.ts';
import { type DecodeOptions, decodeAs, decodeObject, decodeObjects } from '../../src/objects/decode.ts';
import { SharedParts } from '../../src/objects/decode-reader.ts';
import type { AnyObject } from '../../src/objects/kinds.ts';
import type { Container, Pod } from '../../src/objects/pod.ts';

function pod(spec: Record<string, unknown>, container: Record<string, unknown> = {}): Pod {
  const problems = new ProblemList();
  const raw = { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'nginx:1.27', ...container }], ...spec } };
  const object = decodeAs('Pod', raw, '', problems);
  expect(problems.problems.map(formatProblem)).toEqual([]);
  return object!;
}

function main(container: Record<string, unknown>): Container {
  return pod({}, container).spec.containers[0]!;
}

function problemsOf(raw: unknown, options: DecodeOptions = {}): string[] {
  const problems = new ProblemList();
  decodeObjects(raw, '', problems, options);
  return problems.problems.map(formatProblem);
}

function podProblems(spec: Record<string, unknown>, options: DecodeOptions = {}): string[] {
  return problemsOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec }, options);
}

describe('pod defaults', () => {
  test('are those of the API server', () => {
    const { spec, status, metadata } = pod({});
    expect(spec).toMatchObject({
      schedulerName: 'default-scheduler',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: undefined,
      nodeSelector: undefined,
    });
    expect(status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(metadata).toMatchObject({ namespace: 'default', uid: '', resourceVersion: 0 });
  });

  test('requests come from limits, resource by resource', () => {
    const { resources } = main({ resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '500m' } } });
    expect(resources.requests).toEqual({ cpu: '500m', memory: '1Gi' });
  });

  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry.example.com:5000/nginx', 'Always'],
    ['registry.example.com:5000/nginx:1.27', 'IfNotPresent'],
    ['nginx@sha256:0123', 'IfNotPresent'],
  ])('image %s is pulled %s', (image, policy) => {
    expect(main({ image }).imagePullPolicy).toBe(policy);
  });

  test('hostNetwork opens every container port on the host', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 81, hostPort: 82 }];
    const { spec } = pod({ hostNetwork: true, containers: [{ name: 'main', ports }] });
    expect(spec.containers[0]!.ports.map((port) => port.hostPort)).toEqual([80, 82]);
    expect(main({ ports }).ports.map((port) => port.hostPort)).toEqual([0, 82]);
  });

  test('pod-level requests come from the containers, then from the limits, once pod-level limits are set', () => {
    const containers = [
      { name: 'a', resources: { requests: { cpu: '100m' } } },
      { name: 'b', resources: { requests: { cpu: '200m' } } },
    ];
    const { spec } = pod({ containers, resources: { limits: { cpu: '1', memory: '1Gi' } } });
    expect(spec.resources).toEqual({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '300m', memory: '1Gi' } });
    expect(pod({ containers, resources: { requests: { memory: '1Gi' } } }).spec.resources).toEqual({
      requests: { memory: '1Gi' },
      limits: {},
    });
  });

  test('probes get upstream’s timings', () => {
    expect(main({ readinessProbe: { exec: {} } }).readinessProbe).toEqual({
      initialDelaySeconds: 0,
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
      terminationGracePeriodSeconds: undefined,
    });
  });
});

test('a Deployment gets 1 replica, 25 % surge and unavailability, 10 revisions and 600 s', () => {
  const problems = new ProblemList();
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c' }] } };
  const raw = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'a' } }, template } };
  expect(decodeAs('Deployment', raw, '', problems)?.spec).toMatchObject({
    replicas: 1,
    strategy: { type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: '25%' },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    minReadySeconds: 0,
    paused: false,
  });
});

test('a node can allocate its capacity unless it says otherwise', () => {
  const node = (status: unknown) => decodeAs('Node', { metadata: { name: 'n' }, status }, '', new ProblemList())!.status.allocatable;
  expect(node({ capacity: { cpu: 4 } })).toEqual({ cpu: '4' });
  expect(node({ capacity: { cpu: 4 }, allocatable: { cpu: '3500m' } })).toEqual({ cpu: '3500m' });
  expect(node({ capacity: { cpu: 4 }, allocatable: {} })).toEqual({});
});

test('times before the epoch of the run are negative', () => {
  const raw = { metadata: { name: 'p', uid: 'u', creationTimestamp: '2024-12-31T23:59:59Z' }, spec: { containers: [{ name: 'c' }] } };
  expect(decodeAs('Pod', raw, '', new ProblemList())?.metadata.creationTimestamp).toBe(-1_000_000);
});

describe('problems', () => {
  const containers = [{ name: 'main', image: 'nginx' }];

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no containers', {}, /spec\.containers: needs at least one container/],
    ['two containers of one name', { containers: [...containers, ...containers] }, /two containers are called "main"/],
    ['a bad container name', { containers: [{ name: 'My_App' }] }, /containers\[0\]\.name: "My_App" must be/],
    ['a number for a string', { containers, nodeName: 7 }, /nodeName: expected a string, found 7 \(write it in quotes: "7"\)/],
    [
      'a string for a number',
      { containers, priority: '5' },
      /priority: expected a whole number, found the string "5" \(write it without quotes\)/,
    ],
    ['a mapping for a list', { containers: {} }, /containers: expected a list, found a mapping/],
    ['a misspelled policy', { containers, restartPolicy: 'Allways' }, /unknown restartPolicy "Allways".*did you mean "Always"/],
    [
      'a bad quantity',
      { containers: [{ name: 'c', resources: { requests: { cpu: '1 core' } } }] },
      /requests\.cpu: "1 core" is not a quantity/,
    ],
    ['a negative quantity', { containers: [{ name: 'c', resources: { requests: { cpu: '-1' } } }] }, /must not be negative/],
    [
      'a request above its limit',
      { containers: [{ name: 'c', resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }] },
      /requests\.memory: 2Gi is more than the limit of 1Gi/,
    ],
    ['a bad label', { containers, nodeSelector: { 'a b': 'x' } }, /nodeSelector\["a b"\]: label key "a b" must be/],
    ['a port out of range', { containers: [{ name: 'c', ports: [{ containerPort: 70_000 }] }] }, /containerPort: must be 1 to 65535/],
    [
      'an unknown toleration effect',
      { containers, tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoScedule' }] },
      /did you mean "NoSchedule"/,
    ],
    [
      'a spread without topology key',
      { containers, topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
      /topologyKey: is required/,
    ],
    [
      'a selector with a mistake',
      {
        containers,
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'zone', labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
            ],
          },
        },
      },
      /operator In needs at least one value/,
    ],
  ])('%s', (_, spec, expected) => {
    expect(podProblems(spec).join('\n')).toMatch(expected);
  });

  test('a selector that does not select its own template', () => {
    const template = { metadata: { labels: { app: 'b' } }, spec: { containers } };
    const raw = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'r' },
      spec: { selector: { matchLabels: { app: 'a' } }, template },
    };
    expect(problemsOf(raw)).toEqual([expect.stringContaining('spec.template.metadata.labels: must match spec.selector')]);
  });

  test('are all found at once', () => {
    expect(podProblems({ containers: [{ name: 1 }, { image: 2 }], restartPolicy: 3 })).toHaveLength(5);
  });

  test('a missing part is reported once, not again for everything in it', () => {
    expect(problemsOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } })).toEqual(['spec: is required']);
  });

  test('of values, not of types, are passed over when told not to validate', () => {
    expect(podProblems({}, { validate: false })).toEqual([]);
    expect(podProblems({ containers: 3 }, { validate: false })).toEqual(['spec.containers: expected a list, found 3']);
  });

  test('never throw, whatever is put in place of a value', () => {
    const odd: unknown[] = [null, 0, -1.5, '', 'x', true, [], [null], [[1]], {}, { a: 1 }, { constructor: 1 }];
    const spec = { containers, affinity: {}, tolerations: [{}], volumes: [{ name: 'v' }], topologySpreadConstraints: [{}], resources: {} };
    for (const value of odd) {
      for (const key of Object.keys(spec)) podProblems({ ...spec, [key]: value });
      for (const key of ['metadata', 'spec', 'status', 'kind', 'apiVersion', 'items']) {
        for (const kind of ['Pod', 'Node', 'Deployment', 'Service', 'List', 'PersistentVolume']) {
          problemsOf({ apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1', kind, metadata: { name: 'x' }, spec, [key]: value });
        }
      }
      problemsOf(value);
    }
  });
});

test('parts that objects share are decoded once, and what is wrong with them is told of each', () => {
  const spec = { containers: [{ name: 'main', image: 'x' }] };
  const bad = { containers: [{ name: 'main', image: 7 }] };
  const strings = { 'a/b': 'not a label value!' };
  const shared = new SharedParts();
  const decode = (metadata: object, raw: object): [AnyObject[], string[]] => {
    const problems = new ProblemList();
    const pods = decodeObjects({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ...metadata }, spec: raw }, '', problems, {
      shared,
    });
    return [pods, problems.problems.map(formatProblem)];
  };
  const [[first]] = decode({ annotations: strings }, spec);
  const [[second]] = decode({ annotations: strings }, spec);
  expect((second as Pod).spec).toBe((first as Pod).spec);
  expect(second).toEqual(first);
  expect(decode({}, bad)[1]).toEqual(decode({}, bad)[1]);
  expect(decode({}, bad)[1]).toHaveLength(1);
  expect(decode({ annotations: strings, labels: strings }, spec)[1]).toHaveLength(1);
  expect(decode({ labels: 3 }, spec)[1]).toHaveLength(1);
  expect(decode({}, 3 as unknown as object)[1].length).toBeGreaterThan(0);
});

test('decodeObject gives nothing when there was a problem', () => {
  const problems = new ProblemList();
  expect(decodeObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} }, 'x', problems)).toBeUndefined();
  expect(problems.problems[0]?.path).toBe('x.spec.containers');
});

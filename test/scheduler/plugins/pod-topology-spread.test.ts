import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decoded, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const SPREAD = 'PodTopologySpread';
const web = { app: 'web' };

function constraint(fields: object = {}) {
  return { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: web }, ...fields };
}

function spreading(...constraints: readonly object[]) {
  return rawPod('p', { labels: web, spec: { topologySpreadConstraints: constraints } });
}

/** Nodes a1, b1, ... one per zone, with the given numbers of web pods. */
function zones(...counts: readonly number[]) {
  const names = counts.map((_, i) => String.fromCharCode(97 + i));
  return {
    nodes: names.map((name) => rawNode(`${name}1`, { labels: { [ZONE]: name } })),
    pods: counts.flatMap((count, i) =>
      Array.from({ length: count }, (_, n) => rawPod(`e-${names[i]}-${n}`, { on: `${names[i]}1`, labels: web })),
    ),
  };
}

describe('PodTopologySpread filter', () => {
  test('allows domains whose count with the pod stays within maxSkew of the least', () => {
    expect(decide({ ...zones(1, 0, 2), pod: spreading(constraint()) }).feasible).toEqual(['b1']);
    expect(decide({ ...zones(1, 0, 2), pod: spreading(constraint({ maxSkew: 2 })) }).feasible).toEqual(['a1', 'b1']);
  });

  test('the pod counts itself only when it matches', () => {
    const pod = rawPod('p', { spec: { topologySpreadConstraints: [constraint()] } });
    expect(decide({ ...zones(1, 0, 2), pod }).feasible).toEqual(['a1', 'b1']);
  });

  test('fewer domains than minDomains make the least count 0', () => {
    expect(decide({ ...zones(1, 1), pod: spreading(constraint({ minDomains: 3 })) }).feasible).toEqual([]);
    expect(decide({ ...zones(1, 1), pod: spreading(constraint({ minDomains: 2 })) }).feasible).toEqual(['a1', 'b1']);
  });

  test('a node without the key is rejected for good and counts for nothing', () => {
    const { nodes, pods } = zones(1, 1);
    const { filter, feasible } = decide({
      nodes: [...nodes, rawNode('bare')],
      pods: [...pods, rawPod('x', { on: 'bare', labels: web })],
      pod: spreading(constraint()),
    });
    expect(feasible).toEqual(['a1', 'b1']);
    expect(filter['bare']).toEqual({
      code: 'UnschedulableAndUnresolvable',
      plugin: SPREAD,
      reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
    });
  });

  test('terminating pods and pods of other namespaces do not count', () => {
    const { nodes } = zones(0, 0);
    const pods = [
      rawPod('dying', { on: 'a1', labels: web, metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } }),
      rawPod('other', { on: 'a1', labels: web, namespace: 'other' }),
    ];
    expect(decide({ nodes, pods, pod: spreading(constraint()) }).feasible).toEqual(['a1', 'b1']);
  });

  test('nodes out of reach of the pod count unless the policy ignores that, tainted ones count unless it honours that', () => {
    const nodes = [rawNode('a1', { labels: { [ZONE]: 'a', pool: 'x' } }), rawNode('b1', { labels: { [ZONE]: 'b' } })];
    const pods = [rawPod('e', { on: 'a1', labels: web })];
    const pod = (fields: object) =>
      rawPod('p', { labels: web, spec: { nodeSelector: { pool: 'x' }, topologySpreadConstraints: [constraint(fields)] } });
    expect(decide({ nodes, pods, pod: pod({}) }).feasible).toEqual(['a1']);
    expect(decide({ nodes, pods, pod: pod({ nodeAffinityPolicy: 'Ignore' }) }).feasible).toEqual([]);
    const tainted = [
      rawNode('a1', { labels: { [ZONE]: 'a' } }),
      rawNode('b1', { labels: { [ZONE]: 'b' }, taints: [{ key: 't', effect: 'NoSchedule' }] }),
    ];
    expect(decide({ nodes: tainted, pods, pod: spreading(constraint()) }).feasible).toEqual([]);
    expect(decide({ nodes: tainted, pods, pod: spreading(constraint({ nodeTaintsPolicy: 'Honor' })) }).feasible).toEqual(['a1']);
  });

  test('matchLabelKeys narrow the selector to pods of the same value', () => {
    const { nodes, pods } = zones(0, 0);
    const old = rawPod('old', { on: 'a1', labels: { ...web, version: '1' } });
    const pod = rawPod('p', {
      labels: { ...web, version: '2' },
      spec: { topologySpreadConstraints: [constraint({ matchLabelKeys: ['version', 'absent'] })] },
    });
    expect(decide({ nodes, pods: [...pods, old], pod }).feasible).toEqual(['a1', 'b1']);
  });
});

describe('PodTopologySpread score', () => {
  const soft = (fields: object = {}) => constraint({ whenUnsatisfiable: 'ScheduleAnyway', ...fields });

  function normalized(counts: readonly number[], fields: object): number[] {
    const nodes = counts.map((_, i) => rawNode(`n${i}`));
    const pods = counts.flatMap((count, i) => Array.from({ length: count }, (_, n) => rawPod(`e-${i}-${n}`, { on: `n${i}`, labels: web })));
    const scores = decide({ nodes, pods, pod: spreading(soft({ topologyKey: HOST, ...fields })) }).scores?.[SPREAD];
    return nodes.map((_, i) => scores![`n${i}`]!.normalized);
  }

  test('prefers hosts with fewer pods', () => {
    expect(normalized([2, 1, 0, 3], {})).toEqual([20, 60, 100, 0]);
    expect(normalized([2, 1, 0, 3], { maxSkew: 2 })).toEqual([33, 66, 100, 16]);
    expect(normalized([0, 0], {})).toEqual([100, 100]);
  });

  test('counts pods of a zone on infeasible nodes too, and zones of feasible nodes only', () => {
    const nodes = [
      rawNode('a1', { labels: { [ZONE]: 'a' } }),
      rawNode('a2', { labels: { [ZONE]: 'a' }, unschedulable: true }),
      rawNode('b1', { labels: { [ZONE]: 'b' } }),
      rawNode('c1', { labels: { [ZONE]: 'c' }, unschedulable: true }),
    ];
    const pods = [
      rawPod('e1', { on: 'a2', labels: web }),
      rawPod('e2', { on: 'a2', labels: web }),
      rawPod('e3', { on: 'c1', labels: web }),
    ];
    // 2 zones: weight ln(4); a: 2 ln 4 = 2.77
    expect(decide({ nodes, pods, pod: spreading(soft()) }).scores?.[SPREAD]).toEqual({
      a1: { raw: 3, normalized: 0 },
      b1: { raw: 0, normalized: 100 },
    });
  });

  test('nodes that lack a key of the pod end at 0', () => {
    const { nodes, pods } = zones(1, 0);
    const scores = decide({ nodes: [...nodes, rawNode('bare')], pods, pod: spreading(soft()) }).scores?.[SPREAD];
    expect(scores?.['bare']).toEqual({ raw: 0, normalized: 0 });
  });
});

describe('PodTopologySpread defaults', () => {
  const services = [{ metadata: { name: 's', namespace: 'default' }, spec: { selector: web } }];
  const pod = rawPod('p', { labels: web });

  test('spread pods of a Service softly over hosts and zones', () => {
    const { nodes, pods } = zones(2, 0);
    const { scores, feasible } = decide({ nodes, pods, pod, others: { services } });
    expect(feasible).toHaveLength(2);
    expect(scores?.[SPREAD]?.['b1']?.normalized).toBe(100);
    expect(scores?.[SPREAD]?.['a1']?.normalized).toBeLessThan(100);
  });

  test('need a Service or an owner, and no constraint of the pod', () => {
    const { nodes, pods } = zones(2, 0);
    expect(decide({ nodes, pods, pod }).scoreSkipped).toContain(SPREAD);
    expect(decide({ nodes, pods, pod: spreading(constraint({ maxSkew: 9 })), others: { services } }).scoreSkipped).toContain(SPREAD);
    const owned = rawPod('p', {
      labels: web,
      metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }] },
    });
    const replicaSets = [
      { metadata: { name: 'r', namespace: 'default' }, spec: { replicas: 1, selector: { matchLabels: web }, template: {} } },
    ];
    expect(decide({ nodes, pods, pod: owned, others: { replicaSets } }).scoreSkipped).not.toContain(SPREAD);
  });

  test('from the profile may be hard', () => {
    const { nodes, pods } = zones(1, 0);
    const args = {
      [SPREAD]: { defaultingType: 'List', defaultConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' }] },
    };
    expect(decide({ nodes, pods, pod, args, others: { services } }).feasible).toEqual(['b1']);
  });
});

describe('PodTopologySpread in preemption', () => {
  test('victims are taken off the count as they are, terminating ones too', () => {
    // The terminating pod was never counted, but its removal is: the count of a falls to -1, which lets the pod in.
    const { nodes } = zones(0, 0);
    const low = { labels: web, requests: { cpu: '4' }, priority: 0 };
    const pods = [
      rawPod('dying', { ...low, on: 'a1', metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } }),
      rawPod('other', { ...low, on: 'b1' }),
    ];
    const pod = rawPod('p', { labels: web, priority: 10, requests: { cpu: '4' }, spec: { topologySpreadConstraints: [constraint()] } });
    const { postFilter } = decide({ kind: 'preemption', nodes, pods, pod });
    expect(postFilter?.candidates?.['a1']?.victims).toEqual(['default/dying']);
  });
});

describe('PodTopologySpread hints', () => {
  const bench = benchOf({});
  const pod = bench.cluster.podInfos.of(decodedPod(spreading(constraint({ nodeTaintsPolicy: 'Honor' }))));
  const hint = (resource: string, action: number, before: unknown, after: unknown) =>
    hintsOf(bench, SPREAD, resource, action, pod, before, after);

  test('are about matching placed pods of the namespace', () => {
    const placed = (fields: object) => decodedPod(rawPod('e', { on: 'n1', labels: web, ...fields }));
    expect(hint('Pod', ACTION.DELETE, placed({}), undefined)).toBe(true);
    expect(hint('Pod', ACTION.DELETE, placed({ labels: {} }), undefined)).toBe(false);
    expect(hint('Pod', ACTION.DELETE, placed({ namespace: 'other' }), undefined)).toBe(false);
    expect(hint('Pod', ACTION.ADD, undefined, decodedPod(rawPod('e', { labels: web })))).toBe(false);
    expect(hint('Pod', ACTION.UPDATE_POD_LABEL, placed({}), placed({ labels: {} }))).toBe(true);
    expect(hint('Pod', ACTION.UPDATE_POD_LABEL, placed({}), placed({ labels: { ...web, x: 'y' } }))).toBe(false);
  });

  test('are about the own tolerations where taints matter', () => {
    const tolerant = decodedPod(rawPod('p', { labels: web, spec: { tolerations: [{ operator: 'Exists' }] } }));
    expect(hint('Pod', ACTION.UPDATE_POD_TOLERATION, pod.pod, tolerant)).toBe(true);
  });

  test('are about nodes with the keys', () => {
    const node = (zone?: string, taints: readonly object[] = []) =>
      decoded('Node', rawNode('n1', { labels: zone === undefined ? {} : { [ZONE]: zone }, taints: taints as never }));
    expect(hint('Node', ACTION.ADD, undefined, node('a'))).toBe(true);
    expect(hint('Node', ACTION.ADD, undefined, node())).toBe(false);
    expect(hint('Node', ACTION.DELETE, node('a'), undefined)).toBe(true);
    expect(hint('Node', ACTION.UPDATE_NODE_LABEL, node(), node('a'))).toBe(true);
    expect(hint('Node', ACTION.UPDATE_NODE_LABEL, node('a'), node('b'))).toBe(true);
    expect(hint('Node', ACTION.UPDATE_NODE_LABEL, node('a'), node('a'))).toBe(false);
    expect(hint('Node', ACTION.UPDATE_NODE_TAINT, node('a'), node('a', [{ key: 't', effect: 'NoSchedule' }]))).toBe(true);
  });
});

/**
 * Makes the small set of vectors in this folder: clusters of our own, decided by our plain evaluator.
 *
 *   npx tsx test/conformance/make-vectors.ts
 *
 * They guard what was right once; that it is right is shown by vectors of the real scheduler, where those are at hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import type { RawObject } from '../../src/objects/decode-reader.ts';
import { recordCase } from '../../src/scheduler/conformance.ts';
import type { ConformanceCase, Operation } from '../../src/scheduler/conformance-case.ts';
import { EVALUATORS } from '../../src/scheduler/evaluators.ts';
import { schedulerPlugins } from '../../src/scheduler/plugins/registry.ts';
import type { KubernetesVersion } from '../../src/scheduler/versions.ts';
import { caseOf, rawNode, rawPod } from '../scheduler/decisions.ts';
import { anySituation } from '../scheduler/situations.ts';

const VERSIONS: readonly (readonly [KubernetesVersion, string])[] = [
  ['1.34', 'v1.34.1'],
  ['1.32', 'v1.32.2'],
];

function situations(kind: 'decision' | 'preemption', count: number, seed: number): ConformanceCase[] {
  return fc.sample(anySituation, { seed, numRuns: count }).map((situation, i) => {
    const source = caseOf({ ...situation, kind });
    const priority = kind === 'preemption' ? { priority: 20 } : {};
    const pod = source.pod as { spec: RawObject } & RawObject;
    return { ...source, id: `${kind}-${i}`, theme: 'made-up', pod: { ...pod, spec: { ...pod.spec, ...priority } } };
  });
}

/** Pods of three applications come and go on nodes in three zones; one node leaves and one joins. */
function sequence(id: string, nodeCount: number, podCount: number, percentageOfNodesToScore: number): ConformanceCase {
  const node = (i: number): RawObject =>
    rawNode(`n${i}`, {
      labels: { 'topology.kubernetes.io/zone': 'abc'[i % 3]! },
      allocatable: { cpu: `${1 + (i % 2)}`, memory: '4Gi', pods: '6' },
    });
  const ops: Operation[] = [];
  for (let i = 0; i < podCount; i++) {
    const app = ['web', 'db', 'batch'][i % 3]!;
    const spreading = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app } },
        },
      ],
    };
    const apart = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } },
        ],
      },
    };
    const spec = app === 'web' ? spreading : app === 'db' ? { affinity: apart } : {};
    ops.push({
      op: 'schedule',
      pod: rawPod(`${app}-${i}`, {
        labels: { app },
        priority: i % 7 === 0 ? 100 : 0,
        requests: { cpu: `${200 + 100 * (i % 5)}m`, memory: '256Mi' },
        spec,
      }),
    });
    if (i % 9 === 8) ops.push({ op: 'deletePod', name: `default/${['web', 'db', 'batch'][(i - 4) % 3]}-${i - 4}` });
    if (i === 10) ops.push({ op: 'deleteNode', name: 'n1' });
    if (i === 14) ops.push({ op: 'addNode', node: node(nodeCount) });
  }
  const base = caseOf({ percentageOfNodesToScore, nodes: Array.from({ length: nodeCount }, (_, i) => node(i)) });
  const expect = percentageOfNodesToScore === 100 ? {} : { steps: [{ nextStartNodeIndex: 0 }] };
  return { ...base, id, kind: 'sequence', theme: 'made-up', pod: undefined, ops, expect };
}

for (const [version, release] of VERSIONS) {
  const folder = new URL(`./vectors/${release}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  const cases = [
    ...situations('decision', 14, 7),
    ...situations('preemption', 10, 8),
    sequence('sequence-all-nodes', 6, 45, 100),
    sequence('sequence-sampled', 130, 16, 20),
  ];
  const lines = cases.map((source) => {
    const expect = recordCase(source, { kubernetesVersion: version, definitions: schedulerPlugins, createEvaluator: EVALUATORS.plain });
    return JSON.stringify({ ...source, expect });
  });
  writeFileSync(new URL('cases.jsonl', folder), `${lines.join('\n')}\n`);
  writeFileSync(new URL('manifest.json', folder), `{ "kubernetesVersion": "${release}" }\n`);
}

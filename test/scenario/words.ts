/** A small vocabulary, so that tests of the scenario format do not change with the registries. */

import { InputError } from '../../src/base/input-error.ts';
import { MACHINE_KINDS } from '../../src/datacenter/machine-kinds.ts';
import { DISTANCES, NETWORK_PROFILES } from '../../src/datacenter/network-profiles.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { memoryFiles } from '../../src/scenario/memory-files.ts';
import type { ScenarioSpec } from '../../src/scenario/scenario.ts';
import type { Vocabulary } from '../../src/scenario/vocabulary.ts';

export const WORDS: Vocabulary = {
  machines: MACHINE_KINDS,
  networkProfiles: NETWORK_PROFILES.map(({ name, description }) => ({ name, summary: description })),
  networkDistances: DISTANCES,
  faults: [
    { name: 'zone-outage', summary: 'a zone loses power', place: 'target', targets: ['zone/<name>'], heals: true, params: [] },
    { name: 'node-crash', summary: 'a machine stops', place: 'target', targets: ['node/<name>', 'rack/<name>'], heals: true, params: [] },
    {
      name: 'partition',
      summary: 'a link is cut',
      place: 'between',
      targets: [],
      heals: true,
      params: [{ name: 'direction', type: 'choice', choices: ['both', 'to', 'from'], summary: 'which way', default: 'both' }],
    },
    {
      name: 'slow-disk',
      summary: 'a disk is slow',
      place: 'target',
      targets: ['node/<name>'],
      heals: false,
      params: [
        { name: 'factor', type: 'number', summary: 'how much slower', min: 1, isRequired: true },
        { name: 'delay', type: 'duration', summary: 'added to each access' },
      ],
    },
  ],
  controllers: [
    { name: 'taint-eviction', summary: 'evicts', isEnabledByDefault: true, params: [] },
    {
      name: 'node-lifecycle',
      summary: 'watches nodes',
      isEnabledByDefault: true,
      params: [{ name: 'grace', type: 'duration', summary: 'patience', default: 50_000_000, min: 1 }],
    },
  ],
  customKinds: [],
  kubeletProfiles: [
    { name: 'realistic', summary: 'as measured' },
    { name: 'instant', summary: 'no time' },
  ],
  kubeletParams: [{ name: 'sandboxCreate', type: 'distribution', summary: 'time of a sandbox' }],
  traceFormats: [
    {
      name: 'openb',
      summary: 'GPU cluster',
      files: [
        { role: 'pods', isRequired: true, summary: 'the pod list' },
        { role: 'nodes', isRequired: false, summary: 'the node list' },
      ],
      options: [{ name: 'gpuShare', type: 'boolean', summary: 'parts of GPUs' }],
      nodesRole: 'nodes',
    },
  ],
  defaults: { networkProfile: 'cloud-region', kubeletProfile: 'realistic' },
};

export function load(
  files: Readonly<Record<string, string>>,
  overrides: readonly string[] = [],
  paths: readonly string[] = Object.keys(files).slice(0, 1),
): ScenarioSpec {
  return loadScenario(paths, { files: memoryFiles(files), words: WORDS, overrides });
}

/** A scenario whose `spec` ends in `body`, which starts on line 7. */
export function scenario(body: string): string {
  return `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  duration: 1h
  cluster: { zones: [ { name: a, racks: 2, nodesPerRack: 2, machine: m5.large }, { name: b, racks: 1, nodesPerRack: 1, machine: m5.large } ] }
${body}`;
}

/** The lines of the InputError that `run` throws. */
export function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  return [];
}

export const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: "web:1" } ] }
`;

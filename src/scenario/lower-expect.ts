/**
 * Expectations in their places, and whether the workloads and faults they name exist in the scenario.
 */
import type { Expectation } from './expect.ts';
import { MEASURES } from './expect.ts';
import type { Lowering } from './lowering.ts';
import { parseObjectRef } from './object-ref.ts';
import type { EventSpec, ManifestEntry } from './scenario.ts';
import type { ScenarioDocument } from './schema.ts';

export interface Named {
  readonly manifests: readonly ManifestEntry[];
  readonly events: readonly EventSpec[];
}

/** Kinds whose names are known beforehand; ReplicaSets are usually made by Deployments, with a hash in the name. */
const NAMED_KINDS: readonly string[] = ['Deployment', 'StatefulSet'];

export function lowerExpectations(lowering: Lowering, written: ScenarioDocument['spec']['expect']): Expectation[] {
  return written.map((expectation, index) => {
    const { file, line, column } = lowering.positionOf(['spec', 'expect', index]);
    return { ...expectation, file, line, column };
  });
}

export function checkExpectations(lowering: Lowering, expectations: readonly Expectation[], named: Named): void {
  const workloads = workloadNames(named);
  const faults = named.events.filter((event) => event.action.kind === 'fault').map((event) => `fault/${event.name}`);
  for (const [index, expectation] of expectations.entries()) {
    const path = ['spec', 'expect', index];
    const info = MEASURES.find((measure) => measure.name === expectation.measure);
    for (const [position, arg] of expectation.args.entries()) {
      const label = info?.args[Math.min(position, info.args.length - 1)]?.replace(/[?*]$/, '');
      if (label === 'workload') checkWorkload(lowering, path, arg, workloads);
      else if (arg.startsWith('fault/') && !faults.includes(arg)) {
        if (faults.length === 0) lowering.report(path, `"${arg}" names a fault, but no event of this scenario is one`);
        else lowering.reportUnknown(path, 'fault', arg, faults);
      }
    }
  }
}

function checkWorkload(lowering: Lowering, path: readonly (string | number)[], arg: string, workloads: ReadonlySet<string>): void {
  const ref = parseObjectRef(arg);
  if (!ref.ok || !NAMED_KINDS.includes(ref.value.kind)) return;
  const { kind, namespace, name } = ref.value;
  if (!workloads.has(`${kind.toLowerCase()}/${namespace}/${name}`)) {
    lowering.reportUnknown(
      path,
      'workload',
      arg,
      [...workloads].map((known) => known.replace('/default/', '/')),
    );
  }
}

/** `deployment/<namespace>/<name>` of everything that exists at the start or is applied later. */
function workloadNames(named: Named): Set<string> {
  const applied = named.events.flatMap((event) => (event.action.kind === 'apply' ? event.action.objects : []));
  const objects = [...named.manifests, ...applied].map((entry) => entry.object).filter((object) => NAMED_KINDS.includes(object.kind));
  return new Set(objects.map((object) => `${object.kind.toLowerCase()}/${object.metadata.namespace}/${object.metadata.name}`));
}

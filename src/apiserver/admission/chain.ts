/**
 * AdmissionChain: runs the admission steps of one API server.
 *
 * HOT       once per created object and per update that changes a pod's spec
 * Cost      one look-up for a pod whose template was seen before
 */
import { isApiStatus, type Result } from '../../objects/api-status.ts';
import type { AnyObject, Kind } from '../../objects/kinds.ts';
import type { Pod, PodSpec } from '../../objects/pod.ts';
import type { AdmissionEnvironment, AdmissionOperation, AdmissionStep, AdmissionStepDef } from './admission.ts';

type Admit = (object: AnyObject, old: AnyObject | undefined) => Result<AnyObject>;
type SpecStep = Extract<AdmissionStep, { readonly admitPodSpec: unknown }>;

export class AdmissionChain {
  private readonly environment: AdmissionEnvironment;
  private readonly defs: readonly AdmissionStepDef[];
  private readonly steps: readonly AdmissionStep[];
  private readonly onCreate: Map<string, readonly Admit[]>;
  private readonly onUpdate: Map<string, readonly Admit[]>;

  constructor(defs: readonly AdmissionStepDef[], environment: AdmissionEnvironment) {
    this.environment = environment;
    this.defs = defs;
    this.steps = defs.map((def) => def.create(environment));
    this.onCreate = new Map();
    this.onUpdate = new Map();
  }

  /** The completed object, or why it may not be created. */
  admitCreate(object: AnyObject): Result<AnyObject> {
    return run(this.compiled(this.onCreate, 'create', object.kind), object, undefined);
  }

  /** The completed object, or why `old` may not become `object`. */
  admitUpdate(object: AnyObject, old: AnyObject): Result<AnyObject> {
    return run(this.compiled(this.onUpdate, 'update', object.kind), object, old);
  }

  /** Whether any step looks at updates of `kind`. */
  hasUpdateSteps(kind: string): boolean {
    return this.compiled(this.onUpdate, 'update', kind).length > 0;
  }

  private compiled(cache: Map<string, readonly Admit[]>, operation: AdmissionOperation, kind: string): readonly Admit[] {
    let compiled = cache.get(kind);
    if (compiled === undefined) {
      compiled = this.compile(operation, kind);
      cache.set(kind, compiled);
    }
    return compiled;
  }

  private compile(operation: AdmissionOperation, kind: string): Admit[] {
    const compiled: Admit[] = [];
    let specSteps: SpecStep[] = [];
    const closeGroup = (): void => {
      if (specSteps.length > 0) compiled.push(specGroup(specSteps, this.environment));
      specSteps = [];
    };
    this.defs.forEach((def, index) => {
      if (!def.operations.includes(operation) || (def.kinds.length > 0 && !def.kinds.includes(kind))) return;
      const step = this.steps[index]!;
      if ('admitPodSpec' in step) {
        specSteps.push(step);
      } else {
        closeGroup();
        compiled.push(step.admit);
      }
    });
    closeGroup();
    return compiled;
  }
}

function run(steps: readonly Admit[], object: AnyObject, old: AnyObject | undefined): Result<AnyObject> {
  let current = object;
  for (const admit of steps) {
    const next = admit(current, old);
    if (isApiStatus(next)) return next;
    current = next;
  }
  return current;
}

/** Neighbouring spec steps as one, remembering the outcome per spec. */
function specGroup(steps: readonly SpecStep[], environment: AdmissionEnvironment): Admit {
  const dependsOn: Kind[] = steps.flatMap((step) => step.dependsOn);
  let outcomes = new WeakMap<PodSpec, PodSpec>();
  let revision = -1;
  return (object, old) => {
    const pod = object as Pod;
    if (old !== undefined && (old as Pod).spec === pod.spec) return pod;
    let current = 0;
    for (const kind of dependsOn) current = Math.max(current, environment.lastRevisionOf(kind));
    if (current !== revision) {
      outcomes = new WeakMap();
      revision = current;
    }
    let spec = outcomes.get(pod.spec);
    if (spec === undefined) {
      spec = pod.spec;
      for (const step of steps) {
        const next = step.admitPodSpec(spec);
        if (isApiStatus(next)) return next;
        spec = next;
      }
      outcomes.set(pod.spec, spec);
    }
    return spec === pod.spec ? pod : { kind: 'Pod', apiVersion: 'v1', metadata: pod.metadata, spec, status: pod.status };
  };
}

/**
 * Overrides: `--set path=value` applied to the written documents before validation, so that a replaced value is checked like
 * a written one.
 *
 *   spec.seed=9                                              the scenario
 *   spec.events[0].for=3m                                    list items by number
 *   spec.cluster.machines["n2.16"].cpu=8                     keys that are no plain words in quotes
 *   deployment/web:spec.strategy.rollingUpdate.maxSurge=0    an object among the manifests
 */
import type { InputProblem } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { pathSegments } from '../objects/document-path.ts';
import { parseObjectRef } from './object-ref.ts';
import { formatPath, type PathPart, parseInlineValue, type SourceDocument } from './yaml-source.ts';

export interface Override {
  /** As written. */
  readonly text: string;
  /** `Deployment/default/web` for an object; empty for the scenario. */
  readonly object: string;
  readonly path: readonly PathPart[];
  readonly value: unknown;
}

/** Reads `path=value`; problems name the option. */
export function parseOverride(text: string, problems: InputProblem[]): Override | undefined {
  const bad = (message: string, hint?: string): undefined => {
    problems.push({ path: '', file: `--set ${text}`, message, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  };
  const match = /^(?:([^=:"]+\/[^=:"]+):)?((?:[^="]|"[^"]*")+?)=(.*)$/s.exec(text);
  if (match === null) return bad('expected path=value, such as spec.seed=9');
  const [, target, pathText, valueText] = match;
  const path = pathSegments(pathText!.trim());
  if (path.length === 0 || formatPath(path).replace(/["[\].]/g, '') !== pathText!.trim().replace(/["[\].]/g, '')) {
    return bad(`cannot read the path "${pathText}"`, 'keys are joined by dots, list items are written [0], other keys ["like.this"]');
  }
  const value = parseInlineValue(valueText!);
  if (value === undefined) return bad(`cannot read the value "${valueText}"`, 'it is read as YAML: quote it, or write lists as [a, b]');
  if (target === undefined) {
    if (path[0] === 'spec' || path[0] === 'metadata') return { text, object: '', path, value: value.value };
    return bad(`expected a path that starts with spec or metadata, found "${pathText}"`, `did you mean "spec.${pathText}"?`);
  }
  const ref = parseObjectRef(target);
  if (!ref.ok) return bad(ref.problem, ref.hint);
  const { kind, namespace, name } = ref.value;
  return { text, object: `${kind}/${namespace}/${name}`, path, value: value.value };
}

/** Keys of overrides that found their object; the rest are reported at the end by `reportUnused`. */
export class ObjectOverrides {
  private readonly overrides: readonly Override[];
  private readonly used: Set<Override>;
  private readonly seen: Set<string>;

  constructor(overrides: readonly Override[]) {
    this.overrides = overrides.filter((override) => override.object !== '');
    this.used = new Set();
    this.seen = new Set();
  }

  get isEmpty(): boolean {
    return this.overrides.length === 0;
  }

  /** Changes the manifest at `base` of `document` when an override means it. */
  apply(document: SourceDocument, base: readonly PathPart[], kind: string, namespace: string, name: string): boolean {
    const key = `${kind}/${namespace}/${name}`;
    this.seen.add(key);
    let changed = false;
    for (const override of this.overrides) {
      if (override.object !== key) continue;
      document.set([...base, ...override.path], override.value, `--set ${override.text}`);
      this.used.add(override);
      changed = true;
    }
    return changed;
  }

  reportUnused(problems: InputProblem[]): void {
    for (const override of this.overrides) {
      if (this.used.has(override)) continue;
      const nearest = nearestName(override.object, this.seen);
      const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
      problems.push({
        path: '',
        file: `--set ${override.text}`,
        message: `no manifest is ${override.object}`,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}

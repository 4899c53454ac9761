/**
 * References to objects as people write them: `deployment/web`, `deployment/shop/web`, `node/a-1-2`.
 */
import { nearestName } from '../base/nearest-name.ts';
import { KINDS, type KindInfo } from '../objects/kinds.ts';
import type { Parsed } from './durations.ts';
import type { ObjectRef } from './scenario.ts';

/** Kind (any case), plural or the usual short name to the kind. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ...KINDS.flatMap((info) => [[info.kind.toLowerCase(), info.kind] as const, [info.plural.toLowerCase(), info.kind] as const]),
  ...Object.entries({
    deploy: 'Deployment',
    rs: 'ReplicaSet',
    sts: 'StatefulSet',
    svc: 'Service',
    no: 'Node',
    po: 'Pod',
    ns: 'Namespace',
    pdb: 'PodDisruptionBudget',
  }),
]);
const BY_KIND: ReadonlyMap<string, KindInfo> = new Map(KINDS.map((info) => [info.kind, info]));

/** What is known of `kind`; undefined for custom kinds. */
export function kindOfName(kind: string): KindInfo | undefined {
  return BY_KIND.get(kind);
}

/**
 * Parses `kind/name` or `kind/namespace/name`; namespaced kinds without a namespace are in `default`. `kinds` limits what is
 * allowed; without it custom kinds are allowed too.
 */
export function parseObjectRef(text: string, kinds?: readonly string[], customKinds: readonly string[] = []): Parsed<ObjectRef> {
  const parts = text.trim().split('/');
  const example = kinds?.[0]?.toLowerCase() ?? 'deployment';
  if (parts.length < 2 || parts.some((part) => part === '')) {
    return { ok: false, problem: `expected an object such as ${example}/web, found "${text}"` };
  }
  const alias = parts[0]!.toLowerCase();
  const kind = ALIASES.get(alias) ?? (kinds === undefined ? customKinds.find((name) => name.toLowerCase() === alias) : undefined);
  const valid = (kinds ?? [...KINDS.map((info) => info.kind), ...customKinds]).map((name) => name.toLowerCase());
  if (kind === undefined || (kinds !== undefined && !kinds.includes(kind))) {
    const nearest = nearestName(parts[0]!, valid);
    const problem = `unknown kind "${parts[0]}", expected one of ${valid.join(', ')}`;
    return nearest === undefined ? { ok: false, problem } : { ok: false, problem, hint: `did you mean "${nearest}"?` };
  }
  const isNamespaced = BY_KIND.get(kind)?.isNamespaced ?? true;
  if (!isNamespaced && parts.length > 2)
    return { ok: false, problem: `${kind} has no namespace: expected ${parts[0]}/<name>, found "${text}"` };
  if (parts.length > 3) return { ok: false, problem: `expected ${parts[0]}/<namespace>/<name>, found "${text}"` };
  const namespace = isNamespaced ? (parts.length === 3 ? parts[1]! : 'default') : '';
  return { ok: true, value: { kind, namespace, name: parts[parts.length - 1]! } };
}

/**
 * From written events to triggers and actions: which keys go together, whether targets exist, whether a fault has that parameter.
 */
import { InputError } from '../base/input-error.ts';
import { SELECTABLE_KINDS, type Topology } from '../datacenter/topology.ts';
import { meanOf } from '../engine/distributions.ts';
import { MINUTE_US, SECOND_US } from '../engine/units.ts';
import type { Lowering } from './lowering.ts';
import { parseObjectRef } from './object-ref.ts';
import type { EventAction, EventSpec, FaultAction, ManifestEntry, ObjectRef, SourcePosition, Trigger } from './scenario.ts';
import type { EventDocument } from './schema.ts';
import type { FaultInfo } from './vocabulary.ts';
import { type DocumentPath, valueAt } from './yaml-source.ts';

const ACTIONS = ['fault', 'apply', 'delete', 'scale', 'setImage', 'restart', 'cordon', 'uncordon', 'drain', 'label'] as const;
type ActionKey = (typeof ACTIONS)[number];

/** Keys that only make sense beside an action (or trigger), by that key. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  fault: ['target', 'between', 'for', 'pick'],
  delete: ['gracePeriod'],
  scale: ['replicas'],
  setImage: ['image', 'container'],
  drain: ['timeout'],
  label: ['labels'],
  every: ['from', 'until', 'times'],
};
const TRIGGER_KEYS: readonly string[] = ['name', 'at', 'every', 'from', 'until', 'times'];
/** kubectl itself tries for ever. */
const DRAIN_TIMEOUT_US = 5 * MINUTE_US;
const WORKLOAD_KINDS: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet'];
const TEMPLATE_KINDS: readonly string[] = ['Deployment', 'StatefulSet'];
/** `world` and `control-plane` are vertices of their own. */
const VERTEX_KINDS: readonly string[] = [...SELECTABLE_KINDS, 'machine', 'world', 'control-plane'];

export function lowerEvents(lowering: Lowering, events: readonly EventDocument[], topology: Topology): EventSpec[] {
  const result: EventSpec[] = [];
  const names = new Set<string>();
  for (const [index, event] of events.entries()) {
    const path: DocumentPath = ['spec', 'events', index];
    const before = lowering.problems.length;
    const when = lowerTrigger(lowering, event, path);
    const action = lowerAction(lowering, event, topology, path);
    const name = uniqueName(lowering, event, names, path);
    if (when !== undefined && action !== undefined && lowering.problems.length === before) {
      result.push({ name, when, action, position: lowering.positionOf(path) });
    }
  }
  return result;
}

function uniqueName(lowering: Lowering, event: EventDocument, names: Set<string>, path: DocumentPath): string {
  if (event.name !== undefined) {
    if (names.has(event.name)) lowering.report([...path, 'name'], `two events are called "${event.name}"`);
    names.add(event.name);
    return event.name;
  }
  const base = event.fault ?? ACTIONS.find((key) => event[key] !== undefined) ?? 'event';
  let name = base;
  for (let n = 2; names.has(name); n++) name = `${base}-${n}`;
  names.add(name);
  return name;
}

function lowerTrigger(lowering: Lowering, event: EventDocument, path: DocumentPath): Trigger | undefined {
  if ((event.at === undefined) === (event.every === undefined)) {
    lowering.report(
      path,
      event.at === undefined ? 'an event needs a time: "at" or "every"' : 'an event has either "at" or "every", not both',
    );
    return undefined;
  }
  checkCompanions(lowering, event, 'every', path);
  if (event.at !== undefined) return { kind: 'at', atUs: event.at };
  const interval = event.every!;
  if (!(meanOf(interval) > 0)) {
    lowering.report([...path, 'every'], 'the time between two occurrences must be above 0');
    return undefined;
  }
  return { kind: 'every', interval, fromUs: event.from ?? 0, untilUs: event.until ?? Infinity, times: event.times ?? Infinity };
}

function lowerAction(lowering: Lowering, event: EventDocument, topology: Topology, path: DocumentPath): EventAction | undefined {
  const present = ACTIONS.filter((key) => event[key] !== undefined);
  if (present.length !== 1) {
    const what =
      present.length === 0
        ? `an event needs something to do: one of ${ACTIONS.join(', ')}`
        : `an event does one thing, found ${present.join(' and ')}`;
    lowering.report(path, what);
    return undefined;
  }
  const key = present[0]!;
  for (const action of ACTIONS) if (action !== key) checkCompanions(lowering, event, action, path);
  if (key !== 'fault') refuseParams(lowering, event, key, path);
  return key === 'fault' ? lowerFault(lowering, event, topology, path) : lowerObjectAction(lowering, event, key, topology, path);
}

/** Reports companions of `key` when `key` itself is absent. */
function checkCompanions(lowering: Lowering, event: EventDocument, key: string, path: DocumentPath): void {
  const values = event as Readonly<Record<string, unknown>>;
  if (values[key] !== undefined) return;
  for (const companion of COMPANIONS[key] ?? []) {
    if (values[companion] !== undefined) lowering.report([...path, companion], `"${companion}" only goes with "${key}"`, undefined, true);
  }
}

function refuseParams(lowering: Lowering, event: EventDocument, key: ActionKey, path: DocumentPath): void {
  const known = [...TRIGGER_KEYS, ...ACTIONS, ...Object.values(COMPANIONS).flat()];
  for (const [name, value] of Object.entries(event)) {
    if (value !== undefined && !known.includes(name))
      lowering.report([...path, name], `"${name}" is a parameter of faults, not of "${key}"`, undefined, true);
  }
}

function lowerObjectAction(
  lowering: Lowering,
  event: EventDocument,
  key: Exclude<ActionKey, 'fault'>,
  topology: Topology,
  path: DocumentPath,
): EventAction | undefined {
  switch (key) {
    case 'apply':
      return { kind: 'apply', objects: readApplied(lowering, event, path) };
    case 'scale': {
      const target = refOf(lowering, event.scale!, [...path, key], WORKLOAD_KINDS);
      if (event.replicas === undefined) lowering.report(path, '"scale" needs "replicas"');
      return target === undefined || event.replicas === undefined ? undefined : { kind: 'scale', target, replicas: event.replicas };
    }
    case 'setImage': {
      const target = refOf(lowering, event.setImage!, [...path, key], TEMPLATE_KINDS);
      if (event.image === undefined) lowering.report(path, '"setImage" needs "image"');
      return target === undefined || event.image === undefined
        ? undefined
        : { kind: 'set-image', target, container: event.container ?? '', image: event.image };
    }
    case 'restart': {
      const target = refOf(lowering, event.restart!, [...path, key], TEMPLATE_KINDS);
      return target === undefined ? undefined : { kind: 'restart', target };
    }
    case 'cordon':
    case 'uncordon': {
      const target = refOf(lowering, event[key]!, [...path, key], ['Node']);
      if (target !== undefined) checkVertex(lowering, `node/${target.name}`, topology, [...path, key]);
      return target === undefined ? undefined : { kind: key, target };
    }
    case 'drain': {
      const target = refOf(lowering, event.drain!, [...path, key], ['Node']);
      if (target !== undefined) checkVertex(lowering, `node/${target.name}`, topology, [...path, key]);
      return target === undefined ? undefined : { kind: 'drain', target, timeoutUs: event.timeout ?? DRAIN_TIMEOUT_US };
    }
    case 'label': {
      const target = refOf(lowering, event.label!, [...path, key]);
      if (target?.kind === 'Node') checkVertex(lowering, `node/${target.name}`, topology, [...path, key]);
      if (event.labels === undefined) lowering.report(path, '"label" needs "labels"');
      const labels = Object.fromEntries(Object.entries(event.labels ?? {}).map(([name, value]) => [name, value ?? undefined]));
      return target === undefined || event.labels === undefined ? undefined : { kind: 'label', target, labels };
    }
    default: {
      const target = refOf(lowering, event.delete!, [...path, key]);
      const seconds = event.gracePeriod === undefined ? undefined : event.gracePeriod / SECOND_US;
      if (seconds !== undefined && !Number.isInteger(seconds)) lowering.report([...path, 'gracePeriod'], 'expected whole seconds');
      return target === undefined ? undefined : { kind: 'delete', target, gracePeriodSeconds: seconds };
    }
  }
}

function readApplied(lowering: Lowering, event: EventDocument, path: DocumentPath): ManifestEntry[] {
  const at = [...path, 'apply'];
  const { apply } = event;
  if (Array.isArray(apply))
    return apply.flatMap((manifest, index) => lowering.manifests.read(lowering, manifest as string | object, [...at, index]));
  return lowering.manifests.read(lowering, apply as string | object, at);
}

function refOf(lowering: Lowering, text: string, path: DocumentPath, kinds?: readonly string[]): ObjectRef | undefined {
  const parsed = parseObjectRef(text, kinds, lowering.words.customKinds);
  if (parsed.ok) return parsed.value;
  lowering.report(path, parsed.problem, parsed.hint);
  return undefined;
}

function lowerFault(lowering: Lowering, event: EventDocument, topology: Topology, path: DocumentPath): FaultAction | undefined {
  const info = lowering.words.faults.find((fault) => fault.name === event.fault);
  if (info === undefined) return undefined; // the schema has reported it
  const targets = event.target ?? [];
  checkPlace(lowering, event, info, path);
  targets.forEach((target, index) => {
    checkTarget(
      lowering,
      target,
      info,
      topology,
      targets.length === 1 && !isListed(lowering, path) ? [...path, 'target'] : [...path, 'target', index],
    );
  });
  const between = event.between as [string, string] | undefined;
  between?.forEach((end, index) => {
    if (end !== 'user') checkVertex(lowering, end, topology, [...path, 'between', index]);
  });
  if (event.for !== undefined && !info.heals)
    lowering.report([...path, 'for'], `${info.name} happens in an instant: leave "for" out`, undefined, true);
  const given = Object.fromEntries(Object.entries(event).filter(([name]) => !isEventKey(name)));
  const params = lowering.params(given, info.params, info.name, path);
  const places = placesOf(lowering, path, given, targets.length, between !== undefined);
  return { kind: 'fault', fault: info.name, targets, between, duration: event.for, pick: event.pick, params, places };
}

function placesOf(
  lowering: Lowering,
  path: DocumentPath,
  params: Readonly<Record<string, unknown>>,
  targetCount: number,
  hasBetween: boolean,
): Record<string, SourcePosition> {
  const places: Record<string, SourcePosition> = {};
  for (const name of Object.keys(params)) places[name] = lowering.positionOf([...path, name]);
  if (targetCount > 0)
    places['target'] = lowering.positionOf([...path, 'target', ...(targetCount === 1 && isListed(lowering, path) ? [0] : [])]);
  for (let i = 0; targetCount > 1 && i < targetCount; i++) places[`target[${i}]`] = lowering.positionOf([...path, 'target', i]);
  for (let i = 0; hasBetween && i < 2; i++) places[`between[${i}]`] = lowering.positionOf([...path, 'between', i]);
  return places;
}

function isListed(lowering: Lowering, path: DocumentPath): boolean {
  return Array.isArray(valueAt(lowering.document.value, [...path, 'target']));
}

function isEventKey(name: string): boolean {
  return (
    TRIGGER_KEYS.includes(name) ||
    (ACTIONS as readonly string[]).includes(name) ||
    Object.values(COMPANIONS).some((list) => list.includes(name))
  );
}

function checkPlace(lowering: Lowering, event: EventDocument, info: FaultInfo, path: DocumentPath): void {
  const { place } = info;
  if (place === 'target' && event.target === undefined)
    lowering.report(path, `${info.name} needs a "target" such as ${info.targets[0] ?? 'node/*'}`);
  if (place === 'between' && event.between === undefined)
    lowering.report(path, `${info.name} needs "between" with two ends, such as [rack/c-2, control-plane]`);
  const mayHaveTarget = place === 'target' || place === 'any';
  if (!mayHaveTarget && event.target !== undefined) lowering.report([...path, 'target'], `${info.name} takes no "target"`, undefined, true);
  if (place !== 'between' && event.between !== undefined)
    lowering.report([...path, 'between'], `${info.name} takes no "between"`, undefined, true);
  if (event.target === undefined && event.pick !== undefined && place !== 'target')
    lowering.report([...path, 'pick'], `"pick" chooses among targets, and ${info.name} has none`, undefined, true);
}

/** A vertex of the topology, or one of the other things this fault can strike. */
function checkTarget(lowering: Lowering, target: string, info: FaultInfo, topology: Topology, path: DocumentPath): void {
  const kind = target.split('/')[0]!;
  const kinds = [...new Set(info.targets.map((example) => example.split('/')[0]!))];
  if (kinds.length > 0 && !kinds.includes(kind)) {
    lowering.reportUnknown(path, `target of ${info.name}`, target, info.targets);
    return;
  }
  if (VERTEX_KINDS.includes(kind)) checkVertex(lowering, target, topology, path);
}

function checkVertex(lowering: Lowering, pattern: string, topology: Topology, path: DocumentPath): void {
  try {
    topology.select(pattern, '');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const problem of error.problems) lowering.report(path, problem.message, problem.hint);
  }
}

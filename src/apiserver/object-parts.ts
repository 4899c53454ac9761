/**
 * Putting stored objects together: always the same fields in the same order, so that objects of one
 * kind look alike to the virtual machine wherever they came from.
 *
 * HOT       every committed write builds one metadata and one object
 */
import { SECOND_US } from '../engine/units.ts';
import type { AnyObject, KindInfo } from '../objects/kinds.ts';
import type { ObjectMeta, TimeUs } from '../objects/meta.ts';
import { isDeepEqual } from './deep-equal.ts';
import { uniformSpec, uniformStatus } from './uniform.ts';

/** Kubernetes writes times with whole seconds; deletion and creation times are compared as such. */
export function wholeSeconds(timeUs: TimeUs): TimeUs {
  return Math.floor(timeUs / SECOND_US) * SECOND_US;
}

export function withMeta<T extends AnyObject>(object: T, metadata: ObjectMeta): T {
  // Every candidate of a leader election writes or reads one every two seconds.
  if (object.kind === 'Lease') return { kind: object.kind, apiVersion: object.apiVersion, metadata, spec: object.spec } as unknown as T;
  if (!isPlain(object.kind)) return { ...object, metadata };
  const { kind, apiVersion, spec, status } = object as unknown as PlainObject;
  return { kind, apiVersion, metadata, spec, status } as unknown as T;
}

/** An object that is about to be stored for the first time. Pods stay as they are: those of one template share its completed spec. */
export function withUniformParts<T extends AnyObject>(object: T): T {
  if (object.kind === 'Pod' || !isPlain(object.kind)) return object;
  const { kind, apiVersion, metadata, spec, status } = object as unknown as PlainObject;
  return { kind, apiVersion, metadata, spec: uniformSpec(kind, spec), status: uniformStatus(kind, status) } as unknown as T;
}

/** An object of nothing but metadata, spec and status. */
interface PlainObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
  readonly spec: unknown;
  readonly status: unknown;
}

/** The kinds written most; all of one shape, so that the virtual machine sees one kind of object. */
function isPlain(kind: string): boolean {
  switch (kind) {
    case 'Pod':
    case 'Node':
    case 'ReplicaSet':
    case 'Deployment':
    case 'StatefulSet':
    case 'Job':
      return true;
    default:
      return false;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** The top-level fields that PUT .../status may change. A VolumeAttachment's status is flat in our type. */
function isStatusField(kind: string, field: string): boolean {
  return field === 'status' || (kind === 'VolumeAttachment' && field === 'attached');
}

/** `next` as the main resource sees it: with the status of `old`. Same object when there is nothing to keep. */
export function keepStatus(info: KindInfo, old: AnyObject, next: AnyObject): AnyObject {
  if (!info.hasStatus) return next;
  if (isPlain(old.kind)) {
    const { kind, apiVersion, metadata, spec: asked } = next as unknown as PlainObject;
    const { spec: known, status } = old as unknown as PlainObject;
    const spec = asked === known ? known : uniformSpec(kind, asked);
    return { kind, apiVersion, metadata, spec, status } as unknown as AnyObject;
  }
  let merged: Record<string, unknown> | undefined;
  for (const field in old) {
    if (!isStatusField(old.kind, field)) continue;
    if ((next as unknown as Fields)[field] === (old as unknown as Fields)[field]) continue;
    merged ??= { ...next };
    merged[field] = (old as unknown as Fields)[field];
  }
  return (merged as unknown as AnyObject | undefined) ?? next;
}

/** `next` as the status subresource sees it: everything but status (and metadata) from `old`. */
export function keepAllButStatus(old: AnyObject, next: AnyObject): AnyObject {
  if (isPlain(old.kind)) {
    const { kind, apiVersion, spec } = old as unknown as PlainObject;
    const { metadata, status: asked } = next as unknown as PlainObject;
    const { status: known } = old as unknown as PlainObject;
    const status = asked === known ? known : uniformStatus(kind, asked);
    return { kind, apiVersion, metadata, spec, status } as unknown as AnyObject;
  }
  const merged: Record<string, unknown> = { ...old, metadata: next.metadata };
  for (const field in next) if (isStatusField(old.kind, field)) merged[field] = (next as unknown as Fields)[field];
  return merged as unknown as AnyObject;
}

/** Whether everything outside metadata is the same. */
export function isSameContent(old: AnyObject, next: AnyObject): boolean {
  if (old === next) return true;
  if (isPlain(old.kind)) {
    const a = old as unknown as PlainObject;
    const b = next as unknown as PlainObject;
    // Status first: it is what usually changed.
    return isDeepEqual(a.status, b.status) && isDeepEqual(a.spec, b.spec);
  }
  for (const field in next) {
    if (field !== 'metadata' && !isDeepEqual((old as unknown as Fields)[field], (next as unknown as Fields)[field])) return false;
  }
  for (const field in old) {
    if (field !== 'metadata' && (next as unknown as Fields)[field] === undefined && (old as unknown as Fields)[field] !== undefined)
      return false;
  }
  return true;
}

/** Whether a field that bumps the kind's generation differs. */
export function isGenerationChange(info: KindInfo, old: AnyObject, next: AnyObject): boolean {
  for (const field of info.generationFields) {
    if (!isDeepEqual((old as unknown as Fields)[field], (next as unknown as Fields)[field])) return true;
  }
  return false;
}

/** Whether what users own of the metadata is the same: labels, annotations, owner references, finalizers. */
export function isSameUserMeta(a: ObjectMeta, b: ObjectMeta): boolean {
  return (
    a === b ||
    (isDeepEqual(a.labels, b.labels) &&
      isDeepEqual(a.annotations, b.annotations) &&
      isDeepEqual(a.ownerReferences, b.ownerReferences) &&
      isDeepEqual(a.finalizers, b.finalizers))
  );
}

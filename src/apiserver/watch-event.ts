/**
 * WatchEvent: one committed write, shared by the history window and every watch that sees it.
 *
 * Cost      one object per committed write, however many watches there are
 */
import type { AnyObject } from '../objects/kinds.ts';
import type { ObjectKey, TimeUs } from '../objects/meta.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export class WatchEvent {
  readonly type: WatchEventType;
  readonly key: ObjectKey;
  /** The state before; undefined for ADDED. */
  readonly old: AnyObject | undefined;
  /** The state after; for DELETED the last state with the resourceVersion of the deletion. */
  readonly object: AnyObject;
  readonly revision: number;
  readonly timeUs: TimeUs;

  constructor(type: WatchEventType, key: ObjectKey, old: AnyObject | undefined, object: AnyObject, revision: number, timeUs: TimeUs) {
    this.type = type;
    this.key = key;
    this.old = old;
    this.object = object;
    this.revision = revision;
    this.timeUs = timeUs;
  }
}

/** What a watch asks for; absent fields match everything. */
export interface WatchFilter {
  /** Only objects of this node; see `nodeNameOf`. */
  readonly nodeName?: string;
  /** Stands for label and field selectors; must be pure. */
  readonly select?: (object: AnyObject) => boolean;
}

/**
 * How a watch whose filter matched the old and new state as given sees `event`; undefined when not at all.
 * An object that leaves the selection looks deleted, one that enters it looks added.
 */
export function seenAs(event: WatchEvent, select: (object: AnyObject) => boolean): WatchEventType | undefined {
  const matchedBefore = event.old !== undefined && select(event.old);
  const matchesNow = event.type !== 'DELETED' && select(event.object);
  if (matchesNow) return matchedBefore ? 'MODIFIED' : 'ADDED';
  return matchedBefore ? 'DELETED' : undefined;
}

/**
 * The node an object belongs to, for watches and lists by node: a pod's `spec.nodeName`, the name of a
 * Node, CSINode or node Lease, a VolumeAttachment's node. Empty when it belongs to none.
 */
export function nodeNameOf(object: AnyObject): string {
  switch (object.kind) {
    case 'Pod':
      return (object as { readonly spec: { readonly nodeName: string } }).spec.nodeName;
    case 'Node':
    case 'CSINode':
    case 'Lease':
      return object.metadata.name;
    case 'VolumeAttachment':
      return (object as unknown as { readonly nodeName: string }).nodeName;
    default:
      return '';
  }
}

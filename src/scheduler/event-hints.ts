/**
 * What hints of several plugins ask of the object of an event.
 */

import type { Node } from '../objects/node.ts';
import type { Pod } from '../objects/pod.ts';
import { labelOf } from '../objects/selectors.ts';
import type { PodInfo } from './pod-info.ts';

/** Whether the event is about the waiting pod itself. */
export function isOwn(pod: PodInfo, after: unknown): boolean {
  return after !== undefined && (after as Pod).metadata.uid === pod.uid;
}

/** Whether the pod of the event holds a place: it runs somewhere, or a node was promised to it. */
export function isPlaced(pod: Pod): boolean {
  return pod.spec.nodeName !== '' || pod.status.nominatedNodeName !== '';
}

export function nodeLabel(node: unknown, key: string): string | undefined {
  return node === undefined ? undefined : labelOf((node as Node).metadata.labels, key);
}

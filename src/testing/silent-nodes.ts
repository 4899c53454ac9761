/**
 * SilentNodes: whether nodes may seem silent that are well.
 */
import type { Circumstances } from './invariants/invariant.ts';

/** Faults that no node seems silent by. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['component-crash', 'crash-at-write', 'crash-at-yield', 'slow-cleanup', 'watch-compaction', 'slow-requests', 'lost-reply'],
]);

/** The kind of fault by which they may; undefined when there is none. */
export function silencingFault({ faults }: Circumstances): string | undefined {
  return [...faults.keys()].find((kind) => !HARMLESS.has(kind));
}

/**
 * Convergence in its place: from when on the scenario leaves the cluster in peace, and how long it then has.
 */

import type { Distribution } from '../engine/distributions.ts';
import type { Lowering } from './lowering.ts';
import type { ConvergeSpec, EventSpec } from './scenario.ts';
import type { ScenarioDocument } from './schema.ts';

const PATH = ['spec', 'converge'];

/** What the scenario says of convergence; undefined when it says nothing. */
export function lowerConverge(lowering: Lowering, spec: ScenarioDocument['spec'], events: readonly EventSpec[]): ConvergeSpec | undefined {
  const { converge } = spec;
  if (converge === undefined) return undefined;
  if (spec.duration !== 'idle')
    lowering.report(['spec', 'duration'], 'with "converge" a run ends by itself: leave "duration" out', undefined, true);
  let afterUs = converge.after;
  if (afterUs === undefined) {
    afterUs = 0;
    for (const [index, event] of events.entries()) {
      const endUs = endOf(event);
      if (endUs !== undefined) afterUs = Math.max(afterUs, endUs);
      else {
        const what = 'when this event is over cannot be told beforehand';
        lowering.report(['spec', 'events', index], what, 'give spec.converge.after: everything is mended then');
      }
    }
  }
  const { within, quiet, invariants } = converge;
  return { afterUs, withinUs: within, quietUs: quiet, invariants, position: lowering.positionOf(PATH) };
}

/** When an event happens for the last time and what it broke is mended; undefined when that is not certain. */
function endOf({ when, action }: EventSpec): number | undefined {
  if (when.kind === 'every') return undefined;
  if (action.kind !== 'fault' || action.duration === undefined) return when.atUs;
  const longestUs = upperBound(action.duration);
  return longestUs === undefined ? undefined : when.atUs + longestUs;
}

function upperBound(distribution: Distribution): number | undefined {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'uniform':
      return distribution.max;
    case 'empirical':
      return Math.max(...distribution.values);
    default:
      return undefined;
  }
}

/**
 * outage: what the loss of a whole failure domain has in common: everything inside loses its power, or only its network.
 */
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import type { FaultTarget, Undo, WorldControls } from './fault.ts';

export const OUTAGE_PARAMETERS: readonly ParameterDef[] = [
  {
    name: 'cause',
    type: 'text',
    default: 'power',
    choices: ['power', 'network'],
    summary: 'power: machines die and boot afterwards; network: they run on, cut off from everything outside the domain',
  },
];

/** Takes the power from the target's vertex, or cuts it off. Components that stand inside go with it. */
export function strikeOutage(world: WorldControls, target: FaultTarget, parameters: ParameterValues): Undo {
  const { network, topology } = world.datacenter;
  if (parameters.text('cause') === 'power') return network.powerOff(target.vertex);
  return network.cut({ vertex: target.vertex }, { vertex: topology.root }, 'both');
}

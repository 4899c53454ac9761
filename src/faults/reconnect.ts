/**
 * reconnect: a component goes over to a certain API server replica, which may know less than the one it had, and back to any healthy one when
 * the fault ends.
 */
import { componentOf, defineFault } from './fault.ts';
import { checkKind, kindParameter } from './kind-parameter.ts';

export const reconnect = defineFault({
  name: 'reconnect',
  summary: 'a component connects to a certain API server, and to any healthy one after the fault',
  place: 'target',
  targetKinds: ['component', 'node'],
  heals: true,
  parameters: [
    { name: 'server', type: 'integer', default: 0, min: 0, summary: 'number of the API server, from 0' },
    kindParameter('is watched over the new connection'),
  ],
  check: (parameters, path, problems, world) => {
    checkKind(parameters, path, problems);
    const server = parameters.number('server');
    const { count } = world.apiServers;
    if (server >= count) problems.add(`${path}.server`, `there is no API server ${server}, they are numbered 0 to ${count - 1}`);
  },
  strike: (world, target, parameters) =>
    world.components.connectTo(componentOf(world, target), parameters.text('kind'), parameters.number('server')),
});

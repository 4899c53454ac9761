/**
 * api-server-restart: an API server goes away and comes back: connections break, watches start again, requests are refused meanwhile.
 */
import { afterSlash, defineFault } from './fault.ts';

export const apiServerRestart = defineFault({
  name: 'api-server-restart',
  summary: 'an API server is down for the duration of the fault',
  place: 'target',
  targetKinds: ['api-server'],
  heals: true,
  parameters: [],
  strike: (world, target) => world.apiServers.stop(Number(afterSlash(target.name))),
});

/**
 * stale-api-server: an API server's watch cache stops following the store, so that lists and watches served from it show old state.
 *
 * Models    "time travel" of readers that start from a cache of any age (kubernetes/kubernetes#59848)
 */
import { afterSlash, defineFault } from './fault.ts';
import { checkKind, kindParameter } from './kind-parameter.ts';

export const staleApiServer = defineFault({
  name: 'stale-api-server',
  summary: 'an API server serves old state from its watch cache',
  place: 'target',
  targetKinds: ['api-server'],
  heals: true,
  parameters: [kindParameter('stays behind')],
  check: checkKind,
  strike: (world, target, parameters) => world.apiServers.pauseCache(Number(afterSlash(target.name)), parameters.text('kind')),
});

/**
 * etcd-leader-loss: the store has no leader: writes and consistent reads fail with 500, caches and watches stand still, nodes cannot renew
 * their leases.
 *
 * Models    a leader election of etcd: 5 to 30 s of errors (heartbeat 100 ms and election timeout 1 s, times the tries it takes)
 */
import { defineFault } from './fault.ts';

export const etcdLeaderLoss = defineFault({
  name: 'etcd-leader-loss',
  summary: 'the store has no leader: no writes and no consistent reads, everything else shows old state',
  place: 'none',
  targetKinds: [],
  heals: true,
  parameters: [],
  strike: (world) => world.apiServers.loseLeader(),
});

/**
 * followPower: the control plane dies with the place it stands in.
 *
 * When its vertex loses power, API servers stop and all components crash; when power is back they start, with empty caches.
 *
 * Differs   the machines of the control plane take no time to boot
 */
import { type Undo, undoAll, type WorldControls } from './fault.ts';

export function followPower(world: WorldControls): void {
  const { datacenter, components, apiServers } = world;
  const { network, topology } = datacenter;
  let restore: Undo | undefined;
  datacenter.onChange((change) => {
    if (change.kind !== 'power') return;
    const hasPower = network.vertexHasPower(topology.controlPlane);
    if (hasPower && restore !== undefined) {
      restore();
      restore = undefined;
    } else if (!hasPower && restore === undefined) {
      const servers = Array.from({ length: apiServers.count }, (_, index) => apiServers.stop(index));
      // Servers come back first, so that components find them.
      restore = undoAll([...servers, ...components.names().map((name) => components.crash(name))]);
    }
  });
}

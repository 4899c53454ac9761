/**
 * node-reboot: machines restart; containers die, the kubelet comes back after the time a boot takes.
 *
 * Models    a kernel panic with automatic restart, or an unannounced maintenance reboot
 */
import { defineFault, NOTHING_TO_UNDO, nodeNameOf } from './fault.ts';

export const nodeReboot = defineFault({
  name: 'node-reboot',
  summary: 'machines restart; what ran on them dies',
  place: 'target',
  targetKinds: ['node'],
  heals: false,
  parameters: [],
  strike: (world, target) => {
    world.nodes.reboot(nodeNameOf(world, target));
    return NOTHING_TO_UNDO;
  },
});

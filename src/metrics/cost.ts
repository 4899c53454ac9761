/**
 * Cost: what the machines cost and the energy they draw, by machine kind.
 *
 * A machine is paid for while its Node object exists. Power follows CPU use linearly between idle and busy watts.
 *
 * Models    the linear power model of X. Fan et al., "Power provisioning for a warehouse-sized computer", ISCA 2007
 * Cost      O(1) per container start and stop
 */
import { compareCodeUnits } from '../base/compare.ts';
import { HOUR_US } from '../engine/units.ts';
import { CPU, NODE, type NodeRecord, POD } from './cluster-records.ts';
import { machineOf } from './cluster-view.ts';
import { defineMeasure } from './measure.ts';
import type { TableSpec } from './result.ts';
import { StepIntegral } from './sample-clock.ts';
import { column, TableBuilder } from './table-builder.ts';

const COST: TableSpec = {
  name: 'cost',
  description: 'Machine hours, cost and energy by machine kind, after warm-up.',
  columns: [
    column('machine', 'string', '', 'Machine kind.'),
    column('nodes_mean', 'number', 'nodes', 'Time-weighted mean number of registered nodes.'),
    column('node_hours', 'number', 'hours', 'Node objects integrated over time.'),
    column('price_per_hour', 'number', 'currency/hour', 'As the scenario gives it; empty when it gives none.'),
    column('cost', 'number', 'currency', 'Node hours times price.'),
    column('idle_cost', 'number', 'currency', 'Part of the cost in proportion to CPU that nobody requested.'),
    column('energy_kwh', 'number', 'kWh', 'Idle power plus CPU use times the rest; empty when the power is not given.'),
  ],
};

interface MachineUse {
  readonly nodes: StepIntegral;
  readonly cpuCapacity: StepIntegral;
  readonly cpuRequested: StepIntegral;
  readonly cpuUsed: StepIntegral;
}

export const cost = defineMeasure({
  name: 'cost',
  description: 'Machine hours, cost and energy by machine kind.',
  tables: [COST],
  create: (ctx) => {
    const startUs = ctx.settings.warmupUs;
    const byMachine = new Map<string, MachineUse>();
    const useOfNode: MachineUse[] = [];
    const cpuOfNode: number[] = [];

    function newUse(node: NodeRecord): MachineUse {
      const machine = machineOf(node);
      let use = byMachine.get(machine);
      if (use === undefined) {
        use = {
          nodes: new StepIntegral(startUs),
          cpuCapacity: new StepIntegral(startUs),
          cpuRequested: new StepIntegral(startUs),
          cpuUsed: new StepIntegral(startUs),
        };
        byMachine.set(machine, use);
      }
      useOfNode[node.index] = use;
      return use;
    }

    ctx.view.onNode((node, change, timeUs) => {
      const use = useOfNode[node.index] ?? newUse(node);
      if (change & NODE.ADDED) use.nodes.add(timeUs, 1);
      if (change & NODE.REMOVED) use.nodes.add(timeUs, -1);
      if (change & NODE.CAPACITY) {
        use.cpuCapacity.add(timeUs, node.allocatable[CPU]! - (cpuOfNode[node.index] ?? 0));
        cpuOfNode[node.index] = node.allocatable[CPU]!;
      }
    });
    ctx.view.onPod(POD.CLAIMED | POD.RELEASED | POD.USE_BEGAN | POD.USE_ENDED, (pod, change, timeUs) => {
      const use = useOfNode[pod.node!.index] ?? newUse(pod.node!);
      if (change & POD.CLAIMED) use.cpuRequested.add(timeUs, pod.requests[CPU]!);
      if (change & POD.RELEASED) use.cpuRequested.add(timeUs, -pod.requests[CPU]!);
      if (change & POD.USE_BEGAN) use.cpuUsed.add(timeUs, pod.usage[CPU]!);
      if (change & POD.USE_ENDED) use.cpuUsed.add(timeUs, -pod.usage[CPU]!);
    });

    return {
      finish: (endUs) => {
        const table = new TableBuilder(COST);
        const spanUs = Math.max(0, endUs - startUs);
        let totalCost = 0;
        let totalEnergy = 0;
        for (const machine of [...byMachine.keys()].sort(compareCodeUnits)) {
          const use = byMachine.get(machine)!;
          const prices = ctx.machines.find((entry) => entry.name === machine);
          const hours = use.nodes.total(endUs) / HOUR_US;
          const price = prices !== undefined && prices.pricePerHour > 0 ? prices.pricePerHour : null;
          const capacity = use.cpuCapacity.total(endUs);
          const idleShare = capacity > 0 ? Math.max(0, 1 - use.cpuRequested.total(endUs) / capacity) : 1;
          const usedShare = capacity > 0 ? Math.min(1, use.cpuUsed.total(endUs) / capacity) : 0;
          const watts =
            prices === undefined || prices.busyWatts <= 0 ? null : prices.idleWatts + (prices.busyWatts - prices.idleWatts) * usedShare;
          const paid = price === null ? null : hours * price;
          const energy = watts === null ? null : (hours * watts) / 1000;
          totalCost += paid ?? 0;
          totalEnergy += energy ?? 0;
          table.push(
            machine,
            spanUs > 0 ? use.nodes.total(endUs) / spanUs : null,
            hours,
            price,
            paid,
            paid === null ? null : paid * idleShare,
            energy,
          );
        }
        const figures = [];
        if (totalCost > 0)
          figures.push({ name: 'cost', title: 'Cost of the machines', value: totalCost, unit: 'currency', table: COST.name, detail: '' });
        if (totalEnergy > 0)
          figures.push({ name: 'energy', title: 'Energy', value: totalEnergy, unit: 'kWh', table: COST.name, detail: '' });
        return { tables: [table.build()], figures, answers: [] };
      },
    };
  },
});

import { describe, expect, test } from 'vitest';
import { DatacenterControls } from '../../src/datacenter/controls.ts';
import { Network } from '../../src/datacenter/network.ts';
import { networkProfile } from '../../src/datacenter/network-profiles.ts';
import { Topology } from '../../src/datacenter/topology.ts';
import { Engine } from '../../src/engine/engine.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import type { WorldControls } from '../../src/faults/fault.ts';
import { FaultInjector, type FaultRecord, faultTopic } from '../../src/faults/injector.ts';
import { faults } from '../../src/faults/registry.ts';
import { typicalFailures } from '../../src/faults/typical-failures.ts';

const DAYS = 365;

/** Failures of single machines: time and event that caused it. No machine is there to break: only the times are looked at. */
function strike(seed: number, maintenance: boolean): { timeUs: number; name: string; rack: number }[] {
  const engine = new Engine({ seed });
  const zone = (name: string) => ({ name, powerFeeds: 1, rackGroups: [{ racks: 16, nodesPerRack: 40, machine: 'm' }] });
  const topology = Topology.build({ regions: [{ name: 'r', zones: ['a', 'b', 'c'].map(zone) }] });
  const network = new Network(topology, networkProfile('instant'), engine.rng);
  const undo = () => {};
  const world = {
    datacenter: new DatacenterControls(topology, network),
    nodes: { crash: () => undo },
    components: { names: () => [] },
    apiServers: { count: 0 },
  } as unknown as WorldControls;
  const failures: { timeUs: number; name: string; rack: number }[] = [];
  engine.observers.on(faultTopic, (record: FaultRecord, timeUs) => {
    if (record.phase !== 'start') return;
    for (const node of topology.nodesBelow(topology.find(record.target)))
      failures.push({ timeUs, name: record.name, rack: topology.rackOf(node) });
  });
  new FaultInjector({ engine, rng: engine.rng.fork('faults'), world, faults }).schedule(typicalFailures({ maintenance }));
  engine.run({ untilUs: DAYS * 86_400 * SECOND_US });
  return failures;
}

describe('a year of typical failures on 1,920 machines', () => {
  test('has 20 to 30 removals per 1,000 machine-days with maintenance, and 8 to 14 without', () => {
    const perThousandDays = (count: number) => (count * 1000) / (1920 * DAYS);
    expect(perThousandDays(strike(1, true).length)).toBeGreaterThan(20);
    expect(perThousandDays(strike(1, true).length)).toBeLessThan(30);
    expect(perThousandDays(strike(1, false).length)).toBeGreaterThan(8);
    expect(perThousandDays(strike(1, false).length)).toBeLessThan(14);
  });

  test('a quarter to two fifths of the unplanned failures come in bursts, the large bursts on few racks', () => {
    let [inBurst, all, large, largeRacks] = [0, 0, 0, 0];
    for (const seed of [1, 2, 3]) {
      const failures = strike(seed, false).sort((a, b) => a.timeUs - b.timeUs);
      all += failures.length;
      for (let start = 0; start < failures.length; ) {
        let end = start + 1;
        while (end < failures.length && failures[end]!.timeUs - failures[end - 1]!.timeUs <= 120 * SECOND_US) end++;
        if (end - start >= 2) inBurst += end - start;
        if (end - start >= 20) {
          large++;
          largeRacks += new Set(failures.slice(start, end).map((failure) => failure.rack)).size / (end - start);
        }
        start = end;
      }
    }
    expect(inBurst / all).toBeGreaterThan(0.25);
    expect(inBurst / all).toBeLessThan(0.4);
    expect(large).toBeGreaterThan(0);
    expect(largeRacks / large).toBeLessThan(0.1);
  });
});

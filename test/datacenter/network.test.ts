import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DatacenterControls } from '../../src/datacenter/controls.ts';
import { type Direction, Network, type NetworkChange, type Party } from '../../src/datacenter/network.ts';
import { NETWORK_PROFILES, networkProfile } from '../../src/datacenter/network-profiles.ts';
import { Topology } from '../../src/datacenter/topology.ts';
import { constant } from '../../src/engine/distributions.ts';
import { Rng } from '../../src/engine/rng.ts';
import { check } from '../support/seeded.ts';

function build(profile = 'cloud-region') {
  const zone = (name: string) => ({ name, powerFeeds: 2, rackGroups: [{ racks: 2, nodesPerRack: 2, machine: 'm' }] });
  const topology = Topology.build({
    regions: [
      { name: 'east', zones: [zone('a'), zone('b')] },
      { name: 'west', zones: [zone('w')] },
    ],
  });
  const network = new Network(topology, networkProfile(profile), Rng.root(1));
  network.addEndpoint('control-plane', topology.controlPlane);
  network.addEndpoint('scheduler', topology.controlPlane);
  for (const id of topology.select('node/*')) network.addEndpoint(`kubelet/${topology.vertex(id).label}`, id);
  return { topology, network, controls: new DatacenterControls(topology, network) };
}

function medianUs(network: Network, from: string, to: string): number {
  const [a, b] = [network.findEndpoint(from), network.findEndpoint(to)];
  const samples = Array.from({ length: 401 }, () => network.oneWayUs(a, b)).sort((x, y) => x - y);
  return samples[200]!;
}

describe('latency', () => {
  test('grows with the distance in the topology', () => {
    const { network } = build();
    const medians = ['a-1-2', 'a-2-1', 'b-1-1', 'w-1-1'].map((name) => medianUs(network, 'kubelet/a-1-1', `kubelet/${name}`));
    expect(medians).toEqual([...medians].sort((x, y) => x - y));
    expect(medians[0]!).toBeGreaterThan(50);
    expect(medians[3]!).toBeGreaterThan(25_000);
  });

  test('is a whole number of microseconds, and 0 in the instant profile', () => {
    const { network } = build();
    for (let i = 0; i < 100; i++) expect(Number.isSafeInteger(network.oneWayUs(0, 5))).toBe(true);
    expect(build('instant').network.oneWayUs(0, 5)).toBe(0);
  });

  test('of one node does not depend on the traffic of another', () => {
    const quiet = build().network;
    const busy = build().network;
    for (let i = 0; i < 10; i++) busy.oneWayUs(0, 7);
    expect([quiet.oneWayUs(0, 5), quiet.oneWayUs(5, 0)]).toEqual([busy.oneWayUs(0, 5), busy.oneWayUs(5, 0)]);
  });

  test('grows with a degradation while it lasts; loss shows as retransmissions or as -1', () => {
    const { network, controls } = build('instant');
    const undo = controls.degrade('node/a-1-1', 'world', { latency: constant(1000) });
    const other = controls.degrade('zone/a', 'control-plane', { latency: constant(500) });
    const node = network.findEndpoint('kubelet/a-1-1');
    expect(network.oneWayUs(node, 0)).toBe(1500);
    expect(network.oneWayUs(0, node)).toBe(1500);
    undo();
    expect(network.oneWayUs(node, 0)).toBe(500);
    other();
    const end = controls.degrade('node/a-1-1', 'world', { loss: 0.5 }, 'from');
    const waits = Array.from({ length: 2000 }, () => network.oneWayUs(node, 0));
    expect(new Set(waits)).toEqual(new Set([0, 200_000, 600_000, 1_400_000, 3_000_000, 6_200_000, 12_600_000, -1]));
    expect(waits.filter((wait) => wait === 0).length / 2000).toBeCloseTo(0.5, 1);
    expect(network.oneWayUs(0, node)).toBe(0);
    end();
    expect(network.oneWayUs(node, 0)).toBe(0);
  });

  test('every profile orders its distances and can be sampled', () => {
    for (const { name } of NETWORK_PROFILES) {
      const { network } = build(name);
      expect(medianUs(network, 'kubelet/a-1-1', 'kubelet/a-1-2')).toBeLessThanOrEqual(medianUs(network, 'kubelet/a-1-1', 'kubelet/w-1-1'));
    }
  });

  test('a profile can be changed by distance, and a wrong name is explained', () => {
    expect(networkProfile('lan', { 'same-rack': constant(7) }).links['same-rack'].latency).toEqual(constant(7));
    expect(() => networkProfile('lam')).toThrow('did you mean "lan"?');
    expect(() => networkProfile('lan', { 'same-rak': constant(7) })).toThrow('did you mean "same-rack"?');
  });
});

describe('cuts and power', () => {
  test('a one-way cut stops one direction', () => {
    const { network, controls } = build();
    const node = network.findEndpoint('kubelet/a-1-1');
    const heal = controls.cut('node/a-1-1', 'control-plane', 'to');
    expect([network.isConnected(0, node), network.isConnected(node, 0)]).toEqual([false, true]);
    expect(network.oneWayUs(0, node)).toBe(-1);
    heal();
    expect(network.isConnected(0, node)).toBe(true);
  });

  test('cutting a rack from the world spares what is inside it', () => {
    const { network, controls } = build();
    controls.cut('rack/a-1', 'world');
    const [one, two, outside] = ['a-1-1', 'a-1-2', 'a-2-1'].map((name) => network.findEndpoint(`kubelet/${name}`)) as [
      number,
      number,
      number,
    ];
    expect(network.isConnected(one, two)).toBe(true);
    expect(network.isConnected(one, outside)).toBe(false);
    expect(network.isConnected(one, 0)).toBe(false);
  });

  test('one component can be cut from its neighbours', () => {
    const { network, controls } = build();
    controls.cut('scheduler', 'control-plane');
    expect(network.isConnected(1, 0)).toBe(false);
    expect(network.isConnected(0, 5)).toBe(true);
    expect(() => controls.cut('schedular', 'control-plane')).toThrow('did you mean "scheduler"?');
  });

  test('power comes back when every outage is over', () => {
    const { network, topology } = build();
    const node = network.findEndpoint('kubelet/a-1-1');
    const zone = network.powerOff(topology.find('zone/a'));
    const again = network.powerOff(topology.find('zone/a'));
    const rack = network.powerOff(topology.find('rack/a-1'));
    zone();
    zone();
    expect(network.hasPower(node)).toBe(false);
    again();
    expect(network.hasPower(node)).toBe(false);
    rack();
    expect(network.hasPower(node)).toBe(true);
  });

  test('listeners hear of every change', () => {
    const { network, topology, controls } = build();
    const heard: string[] = [];
    network.onChange((change: NetworkChange) => heard.push(`${change.kind} ${change.isHealed}`));
    controls.cut('zone/a', 'zone/b')();
    network.powerOff(topology.find('zone/b'))();
    controls.degrade('zone/a', 'zone/b', { loss: 0.1 });
    expect(heard).toEqual(['cut false', 'cut true', 'power false', 'power true', 'degradation false']);
  });

  /** Reachability worked out from scratch: for every rule, on which side each end is. */
  function naive(
    topology: Topology,
    network: Network,
    rules: readonly { a: Party; b: Party; direction: Direction }[],
    dark: readonly number[],
  ) {
    const chain = (endpoint: number): string[] => {
      const found = [`e${endpoint}`];
      for (let at = network.endpointVertex(endpoint); at >= 0; at = topology.parentOf(at)) found.push(`v${at}`);
      return found;
    };
    const name = (party: Party) => ('vertex' in party ? `v${party.vertex}` : `e${party.endpoint}`);
    return (from: number, to: number): boolean => {
      for (const vertex of dark) if (chain(from).includes(`v${vertex}`) || chain(to).includes(`v${vertex}`)) return false;
      for (const rule of rules) {
        const side = (endpoint: number): string => chain(endpoint).find((link) => link === name(rule.a) || link === name(rule.b)) ?? '';
        const [x, y] = [side(from), side(to)];
        if (x === '' || y === '' || x === y) continue;
        const isFromA = x === name(rule.a);
        if (rule.direction === 'both' || (rule.direction === 'from') === isFromA) return false;
      }
      return true;
    };
  }

  test('reachability is what a recomputation from all rules says, whatever began and ended', () => {
    const sample = build();
    const party = fc.oneof(
      fc.integer({ min: 0, max: sample.topology.vertexCount - 1 }).map((vertex): Party => ({ vertex })),
      fc.integer({ min: 0, max: sample.network.endpointNames().length - 1 }).map((endpoint): Party => ({ endpoint })),
    );
    const step = fc.oneof(
      fc.record({ cut: fc.tuple(party, party, fc.constantFrom<Direction>('both', 'to', 'from')) }),
      fc.record({ dark: fc.integer({ min: 1, max: sample.topology.vertexCount - 1 }) }),
      fc.record({ undo: fc.nat(8) }),
    );
    check(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { topology, network } = build();
        const open: { undo: () => void; rule?: { a: Party; b: Party; direction: Direction }; dark?: number }[] = [];
        for (const s of steps) {
          if ('cut' in s) {
            const [a, b, direction] = s.cut;
            open.push({ undo: network.cut(a, b, direction), rule: { a, b, direction } });
          } else if ('dark' in s) {
            open.push({ undo: network.powerOff(s.dark), dark: s.dark });
          } else if (open.length > 0) {
            const [ended] = open.splice(s.undo % open.length, 1);
            ended!.undo();
          }
        }
        const expected = naive(
          topology,
          network,
          open.flatMap((o) => (o.rule === undefined ? [] : [o.rule])),
          open.flatMap((o) => (o.dark === undefined ? [] : [o.dark])),
        );
        const count = network.endpointNames().length;
        for (let from = 0; from < count; from += 2) {
          for (let to = 0; to < count; to++) {
            if (from === to) continue;
            expect(network.isConnected(from, to)).toBe(expected(from, to));
            expect(network.oneWayUs(from, to) >= 0).toBe(expected(from, to));
          }
        }
      }),
      100,
    );
  });
});

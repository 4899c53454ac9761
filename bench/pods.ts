/**
 * Pods: whole pod lives (create, schedule, bind, start, finish, delete) per second of processor time, with every layer on, and a
 * quiet cluster of 5,000 nodes over a simulated day.
 */
import { loadScenarioText } from '../src/scenario/load-text.ts';
import { startScenario } from '../src/scenario/scenario-run.ts';
import { type Bench, cpuSeconds, peakMemoryMb, type Row } from './harness.ts';

export const podsBench: Bench = {
  name: 'pods',
  summary: 'pod lives per second with all layers on; a quiet day of 5,000 nodes',
  run({ quick }) {
    return [lives(quick ? 2_000 : 50_000), steady(quick ? 500 : 5_000, quick ? 1 : 24)];
  },
};

/** Arrivals of one shape at 40 a second; each pod runs about a minute. */
function lives(pods: number): Row {
  const spec = loadScenarioText(`
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: pod-lives }
spec:
  duration: idle
  cluster:
    zones:
      - { name: a, racks: 10, nodesPerRack: 20, machine: m }
      - { name: b, racks: 10, nodesPerRack: 20, machine: m }
    machines: { m: { cpu: 32, memory: 128Gi, pods: 110 } }
  workload:
    - synthetic: { every: 25ms, maxPods: ${pods}, pod: { cpu: 500m, memory: 512Mi, runTime: exponential(mean: 1m) } }
  metrics: { keepPods: false }
`);
  const run = startScenario(spec);
  const seconds = cpuSeconds(() => {
    while (!run.advance());
  });
  const events = run.world.engine.eventCount;
  return {
    what: `pod lives, 400 nodes, ${pods.toLocaleString('en')} pods`,
    figure: `${Math.round(pods / seconds).toLocaleString('en')} /s`,
    note: `${Math.round(events / seconds).toLocaleString('en')} events/s, ${(events / pods).toFixed(1)} events a pod, peak ${Math.round(peakMemoryMb())} MB`,
  };
}

/** Nothing happens but heartbeats and the control plane's own periodic work. */
function steady(nodes: number, hours: number): Row {
  const spec = loadScenarioText(`
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: steady }
spec:
  duration: ${hours}h
  cluster:
    zones:
      - { name: a, racks: ${nodes / 50}, nodesPerRack: 50, machine: m }
    machines: { m: { cpu: 32, memory: 128Gi, pods: 110 } }
  metrics: { interval: 5m }
`);
  const run = startScenario(spec);
  const seconds = cpuSeconds(() => {
    while (!run.advance());
  });
  return {
    what: `${nodes.toLocaleString('en')} quiet nodes, ${hours} simulated hours`,
    figure: `${seconds.toFixed(1)} s`,
    note: `${run.world.engine.eventCount.toLocaleString('en')} events, peak ${Math.round(peakMemoryMb())} MB`,
  };
}

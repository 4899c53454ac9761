/**
 * Steady: a simulated day of 5,000 nodes that hold 150,000 pods of 300 Deployments, with leases, watches and readiness probes.
 * It takes minutes, nearly all of them for the first hour of the day, in which the pods come into being; it runs only when
 * it is asked for by name.
 */
import { loadScenarioText } from '../src/scenario/load-text.ts';
import { startScenario } from '../src/scenario/scenario-run.ts';
import { type Bench, cpuSeconds, peakMemoryMb } from './harness.ts';

export const steadyBench: Bench = {
  name: 'steady',
  summary: 'a day of 5,000 nodes with 150,000 pods (minutes; only when named)',
  isLong: true,
  run({ quick, say }) {
    const nodes = quick ? 500 : 5000;
    const apps = quick ? 30 : 300;
    const hours = 24;
    const run = startScenario(loadScenarioText(scenario(nodes, apps, hours)));
    const { engine, store } = run.world;
    const untilReady = cpuSeconds(() => {
      while (engine.nowUs < SETUP_US && !run.advance()) say(`${(engine.nowUs / 1e6).toFixed(0)} s: ${store.count('Pod')} pods`);
    });
    const setupEvents = engine.eventCount;
    const pods = store.list('Pod');
    const ready = pods.filter((pod) =>
      pod.status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    );
    const rest = cpuSeconds(() => {
      while (!run.advance());
    });
    const what = `${nodes.toLocaleString('en')} nodes, ${pods.length.toLocaleString('en')} pods`;
    return [
      {
        what: `${what}: the first hour`,
        figure: `${untilReady.toFixed(1)} s`,
        note: `${ready.length.toLocaleString('en')} ready at its end, ${setupEvents.toLocaleString('en')} events`,
      },
      {
        what: `${what}: the rest of ${hours} hours`,
        figure: `${rest.toFixed(1)} s`,
        note: `${(engine.eventCount - setupEvents).toLocaleString('en')} events, peak ${Math.round(peakMemoryMb())} MB`,
      },
    ];
  },
};

/** By then every pod is ready: the scheduler places some 50 a second. */
const SETUP_US = 3_600_000_000;
const PODS_PER_APP = 500;

function scenario(nodes: number, apps: number, hours: number): string {
  const deployments = Array.from({ length: apps }, (_, i) => deployment(`app-${i}`));
  return `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: steady }
spec:
  duration: ${hours}h
  cluster:
    zones:
      - { name: a, racks: ${nodes / 100}, nodesPerRack: 50, machine: m }
      - { name: b, racks: ${nodes / 100}, nodesPerRack: 50, machine: m }
    machines: { m: { cpu: 32, memory: 128Gi, pods: 110 } }
  controllers: { replicaset: { qps: 1000, burst: 1000 } }
  metrics: { interval: 5m }
${deployments.join('')}`;
}

function deployment(name: string): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${PODS_PER_APP}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: ${name}
          readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 10 }
          resources: { requests: { cpu: 500m, memory: 1Gi } }
`;
}

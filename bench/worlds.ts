/**
 * Worlds: what a small whole world costs that is built, run for some virtual minutes and thrown away, one after another in one
 * process, as property tests do it: 20 nodes, two Deployments and a Job of 100 pods together, everything on but measures.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadScenarioText } from '../src/scenario/load-text.ts';
import { World } from '../src/scenario/world.ts';
import { type Bench, cpuSeconds, median } from './harness.ts';

/** Until the virtual machine has compiled what there is to compile. */
const WARM_UP = 250;
const LAPS = 5;

export const worldsBench: Bench = {
  name: 'worlds',
  summary: 'small worlds (20 nodes, 100 pods, 5 minutes) one after another, as property tests run them',
  run({ quick, say }) {
    const spec = loadScenarioText(SCENARIO);
    const warmUp = quick ? 20 : WARM_UP;
    const perLap = quick ? 4 : 50;
    say(`${warmUp} worlds to warm up, ${LAPS} laps of ${perLap}`);
    runWorlds(warmUp, 0);
    const heapBefore = heapMb();
    const laps = Array.from({ length: LAPS }, (_, lap) => runWorlds(perLap, lap * perLap));
    const grownMb = heapMb() - heapBefore;
    const each = (of: (lap: Lap) => number) => median(laps.map(of)) / perLap;
    const totalMs = each((lap) => lap.buildMs + lap.runMs);
    return [
      {
        what: 'a world, all in all',
        figure: `${totalMs.toFixed(1)} ms`,
        note: `${(1000 / totalMs).toFixed(0)} worlds/s; ${each((lap) => lap.events).toFixed(0)} events, ${((each((lap) => lap.runMs) * 1000) / each((lap) => lap.events)).toFixed(1)} us each`,
      },
      { what: 'building and starting it', figure: `${each((lap) => lap.buildMs).toFixed(1)} ms`, note: '' },
      { what: 'running it for 5 minutes', figure: `${each((lap) => lap.runMs).toFixed(1)} ms`, note: '' },
      {
        what: `heap kept after ${perLap * LAPS} worlds more`,
        figure: `${grownMb.toFixed(1)} MB`,
        note: grownMb > LEAK_MB ? 'A WORLD LEAKS' : `less than ${LEAK_MB} MB: worlds leave nothing behind`,
      },
    ];

    function runWorlds(count: number, firstSeed: number): Lap {
      let buildMs = 0;
      let runMs = 0;
      let events = 0;
      for (let i = 0; i < count; i++) {
        let world: World | undefined;
        buildMs +=
          1000 *
          cpuSeconds(() => {
            world = new World({ ...spec, seed: firstSeed + i });
            world.start();
          });
        const { engine } = world!;
        runMs +=
          1000 *
          cpuSeconds(() => {
            engine.run({ untilUs: 300_000_000 });
          });
        events += engine.eventCount;
      }
      return { buildMs, runMs, events };
    }
  },
};

interface Lap {
  readonly buildMs: number;
  readonly runMs: number;
  readonly events: number;
}

/** A world holds 3 MB and more: one that is kept shows in every lap. */
const LEAK_MB = 8;

/** Live heap after a full collection, in MB. */
function heapMb(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

const SCENARIO = `
apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: small }
spec:
  duration: 5m
  cluster:
    zones:
      - { name: a, racks: 2, nodesPerRack: 5, machine: m }
      - { name: b, racks: 2, nodesPerRack: 5, machine: m }
    machines: { m: { cpu: 8, memory: 32Gi, pods: 110 } }
---
${deployment('web', 40)}---
${deployment('api', 30)}---
apiVersion: batch/v1
kind: Job
metadata: { name: sum }
spec:
  completions: 30
  parallelism: 15
  template:
    metadata: { annotations: { seatrial.dev/run-duration: 20s } }
    spec: { restartPolicy: Never, containers: [ { name: main, image: sum, resources: { requests: { cpu: 250m, memory: 128Mi } } } ] }
`;

function deployment(name: string, replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [ { name: main, image: ${name}, resources: { requests: { cpu: 500m, memory: 256Mi } } } ] }
`;
}

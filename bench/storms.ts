/**
 * Storms: what a convergence case costs, one after another in one process, all invariants on: as `seatrial fuzz` draws them, and
 * with 20 nodes and 100 pods; and what it saves to tell invariants many records at a time instead of everything as it happens.
 */
import * as fc from 'fast-check';
import {
  DEFAULT_SETTING,
  faultSchedules,
  invariants,
  runStorm,
  type Storm,
  StormLoader,
  stormOf,
  storms,
  type WorkloadKind,
  workloadCase,
} from '../src/testing/index.ts';
import { Anchor } from './anchor.ts';
import { type Bench, cpuSeconds, median, millions, type Row, ratio } from './harness.ts';

const SEED = 3;
const LAPS = 6;

export const stormsBench: Bench = {
  name: 'storms',
  summary: 'convergence cases with faults one after another, all invariants on: as fuzz draws them; 20 nodes and 100 pods',
  isLong: true,
  hasManyWorlds: true,
  run({ quick, say }) {
    const drawn = storms();
    const warmUp = quick ? 10 : 240;
    const perLap = quick ? 5 : 80;
    const loader = new StormLoader();
    const anchor = Anchor.compile(say);
    const contenders: readonly Contender[] = [
      { what: 'as `seatrial fuzz` draws them', stormAt: (index) => stormOf(drawn, SEED, index) },
      { what: '20 nodes, 100 pods', stormAt: fullHouse },
    ];
    return contenders.flatMap(({ what, stormAt }) => {
      say(`${what}: ${warmUp} to warm up, ${LAPS} laps of ${perLap}, then ${LAPS} more in turn with invariants told as it happens`);
      const first = (round: number): number => warmUp + round * perLap;
      lap(stormAt, 0, warmUp, undefined);
      const laps: Lap[] = [];
      const rates: number[] = [];
      for (let round = 0; round < LAPS; round++) {
        if (anchor !== undefined) rates.push(anchor.rate());
        laps.push(lap(stormAt, first(round), perLap, undefined));
      }
      lap(stormAt, 0, perLap, 1);
      const savings: number[] = [];
      for (let round = 0; round < LAPS; round++) {
        // In turn, since whoever runs second finds everything warmer.
        const before = round % 2 === 0 ? undefined : lap(stormAt, first(round), perLap, 1);
        const late = lap(stormAt, first(round), perLap, undefined);
        const atOnce = before ?? lap(stormAt, first(round), perLap, 1);
        savings.push(late.wallMs / atOnce.wallMs);
      }
      return rowsOf(what, laps, perLap, median(savings), rates);
    });

    function lap(stormAt: Contender['stormAt'], first: number, count: number, notesAtOnce: number | undefined): Lap {
      let events = 0;
      let failed = 0;
      const cases = Array.from({ length: count }, (_, i) => stormAt(first + i));
      const options = { invariants, ...(notesAtOnce === undefined ? {} : { notesAtOnce }) };
      const startedAtMs = performance.now();
      const cpuMs =
        1000 *
        cpuSeconds(() => {
          for (const storm of cases) {
            const outcome = runStorm(loader.load(storm), options);
            events += outcome.events;
            if (outcome.violation !== undefined) failed++;
          }
        });
      return { wallMs: performance.now() - startedAtMs, cpuMs, events, failed };
    }
  },
};

interface Contender {
  readonly what: string;
  stormAt(index: number): Storm;
}

interface Lap {
  readonly wallMs: number;
  /** Of all threads: the compiler's and the collector's count too. */
  readonly cpuMs: number;
  readonly events: number;
  readonly failed: number;
}

/** Four workloads of 25 pods on two zones of 10 nodes, and what a drawn schedule breaks there. */
function fullHouse(index: number): Storm {
  const cluster = {
    zones: [10, 10],
    apiServers: 1 + (index % 2),
    controllerManagers: 1 + ((index >> 1) % 2),
    schedulers: 1 + ((index >> 2) % 2),
  };
  const [faults = []] = fc.sample(faultSchedules(cluster), { seed: SEED + index, numRuns: 1 });
  const kinds: readonly WorkloadKind[] = ['Deployment', 'Deployment', 'StatefulSet', 'Job'];
  return {
    ...cluster,
    seed: index,
    shuffleTies: index % 2 === 0 ? index : undefined,
    objects: [],
    actions: [],
    faults,
    setting: DEFAULT_SETTING,
    workloads: kinds.map((kind, place) =>
      workloadCase({
        kind,
        name: `${kind.toLowerCase()}-${place}`,
        replicas: 25,
        cpuMilli: 100,
        strategy: 'rolling',
        maxSurge: 1,
        maxUnavailable: 1,
        minReadySeconds: 0,
        placement: 'anywhere',
        minAvailable: 0,
        isParallel: true,
        workSeconds: 20,
        tolerationSeconds: undefined,
        graceSeconds: 30,
        priority: 0,
      }),
    ),
  };
}

function rowsOf(what: string, laps: readonly Lap[], cases: number, saving: number, rates: readonly number[]): Row[] {
  const each = (of: (lap: Lap) => number) => median(laps.map(of)) / cases;
  const failed = laps.reduce((sum, lap) => sum + lap.failed, 0);
  const events = each((lap) => lap.events);
  const fastestMs = Math.min(...laps.map(({ wallMs }) => wallMs)) / cases;
  return [
    {
      what: `${what}, main thread`,
      figure: `${each((lap) => lap.wallMs).toFixed(1)} ms`,
      note: `${events.toFixed(0)} events, ${((1000 * each((lap) => lap.wallMs)) / events).toFixed(1)} us each; fastest lap ${fastestMs.toFixed(1)} ms${failed > 0 ? `; ${failed} CASES FAILED` : ''}`,
    },
    { what: `${what}, all threads`, figure: `${each((lap) => lap.cpuMs).toFixed(1)} ms`, note: 'with compiler and garbage collector' },
    { what: `${what}, against invariants told as it happens`, figure: ratio(saving), note: 'side by side, main thread' },
    ...anchorRows(what, laps, cases, rates),
  ];
}

/** What a case takes, whatever mood the machine is in. */
function anchorRows(what: string, laps: readonly Lap[], cases: number, rates: readonly number[]): Row[] {
  if (rates.length === 0) return [];
  const rounds = median(laps.map(({ wallMs }, i) => (wallMs / 1000 / cases) * rates[i]!));
  return [
    {
      what: `${what}, in rounds of the anchor`,
      figure: `${Math.round(rounds / 1000)} k`,
      note: `std::priority_queue makes ${millions(median(rates))} here with 100,000 pending`,
    },
  ];
}

/** Commands run in this process, with a world that is made up: what they print, write and end with. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliIo, CliParts } from '../../src/cli/io.ts';
import { builtInParts } from '../../src/cli/parts.ts';
import { runCli } from '../../src/cli/program.ts';
import { createResult, NO_WALL_CLOCK, RESULT_EPOCH, type RunResult } from '../../src/metrics/result.ts';
import type { Measurements } from '../../src/scenario/expect.ts';
import { evaluateExpectations } from '../../src/scenario/expect-evaluator.ts';
import type { RunOutcomeOf, RunScenarioOptions, ScenarioRunOf } from '../../src/scenario/run-types.ts';
import type { ScenarioSpec } from '../../src/scenario/scenario.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Stage {
  readonly folder: string;
  /** Writes a file below the folder; returns its path. */
  file(name: string, text: string): string;
  read(name: string): string;
  list(name?: string): string[];
  run(...args: string[]): Promise<Ended>;
  /** Presses Ctrl-C as soon as the next run has done so many slices. */
  interruptAfter(slices: number): void;
  clean(): void;
}

export interface FakeWorld {
  /** Measured values by spelling. */
  readonly values?: Readonly<Record<string, number | string>>;
  readonly slices?: number;
  /** Digest after each slice of the n-th run. */
  readonly digest?: (run: number, slice: number) => string;
  readonly onStart?: (spec: ScenarioSpec, options: RunScenarioOptions) => void;
  readonly fails?: Error;
  readonly isTerminal?: boolean;
}

export function stage(world: FakeWorld = {}): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'seatrial-cli-'));
  let interruptAt = Infinity;
  let pauses = 0;
  let runs = 0;
  let clockMs = 0;
  let interrupt = (): void => {};
  const real = builtInParts();
  const parts: CliParts = {
    ...real,
    startScenario: (spec, options) => {
      world.onStart?.(spec, options);
      runs++;
      return fakeRun(spec, options, world, runs);
    },
    writeResult: (target, result) => {
      writeFileSync(join(target, 'result.json'), JSON.stringify(result));
      mkdirSync(join(target, 'tables'), { recursive: true });
      writeFileSync(join(target, 'tables', 'pods.csv'), 'pod\n');
    },
    readResult: (target) => JSON.parse(readFileSync(join(target, 'result.json'), 'utf8')) as RunResult,
    renderReport: (result) => `<html>${result.meta.scenario}</html>`,
  };
  return {
    folder,
    file: (name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    list: (name = '.') => readdirSync(join(folder, name)).sort((a, b) => (a < b ? -1 : 1)),
    interruptAfter: (slices) => {
      interruptAt = slices;
    },
    clean: () => rmSync(folder, { recursive: true, force: true }),
    run: async (...args) => {
      let out = '';
      let err = '';
      pauses = 0;
      const io: CliIo = {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        isTerminal: world.isTerminal ?? false,
        columns: 80,
        nowMs: () => {
          clockMs += 4000;
          return clockMs;
        },
        timeOfDay: () => '2026-01-01T00:00:00.000Z',
        onInterrupt: (handler) => {
          interrupt = handler;
          return () => {
            interrupt = () => {};
          };
        },
        pause: () => {
          pauses++;
          if (pauses >= interruptAt) interrupt();
          return Promise.resolve();
        },
      };
      const code = await runCli(args, () => parts, io);
      return { code, out: out.replaceAll(folder, '.'), err: err.replaceAll(folder, '.') };
    },
  };
}

function fakeRun(spec: ScenarioSpec, options: RunScenarioOptions, world: FakeWorld, run: number): ScenarioRunOf<RunResult> {
  const slices = world.slices ?? 3;
  const digestAt = world.digest ?? ((_, slice) => `digest-${slice}`);
  let slice = 0;
  let isInterrupted = false;
  return {
    advance: () => {
      if (world.fails !== undefined) throw world.fails;
      options.onProgress?.({ nowUs: slice * 60_000_000, endUs: slices * 60_000_000, events: slice * 1000, digest: digestAt(run, slice) });
      if (options.shouldStop?.() === true) {
        isInterrupted = true;
        return true;
      }
      slice++;
      options.onEvent?.(slice, 'test.event', 7);
      options.onDigest?.(slice * 1000, slice * 60_000_000, digestAt(run, slice));
      return slice >= slices;
    },
    finish: () => outcome(spec, world, slice, isInterrupted, digestAt(run, slice)),
  };
}

function outcome(spec: ScenarioSpec, world: FakeWorld, slice: number, isPartial: boolean, digest: string): RunOutcomeOf<RunResult> {
  const values = world.values ?? {};
  const measurements: Measurements = {
    value: (name, args) => values[args.length === 0 ? name : `${name}(${args.join(', ')})`],
    tableOf: () => '',
    names: () => Object.keys(values),
  };
  const expectations = evaluateExpectations(spec.expect, measurements);
  const simulatedUs = slice * 60_000_000;
  const end = isPartial ? 'interrupted' : 'until';
  const result = createResult({
    meta: {
      seatrialVersion: '0',
      kubernetesVersion: 'v1.34',
      scenario: spec.name,
      description: '',
      seed: String(spec.seed),
      digest,
      simulatedUs,
      epoch: RESULT_EPOCH,
      events: slice * 1000,
      end: isPartial ? 'interrupted' : 'completed',
      isPartial,
      partialReason: '',
      replayCommand: '',
      scenarioText: '',
    },
    summary: [{ name: 'evictions', title: 'Evictions', value: 2, unit: 'pods', table: 't', detail: '' }],
    tables: [],
    expectations,
    wall: NO_WALL_CLOCK,
  });
  return { result, digest, events: slice * 1000, simulatedUs, end, isPartial, expectations, measurements };
}

export const SCENARIO = `apiVersion: seatrial.dev/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  seed: 7
  duration: 3m
  cluster: { zones: [ { name: a, racks: 1, nodesPerRack: 1, machine: m5.large } ] }
`;

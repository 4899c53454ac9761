/**
 * npm run bench [-- NAME...] [--quick] [--json]: speed as ratios measured side by side in one run.
 * The tables of docs/performance.md come from here.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { tuneForManyWorlds } from '../src/cli/many-worlds.ts';
import { apiBench } from './api.ts';
import { engineBench } from './engine.ts';
import { type Bench, MissingInput, peakMemoryMb, type Row } from './harness.ts';
import { kubesbsBench } from './kubesbs.ts';
import { podsBench } from './pods.ts';
import { schedulerBench } from './scheduler.ts';
import { steadyBench } from './steady.ts';
import { stormsBench } from './storms.ts';
import { worldsBench } from './worlds.ts';

const benches: readonly Bench[] = [engineBench, apiBench, podsBench, schedulerBench, worldsBench, stormsBench, steadyBench, kubesbsBench];

if (!isMainThread) {
  const { name, quick } = workerData as ThreadWork;
  const say = (line: string): void => parentPort?.postMessage({ line } satisfies ThreadMessage);
  const rows = await benches.find((bench) => bench.name === name)!.run({ quick, say });
  parentPort?.postMessage({ rows } satisfies ThreadMessage);
  process.exit();
}

const words = process.argv.slice(2);
const quick = words.includes('--quick');
const asJson = words.includes('--json');
const names = words.filter((word) => !word.startsWith('--'));
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0 || words.includes('--help')) {
  for (const name of unknown) console.error(`unknown bench "${name}"`);
  console.error('usage: npm run bench -- [NAME...] [--quick] [--json]\n');
  for (const bench of benches) console.error(`  ${bench.name.padEnd(14)} ${bench.summary}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const results: Record<string, Row[]> = {};
for (const bench of benches) {
  if (names.length > 0 ? !names.includes(bench.name) : bench.isLong === true) continue;
  console.error(`\n${bench.name}: ${bench.summary}`);
  const rows = await rowsOf(bench);
  results[bench.name] = rows;
  if (!asJson) for (const row of rows) console.log(`  ${row.what.padEnd(44)} ${row.figure.padStart(14)}  ${row.note}`);
}
if (asJson) console.log(JSON.stringify({ node: process.version, peakMemoryMb: Math.round(peakMemoryMb()), results }, null, 2));
else console.log(`\nNode ${process.version}, peak memory ${Math.round(peakMemoryMb())} MB`);

async function rowsOf(bench: Bench): Promise<Row[]> {
  try {
    const say = (line: string): void => console.error(`  ${line}`);
    return bench.hasManyWorlds === true ? await rowsOfThread(bench.name, say) : await bench.run({ quick, say });
  } catch (error) {
    if (!(error instanceof MissingInput)) throw error;
    console.error(`  ${error.message}`);
    process.exit(2);
  }
}

interface ThreadWork {
  readonly name: string;
  readonly quick: boolean;
}

type ThreadMessage = { readonly line: string } | { readonly rows: Row[] };

/** Runs a bench in a thread like those of `seatrial fuzz`. */
function rowsOfThread(name: string, say: (line: string) => void): Promise<Row[]> {
  tuneForManyWorlds();
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: { name, quick } satisfies ThreadWork });
    thread.on('message', (message: ThreadMessage) => {
      if ('line' in message) say(message.line);
      else resolve(message.rows);
    });
    thread.on('error', reject);
  });
}

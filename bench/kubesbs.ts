/**
 * KubeSBS: a public benchmark's cluster of 1,213 nodes and 7,064 pods, as whole process of the built command (`npm run build`): with
 * pods that end, and with pods that run on, as in the simulators that the benchmark compares.
 *
 * Needs     nodes-1200.yaml.gz and pods-1200.yaml.gz: `data/big/vanilla` of https://github.com/GCDA-UDL/k8s-sims, gzipped,
 *           in the folder that KUBESBS_DIR names
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Anchor } from './anchor.ts';
import { type Bench, MissingInput, median, millions, type Row } from './harness.ts';

/** From the project's folder, in which npm runs its scripts. */
const COMMAND = resolve('dist/cli/main.js');
const FILES = ['nodes-1200.yaml.gz', 'pods-1200.yaml.gz'];
const ROUNDS = 5;
/** Told by the process itself when it ends: its parent sees neither its peak memory nor its processor time. */
const USAGE_HOOK =
  'data:text/javascript,process.on("exit",()=>{const u=process.resourceUsage();process.stderr.write("\\nUSAGE "+JSON.stringify(u))})';

export const kubesbsBench: Bench = {
  name: 'kubesbs',
  summary: 'the whole command on 1,213 nodes and 7,064 pods of the benchmark KubeSBS; its files in $KUBESBS_DIR',
  isLong: true,
  run({ quick, say }) {
    if (!existsSync(COMMAND)) throw new MissingInput('the command is not built: run "npm run build"');
    const folder = process.env.KUBESBS_DIR;
    const wanted = FILES.join(' and ');
    if (folder === undefined) throw new MissingInput(`set KUBESBS_DIR to the folder of ${wanted} (see bench/kubesbs.ts for their source)`);
    const files = FILES.map((name) => join(folder, name));
    const missing = files.filter((path) => !existsSync(path));
    if (missing.length > 0) throw new MissingInput(`no ${missing.join(', ')}: KUBESBS_DIR is the folder of ${wanted}`);
    const rounds = quick ? 1 : ROUNDS;
    const contenders = [
      { what: 'pods end', flags: [] },
      { what: 'pods run on', flags: ['--set', 'spec.kubelet.batchEnds=false'] },
    ];
    const anchor = Anchor.compile(say);
    const runs: Usage[][] = contenders.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, { what, flags }] of contenders.entries()) {
        say(`${what}, round ${round + 1} of ${rounds}`);
        const rate = anchor?.rate();
        runs[i]!.push({ rate, ...runOnce([...files, '--until', 'idle', ...flags]) });
      }
    }
    return contenders.map(({ what }, i) => rowOf(what, runs[i]!));
  },
};

interface Usage extends ProcessUsage {
  /** Of the anchor, just before. */
  readonly rate: number | undefined;
}

interface ProcessUsage {
  readonly wallS: number;
  readonly cpuS: number;
  readonly peakGb: number;
}

function runOnce(words: readonly string[]): ProcessUsage {
  const out = mkdtempSync(join(tmpdir(), 'seatrial-kubesbs-'));
  try {
    const startedAtMs = performance.now();
    const run = spawnSync(process.execPath, ['--import', USAGE_HOOK, COMMAND, 'run', ...words, '--out', join(out, 'run')], {
      encoding: 'utf8',
    });
    const wallS = (performance.now() - startedAtMs) / 1000;
    if (run.status !== 0) throw new Error(`exit code ${run.status}: ${run.stderr}`);
    const usage = JSON.parse(run.stderr.slice(run.stderr.lastIndexOf('USAGE ') + 6)) as NodeJS.ResourceUsage;
    return { wallS, cpuS: (usage.userCPUTime + usage.systemCPUTime) / 1e6, peakGb: (usage.maxRSS * 1024) / 1e9 };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function rowOf(what: string, runs: readonly Usage[]): Row {
  const walls = runs.map(({ wallS }) => wallS);
  return {
    what: `1,213 nodes, 7,064 pods, ${what}`,
    figure: `${median(walls).toFixed(1)} s`,
    note:
      `wall, median of ${runs.length} (${Math.min(...walls).toFixed(1)} to ${Math.max(...walls).toFixed(1)}); ` +
      `${median(runs.map(({ cpuS }) => cpuS)).toFixed(1)} s of processor time, ${Math.max(...runs.map(({ peakGb }) => peakGb)).toFixed(2)} GB${anchorNote(runs)}`,
  };
}

/** What the run took, whatever mood the machine is in. */
function anchorNote(runs: readonly Usage[]): string {
  const rates = runs.flatMap(({ rate }) => rate ?? []);
  if (rates.length < runs.length) return '';
  const rounds = median(runs.map(({ wallS }, i) => wallS * rates[i]!));
  return `; ${(rounds / 1e6).toFixed(1)} M rounds of the anchor (std::priority_queue makes ${millions(median(rates))} here with 100,000 pending)`;
}

/**
 * explain: why a pod of a run was placed where it was, or nowhere.
 *
 * Runs keep no verdict and no score of any node. They are found by running the run again from its replay.json, which is the same
 * run event by event, with the attempts of one pod evaluated in full; the digest at the end says whether it was.
 */
import { InputError } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { VERSION } from '../base/version.ts';
import { loadScenario } from '../scenario/load.ts';
import type { AttemptRecord } from '../scheduler/attempts.ts';
import { type Explanation, explainEvaluation } from '../scheduler/explanation.ts';
import { equip } from './equip.ts';
import type { ExplainFlags } from './explain.ts';
import { explanationCsv, explanationJson, explanationText, type ShownAttempt } from './explain-text.ts';
import { type CliIo, type CliParts, EXIT, type ExitCode } from './io.ts';
import { PluginHost } from './plugin-host.ts';
import { ReplayFiles, type ReplayRecord, readReplay } from './replay-record.ts';
import { loadOptionsOf, replayCommandOf } from './scenario-flags.ts';
import { type Outcome, simulate } from './simulate.ts';

export async function explain(parts: CliParts, io: CliIo, folder: string, pod: string, flags: ExplainFlags): Promise<ExitCode> {
  if (flags.json === true && flags.csv === true) throw new InputError([{ path: '--csv', message: 'goes without --json' }]);
  const record = readReplay(folder);
  const files = new ReplayFiles(record, folder);
  const { kept, lost } = files.changes();
  if (kept.length > 0) io.err(`changed since the run: ${kept.join(', ')}; what is explained is the run as it was\n`);
  if (lost.length > 0) io.err(`warning: changed or gone since the run: ${lost.join(', ')}; the replay will most likely differ\n`);
  if (record.seatrialVersion !== VERSION) io.err(`warning: the run was made by seatrial ${record.seatrialVersion}, this is ${VERSION}\n`);

  const search = new AttemptSearch(pod, flags.attempt);
  const outcome = await replay(parts, io, record, files, search);
  if (outcome === undefined) return EXIT.interrupted;
  const isSameRun = outcome.digest === record.digest;
  const { attempts, explanation } = search.result();
  const { scenario, seed } = outcome.result.meta;
  const shown: ShownAttempt = { run: { scenario, seed, digest: outcome.digest, isSameRun }, attempts, ...explanation };
  if (flags.json === true) io.out(explanationJson(shown));
  else if (flags.csv === true) io.out(explanationCsv(shown));
  else io.out(explanationText(shown, { nodeCount: flags.nodes, nodes: flags.node ?? [], isList: flags.list ?? false }));
  if (isSameRun) return EXIT.ok;
  io.err(`the replay is not the run that was saved: its digest is ${outcome.digest}, that of the run ${record.digest}\n`);
  io.err(lost.length > 0 ? `inputs have changed: ${lost.join(', ')}\n` : 'its inputs are the same, so the program must be another one\n');
  return EXIT.found;
}

/** Runs the recorded run again, to where it ended; undefined when it was interrupted before. */
async function replay(
  builtIn: CliParts,
  io: CliIo,
  record: ReplayRecord,
  files: ReplayFiles,
  search: AttemptSearch,
): Promise<Outcome | undefined> {
  const parts = await equip(builtIn, record.flags.controller, files);
  const plugins = new PluginHost(files, files.onDisk('.'));
  const load = { files, words: parts.words, loadPlugins: plugins.load, ...loadOptionsOf(record.flags) };
  const spec = loadScenario(record.files, load);
  let events = 0;
  let isAtEnd = false;
  const outcome = await simulate(parts, io, spec, {
    files,
    plugins,
    isQuiet: false,
    label: `${spec.name}, again`,
    replayCommand: replayCommandOf('run', record.files, record.flags),
    explains: (key) => search.isMeant(key),
    onEvaluation: (evaluation) => search.take(explainEvaluation(evaluation)),
    onAttempt: (attempt) => search.note(attempt),
    onDigest: (count) => {
      events = count;
    },
    shouldStop: () => {
      // A run that was interrupted ended between two slices.
      isAtEnd ||= record.isPartial && events >= record.events;
      return isAtEnd;
    },
  });
  return outcome.isPartial && !isAtEnd ? undefined : outcome;
}

/** Finds the pod that was meant, and the attempt, while the run goes by. */
class AttemptSearch {
  private readonly pod: string;
  private readonly wanted: number | undefined;
  private readonly keys: Set<string>;
  private readonly attempts: AttemptRecord[];
  private readonly counts: Map<string, number>;
  private found: Explanation | undefined;

  constructor(pod: string, wanted: number | undefined) {
    this.pod = pod;
    this.wanted = wanted;
    this.keys = new Set();
    this.attempts = [];
    this.counts = new Map();
    this.found = undefined;
  }

  isMeant(key: string): boolean {
    return this.pod.includes('/')
      ? key === this.pod
      : key.endsWith(`/${this.pod}`) && key.length - this.pod.length === key.indexOf('/') + 1;
  }

  take(explanation: Explanation): void {
    const count = (this.counts.get(explanation.podKey) ?? 0) + 1;
    this.counts.set(explanation.podKey, count);
    if (this.wanted === undefined || this.wanted === count) this.found = explanation;
  }

  note(attempt: AttemptRecord): void {
    this.keys.add(attempt.podKey);
    if (this.isMeant(attempt.podKey)) this.attempts.push(attempt);
  }

  /** Throws an InputError when there is no such pod or attempt. */
  result(): Pick<ShownAttempt, 'attempts'> & { readonly explanation: Explanation & { readonly attempt: number } } {
    const keys = [...this.counts.keys()];
    if (keys.length === 0) throw this.unknownPod();
    if (keys.length > 1) throw new InputError([{ path: 'pod', message: `several pods are called ${this.pod}: ${keys.join(', ')}` }]);
    const count = this.counts.get(keys[0]!)!;
    if (this.found === undefined) {
      const message = `pod ${keys[0]} has no attempt ${this.wanted}, it has ${count === 1 ? 'one' : count}`;
      throw new InputError([{ path: '--attempt', message, hint: 'see --list' }]);
    }
    const attempts = this.attempts.map((attempt, index) => ({
      attempt: index + 1,
      timeUs: attempt.timeUs,
      result: attempt.result,
      node: attempt.nodeName,
      message: attempt.message,
    }));
    return { attempts, explanation: { ...this.found, attempt: this.wanted ?? count } };
  }

  private unknownPod(): InputError {
    const known = [...this.keys];
    const names = this.pod.includes('/') ? known : known.map((key) => key.slice(key.indexOf('/') + 1));
    const nearest = nearestName(this.pod, new Set(names));
    const message = `no pod "${this.pod}" was ever tried by a scheduler in this run (${known.length} others were)`;
    return new InputError([{ path: 'pod', message, ...(nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` }) }]);
  }
}

/**
 * ConvergenceJudge: whether a cluster settles after its storm, and whether the invariants hold all the while.
 *
 *   storm    until spec.converge.after: users act, faults strike
 *   peace    every fault is mended. Within spec.converge.within the last write has to happen, and then, for
 *            spec.converge.quiet, nothing is written and no invariant misses anything: eventually stable reconciliation
 *
 * Leases and Events are not counted as writes: holding a lease is no change.
 *
 * Source    eventually stable reconciliation: Sun et al., Anvil, OSDI'24; the two phases: storms first, then a healed system
 * Cost      goals are looked at only after `quiet` without a write, and then every tenth of it
 */
import { InputError, type InputProblem } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { Engine } from '../engine/engine.ts';
import { formatDuration } from '../engine/units.ts';
import type { Answer, MeasureReport } from '../metrics/measure.ts';
import type { TableSpec } from '../metrics/result.ts';
import { column, TableBuilder } from '../metrics/table-builder.ts';
import type { Judge } from '../scenario/run-types.ts';
import type { ConvergeSpec } from '../scenario/scenario.ts';
import type { World } from '../scenario/world.ts';
import { InvariantWatch, type Violation } from './invariant-watch.ts';
import type { InvariantDef } from './invariants/invariant.ts';

/** Name under which a cluster that does not settle is reported. */
export const CONVERGENCE = 'convergence';

/** Kinds whose writes are no change of anything. */
const SILENT_KINDS: ReadonlySet<string> = new Set(['Lease', 'Event']);
/** Lines of what is missing that a report shows. */
const MISSING_MAX = 5;

export interface JudgeOptions {
  readonly invariants: readonly InvariantDef[];
  /** End the run at the first violation. Default false: count them all. */
  readonly stopsAtFirst?: boolean;
  /** As for InvariantWatch. */
  readonly notesAtOnce?: number;
}

const VIOLATIONS: TableSpec = {
  name: 'violations',
  description: 'Invariants that did not hold.',
  columns: [
    column('time_us', 'integer', 'us', 'When it was seen.'),
    column('event', 'integer', 'count', 'Number of the event that broke it.'),
    column('invariant', 'string', '', 'Name of the invariant.'),
    column('message', 'string', '', 'What was found.'),
    column('subjects', 'string', '', 'Objects it is about.'),
  ],
};

export class ConvergenceJudge implements Judge {
  isDone: boolean;
  readonly watch: InvariantWatch;
  /** When the cluster came to rest, from the beginning of peace; undefined while it has not. */
  convergedAfterUs: number | undefined;

  private readonly world: World;
  private readonly converge: ConvergeSpec;
  private readonly stopsAtFirst: boolean;
  /** Not settled by then is not settled. */
  private readonly deadlineUs: number;
  private lastWriteUs: number;
  private nextLookUs: number;

  /** Must be made before the world starts. Throws an InputError when the scenario names an unknown invariant. */
  constructor(world: World, options: JudgeOptions) {
    const { converge } = world.spec;
    if (converge === undefined) throw new InputError([{ ...world.spec.position, message: 'the scenario has no spec.converge' }]);
    checkNames(converge, options.invariants);
    this.isDone = false;
    this.convergedAfterUs = undefined;
    this.world = world;
    this.converge = converge;
    this.stopsAtFirst = options.stopsAtFirst ?? false;
    this.deadlineUs = converge.afterUs + converge.withinUs + converge.quietUs;
    this.lastWriteUs = converge.afterUs;
    this.nextLookUs = converge.afterUs + converge.quietUs;
    const { notesAtOnce } = options;
    this.watch = new InvariantWatch(world, options.invariants, notesAtOnce === undefined ? {} : { notesAtOnce });
    const onViolation = (): void => {
      if (this.stopsAtFirst) this.end();
    };
    this.watch.onViolation = onViolation;
    const { engine } = world;
    world.store.onCommit((kind) => {
      if (engine.nowUs > this.lastWriteUs && !SILENT_KINDS.has(kind)) this.lastWriteUs = engine.nowUs;
    });
    const before = engine.afterEvent;
    const afterEvent: Engine['afterEvent'] = (kind, target) => {
      before?.(kind, target);
      this.look(engine.nowUs);
    };
    engine.afterEvent = afterEvent;
  }

  get violations(): readonly Violation[] {
    return this.watch.violations;
  }

  finish(): MeasureReport {
    this.watch.catchUp();
    // The world may have run out of events before the next look was due.
    if (!this.isDone) this.look(this.world.engine.nowUs);
    const table = new TableBuilder(VIOLATIONS);
    for (const { timeUs, event, invariant, message, subjects } of this.violations) {
      table.push(timeUs, event, invariant, message, subjects.join(' '));
    }
    const value = this.convergedAfterUs ?? null;
    return {
      tables: [table.build()],
      figures: [
        {
          name: 'violations',
          title: 'Broken invariants',
          value: this.watch.count('') ?? 0,
          unit: 'count',
          table: 'violations',
          detail: '',
        },
        { name: 'time_to_converge', title: 'Time to come to rest', value, unit: 'us', table: 'violations', detail: '' },
      ],
      answers: this.answers(),
    };
  }

  private answers(): Answer[] {
    const names = [...this.watch.watched.map((def) => def.name), CONVERGENCE];
    return [
      {
        name: 'violations',
        table: 'violations',
        value: ([name = '']) => (name === CONVERGENCE ? (this.watch.count(name) ?? 0) : this.watch.count(name)),
        known: () => ['', ...names],
      },
      { name: 'time_to_converge', table: 'violations', value: () => this.convergedAfterUs, known: () => [''] },
    ];
  }

  private look(nowUs: number): void {
    this.watch.endEvent();
    if (nowUs < this.nextLookUs || this.isDone) return;
    this.watch.catchUp();
    if (this.isDone) return;
    const { quietUs, afterUs } = this.converge;
    const isQuiet = nowUs - this.lastWriteUs >= quietUs;
    if (isQuiet && this.watch.isSettled()) {
      this.convergedAfterUs = this.lastWriteUs - afterUs;
      this.end();
    } else if (nowUs >= this.deadlineUs) {
      this.reportUnrest(isQuiet);
      this.end();
    } else {
      // The run ends at the deadline: a look that is due later would never happen.
      this.nextLookUs = Math.min(this.deadlineUs, isQuiet ? nowUs + quietUs / 10 : this.lastWriteUs + quietUs);
    }
  }

  private reportUnrest(isQuiet: boolean): void {
    const { nowUs } = this.world.engine;
    const missing = this.watch.unsettled();
    const lines = missing.flatMap(({ invariant, lines }) => lines.map((line) => `${invariant}: ${line}`));
    const shown = lines.slice(0, MISSING_MAX).join('; ') + (lines.length > MISSING_MAX ? `; and ${lines.length - MISSING_MAX} more` : '');
    const since = formatDuration(nowUs - this.converge.afterUs);
    const lastWrite = formatDuration(nowUs - this.lastWriteUs);
    const what = isQuiet ? `nothing was written for ${lastWrite}` : `still writing (the last write was ${lastWrite} ago)`;
    const message = `not settled ${since} after the storm, ${what}${shown === '' ? '' : `: ${shown}`}`;
    this.watch.report(CONVERGENCE, message, subjectsIn(lines));
  }

  private end(): void {
    this.isDone = true;
    this.watch.stop();
    this.world.engine.stop();
  }
}

/** `pod/default/web-0` and the like, as goals write them. */
function subjectsIn(lines: readonly string[]): string[] {
  const found = new Set<string>();
  for (const line of lines) for (const [subject] of line.matchAll(/\b[a-z]+\/[-a-z0-9./]*[a-z0-9]/g)) found.add(subject);
  return [...found].slice(0, MISSING_MAX);
}

function checkNames(converge: ConvergeSpec, defs: readonly InvariantDef[]): void {
  const names = defs.map((def) => def.name);
  const problems: InputProblem[] = [];
  for (const [index, name] of (converge.invariants ?? []).entries()) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    problems.push({
      ...converge.position,
      path: `${converge.position.path}.invariants[${index}]`,
      message: `unknown invariant "${name}", expected one of ${names.join(', ')}`,
      ...(nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` }),
    });
  }
  if (problems.length > 0) throw new InputError(problems);
}

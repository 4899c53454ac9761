/**
 * InputError: what is wrong with something the user wrote, said so that they can mend it.
 *
 * An InputProblem names the place (file, line, column or a path inside the document), what was
 * found, what was expected, and a hint such as the nearest valid name. Readers collect problems in
 * a ProblemList and throw one InputError with all of them at the end (exit code 2, nothing written).
 */
import { nearestName } from './nearest-name.ts';

export interface InputProblem {
  /** Path inside the document, such as `spec.cluster.zones[0].racks`; empty for the document itself. */
  readonly path: string;
  /** What is wrong and what was expected, one sentence without a final full stop. */
  readonly message: string;
  /** A suggestion, such as `did you mean "node-crash"?`. */
  readonly hint?: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
}

export class InputError extends Error {
  readonly problems: readonly InputProblem[];

  constructor(problems: readonly InputProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'InputError';
    this.problems = problems;
  }
}

/** `file:line:col: path: message (hint)`, leaving out what is not known. */
export function formatProblem(problem: InputProblem): string {
  let where = problem.file ?? '';
  if (problem.line !== undefined) where += `:${problem.line}`;
  if (problem.line !== undefined && problem.column !== undefined) where += `:${problem.column}`;
  const parts = [where, problem.path, problem.message].filter((part) => part !== '');
  return parts.join(': ') + (problem.hint === undefined ? '' : ` (${problem.hint})`);
}

/** Collects problems while a document is read, so that the user sees them all at once. */
export class ProblemList {
  readonly problems: InputProblem[] = [];

  get isEmpty(): boolean {
    return this.problems.length === 0;
  }

  add(path: string, message: string, hint?: string): void {
    this.problems.push(hint === undefined ? { path, message } : { path, message, hint });
  }

  /** Reports `found` as not one of `valid`, with the nearest name as a hint. */
  addUnknown(path: string, what: string, found: string, valid: readonly string[]): void {
    const nearest = nearestName(found, valid);
    const list = valid.length <= 12 ? `, expected one of ${valid.join(', ')}` : '';
    this.add(path, `unknown ${what} "${found}"${list}`, nearest === undefined ? undefined : `did you mean "${nearest}"?`);
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new InputError(this.problems);
  }
}

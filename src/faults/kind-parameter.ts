/**
 * kindParameter: which kind of object a fault is about, as a parameter of several faults.
 */
import type { ProblemList } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { ParameterDef, ParameterValues } from '../base/parameters.ts';
import { KINDS } from '../objects/kinds.ts';

/** `what` completes the sentence "the kind of object that ...". */
export function kindParameter(what: string): ParameterDef {
  return { name: 'kind', type: 'text', default: '', summary: `the kind of object that ${what}, such as Pod; empty for all` };
}

/** Reports a kind that looks like a misspelled built-in one. Any other unknown name may be that of a custom resource. */
export function checkKind(parameters: ParameterValues, path: string, problems: ProblemList): void {
  const kind = parameters.text('kind');
  const kinds = KINDS.map((info) => info.kind);
  if (kind === '' || kinds.includes(kind) || nearestName(kind, kinds) === undefined) return;
  problems.addUnknown(`${path}.kind`, 'kind', kind, kinds);
}

/**
 * Turns what zod found wrong with a document into input problems with file, line and column, the expectation and the nearest
 * valid name.
 */
import { z } from 'zod';
import type { InputProblem } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { describeValue } from './fields.ts';
import { type DocumentPath, type PathPart, type SourceDocument, valueAt } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;
/** The part of JSON Schema that says which keys a place may have. */
interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
}

/** All problems of `error`, in the order they stand in the file. */
export function problemsOf(error: z.ZodError, document: SourceDocument, schema: z.ZodType): InputProblem[] {
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema;
  const problems = error.issues.flatMap((issue) => explain(issue, [], document, shape));
  const seen = new Set<string>();
  return problems
    .filter((problem) => {
      const key = `${problem.line}:${problem.column}:${problem.path}:${problem.message}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function explain(issue: Issue, above: DocumentPath, document: SourceDocument, shape: JsonSchema): InputProblem[] {
  const path: DocumentPath = [...above, ...(issue.path as PathPart[])];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, document, shape));
    case 'invalid_value':
      return [unknownValue(issue.values.map(String), path, document)];
    case 'invalid_union':
      return explainUnion(issue, path, document, shape);
    case 'custom': {
      const hint = issue.params?.['hint'] as string | undefined;
      const offset = issue.params?.['offset'] as number | undefined;
      const problem = document.problem(path, issue.message, hint);
      // An offset inside a plain text moves the column to the very word.
      if (offset === undefined || problem.column === undefined) return [problem];
      return [{ ...problem, column: problem.column + offset + (document.isQuoted(path) ? 1 : 0) }];
    }
    default:
      return [document.problem(path, valueAt(document.value, path) === undefined ? missing(issue) : issue.message)];
  }
}

function missing(issue: Issue): string {
  return issue.message.startsWith('missing') || issue.message.startsWith('expected')
    ? issue.message.replace(/^expected/, 'missing, expected')
    : `missing (${issue.message})`;
}

/** The branch whose outer type fits explains it best; without one, the union's own sentence. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: DocumentPath,
  document: SourceDocument,
  shape: JsonSchema,
): InputProblem[] {
  const inner = issue.errors.find(
    (branch) => branch.length > 0 && branch.every((entry) => entry.path.length > 0 || entry.code === 'unrecognized_keys'),
  );
  if (inner !== undefined) return inner.flatMap((entry) => explain(entry, path, document, shape));
  const value = valueAt(document.value, path);
  const message = value === undefined ? issue.message.replace(/^expected/, 'missing, expected') : withFound(issue.message, value);
  return [document.problem(path, message)];
}

function withFound(message: string, value: unknown): string {
  return message.includes(', found ') ? message : `${message}, found ${describeValue(value)}`;
}

function unknownKey(key: string, path: DocumentPath, document: SourceDocument, shape: JsonSchema): InputProblem {
  const valid = keysAt(shape, path);
  const nearest = nearestName(key, valid);
  const list = valid.length > 0 && valid.length <= 16 ? `, expected one of ${valid.join(', ')}` : '';
  return document.problem(
    [...path, key],
    `unknown key "${key}"${list}`,
    nearest === undefined ? undefined : `did you mean "${nearest}"?`,
    true,
  );
}

function unknownValue(valid: readonly string[], path: DocumentPath, document: SourceDocument): InputProblem {
  const found = valueAt(document.value, path);
  if (found === undefined)
    return document.problem(path, `missing, expected ${valid.length === 1 ? valid[0] : `one of ${valid.join(', ')}`}`);
  const nearest = typeof found === 'string' ? nearestName(found, valid) : undefined;
  const expected = valid.length === 1 ? `expected ${valid[0]}` : `expected one of ${valid.join(', ')}`;
  const what = typeof found === 'string' ? `unknown value "${found}", ${expected}` : `${expected}, found ${describeValue(found)}`;
  return document.problem(path, what, nearest === undefined || valid.length === 1 ? undefined : `did you mean "${nearest}"?`);
}

/** Keys the schema allows at `path`; of every branch when there are several. */
function keysAt(schema: JsonSchema, path: DocumentPath): string[] {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.flatMap((branch) => keysAt(branch, path)))];
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(schema.properties ?? {});
  if (typeof first === 'number') return schema.items === undefined ? [] : keysAt(schema.items, rest);
  const next = schema.properties?.[first] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
  return next === undefined ? [] : keysAt(next, rest);
}

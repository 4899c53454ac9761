/**
 * manifests: Kubernetes manifests from text, outside of any scenario: for programs, tests and dumps of clusters.
 *
 * Reads multi-document YAML, JSON, Lists and what `kubectl get -o yaml|json` prints. Every problem is collected with its
 * file, line and column.
 *
 * Cost      about 30 us per small manifest
 */
import { InputError, type InputProblem, ProblemList } from '../base/input-error.ts';
import { type DecodeOptions, decodeObjects } from '../objects/decode.ts';
import { pathSegments } from '../objects/document-path.ts';
import type { ManifestEntry } from './scenario.ts';
import { type DocumentPath, parseSource, type SourceDocument } from './yaml-source.ts';

/** The objects of one file's text. What is wrong goes to `problems`; objects with a problem are left out. */
export function collectManifests(file: string, text: string, problems: InputProblem[], options: DecodeOptions = {}): ManifestEntry[] {
  const before = problems.length;
  const documents = parseSource(file, text, problems);
  if (documents.length === 0 && problems.length === before) {
    problems.push({ path: '', file, message: 'there is nothing in it: expected Kubernetes manifests' });
  }
  return documents.flatMap((document) => decodeDocument(document, problems, options));
}

/** The objects of one file's text; throws one InputError with everything that is wrong. */
export function parseManifests(file: string, text: string, options: DecodeOptions = {}): ManifestEntry[] {
  const problems: InputProblem[] = [];
  const entries = collectManifests(file, text, problems, options);
  if (problems.length > 0) throw new InputError(problems);
  return entries;
}

function decodeDocument(document: SourceDocument, problems: InputProblem[], options: DecodeOptions): ManifestEntry[] {
  const list = new ProblemList();
  const objects = decodeObjects(document.value, '', list, options);
  for (const problem of list.problems) problems.push(document.problem(pathSegments(problem.path), problem.message, problem.hint));
  // With a problem some objects are missing and places would be off; the caller gets no objects then anyway.
  if (!list.isEmpty) return [];
  const paths = objectPaths(document.value, []);
  return objects.map((object, index) => ({ object, position: document.positionOf(paths[index] ?? []) }));
}

/** Paths of the objects in a document, in the order they are decoded: itself, or the items of a list, recursively. */
export function objectPaths(value: unknown, base: DocumentPath): DocumentPath[] {
  const list = value as { readonly kind?: unknown; readonly items?: unknown } | null;
  if (typeof list?.kind !== 'string' || !list.kind.endsWith('List') || !Array.isArray(list.items)) return [base];
  return list.items.flatMap((item, index) => objectPaths(item, [...base, 'items', index]));
}

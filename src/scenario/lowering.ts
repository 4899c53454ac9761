/**
 * Lowering: what the steps from a validated document to a ScenarioSpec share.
 */
import type { InputProblem } from '../base/input-error.ts';
import { InputError, ProblemList } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { pathSegments } from '../objects/document-path.ts';
import { readConfiguration } from '../scheduler/configuration.ts';
import type { PluginDef } from '../scheduler/framework.ts';
import type { KubernetesVersion } from '../scheduler/versions.ts';
import { paramField } from './fields.ts';
import type { ManifestReader } from './manifest-source.ts';
import type { ConfigDocument, FileSource, ParamValue, SourcePosition } from './scenario.ts';
import type { ParamInfo, Vocabulary } from './vocabulary.ts';
import { type DocumentPath, parseSource, type SourceDocument, valueAt } from './yaml-source.ts';

export class Lowering {
  readonly document: SourceDocument;
  readonly words: Vocabulary;
  readonly files: FileSource;
  readonly manifests: ManifestReader;
  readonly problems: InputProblem[];

  constructor(document: SourceDocument, words: Vocabulary, files: FileSource, manifests: ManifestReader, problems: InputProblem[]) {
    this.document = document;
    this.words = words;
    this.files = files;
    this.manifests = manifests;
    this.problems = problems;
  }

  report(path: DocumentPath, message: string, hint?: string, atKey = false): void {
    this.problems.push(this.document.problem(path, message, hint, atKey));
  }

  /** Reports `found` as none of `valid`, with the nearest. */
  reportUnknown(path: DocumentPath, what: string, found: string, valid: readonly string[], atKey = false): void {
    const nearest = nearestName(found, valid);
    const list = valid.length > 0 && valid.length <= 16 ? `, expected one of ${valid.join(', ')}` : '';
    this.report(path, `unknown ${what} "${found}"${list}`, nearest === undefined ? undefined : `did you mean "${nearest}"?`, atKey);
  }

  /** Adds problems that came with paths relative to `base`, giving them places in this document. */
  adopt(problems: readonly InputProblem[], base: DocumentPath): void {
    for (const problem of problems) {
      if (problem.file !== undefined) this.problems.push(problem);
      else this.report([...base, ...pathSegments(problem.path)], problem.message, problem.hint);
    }
  }

  /** Runs `step`; an InputError becomes problems at `path`. undefined when it failed. */
  attempt<T>(path: DocumentPath, step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) {
        if (problem.file !== undefined && problem.line !== undefined) this.problems.push(problem);
        else this.report(path, problem.message, problem.hint);
      }
      return undefined;
    }
  }

  /** Collects problems of a reader that knows paths only. */
  collect(base: DocumentPath, step: (problems: ProblemList) => void): void {
    const list = new ProblemList();
    step(list);
    this.adopt(list.problems, base);
  }

  positionOf(path: DocumentPath): SourcePosition {
    return this.document.positionOf(path);
  }

  /** A path of the document, made relative to the place its file is in. */
  resolve(path: string): string {
    return resolvePath(this.document.file, path);
  }

  /** Checks values against the parameters they are for; unknown ones are reported at their key. */
  params(
    given: Readonly<Record<string, unknown>>,
    params: readonly ParamInfo[],
    owner: string,
    path: DocumentPath,
  ): Record<string, ParamValue> {
    const values: Record<string, ParamValue> = {};
    for (const [key, raw] of Object.entries(given)) {
      if (raw === undefined) continue;
      const param = params.find((known) => known.name === key);
      if (param === undefined) {
        this.reportUnknown(
          [...path, key],
          `parameter of ${owner}`,
          key,
          params.map((known) => known.name),
          true,
        );
        continue;
      }
      const parsed = paramField(param).safeParse(raw);
      if (parsed.success) values[key] = parsed.data as ParamValue;
      else for (const issue of parsed.error.issues) this.reportIssue([...path, key], issue, param);
    }
    for (const param of params) {
      if (param.isRequired === true && given[param.name] === undefined)
        this.report(path, `${owner} needs "${param.name}": ${param.summary}`);
    }
    return values;
  }

  /** The documents of `file`, which is named at `path`; undefined when it cannot be read. */
  readDocuments(file: string, path: DocumentPath): SourceDocument[] | undefined {
    let text: string;
    try {
      text = this.files.readText(file);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.problems) this.report(path, `${problem.message}: ${file}`, problem.hint);
      return undefined;
    }
    return parseSource(file, text, this.problems);
  }

  /** A KubeSchedulerConfiguration that stands at `path` of `document`, checked against the plugins there are in `version`. */
  schedulerConfig(
    document: SourceDocument,
    path: DocumentPath,
    value: unknown,
    definitions: readonly PluginDef[],
    version: KubernetesVersion,
  ): ConfigDocument {
    const list = new ProblemList();
    readConfiguration(value, definitions, version, list);
    for (const problem of list.problems)
      this.problems.push(document.problem([...path, ...pathSegments(problem.path)], problem.message, problem.hint));
    return { value, position: document.positionOf(path) };
  }

  private reportIssue(
    path: DocumentPath,
    issue: { readonly message: string; readonly code?: string; readonly params?: unknown },
    param: ParamInfo,
  ): void {
    if (issue.code === 'invalid_value' && param.choices !== undefined) {
      const choices = param.choices.filter((choice) => choice !== '');
      this.reportUnknown(path, 'value', String(valueAt(this.document.value, path)), choices);
      return;
    }
    this.report(path, issue.message, (issue.params as { hint?: string } | undefined)?.hint);
  }
}

/** `path` as seen from the folder of `file`: absolute paths stay, `.` and `..` are worked out. */
export function resolvePath(file: string, path: string): string {
  if (/^([/\\]|[A-Za-z]:)/.test(path)) return path;
  const folder = /^(.*)[/\\][^/\\]*$/.exec(file)?.[1];
  const joined = folder === undefined ? path : `${folder}/${path}`;
  const parts: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..' && parts[parts.length - 1] !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

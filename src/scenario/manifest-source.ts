/**
 * Manifests of a scenario: objects in further documents, in files, or written in place, decoded with their positions.
 *
 * Hand-written manifests are read strictly: a field Kubernetes does not know is a mistake, as `kubectl apply` treats it. Objects that
 * come out of a cluster (lists, or with a uid) may carry more than is known here and are read leniently.
 */
import { type InputProblem, ProblemList } from '../base/input-error.ts';
import { decodeObjects } from '../objects/decode.ts';
import { SharedParts } from '../objects/decode-reader.ts';
import { pathSegments } from '../objects/document-path.ts';
import type { Lowering } from './lowering.ts';
import { kindOfName } from './object-ref.ts';
import type { ObjectOverrides } from './overrides.ts';
import type { ManifestEntry } from './scenario.ts';
import { type DocumentPath, type SourceDocument, valueAt } from './yaml-source.ts';

interface RawManifest {
  readonly kind?: unknown;
  readonly items?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown; readonly uid?: unknown };
}

export class ManifestReader {
  private readonly overrides: ObjectOverrides;
  private readonly problems: InputProblem[];
  /** Decoded parts of hand-written manifests and of others. */
  private readonly shared: { readonly strict: SharedParts; readonly lenient: SharedParts };

  constructor(overrides: ObjectOverrides, problems: InputProblem[]) {
    this.overrides = overrides;
    this.problems = problems;
    this.shared = { strict: new SharedParts(), lenient: new SharedParts() };
  }

  /** The objects of `manifest`, which stands at `path`: a path relative to the scenario, or an object in place. */
  read(lowering: Lowering, manifest: string | object, path: DocumentPath): ManifestEntry[] {
    if (typeof manifest !== 'string') return this.decode(lowering.document, path);
    const file = lowering.resolve(manifest);
    const documents = lowering.readDocuments(file, path) ?? [];
    return documents.flatMap((document) => this.decode(document, []));
  }

  /** The objects of a whole document. */
  fromDocument(document: SourceDocument): ManifestEntry[] {
    return this.decode(document, []);
  }

  private decode(document: SourceDocument, base: DocumentPath): ManifestEntry[] {
    this.applyOverrides(document, base, valueAt(document.value, base));
    const raw = valueAt(document.value, base) as RawManifest;
    const list = new ProblemList();
    const strict = isHandWritten(raw);
    const objects = decodeObjects(raw, '', list, { strict, shared: strict ? this.shared.strict : this.shared.lenient });
    for (const problem of list.problems)
      this.problems.push(document.problem([...base, ...pathSegments(problem.path)], problem.message, problem.hint));
    const items = itemPaths(raw, base);
    return objects.map((object, index) => ({
      object,
      // Items with a problem are missing from `objects`; then the run is refused anyway and positions do not matter.
      position: document.positionOf(items[index] ?? base),
    }));
  }

  private applyOverrides(document: SourceDocument, base: DocumentPath, raw: unknown): void {
    if (!this.overrides.isEmpty) {
      for (const path of itemPaths(raw as RawManifest, base)) {
        const item = valueAt(document.value, path) as RawManifest | null;
        const name = item?.metadata?.name;
        if (typeof item?.kind !== 'string' || typeof name !== 'string') continue;
        const namespace = item.metadata?.namespace;
        const info = kindOfName(item.kind);
        this.overrides.apply(
          document,
          path,
          item.kind,
          info?.isNamespaced === false ? '' : typeof namespace === 'string' ? namespace : 'default',
          name,
        );
      }
    }
  }
}

function isHandWritten(raw: RawManifest): boolean {
  return !Array.isArray(raw?.items) && raw?.metadata?.uid === undefined;
}

/** Paths of the objects in a manifest: itself, or the items of a list, recursively. */
function itemPaths(raw: RawManifest | null | undefined, base: DocumentPath): DocumentPath[] {
  if (typeof raw?.kind !== 'string' || !raw.kind.endsWith('List') || !Array.isArray(raw.items)) return [base];
  return raw.items.flatMap((item: RawManifest, index) => itemPaths(item, [...base, 'items', index]));
}

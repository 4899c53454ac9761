/**
 * Template hash: the name part that tells the ReplicaSets of a Deployment (and the revisions of a
 * StatefulSet) apart, and equality of templates.
 *
 * Models    kubernetes v1.34 pkg/controller/controller_utils.go ComputeHash, apimachinery rand.SafeEncodeString
 * Differs   FNV-1a runs over our own canonical text of the template, so hashes are not those of a real cluster
 */
import { compareCodeUnits } from '../base/compare.ts';
import { fnv1a32 } from '../base/hash.ts';
import { type StringMap, withEntries } from '../objects/meta.ts';
import type { PodTemplate } from '../objects/workloads.ts';

export const LABEL_TEMPLATE_HASH = 'pod-template-hash';

/** Letters and digits that spell no words: no vowels, no 0, 1 and 3. */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Each character of a decimal number, mapped to the safe alphabet: at most 10 characters for 32 bits. */
export function safeEncode(decimal: string): string {
  let text = '';
  for (let i = 0; i < decimal.length; i++) text += SAFE_ALPHABET[decimal.charCodeAt(i) % SAFE_ALPHABET.length]!;
  return text;
}

/** Canonical texts of templates, remembered per template object (templates are immutable and shared). */
export class TemplateTexts {
  private readonly texts: WeakMap<PodTemplate, string>;
  private readonly isWeak: boolean;

  /** `isWeak`: hash as releases before v1.8 did, with Adler-32 and without a count of collisions. */
  constructor(isWeak = false) {
    this.texts = new WeakMap();
    this.isWeak = isWeak;
  }

  /** The template without its hash label, as text; equal texts mean equal templates. */
  textOf(template: PodTemplate): string {
    let text = this.texts.get(template);
    if (text === undefined) {
      text = canonicalText(withoutHashLabel(template));
      this.texts.set(template, text);
    }
    return text;
  }

  isSame(a: PodTemplate, b: PodTemplate): boolean {
    return a === b || this.textOf(a) === this.textOf(b);
  }

  /** `collisionCount` undefined hashes the template alone; 0 already gives another hash, as upstream. */
  hashOf(template: PodTemplate, collisionCount: number | undefined): string {
    // Upstream hashes the template as written, a hash label in it included; so a label set by the user changes the hash.
    const text = template.metadata.labels[LABEL_TEMPLATE_HASH] === undefined ? this.textOf(template) : canonicalText(template);
    if (this.isWeak) return safeEncode(String(adler32(text)));
    const salted = collisionCount === undefined ? text : `${text}\0${collisionCount}`;
    return safeEncode(String(fnv1a32(salted)));
  }
}

/** RFC 1950, over UTF-16 code units. Texts whose characters differ by +1, -2, +1 at equal distances have the same sum. */
function adler32(text: string): number {
  let a = 1;
  let b = 0;
  for (let i = 0; i < text.length; i++) {
    a = (a + text.charCodeAt(i)) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

export function withoutHashLabel(template: PodTemplate): PodTemplate {
  if (template.metadata.labels[LABEL_TEMPLATE_HASH] === undefined) return template;
  const { [LABEL_TEMPLATE_HASH]: _, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

export function withHashLabel(labels: StringMap, hash: string): StringMap {
  return withEntries(labels, { [LABEL_TEMPLATE_HASH]: hash });
}

/** JSON with sorted keys and without undefined, so that equal data gives equal text however it was built. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record).filter((key) => record[key] !== undefined);
  return `{${keys
    .sort(compareCodeUnits)
    .map((key) => `${JSON.stringify(key)}:${canonicalText(record[key])}`)
    .join(',')}}`;
}

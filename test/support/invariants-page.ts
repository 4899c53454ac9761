/**
 * docs/invariants.md, written from the registry and from the headers of its members' files, so that it cannot say anything else.
 */
import { readFileSync } from 'node:fs';
import type { InvariantDef } from '../../src/testing/invariants/invariant.ts';

export const PAGE = new URL('../../docs/invariants.md', import.meta.url);

const INTRO = `# Invariants

What must hold in every cluster, whatever breaks. \`seatrial fuzz\`, \`spec.converge\` of a scenario and \`seatrial/testing\` watch all of them
unless told otherwise; \`converge: { invariants: [...] }\` names those to watch.

Two kinds of statements: what must hold **always** is reported the moment it does not; what must hold **in the end** is asked once the
storm is over. An invariant does not ask for more than a correct control plane can promise: what it allows stands below, with the upstream
thread. Some allowances exclude a whole scenario, most only the time around a fault. An invariant that a scenario *names* makes no
allowance for faults: that is how the known bugs of control loops are shown (\`scenarios/museum\`).

I1 to I15 number what the literature and the upstream threads ask of control loops; the rest follows from the API's contract.

This page is written by \`SEATRIAL_WRITE_DOCS=1 npx vitest run test/testing/invariants/registry.test.ts\` from the files it describes.
`;

/** The page as it should be. `sources` gives the text of a member's file. */
export function invariantsPage(defs: readonly InvariantDef[], sourceOf: (name: string) => string = readSource): string {
  const rows = defs.map(({ name, id, summary }) => `| [${name}](#${name}) | ${id} | ${whenOf(sourceOf(name))} | ${summary} |`);
  const sections = defs.map((def) => section(def, sourceOf(def.name)));
  return `${INTRO}\n| Name | | When | In every cluster … |\n|---|---|---|---|\n${rows.join('\n')}\n\n${sections.join('\n')}`;
}

function readSource(name: string): string {
  return readFileSync(new URL(`../../src/testing/invariants/${name}.ts`, import.meta.url), 'utf8');
}

/** From what the member does: reports at once, goals, or both. */
function whenOf(source: string): string {
  const isAlways = /\breport\(/.test(source);
  const isInTheEnd = /\bunsettled\b/.test(source);
  return [isAlways ? 'always' : '', isInTheEnd ? 'in the end' : ''].filter((text) => text !== '').join(', ');
}

function section({ name, id, summary }: InvariantDef, source: string): string {
  const { text, allowed } = headerOf(source);
  const reasons = reasonsOf(source);
  const lines = [`## ${name}`, '', `${id === '' ? '' : `**${id}** `}In every cluster, ${summary}.`, '', text];
  if (allowed.length > 0) lines.push('', 'Allowed:', '', ...allowed.map((line) => `- ${line}`));
  if (reasons.length > 0) lines.push('', 'Left out, unless named, where this counts:', '', ...reasons.map((line) => `- ${line}`));
  return `${lines.join('\n')}\n`;
}

interface Header {
  /** What follows the first paragraph, up to the labelled lines. */
  readonly text: string;
  readonly allowed: readonly string[];
}

/** The header comment of a member: paragraphs, then lines that begin with a label such as \`Allowed\`. */
function headerOf(source: string): Header {
  const comment = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(source)?.[1] ?? '';
  const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const firstLabel = lines.findIndex((line) => LABEL.test(line));
  const paragraphs = (firstLabel === -1 ? lines : lines.slice(0, firstLabel))
    .join('\n')
    .trim()
    .split(/\n\s*\n/);
  const allowed: string[] = [];
  let isAllowed = false;
  for (const line of firstLabel === -1 ? [] : lines.slice(firstLabel)) {
    const label = LABEL.exec(line);
    if (label !== null) isAllowed = label[1] === 'Allowed';
    if (!isAllowed) continue;
    const text = (label === null ? line : line.slice(label[0].length)).trim();
    if (label !== null || text.startsWith('- ')) allowed.push(text.replace(/^- /, ''));
    else allowed.push(`${allowed.pop() ?? ''} ${text}`.trim());
  }
  return { text: paragraphs.slice(1).join('\n\n'), allowed };
}

const LABEL = /^(Allowed|Differs|Judged|Cost|Source|Models|Order|Units) {2,}/;

/** The sentences that excuse whole scenarios. */
function reasonsOf(source: string): string[] {
  const body = /\n {2}excusedBy[\s\S]*?(?=\n {2}create\b)/.exec(source)?.[0] ?? '';
  const literals = body.matchAll(/'([^'\n]*)'|`([^`\n]*)`/g);
  // Sentences have spaces; names of faults and targets have none.
  const texts = [...literals].map(([, quoted, template]) => quoted ?? template ?? '').filter((text) => text.includes(' '));
  return texts.map((text) => text.replace(/\$\{(\w+)\}/g, '*$1*'));
}

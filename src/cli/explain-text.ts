/**
 * How an explained scheduling attempt is shown: as text that stays short on thousands of nodes, as JSON, as CSV.
 */
import { stringify } from 'csv-stringify/sync';
import { InputError, type InputProblem } from '../base/input-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import { formatDuration, SECOND_US } from '../engine/units.ts';
import type { Explanation, Rejection, ScoredNode } from '../scheduler/explanation.ts';

export interface ShownAttempt extends Explanation {
  readonly run: { readonly scenario: string; readonly seed: string; readonly digest: string; readonly isSameRun: boolean };
  readonly attempts: readonly AttemptLine[];
  /** Which attempt of the pod it is, from 1. */
  readonly attempt: number;
}

export interface AttemptLine {
  readonly attempt: number;
  readonly timeUs: number;
  readonly result: string;
  readonly node: string;
  readonly message: string;
}

export interface TextOptions {
  /** Scored nodes to show. */
  readonly nodeCount: number;
  /** When not empty, show these nodes only. */
  readonly nodes: readonly string[];
  readonly isList: boolean;
}

/** Names of nodes on one line of a group. */
const NAMES_SHOWN = 4;
/** Attempts that are listed above the explanation. */
const ATTEMPTS_SHOWN = 5;

export function explanationText(shown: ShownAttempt, options: TextOptions): string {
  if (options.isList) return `${attemptLines(shown, Infinity).join('\n')}\n`;
  const lines = heading(shown);
  if (options.nodes.length > 0) lines.push('', ...nodeLines(shown, options.nodes));
  else {
    lines.push('', ...rejectionLines(shown));
    if (shown.scored.length > 0) lines.push('', ...scoreLines(shown, shown.scored, options.nodeCount));
  }
  return `${lines.join('\n')}\n`;
}

function heading(shown: ShownAttempt): string[] {
  const { run, outcome, preemption, tieCount } = shown;
  const lines = [
    `pod ${shown.podKey}, attempt ${shown.attempt} of ${shown.attempts.length}, at ${formatDuration(shown.timeUs)}: ${resultOf(shown)}`,
    `scheduler ${shown.component}, profile ${shown.schedulerName}; scenario ${run.scenario}, seed ${run.seed}, digest ${run.digest}${run.isSameRun ? ' as recorded' : ' NOT as recorded'}`,
  ];
  if (shown.attempts.length > 1) lines.push(...attemptLines(shown, ATTEMPTS_SHOWN));
  if (outcome === 'scheduled' && tieCount > 1) lines.push(`${count(tieCount, 'node')} shared the best score; one of them was drawn`);
  if (preemption !== undefined) lines.push(`preemption frees ${preemption.nodeName} by evicting ${preemption.victims.join(', ')}`);
  return lines;
}

function resultOf({ outcome, nodeName, message }: ShownAttempt): string {
  if (outcome === 'scheduled') return `placed on ${nodeName}`;
  return `${outcome === 'error' ? 'error' : 'not placed'}: ${message}`;
}

function attemptLines({ attempts, attempt }: ShownAttempt, most: number): string[] {
  // The last ones, and the one that is explained.
  const shown = attempts.filter((line, index) => index >= attempts.length - most || line.attempt === attempt);
  const hidden = attempts.length - shown.length;
  const lines = shown.map((line) => {
    const result = line.result === 'scheduled' ? `placed on ${line.node}` : `${line.result}: ${line.message}`;
    return `  attempt ${line.attempt} at ${formatDuration(line.timeUs)}: ${result}`;
  });
  return hidden === 0 ? lines : [`  (${count(hidden, 'attempt')} not shown, see --list)`, ...lines];
}

function rejectionLines({ nodeCount, feasibleCount, rejections, unvisited }: ShownAttempt): string[] {
  const rejected = rejections.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const rest = unvisited.length === 0 ? '' : `, ${number(unvisited.length)} were not looked at, because enough fitted`;
  const rows = rejections.map((rejection) => [
    `  ${count(rejection.nodes.length, 'node')}:`,
    verdict(rejection),
    someNames(rejection.nodes),
  ]);
  return [`${count(nodeCount, 'node')}: ${number(feasibleCount)} fit, ${number(rejected)} do not${rest}`, ...alignLeft(rows)];
}

function verdict({ plugin, code, message }: Rejection): string {
  const reason = message === '' ? 'no reason given' : message;
  const final = code === 'UnschedulableAndUnresolvable' ? ' (preemption cannot help)' : '';
  return `${plugin === '' ? '' : `${plugin}: `}${reason}${final}`;
}

function someNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length <= NAMES_SHOWN ? shown : `${shown}, ...`;
}

/** A table of the best nodes; plugins that say the same of every node stand above it. */
function scoreLines(shown: ShownAttempt, all: readonly ScoredNode[], most: number): string[] {
  const { plugins, nodeName } = shown;
  if (plugins.length === 0) return [`${count(all.length, 'node')} fit; no plugin scored them`];
  const first = all[0]!;
  const isAlike = plugins.map((_, i) => all.every((node) => node.raw[i] === first.raw[i] && node.normalized[i] === first.normalized[i]));
  const same = plugins.flatMap(({ name, weight }, i) =>
    isAlike[i] && all.length > 1 ? [`${name} ${scoreText(first, i)} x${weight}`] : [],
  );
  const columns = plugins.flatMap((_, i) => (isAlike[i] && all.length > 1 ? [] : [i]));
  const lines = ['scores: raw > normalized x weight (one number when both are the same)'];
  if (same.length > 0) lines.push(`  alike on all ${number(all.length)}: ${same.join(', ')}`);
  const rows = groupAlike(all, nodeName).slice(0, most);
  const table = [
    ['  ', 'node', 'total', ...columns.map((i) => `${plugins[i]!.name} x${plugins[i]!.weight}`)],
    ...rows.map(({ node, names }) => [
      node.node === nodeName ? ' *' : '  ',
      names.length === 1 ? node.node : `${number(names.length)} nodes: ${someNames(names)}`,
      String(node.total),
      ...columns.map((i) => scoreText(node, i)),
    ]),
  ];
  lines.push(...alignLeft(table));
  const hidden = all.length - rows.reduce((sum, { names }) => sum + names.length, 0);
  if (hidden > 0) lines.push(`  and ${count(hidden, 'node')} more with lower scores (--nodes all)`);
  return lines;
}

/** Neighbours in the list with the same scores; the chosen node stands for itself. */
function groupAlike(nodes: readonly ScoredNode[], chosen: string): { node: ScoredNode; names: string[] }[] {
  const groups = new Map<string, { node: ScoredNode; names: string[] }>();
  for (const node of nodes) {
    const key = node.node === chosen ? 'chosen' : JSON.stringify([node.total, node.raw, node.normalized]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { node, names: [node.node] });
    else group.names.push(node.node);
  }
  const list = [...groups.values()];
  // The chosen node before its equals.
  return [...list.filter(({ node }) => node.node === chosen), ...list.filter(({ node }) => node.node !== chosen)];
}

function scoreText({ raw, normalized }: ScoredNode, i: number): string {
  return raw[i] === normalized[i] ? String(raw[i]) : `${raw[i]} > ${normalized[i]}`;
}

/** Everything about single nodes. Throws an InputError for nodes there were not. */
function nodeLines(shown: ShownAttempt, names: readonly string[]): string[] {
  const all = [...shown.scored.map(({ node }) => node), ...shown.rejections.flatMap(({ nodes }) => nodes), ...shown.unvisited];
  const problems: InputProblem[] = [];
  for (const name of names) {
    if (all.includes(name)) continue;
    const nearest = nearestName(name, all);
    const hint = nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` };
    problems.push({ path: '--node', message: `the scheduler knew no node "${name}" at that time`, ...hint });
  }
  if (problems.length > 0) throw new InputError(problems);
  const lines: string[] = [];
  for (const name of names) {
    const rejection = shown.rejections.find(({ nodes }) => nodes.includes(name));
    if (rejection !== undefined) lines.push(`node ${name}: ${verdict(rejection)}`);
    else if (shown.unvisited.includes(name)) lines.push(`node ${name}: not looked at, because enough nodes fitted`);
    else {
      const place = shown.scored.findIndex(({ node }) => node === name);
      const node = shown.scored[place]!;
      lines.push(
        `node ${name}: total ${node.total}, place ${place + 1} of ${shown.scored.length}${name === shown.nodeName ? ', chosen' : ''}`,
      );
      const rows = shown.plugins.map((plugin, i) => [
        `  ${plugin.name}`,
        `raw ${node.raw[i]}`,
        `normalized ${node.normalized[i]}`,
        `x ${plugin.weight}`,
        `= ${node.normalized[i]! * plugin.weight}`,
      ]);
      lines.push(...alignLeft(rows));
    }
  }
  return lines;
}

// As data -------------------------------------------------------------------------------------------------

export function explanationJson(shown: ShownAttempt): string {
  const { run, attempts, attempt, timeUs, preemption, ...rest } = shown;
  const listed = attempts.map(({ timeUs: atUs, ...line }) => ({ ...line, seconds: atUs / SECOND_US }));
  return `${JSON.stringify({ run, attempts: listed, attempt, seconds: timeUs / SECOND_US, ...rest, preemption: preemption ?? null })}\n`;
}

export function explanationCsv({ scored, plugins, rejections, unvisited, nodeName }: ShownAttempt): string {
  const scoreColumns = plugins.flatMap(({ name }) => [`${name}.raw`, `${name}.normalized`, `${name}.weighted`]);
  const blank = scoreColumns.map(() => '');
  const rows: (string | number)[][] = [['node', 'verdict', 'plugin', 'reason', 'total', ...scoreColumns]];
  for (const { node, total, raw, normalized } of scored) {
    const scores = plugins.flatMap(({ weight }, i) => [raw[i]!, normalized[i]!, normalized[i]! * weight]);
    rows.push([node, node === nodeName ? 'chosen' : 'fits', '', '', total, ...scores]);
  }
  for (const { plugin, code, message, nodes } of rejections)
    for (const node of nodes) rows.push([node, code, plugin, message, '', ...blank]);
  for (const node of unvisited) rows.push([node, 'not looked at', '', '', '', ...blank]);
  return stringify(rows);
}

// Words ---------------------------------------------------------------------------------------------------

/** 3120 as 3,120. */
function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function count(value: number, what: string): string {
  return `${number(value)} ${what}${value === 1 ? '' : 's'}`;
}

function alignLeft(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

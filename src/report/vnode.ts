/**
 * VNode: elements as plain data, and their HTML.
 *
 * Panels are pure functions that return VNodes, so that the same code draws in a page, in a test without a browser and into
 * a static file. Everything is escaped here and nowhere else.
 */

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export interface VNode {
  readonly tag: string;
  readonly attributes: Attributes;
  readonly children: readonly Child[];
}
/** Nothing is drawn for null, undefined, false; lists are flattened. */
export type Child = VNode | string | number | null | undefined | false | readonly Child[];

export function h(tag: string, attributes: Attributes = {}, ...children: readonly Child[]): VNode {
  return { tag, attributes, children };
}

const VOID: ReadonlySet<string> = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'col']);

/** HTML text of a node; numbers in attributes are rounded to hundredths, true writes the bare attribute, false and undefined none. */
export function toMarkup(child: Child): string {
  if (child === null || child === undefined || child === false) return '';
  if (typeof child === 'string') return escapeText(child);
  if (typeof child === 'number') return String(child);
  if (isList(child)) return child.map(toMarkup).join('');
  let text = `<${child.tag}`;
  for (const name of Object.keys(child.attributes)) {
    const value = child.attributes[name];
    if (value === undefined || value === false) continue;
    text += value === true ? ` ${name}` : ` ${name}="${escapeText(typeof value === 'number' ? shortNumber(value) : value)}"`;
  }
  if (VOID.has(child.tag)) return `${text}>`;
  return `${text}>${child.children.map(toMarkup).join('')}</${child.tag}>`;
}

/** The visible text of a node, parts separated by blanks; for tests and labels. */
export function textOf(child: Child): string {
  if (child === null || child === undefined || child === false) return '';
  if (typeof child === 'string' || typeof child === 'number') return String(child);
  const parts = (isList(child) ? child : child.children).map(textOf).filter((part) => part !== '');
  return parts.join(' ');
}

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function shortNumber(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 100) / 100) : '0';
}

function isList(child: Child): child is readonly Child[] {
  return Array.isArray(child);
}

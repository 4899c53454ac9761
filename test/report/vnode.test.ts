import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeText, h, textOf, toMarkup } from '../../src/report/vnode.ts';
import { check } from '../support/seeded.ts';

describe('toMarkup', () => {
  test('writes elements, attributes and text', () => {
    expect(toMarkup(h('p', { class: 'note', hidden: true, id: undefined, open: false }, 'a', 1, [h('br'), null, false]))).toBe(
      '<p class="note" hidden>a1<br></p>',
    );
  });

  test('rounds coordinates and never writes what is no number', () => {
    expect(toMarkup(h('rect', { x: 1.23456, y: Number.NaN, width: Infinity }))).toBe('<rect x="1.23" y="0" width="0"></rect>');
  });

  test('escapes all text and attribute values', () => {
    check(
      fc.property(fc.string(), (text) => {
        const markup = toMarkup(h('p', { title: text }, text));
        expect(markup.replace(/^<p title="/, '').replace(/<\/p>$/, '')).not.toMatch(/[<]/);
        expect(markup).toBe(`<p title="${escapeText(text)}">${escapeText(text)}</p>`);
      }),
      200,
    );
    expect(toMarkup('<script>"&\'')).toBe('&lt;script&gt;&quot;&amp;&#39;');
  });
});

test('textOf gives the words that are seen', () => {
  expect(textOf(h('p', { title: 'no' }, 'one', h('b', {}, 'two', 3), null))).toBe('one two 3');
});

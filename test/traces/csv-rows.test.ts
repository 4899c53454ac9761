import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvRows, splitBlanks, splitCommas } from '../../src/traces/csv-rows.ts';
import { check } from '../support/seeded.ts';

function rowsOf(text: string) {
  return [...new CsvRows(new TextEncoder().encode(text)).rows()];
}

const anyField = fc
  .oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', '"', 'a,b', 'é', '日本', ' x '))
  .map((field) => field.replace(/[\r\n]/g, ''));

function written(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

describe('CsvRows', () => {
  test('gives back the fields and line numbers that were written, with LF and CRLF', () => {
    check(
      fc.property(
        fc.array(fc.array(anyField, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        (table, newline) => {
          const text = table.map((row) => row.map(written).join(',') + newline).join('');
          const expected = table
            .map((fields, index) => ({ fields, line: index + 1 }))
            .filter(({ fields }) => fields.map(written).join(',') !== '');
          expect(rowsOf(text).map(({ fields, line }) => ({ fields, line }))).toEqual(expected);
        },
      ),
      300,
    );
  });

  test('finds every row again by its offset, also in files of several blocks with wide characters', () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${i % 1000 === 7 ? 'wörd' : 'word'},x`);
    const csv = new CsvRows(new TextEncoder().encode(rows.join('\r\n')));
    let line = 0;
    for (const row of csv.rows()) {
      expect(row.line).toBe(++line);
      if (line % 501 === 0 || line % 1000 === 8) expect(csv.rowAt(row.offset, row.line)).toEqual(row);
    }
    expect(line).toBe(30_000);
  });

  test('passes over a byte-order mark and blank lines, and reads a last line without a line break', () => {
    const rows = [...new CsvRows(Uint8Array.from([0xef, 0xbb, 0xbf, ...new TextEncoder().encode('a,b\n\n1,2')])).rows()];
    expect(rows.map(({ fields, line }) => [fields, line])).toEqual([
      [['a', 'b'], 1],
      [['1', '2'], 3],
    ]);
  });

  test('marks a line with an open quote and goes on with the next', () => {
    expect(rowsOf('a,"b\nc,d\n').map((row) => row.isBroken)).toEqual([true, false]);
  });
});

test.each([
  ['a,b,', ['a', 'b', '']],
  ['"a""b",c', ['a"b', 'c']],
  ['"",x', ['', 'x']],
  ['a,"b"', ['a', 'b']],
  ['"a"x,b', undefined],
  ['"a', undefined],
])('splitCommas(%j)', (line, fields) => {
  expect(splitCommas(line)).toEqual(fields);
});

test('splitBlanks ignores how many blanks there are', () => {
  expect(splitBlanks('   1   2 \t3 ')).toEqual(['1', '2', '3']);
});

import { describe, expect, test } from 'vitest';
import { ProblemList } from '../../src/base/input-error.ts';
import { checkParameter, resolveParameters } from '../../src/base/parameters.ts';
import { traceFormats } from '../../src/traces/registry.ts';
import { RowReport, type TraceFiles } from '../../src/traces/trace.ts';

// A new registry line is tested here without new test code.
describe.each(traceFormats.map((def) => [def.name, def] as const))('%s', (_, def) => {
  const parameters = resolveParameters(def.parameters, {}, '', new ProblemList());
  const files = (text: string): TraceFiles =>
    Object.fromEntries(def.files.map(({ role }) => [role, [{ name: `${role}.txt`, bytes: new TextEncoder().encode(text) }]]));

  test('is described in full', () => {
    expect(def.summary).not.toBe('');
    expect(def.source).not.toBe('');
    expect(def.files.some((file) => file.isRequired)).toBe(true);
    expect(def.nodesRole === undefined || def.files.some((file) => file.role === def.nodesRole)).toBe(true);
    for (const parameter of def.parameters) expect(checkParameter(parameter, parameter.default)).toBeUndefined();
  });

  test.each(['', '\n\n', 'x', 'a,b\n1,2\n', '"', '\u0000\u0001', ';\n', 'ＡＢ\n'])(
    'says what is wrong with a file of %j, and makes nothing of it',
    (text) => {
      const report = new RowReport({ skipBadRows: false });
      const trace = def.open(files(text), parameters, report);
      const nodes = def.readNodes(files(text), parameters, report);
      // A log of comments alone is a valid, empty log in the formats that have comments.
      if (text !== ';\n') expect(() => report.throwIfAny()).toThrow(/\.txt/);
      expect([trace.count, trace.firstUs, trace.lastUs, nodes.length, trace.cursor().next()]).toEqual([0, 0, 0, 0, undefined]);
    },
  );

  test('without files there is nothing', () => {
    const report = new RowReport({ skipBadRows: false });
    expect(def.open({}, parameters, report).count).toBe(0);
    expect(def.readNodes({}, parameters, report)).toEqual([]);
    report.throwIfAny();
  });
});

test('names are unique', () => {
  expect(new Set(traceFormats.map((def) => def.name)).size).toBe(traceFormats.length);
});

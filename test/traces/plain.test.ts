import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openb } from '../../src/traces/openb.ts';
import { plain, writePlain } from '../../src/traces/plain.ts';
import { swf } from '../../src/traces/swf.ts';
import { traceStats } from '../../src/traces/trace-stats.ts';
import { check } from '../support/seeded.ts';
import { allOf, open } from './support.ts';

const TABLE = `time,name,cpu,memory,run,delete,exit_code,labels,node_labels,priority_class,nvidia.com/gpu
0,a,500m,1Gi,90,,,app=web;tier=front,,,
12.5,b,2,4Gi,,60,,,zone=a|b;disk=ssd,high,1
3,c,,,0.000001,,3,,,,
`;

describe('plain', () => {
  test('reads what a pod needs, when it comes and how it ends', () => {
    const arrivals = allOf(open(plain, { pods: TABLE }).trace);
    expect(arrivals.map((a) => [a.name, a.timeUs, a.runDurationUs, a.exitCode, a.deleteAtUs])).toEqual([
      ['a', 0, 90_000_000, 0, Infinity],
      ['c', 3_000_000, 1, 3, Infinity],
      ['b', 12_500_000, Infinity, 0, 60_000_000],
    ]);
    const [a, , b] = arrivals.map(({ template }) => template);
    expect(a!.labels).toEqual({ app: 'web', tier: 'front' });
    expect(a!.spec.containers[0]!.resources.requests).toEqual({ cpu: '500m', memory: '1Gi' });
    expect(b!.spec.containers[0]!.resources).toEqual({
      requests: { cpu: '2', memory: '4Gi', 'nvidia.com/gpu': '1' },
      limits: { 'nvidia.com/gpu': '1' },
    });
    expect(b!.spec.priorityClassName).toBe('high');
    expect(b!.spec.affinity?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions).toEqual([
      { key: 'zone', operator: 'In', values: ['a', 'b'] },
      { key: 'disk', operator: 'In', values: ['ssd'] },
    ]);
  });

  test('needs nothing but times', () => {
    expect(allOf(open(plain, { pods: 'time\n1\n2\n' }).trace).map((a) => [a.name, a.runDurationUs])).toEqual([
      ['pod-2', Infinity],
      ['pod-3', Infinity],
    ]);
  });

  test.each([
    ['time,cpus\n0,1\n', /unknown column "cpus", expected some of time, name/],
    ['cpu\n1\n', /the header lacks "time"/],
    ['time,cpu\n0,one\n', /pods\.csv:2: "cpu" must be a quantity/],
    ['time\n-1\n', /"time" must be seconds from 0 up/],
    ['time,run\n0,soon\n', /"run" must be seconds/],
    ['time,delete\n5,4\n', /"delete" must be seconds not before the time/],
    ['time,labels\n0,a=b|c\n', /"labels" must be key=value;key=value/],
    ['time,node_labels\n0,zone\n', /"node_labels" must be key=value\|value/],
    ['time,name\n0,a\n1,a\n', /two pods are called "a", the other on line 2/],
    ['time,name\n0,a,b\n', /expected 2 fields, found 3/],
    ['time,x.com/gpu\n0,half\n', /"x\.com\/gpu" must be a whole number/],
  ])('refuses %j', (text, expected) => {
    expect(() => open(plain, { pods: text })).toThrow(expected);
  });
});

describe('writePlain', () => {
  const written = (trace: Parameters<typeof writePlain>[0]) => `${[...writePlain(trace).lines].join('\n')}\n`;

  test('a table read and written is the same trace', () => {
    const anyRow = fc.record({
      time: fc.nat(1_000_000).map((ms) => ms / 1000),
      cpu: fc.constantFrom('', '250m', '2'),
      memory: fc.constantFrom('', '512Mi'),
      run: fc.option(
        fc.nat(100_000).map((us) => us / 1e6),
        { nil: '' },
      ),
      exit_code: fc.constantFrom('', '1'),
      labels: fc.constantFrom('', 'a=b', 'a=b;c='),
      node_labels: fc.constantFrom('', 'z=1', 'z=1|2;y=3'),
      priority_class: fc.constantFrom('', 'high'),
      'x.com/gpu': fc.constantFrom('', '2'),
    });
    check(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 10 }), (rows) => {
        const text = `${Object.keys(rows[0]!).join(',')}\n${rows.map((row) => Object.values(row).join(',')).join('\n')}\n`;
        const { trace } = open(plain, { pods: text });
        const again = open(plain, { pods: written(trace) }).trace;
        expect(allOf(again)).toEqual(allOf(trace));
        expect(writePlain(trace).losses).toEqual([]);
      }),
      100,
    );
  });

  test('converts other formats without changing when pods come, what they need and how they end', () => {
    const sample = readFileSync(new URL('../../traces/openb-sample/pods.csv', import.meta.url));
    const { trace } = open(openb, { pods: sample });
    const converted = open(plain, { pods: written(trace) }).trace;
    expect(converted.count).toBe(400);
    expect(traceStats(converted)).toEqual({ ...traceStats(trace), shapes: traceStats(converted).shapes });
    const essentials = (t: typeof trace) => allOf(t).map((a) => ({ ...a, template: [a.template.labels, a.template.spec.affinity] }));
    expect(essentials(converted)).toEqual(essentials(trace));
  });

  test('says what gets lost', () => {
    const { trace } = open(swf, { jobs: '1 0 1 5 4 1 -1 -1 9 -1 1 1 1 1 1 -1 -1 -1\n' });
    const [arrival] = allOf(trace);
    const spread = {
      ...arrival!,
      template: {
        ...arrival!.template,
        spec: {
          ...arrival!.template.spec,
          affinity: { nodeAffinity: undefined, podAffinity: undefined, podAntiAffinity: { required: [], preferred: [] } },
        },
      },
    };
    const one = (): { next(): typeof spread | undefined } => {
      const left = [spread];
      return { next: () => left.pop() };
    };
    expect(writePlain({ ...trace, cursor: one }).losses).toEqual(['affinity between pods']);
  });
});

test('traceStats counts what there is', () => {
  const stats = traceStats(open(plain, { pods: TABLE }).trace);
  expect(stats).toMatchObject({
    arrivals: 3,
    spanS: 12.5,
    shapes: 3,
    endless: 0,
    deleted: 1,
    failing: 1,
    extended: [{ name: 'nvidia.com/gpu', arrivals: 1, total: 1 }],
  });
  expect(stats.gapS).toMatchObject({ count: 2, mean: 6.25, min: 3, max: 9.5 });
  expect(stats.runS).toMatchObject({ count: 2, p50: 0.000001, p99: 90 });
  expect(stats.milliCpu).toMatchObject({ count: 3, p50: 500, max: 2000 });
  expect(stats.cpuHours).toBeCloseTo((0.5 * 90) / 3600, 9);
});

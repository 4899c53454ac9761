import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/scheduler/cluster-event.ts';
import { benchOf, decide, decodedPod, hintsOf, rawNode, rawPod } from '../decisions.ts';

function withPorts(name: string, ports: readonly object[], on?: string) {
  return rawPod(name, { ...(on === undefined ? {} : { on }), spec: { containers: [{ name: 'c', image: 'app:1', ports }] } });
}

const port = (hostPort: number, hostIP = '', protocol = 'TCP') => ({ containerPort: hostPort, hostPort, hostIP, protocol });

describe('NodePorts', () => {
  test.each([
    ['same port on all addresses', port(80), port(80), true],
    ['another port', port(80), port(81), false],
    ['another protocol', port(80), port(80, '', 'UDP'), false],
    ['another address', port(80, '10.0.0.1'), port(80, '10.0.0.2'), false],
    ['same address', port(80, '10.0.0.1'), port(80, '10.0.0.1'), true],
    ['taken on all addresses', port(80, '10.0.0.1'), port(80, '0.0.0.0'), true],
    ['wanted on all addresses', port(80, '0.0.0.0'), port(80, '10.0.0.1'), true],
  ])('%s', (_, wanted, taken, isConflict) => {
    const { filter } = decide({ nodes: [rawNode('n1')], pods: [withPorts('e', [taken], 'n1')], pod: withPorts('p', [wanted]) });
    expect(filter['n1']?.reasons).toEqual(isConflict ? ["node(s) didn't have free ports for the requested pod ports"] : undefined);
  });

  test('skips pods without host ports', () => {
    expect(decide({ nodes: [rawNode('n1')], pod: withPorts('p', [{ containerPort: 80 }]) }).preFilter.skip).toContain('NodePorts');
  });

  test.each([
    ['1.34', true],
    ['1.32', false],
  ] as const)('counts ports of sidecars as v%s does', (version, counts) => {
    const sidecar = rawPod('p', {
      spec: {
        initContainers: [{ name: 's', image: 'side:1', restartPolicy: 'Always', ports: [port(80)] }],
        containers: [{ name: 'c', image: 'app:1' }],
      },
    });
    const { feasible } = decide({ version, nodes: [rawNode('n1')], pods: [withPorts('e', [port(80)], 'n1')], pod: sidecar });
    expect(feasible).toEqual(counts ? [] : ['n1']);
  });

  test('is woken by the end of a placed pod that held a wanted port', () => {
    const bench = benchOf({});
    const pod = bench.cluster.podInfos.of(decodedPod(withPorts('p', [port(80)])));
    const hint = (before: object) => hintsOf(bench, 'NodePorts', 'Pod', ACTION.DELETE, pod, before, undefined);
    expect(hint(decodedPod(withPorts('e', [port(80)], 'n1')))).toBe(true);
    expect(hint(decodedPod(withPorts('e', [port(81)], 'n1')))).toBe(false);
    expect(hint(decodedPod(withPorts('e', [port(80)])))).toBe(false);
  });
});

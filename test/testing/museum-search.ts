/**
 * A search of the museum, and what searches are made of.
 */
import * as fc from 'fast-check';
import type { Manifest, MenuEntry, StormOptions, StormSetting } from '../../src/testing/index.ts';

export interface Search {
  /** File of scenarios/museum that shows the same. */
  readonly file: string;
  /** Name of the invariant that breaks, `convergence` for a cluster that does not settle. */
  readonly invariant: string;
  readonly storms: StormOptions;
  /** It is found within so many cases of seed 1; the cure passes all of them. */
  readonly cases: number;
  /** What switches the mechanism off. */
  readonly cure: Partial<StormOptions>;
  /** What the smallest storm has at most. */
  readonly parts: { readonly objects: number; readonly actions: number; readonly faults: number };
}

export const MANAGER = 'component/kube-controller-manager';
export const ms = (min: number, max: number) => fc.integer({ min, max }).map((value) => `${value}ms`);

/** A fault of the menu, aimed as it says there, with these parameters. */
export function may(
  fault: string,
  aim: MenuEntry['aim'],
  params: MenuEntry['params'] = fc.constant({}),
  more: Partial<MenuEntry> = {},
): MenuEntry {
  return { fault, aim, weight: 1, lasts: true, params, ...more };
}

/** As above, but it strikes the scheduler always. */
export function scheduler(
  fault: string,
  params: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
  more: Partial<MenuEntry> = {},
): MenuEntry {
  return may(fault, 'component', fc.record({ ...params, target: fc.constant('component/kube-scheduler') }), more);
}

/** As above, but it strikes the controller manager always. */
export function manager(
  fault: string,
  params: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
  more: Partial<MenuEntry> = {},
): MenuEntry {
  return may(fault, 'component', fc.record({ ...params, target: fc.constant(MANAGER) }), more);
}

export const SMALL: StormOptions = { maxNodes: 2, maxZones: 1, maxControlPlane: 1 };

export function setting(
  base: Partial<StormSetting>,
  cure: Partial<StormSetting>,
): { setting: Partial<StormSetting>; cure: Partial<StormOptions> } {
  return { setting: base, cure: { setting: { ...base, ...cure } } };
}

export function podOf(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '500m' } } }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec: { containers, ...spec } };
}

/** Each fills a node. */
export const largePods = fc.integer({ min: 2, max: 4 }).map((count) => {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: 3 } } }];
  return Array.from({ length: count }, (_, index) => podOf(`pod-${index}`, { containers }));
});

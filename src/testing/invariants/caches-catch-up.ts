/**
 * caches-catch-up: in the end every cache of every running component shows what the store holds.
 *
 * What every level-triggered controller is built on: a watch loses nothing for ever (kubernetes/kubernetes#55587, #94437 are
 * what happens when one does). Caches of only some objects are checked for what they hold.
 *
 * Cost      one comparison per cached object, when goals are looked at
 */
import { keyOf } from '../../objects/meta.ts';
import { type CacheView, defineInvariant, type StoreView } from './invariant.ts';

const SHOWN_MAX = 5;
/** Nobody waits for news of Events; leases are renewed in bulk. */
const SKIPPED: readonly string[] = ['Event', 'Lease'];

export const cachesCatchUp = defineInvariant({
  name: 'caches-catch-up',
  id: '',
  summary: 'every cache ends up with what the store holds',
  excusedBy: (circumstances) => (circumstances.strikes('lose-events') ? 'no client can lose events today' : undefined),
  create: (probe) => ({
    unsettled: () => {
      const lines: string[] = [];
      const truths = new Map<string, Map<string, number>>();
      for (const view of probe.caches()) {
        if (SKIPPED.includes(view.kind)) continue;
        let truth = truths.get(view.kind);
        if (truth === undefined) {
          truth = versionsOf(probe.store, view.kind);
          truths.set(view.kind, truth);
        }
        const line = difference(view, truth);
        if (line !== undefined && lines.length < SHOWN_MAX) lines.push(line);
      }
      return lines;
    },
  }),
});

function versionsOf(store: StoreView, kind: string): Map<string, number> {
  return new Map(store.list(kind).map((object) => [keyOf(object), object.metadata.resourceVersion]));
}

/** The first thing wrong with a cache. */
function difference({ component, kind, objects, isFiltered }: CacheView, truth: ReadonlyMap<string, number>): string | undefined {
  const where = `the cache of ${component}`;
  for (const object of objects) {
    const key = keyOf(object);
    const version = truth.get(key);
    const name = `${kind.toLowerCase()}/${key}`;
    if (version === undefined) return `${where} still holds ${name}, which is gone`;
    if (version !== object.metadata.resourceVersion) {
      return `${where} holds ${name} as of ${object.metadata.resourceVersion} instead of ${version}`;
    }
  }
  if (isFiltered || objects.length === truth.size) return undefined;
  const keys = new Set(objects.map(keyOf));
  const missing = [...truth.keys()].find((key) => !keys.has(key));
  return `${where} lacks ${kind.toLowerCase()}/${missing ?? '?'}`;
}

/**
 * watch-compaction: the API servers forget the history of all objects: a watch that has to resume from before gets 410 Gone, and its client
 * lists again. Watches that are connected notice nothing.
 */
import { defineFault, NOTHING_TO_UNDO } from './fault.ts';

export const watchCompaction = defineFault({
  name: 'watch-compaction',
  summary: 'history is forgotten: whoever resumes a watch from before must list again',
  place: 'none',
  targetKinds: [],
  heals: false,
  parameters: [],
  strike: (world) => {
    world.apiServers.compact();
    return NOTHING_TO_UNDO;
  },
});

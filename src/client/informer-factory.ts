/**
 * ProcessInformers: the informers of one running process, one per kind and filter.
 */
import type { WatchFilter } from '../apiserver/watch-event.ts';
import { type Op, waitFor } from '../engine/process.ts';
import type { AnyObject, Kind, ObjectOf } from '../objects/kinds.ts';
import type { Connection } from './connection.ts';
import type { Informer, InformerFactory, InformerFilter } from './informer.ts';
import { RestClient } from './rest-client.ts';
import type { ResyncRange } from './resync.ts';
import { SharedInformer } from './shared-informer.ts';

export class ProcessInformers implements InformerFactory {
  private readonly component: string;
  private readonly connectionFor: (kind: string) => Connection;
  private readonly resync: ResyncRange | undefined;
  private readonly informers: { readonly kind: string; readonly filter: InformerFilter; readonly informer: SharedInformer }[];

  constructor(component: string, connectionFor: (kind: string) => Connection, resync: ResyncRange | undefined) {
    this.component = component;
    this.connectionFor = connectionFor;
    this.resync = resync;
    this.informers = [];
  }

  of<K extends Kind>(kind: K, filter: InformerFilter = {}): Informer<ObjectOf<K>> {
    const known = this.informers.find(
      (entry) => entry.kind === kind && entry.filter.nodeName === filter.nodeName && entry.filter.select === filter.select,
    );
    if (known !== undefined) return known.informer as unknown as Informer<ObjectOf<K>>;
    const connection = this.connectionFor(kind);
    // Lists and watches do not count against the process's request budget.
    const client = new RestClient(`${this.component}/informer/${kind}`, connection, { qps: Infinity, burst: 1 });
    const watchFilter: WatchFilter = {
      ...(filter.nodeName === undefined ? {} : { nodeName: filter.nodeName }),
      ...(filter.select === undefined ? {} : { select: filter.select as (object: AnyObject) => boolean }),
    };
    const informer = new SharedInformer(client, connection, kind, watchFilter, this.resync);
    this.informers.push({ kind, filter, informer });
    // Started by an event of its own, so that handlers added in the same breath see the first list.
    connection.scope.timer('informer.start', 0, () => informer.reflector.start());
    return informer as unknown as Informer<ObjectOf<K>>;
  }

  /** Informers of `kind`, in the order they were made. */
  ofKind(kind: string): SharedInformer[] {
    return this.informers.filter((entry) => entry.kind === kind).map((entry) => entry.informer);
  }

  all(): SharedInformer[] {
    return this.informers.map((entry) => entry.informer);
  }

  get hasSynced(): boolean {
    return this.informers.every((entry) => entry.informer.hasSynced);
  }

  whenSynced(run: () => void): void {
    let open = 0;
    for (const { informer } of this.informers) {
      if (informer.hasSynced) continue;
      open++;
      informer.whenSynced(() => {
        open--;
        if (open === 0) run();
      });
    }
    if (open === 0) {
      const [first] = this.informers;
      if (first === undefined) run();
      else this.connectionFor(first.kind).scope.timer('informer.synced', 0, run);
    }
  }

  *waitForSync(): Op<void> {
    if (this.hasSynced) return;
    yield* waitFor<void>('sync', (process, done) => {
      let isWanted = true;
      this.whenSynced(() => {
        // The last handler of the first list is still running: continue in an event of our own.
        process.scope.timer('informer.synced', 0, () => {
          if (isWanted) done(undefined);
        });
      });
      return () => {
        isWanted = false;
      };
    });
  }
}

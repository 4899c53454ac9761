/**
 * Recorder: announces Kubernetes Events to observers, and stores them as objects when the run keeps events.
 *
 * Models    client-go tools/record/events_cache.go v1.34, for stored events: identical events are counted, after ten
 *           similar ones in ten minutes they are combined, and 25 at once then one per 5 min per object pass
 * Differs   announcements are not filtered; the caches drop their oldest entry at 4096 (upstream: least recently used)
 */

import type { Engine } from '../engine/engine.ts';
import { MINUTE_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { KubeEvent } from '../objects/cluster.ts';
import type { AnyObject } from '../objects/kinds.ts';
import { newMeta, type ObjectKey, objectKey, type TimeUs } from '../objects/meta.ts';
import type { Client } from './client.ts';
import { type EventRecorder, kubeEventTopic } from './component-context.ts';
import { TokenBucket } from './token-bucket.ts';

/** Largest of each of the recorder's caches: maxLruCacheEntries. */
const CACHE_MAX = 4096;
/** defaultAggregateMaxEvents in defaultAggregateIntervalInSeconds. */
const SIMILAR_MAX = 10;
const SIMILAR_WITHIN_US = 10 * MINUTE_US;
/** defaultSpamBurst, defaultSpamQPS. */
const SPAM_BURST = 25;
const SPAM_QPS = 1 / 300;

interface Similar {
  readonly messages: Set<string>;
  lastUs: TimeUs;
}

interface Stored {
  /** undefined until the server has answered. */
  key: ObjectKey | undefined;
  count: number;
}

export class Recorder implements EventRecorder {
  private readonly engine: Engine;
  private readonly component: string;
  /** undefined when events are not stored. */
  private readonly client: Client | undefined;
  private readonly spam: Map<string, TokenBucket>;
  private readonly similar: Map<string, Similar>;
  private readonly stored: Map<string, Stored>;

  constructor(engine: Engine, component: string, client: Client | undefined) {
    this.engine = engine;
    this.component = component;
    this.client = client;
    this.spam = new Map();
    this.similar = new Map();
    this.stored = new Map();
  }

  emit(object: AnyObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { engine } = this;
    if (engine.observers.has(kubeEventTopic)) {
      const { namespace, name, uid } = object.metadata;
      engine.observers.emit(
        kubeEventTopic,
        { component: this.component, kind: object.kind, namespace, name, uid, type, reason, message },
        engine.nowUs,
      );
    }
    if (this.client !== undefined) this.store(this.client, object, type, reason, message);
  }

  private store(client: Client, object: AnyObject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { metadata } = object;
    const subject = `${object.kind}/${metadata.namespace}/${metadata.name}/${metadata.uid}`;
    const bucket = fetch(this.spam, subject, () => new TokenBucket(SPAM_QPS, SPAM_BURST, this.engine.nowUs));
    if (!bucket.tryTake(this.engine.nowUs)) return;
    const isCombined = this.isOneTooMany(`${subject}|${type}|${reason}`, message);
    const text = isCombined ? `(combined from similar events): ${message}` : message;
    const identity = isCombined ? `${subject}|${type}|${reason}` : `${subject}|${type}|${reason}|${message}`;
    const known = this.stored.get(identity);
    const nowUs = this.engine.nowUs;
    if (known?.key !== undefined) {
      const count = ++known.count;
      const mutate = (current: AnyObject): AnyObject => ({ ...(current as KubeEvent), count, message: text, lastTimestamp: nowUs });
      client.send({ verb: 'patch', kind: 'Event', key: known.key, mutate }, (result) => {
        // Expired meanwhile: the next one starts anew.
        if (isApiStatus(result) && result.isNotFound) this.stored.delete(identity);
      });
      return;
    }
    if (known !== undefined) {
      known.count++;
      return;
    }
    const entry = fetch<Stored>(this.stored, identity, () => ({ key: undefined, count: 1 }));
    const event: KubeEvent = {
      kind: 'Event',
      apiVersion: 'v1',
      metadata: newMeta({ generateName: `${metadata.name}.`, namespace: metadata.namespace || 'default' }),
      type,
      reason,
      message: text,
      count: 1,
      firstTimestamp: nowUs,
      lastTimestamp: nowUs,
      involvedObject: { kind: object.kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      source: { component: this.component },
    };
    client.send({ verb: 'create', object: event }, (result) => {
      if (isApiStatus(result)) this.stored.delete(identity);
      else entry.key = objectKey(result.metadata.namespace, result.metadata.name);
    });
  }

  private isOneTooMany(group: string, message: string): boolean {
    const nowUs = this.engine.nowUs;
    const similar = fetch<Similar>(this.similar, group, () => ({ messages: new Set(), lastUs: nowUs }));
    if (nowUs - similar.lastUs > SIMILAR_WITHIN_US) similar.messages.clear();
    similar.lastUs = nowUs;
    similar.messages.add(message);
    if (similar.messages.size < SIMILAR_MAX) return false;
    // Like upstream: one leaves so that the set does not grow, and the group stays full.
    const [oldest] = similar.messages;
    similar.messages.delete(oldest as string);
    return true;
  }
}

function fetch<T>(cache: Map<string, T>, key: string, make: () => T): T {
  let entry = cache.get(key);
  if (entry === undefined) {
    entry = make();
    if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value as string);
    cache.set(key, entry);
  }
  return entry;
}

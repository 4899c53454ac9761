/**
 * ApiTraffic: requests to the API server as their clients saw them, and writes by kind.
 *
 * Cost      O(1) per request and per commit
 */
import { compareCodeUnits } from '../base/compare.ts';
import { SECOND_US } from '../engine/units.ts';
import { LatencySketch } from './latency-sketch.ts';
import { defineMeasure } from './measure.ts';
import { seriesAnswers } from './measurements.ts';
import type { TableSpec } from './result.ts';
import { column, TableBuilder } from './table-builder.ts';

export const API_REQUESTS: TableSpec = {
  name: 'api_requests',
  description: 'Requests by verb and kind, after warm-up; `all` is the sum.',
  columns: [
    column('verb', 'string', '', 'get, list, create, update, patch, delete, bind, evict, or all.'),
    column('kind', 'string', '', 'Kind of the object; empty for all.'),
    column('requests', 'integer', 'count', 'Requests.'),
    column('ok', 'integer', 'count', 'Answered with success.'),
    column('conflict', 'integer', 'count', 'Refused with 409.'),
    column('not_found', 'integer', 'count', 'Refused with 404.'),
    column('too_many', 'integer', 'count', 'Refused with 429.'),
    column('other_error', 'integer', 'count', 'Refused otherwise.'),
    column('no_reply', 'integer', 'count', 'Lost or timed out.'),
    column('mean_us', 'number', 'us', 'Mean latency as the client saw it, its own rate limit included.'),
    column('p50_us', 'integer', 'us', 'Median.'),
    column('p99_us', 'integer', 'us', '99th percentile.'),
    column('max_us', 'integer', 'us', 'Longest.'),
  ],
};

export const API_CLIENTS: TableSpec = {
  name: 'api_clients',
  description: 'Requests by client; the kubelets are one client.',
  columns: [
    column('client', 'string', '', 'Component.'),
    column('requests', 'integer', 'count', 'Requests.'),
    column('errors', 'integer', 'count', 'Refused or lost.'),
    column('throttled_us', 'integer', 'us', 'Time requests waited for the rate limit of their own client.'),
  ],
};

export const API_WRITES: TableSpec = {
  name: 'api_writes',
  description: 'Writes to the store by kind.',
  columns: [
    column('kind', 'string', '', 'Kind.'),
    column('added', 'integer', 'count', 'Objects created.'),
    column('modified', 'integer', 'count', 'Changes stored.'),
    column('deleted', 'integer', 'count', 'Objects removed.'),
  ],
};

export const API_SERIES: TableSpec = {
  name: 'api_series',
  description: 'API traffic over time, in equally long buckets.',
  columns: [
    column('time_us', 'integer', 'us', 'End of the bucket.'),
    column('requests_per_s', 'number', '1/s', 'Requests answered or lost per second.'),
    column('errors_per_s', 'number', '1/s', 'Refused or lost per second.'),
    column('writes_per_s', 'number', '1/s', 'Commits per second.'),
  ],
};

const MAX_PAIRS = 500;
const MAX_CLIENTS = 200;

interface RequestStats {
  ok: number;
  conflict: number;
  notFound: number;
  tooMany: number;
  otherError: number;
  noReply: number;
  readonly latency: LatencySketch;
}

interface ClientStats {
  requests: number;
  errors: number;
  throttledUs: number;
}

export const apiTraffic = defineMeasure({
  name: 'api-traffic',
  description: 'API requests, latency, refusals, and writes by kind.',
  tables: [API_REQUESTS, API_CLIENTS, API_WRITES, API_SERIES],
  create: (ctx) => {
    const all = newStats(7);
    const pairs = new Map<string, Map<string, RequestStats>>();
    let pairCount = 0;
    const clients = new Map<string, ClientStats>();
    /** By full name: every kubelet leads to the one record of all kubelets. */
    const clientOf = new Map<string, ClientStats>();
    const writes = new Map<string, { added: number; modified: number; deleted: number }>();
    const requestSeries = ctx.clock.series();
    const errorSeries = ctx.clock.series();
    const writeSeries = ctx.clock.series();
    let requestsInBucket = 0;
    let errorsInBucket = 0;
    let writesInBucket = 0;
    let totalWrites = 0;

    function newClient(name: string): ClientStats {
      const group = clientGroup(name);
      let client = clients.get(group);
      if (client === undefined) {
        client = { requests: 0, errors: 0, throttledUs: 0 };
        if (clients.size < MAX_CLIENTS) clients.set(group, client);
      }
      clientOf.set(name, client);
      return client;
    }

    ctx.onCommit((kind, type) => {
      writesInBucket++;
      totalWrites++;
      let entry = writes.get(kind);
      if (entry === undefined) {
        entry = { added: 0, modified: 0, deleted: 0 };
        writes.set(kind, entry);
      }
      if (type === 'MODIFIED') entry.modified++;
      else if (type === 'ADDED') entry.added++;
      else entry.deleted++;
    });
    ctx.on(ctx.topics.apiRequest, (record, timeUs) => {
      const isError = record.code < 200 || record.code >= 300;
      requestsInBucket++;
      if (isError) errorsInBucket++;
      if (timeUs < ctx.settings.warmupUs) return;
      count(all, record.code, record.latencyUs);
      let byKind = pairs.get(record.verb);
      if (byKind === undefined) {
        byKind = new Map();
        pairs.set(record.verb, byKind);
      }
      let stats = byKind.get(record.kind);
      if (stats === undefined && pairCount < MAX_PAIRS) {
        pairCount++;
        stats = newStats(5);
        byKind.set(record.kind, stats);
      }
      if (stats !== undefined) count(stats, record.code, record.latencyUs);
      const client = clientOf.get(record.client) ?? newClient(record.client);
      client.requests++;
      if (isError) client.errors++;
      client.throttledUs += record.throttledUs;
    });
    ctx.clock.onTick((_, widthUs) => {
      const seconds = widthUs / SECOND_US;
      requestSeries.push(requestsInBucket / seconds);
      errorSeries.push(errorsInBucket / seconds);
      writeSeries.push(writesInBucket / seconds);
      requestsInBucket = 0;
      errorsInBucket = 0;
      writesInBucket = 0;
    });

    return {
      finish: () => {
        const requests = new TableBuilder(API_REQUESTS);
        if (all.latency.count > 0) pushStats(requests, 'all', '', all);
        for (const verb of [...pairs.keys()].sort(compareCodeUnits)) {
          const byKind = pairs.get(verb)!;
          for (const kind of [...byKind.keys()].sort(compareCodeUnits)) pushStats(requests, verb, kind, byKind.get(kind)!);
        }
        const who = new TableBuilder(API_CLIENTS);
        for (const name of [...clients.keys()].sort(compareCodeUnits)) {
          const client = clients.get(name)!;
          who.push(name, client.requests, client.errors, client.throttledUs);
        }
        const volume = new TableBuilder(API_WRITES);
        for (const kind of [...writes.keys()].sort(compareCodeUnits)) {
          const entry = writes.get(kind)!;
          volume.push(kind, entry.added, entry.modified, entry.deleted);
        }
        const series = new TableBuilder(API_SERIES);
        ctx.clock.times().forEach((timeUs, index) => {
          series.push(timeUs, requestSeries.values[index]!, errorSeries.values[index]!, writeSeries.values[index]!);
        });
        return {
          tables: [requests.build(), who.build(), volume.build(), series.build()],
          figures: [
            { name: 'api.writes', title: 'Writes to the store', value: totalWrites, unit: 'count', table: API_WRITES.name, detail: '' },
            {
              name: 'api.request.p99',
              title: 'API request, 99th percentile',
              value: all.latency.count > 0 ? all.latency.quantile(0.99) : null,
              unit: 'us',
              table: API_REQUESTS.name,
              detail: `${all.latency.count} requests`,
            },
          ],
          answers: seriesAnswers('api.request', all.latency, API_REQUESTS.name),
        };
      },
    };
  },
});

/** All kubelets are one client, and so are all informers of a process; `kube-controller-manager/replicaset` stays what it is. */
function clientGroup(name: string): string {
  if (name.startsWith('kubelet/')) return 'kubelet';
  const informer = name.indexOf('/informer/');
  return informer === -1 ? name : name.slice(0, informer + 9);
}

function newStats(bits: number): RequestStats {
  return { ok: 0, conflict: 0, notFound: 0, tooMany: 0, otherError: 0, noReply: 0, latency: new LatencySketch(bits) };
}

function count(stats: RequestStats, code: number, latencyUs: number): void {
  if (code >= 200 && code < 300) stats.ok++;
  else if (code === 409) stats.conflict++;
  else if (code === 404) stats.notFound++;
  else if (code === 429) stats.tooMany++;
  else if (code === 0) stats.noReply++;
  else stats.otherError++;
  stats.latency.add(latencyUs);
}

function pushStats(table: TableBuilder, verb: string, kind: string, stats: RequestStats): void {
  const { latency } = stats;
  table.push(
    verb,
    kind,
    latency.count,
    stats.ok,
    stats.conflict,
    stats.notFound,
    stats.tooMany,
    stats.otherError,
    stats.noReply,
    latency.mean,
    latency.quantile(0.5),
    latency.quantile(0.99),
    latency.max,
  );
}

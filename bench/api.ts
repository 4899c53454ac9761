/**
 * API layer: what one committed write costs, what one delivered watch event adds, and the life of a pod (create, bind,
 * three status writes, delete) through a client, with 5,000 node watches open.
 *
 * Ratios are to one `get` and one `set` in a Map of string keys of the same size, timed beside it: the least that any
 * store of named objects has to do.
 */
import { admissionSteps } from '../src/apiserver/admission/registry.ts';
import { ApiServer } from '../src/apiserver/api-server.ts';
import type { ApiRequest } from '../src/apiserver/request.ts';
import { constantService } from '../src/apiserver/service-model.ts';
import { Store } from '../src/apiserver/store.ts';
import { ApiAccess } from '../src/client/api-access.ts';
import type { Client } from '../src/client/client.ts';
import { Component, type ComponentContext } from '../src/client/component.ts';
import { uniformNetwork } from '../src/client/network-link.ts';
import { Engine } from '../src/engine/engine.ts';
import { Runtime } from '../src/engine/process.ts';
import { newContainer, newPod, newPodSpec } from '../src/objects/builders.ts';
import type { AnyObject } from '../src/objects/kinds.ts';
import type { Pod } from '../src/objects/pod.ts';
import { type Bench, cpuSeconds, millions, type Row, ratio, sideBySide } from './harness.ts';

const NODES = 5000;
const WRITES_PER_LIFE = 6;
const TEMPLATE = newPod({ name: 't' }, newPodSpec({ containers: [newContainer({ requests: { cpu: '100m' } })] }));

export const apiBench: Bench = {
  name: 'api',
  summary: 'writes, watch deliveries and pod lives through store, server and clients',
  run({ quick, say }) {
    const rows: Row[] = [];
    const lives = quick ? 5_000 : 40_000;
    const rounds = quick ? 3 : 5;
    const writes = lives * WRITES_PER_LIFE;
    say(`${NODES} node watches, ${lives} pod lives per round`);
    const world = new BenchWorld();
    const [map, direct] = sideBySide([() => mapBaseline(writes), () => world.directLives(lives)], rounds);
    rows.push({
      what: 'write, no other watch',
      figure: micro(direct! / writes),
      note: `${ratio(direct! / map!)} of a Map get and set (${micro(map! / writes)}); ${millions(writes / direct!)}`,
    });
    const busy = new BenchWorld();
    for (let i = 0; i < 4; i++) busy.addController(`controller-${i}`);
    const [alone, watched] = sideBySide([() => world.clientLives(lives), () => busy.clientLives(lives)], rounds);
    rows.push({
      what: 'write through a client, to its node',
      figure: micro(alone! / writes),
      note: 'request and answer over the link, and the delivery to the kubelet',
    });
    rows.push({
      what: 'one more watch: each delivered event',
      figure: micro((watched! - alone!) / (4 * writes)),
      note: 'link delay, cache update, one handler',
    });
    rows.push({
      what: 'pod lives, 4 controllers watching',
      figure: `${Math.round(lives / watched!).toLocaleString('en')}/s`,
      note: `${WRITES_PER_LIFE} writes and ${5 + 4 * WRITES_PER_LIFE} deliveries each`,
    });
    return rows;
  },
};

class BenchWorld {
  private readonly engine: Engine;
  private readonly server: ApiServer;
  private readonly access: ApiAccess;
  private readonly client: Client;
  /** Handler calls; kept so that handlers have an effect. */
  seen: number;
  private lifeCount: number;

  constructor() {
    this.engine = new Engine({ seed: 1 });
    const store = new Store(this.engine, { historyCapacityMax: 4096 });
    this.server = new ApiServer(store, { admission: admissionSteps, service: constantService(3000) });
    this.access = new ApiAccess({ runtime: new Runtime(this.engine), network: uniformNetwork(500), servers: [this.server] });
    this.seen = 0;
    this.lifeCount = 0;
    for (let i = 0; i < NODES; i++) this.addComponent(`kubelet/n-${i}`, `n-${i}`);
    this.client = this.addComponent('writer', undefined).client;
    this.engine.run({ untilUs: 1_000_000 });
  }

  addController(name: string): void {
    this.addComponent(name, '');
    this.engine.run({ untilUs: this.engine.nowUs + 1_000_000 });
  }

  /** `lives` pod lives straight at the server. Processor seconds, deliveries to the kubelets left out. */
  directLives(lives: number): number {
    let seconds = 0;
    for (let done = 0; done < lives; done += 100) {
      seconds += cpuSeconds(() => {
        for (let i = 0; i < 100; i++) for (const request of lifeOf(this.lifeCount++)) this.server.execute(request);
      });
      this.engine.run({ untilUs: this.engine.nowUs + 1000 });
    }
    return seconds;
  }

  /** The same through a client, 300 at a time. */
  clientLives(lives: number): number {
    let begun = 0;
    const begin = (): void => {
      if (begun++ >= lives) return;
      const requests = lifeOf(this.lifeCount++);
      let step = 0;
      const next = (): void => {
        if (step === requests.length) begin();
        else this.client.send(requests[step++]!, next);
      };
      next();
    };
    return cpuSeconds(() => {
      for (let i = 0; i < 300; i++) begin();
      this.engine.run({ untilIdle: true });
    });
  }

  /** `nodeName` undefined: no informer; empty: of all pods. */
  private addComponent(name: string, nodeName: string | undefined): ComponentContext {
    const count = (): void => {
      this.seen++;
    };
    const component = new Component(this.access, {
      name,
      endpoint: name,
      qps: Infinity,
      burst: 1,
      build: (ctx) => {
        if (nodeName === undefined) return;
        ctx.informers.of('Pod', nodeName === '' ? {} : { nodeName }).addHandlers({ onAdd: count, onUpdate: count, onDelete: count });
      },
    });
    component.start();
    return component.context as ComponentContext;
  }
}

/** The six writes of one pod. */
function lifeOf(index: number): ApiRequest[] {
  const name = `p-${index}`;
  const key = `default/${name}`;
  const status = (phase: Pod['status']['phase'], podIP: string): ApiRequest => ({
    verb: 'patch',
    kind: 'Pod',
    key,
    subresource: 'status',
    mutate: (current: AnyObject) => ({ ...(current as Pod), status: { ...(current as Pod).status, phase, podIP } }),
  });
  return [
    { verb: 'create', object: { ...TEMPLATE, metadata: { ...TEMPLATE.metadata, name } } },
    { verb: 'bind', key, nodeName: `n-${index % NODES}` },
    status('Pending', '10.0.0.1'),
    status('Running', '10.0.0.1'),
    status('Succeeded', '10.0.0.1'),
    { verb: 'delete', kind: 'Pod', key, gracePeriodSeconds: 0 },
  ];
}

/** Processor seconds for `count` times one get and one set in a Map of 50,000 string keys. */
function mapBaseline(count: number): number {
  const keys = Array.from({ length: 50_000 }, (_, i) => `default/p-${i}`);
  const map = new Map<string, string>(keys.map((key) => [key, key]));
  return cpuSeconds(() => {
    for (let i = 0; i < count; i++) {
      const key = keys[i % keys.length]!;
      map.set(key, map.get(key)!);
    }
  });
}

function micro(seconds: number): string {
  return `${(seconds * 1e6).toFixed(2)} us`;
}

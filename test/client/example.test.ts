/**
 * The shortest world that works: how engine, network, store, API server and component are put together.
 */
import { expect, test } from 'vitest';
import { admissionSteps } from '../../src/apiserver/admission/registry.ts';
import { ApiServer } from '../../src/apiserver/api-server.ts';
import { Store } from '../../src/apiserver/store.ts';
import { ApiAccess } from '../../src/client/api-access.ts';
import { Component } from '../../src/client/component.ts';
import { crashAtWrite } from '../../src/client/controls.ts';
import { Network } from '../../src/datacenter/network.ts';
import { networkProfile } from '../../src/datacenter/network-profiles.ts';
import { Topology } from '../../src/datacenter/topology.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Runtime } from '../../src/engine/process.ts';
import { SECOND_US } from '../../src/engine/units.ts';
import { newPod, newPodSpec } from '../../src/objects/builders.ts';
import { keyOf } from '../../src/objects/meta.ts';

test('a component that binds every new pod, and what is left undone when it crashes before its second binding', () => {
  const engine = new Engine({ seed: 7 });
  const runtime = new Runtime(engine);
  const topology = Topology.build({ nodes: [] });
  const network = new Network(topology, networkProfile('lan'), engine.rng.fork('network'));
  network.addEndpoint('control-plane', topology.controlPlane);

  const store = new Store(engine);
  const server = new ApiServer(store, { admission: admissionSteps });
  const access = new ApiAccess({ runtime, network, servers: [server] });

  const binder = new Component(access, {
    name: 'binder',
    endpoint: 'control-plane',
    build: (ctx) => {
      ctx.informers.of('Pod').addHandlers({
        onAdd(pod) {
          if (pod.spec.nodeName === '') ctx.scope.spawn('bind', ctx.client.bind(keyOf(pod), 'node-1', { uid: pod.metadata.uid }));
        },
      });
    },
  });
  binder.start();
  crashAtWrite(access, 'binder', 'before', { nth: 2 }, 5 * SECOND_US);

  for (const name of ['a', 'b']) server.execute({ verb: 'create', object: newPod({ name }, newPodSpec()) });
  const boundNodes = () => store.list('Pod').map((pod) => pod.spec.nodeName);

  engine.run({ untilUs: SECOND_US });
  expect(boundNodes()).toEqual(['node-1', '']);
  engine.run({ untilUs: 10 * SECOND_US });
  expect(boundNodes()).toEqual(['node-1', 'node-1']);
});

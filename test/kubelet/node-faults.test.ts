import { describe, expect, test } from 'vitest';
import { NodeWorld, pod } from '../support/node-world.ts';

function lease(world: NodeWorld, name = 'a-1-1'): number {
  return world.store.leases.of(name).renewedAtUs(world.engine.nowUs) / 1e6;
}

describe('heartbeats', () => {
  test('renew every 10 s plus up to 4 %, on the node’s own grid, without events', () => {
    const world = new NodeWorld();
    world.runTo(100);
    const events = world.engine.eventCount;
    const first = lease(world);
    world.runTo(110);
    world.runTo(299);
    expect(world.engine.eventCount - events).toBeLessThanOrEqual(6);
    const renewals = (lease(world) - first) / 10;
    expect(renewals % 1).toBeLessThan(0.05 * Math.ceil(renewals));
    expect(299 - lease(world)).toBeLessThanOrEqual(10.4);
  });

  test('stop at a crash, a freeze and a partition, and go on afterwards', () => {
    const world = new NodeWorld();
    const outages: [string, () => () => void][] = [
      ['machine', () => world.kubelets.crash('a-1-1')],
      ['kubelet', () => world.kubelets.kubeletCrash('a-1-1')],
      ['freeze', () => world.kubelets.freeze('a-1-1')],
      ['partition', () => world.datacenter.cut('node/a-1-1', 'control-plane')],
      ['one way', () => world.datacenter.cut('node/a-1-1', 'control-plane', 'from')],
      ['other way', () => world.datacenter.cut('node/a-1-1', 'control-plane', 'to')],
      ['power', () => world.datacenter.powerOff(world.topology.find('zone/a'))],
    ];
    let time = 100;
    for (const [name, begin] of outages) {
      world.runTo(time);
      const end = begin();
      const last = lease(world);
      world.runTo(time + 60);
      expect([name, lease(world)]).toEqual([name, last]);
      end();
      world.runTo(time + 90);
      expect(lease(world), name).toBeGreaterThan(time + 60);
      time += 100;
    }
  });

  test('the status is written at the period of the profile and not in between, and not at all without one', () => {
    const silent = new NodeWorld({ nodes: 4 });
    let count = 0;
    silent.store.onCommit((kind, type) => {
      if (kind === 'Node' && type === 'MODIFIED') count++;
    });
    silent.runTo(3600);
    expect(count).toBe(0);
    const world = new NodeWorld({ nodes: 4, overrides: { nodeReportPeriodUs: 300_000_000 } });
    const writes: number[] = [];
    world.store.onCommit((kind, type) => {
      if (kind === 'Node' && type === 'MODIFIED') writes.push(world.engine.nowUs / 1e6);
    });
    world.runTo(3600);
    expect(writes.length).toBeGreaterThanOrEqual(4 * 11);
    expect(writes.length).toBeLessThanOrEqual(4 * 13);
  });
});

describe('registration', () => {
  test('creates the node not Ready and reports Ready at once', () => {
    const world = new NodeWorld({ registers: true });
    const seen: (string | undefined)[] = [];
    world.store.onCommit((kind) => {
      if (kind === 'Node') seen.push(world.ready());
    });
    world.runTo(1);
    expect(seen).toEqual(['False', 'True']);
    expect(lease(world)).toBeLessThan(1);
  });

  test('waits for an API server and tries again', () => {
    const world = new NodeWorld({ registers: true });
    world.servers[0]!.stop();
    world.runTo(30);
    expect(world.ready()).toBe(undefined);
    world.servers[0]!.start();
    world.runTo(45);
    expect(world.ready()).toBe('True');
  });

  test('a deleted Node object is not created again before the kubelet restarts', () => {
    const world = new NodeWorld();
    world.runTo(10);
    world.store.delete('Node', 'a-1-1');
    world.runTo(1000);
    expect(world.ready()).toBe(undefined);
    world.kubelets.kubeletCrash('a-1-1')();
    world.runTo(1001);
    expect(world.ready()).toBe('True');
  });
});

describe('a machine that dies', () => {
  test('takes its containers along and tells nobody', () => {
    const world = new NodeWorld();
    world.create(pod('web'));
    world.runTo(10);
    world.kubelets.crash('a-1-1');
    world.runTo(200);
    expect(world.running()).toEqual([]);
    expect(world.isReady('web')).toBe(true);
    expect(world.ready()).toBe('True');
  });

  test('restarts its pods by their policy once it has booted', () => {
    const world = new NodeWorld({ overrides: { nodeBoot: 30e6 } });
    world.create(pod('always'));
    world.create(pod('never', { spec: { restartPolicy: 'Never' } }));
    world.runTo(10);
    const repair = world.kubelets.crash('a-1-1');
    world.runTo(60);
    repair();
    world.runTo(89);
    expect(world.running()).toEqual([]);
    world.runTo(91);
    expect(world.running()).toEqual(['always']);
    expect(world.pod('always')!.status.containerStatuses[0]).toMatchObject({ restartCount: 1, last: { exitCode: 255, reason: 'Unknown' } });
    expect(world.phase('never')).toBe('Failed');
  });

  test('runs init containers again after a reboot', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'init-duration': '2s' }, spec: { initContainers: [{ name: 'init', image: 'i:1' }] } }));
    world.runTo(10);
    world.kubelets.reboot('a-1-1');
    world.runTo(20);
    expect(world.log.map(([, what]) => what)).toEqual([
      'web/init started',
      'web/init stopped 0',
      'web/main started',
      'web/main stopped 255',
      'web/init started',
      'web/init stopped 0',
      'web/main started',
    ]);
    expect(world.isReady('web')).toBe(true);
  });

  test('comes back only when every reason to be down is over', () => {
    const world = new NodeWorld();
    world.create(pod('web'));
    world.runTo(10);
    const power = world.datacenter.powerOff(world.topology.find('rack/a-1'));
    const crash = world.kubelets.crash('a-1-1');
    power();
    world.runTo(20);
    expect(world.running()).toEqual([]);
    crash();
    crash();
    world.runTo(30);
    expect(world.running()).toEqual(['web']);
  });

  test('boots even if its kubelet is struck during the boot', () => {
    const world = new NodeWorld({ overrides: { nodeBoot: 30e6 } });
    world.kubelets.reboot('a-1-1');
    const restart = world.kubelets.kubeletCrash('a-1-1');
    world.runTo(10);
    restart();
    world.create(pod('web'));
    world.runTo(40);
    expect(world.running()).toEqual(['web']);
  });

  test('pods deleted meanwhile do not come back', () => {
    const world = new NodeWorld();
    world.create(pod('web'));
    world.create(pod('forced'));
    world.runTo(10);
    const repair = world.kubelets.crash('a-1-1');
    world.delete('web');
    world.delete('forced', 0);
    world.runTo(60);
    expect(world.phase('web')).toBe('Running');
    repair();
    world.runTo(70);
    expect(world.running()).toEqual([]);
    expect(world.phase('web')).toBe('gone');
  });
});

describe('a kubelet that dies', () => {
  test('leaves containers running and finds them again', () => {
    const world = new NodeWorld();
    world.create(pod('web'));
    world.create(pod('job', { behaviour: { 'run-duration': '30s' }, spec: { restartPolicy: 'Never' } }));
    world.runTo(10);
    const restart = world.kubelets.kubeletCrash('a-1-1');
    world.runTo(60);
    expect(world.running()).toEqual(['web']);
    expect(world.phase('job')).toBe('Running');
    restart();
    world.runTo(61);
    expect(world.phase('job')).toBe('Succeeded');
    expect(world.log.filter(([, what]) => what === 'web/main started').length).toBe(1);
    expect(world.isReady('web')).toBe(true);
  });

  test('kills what runs without a pod, with one second of grace', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'stop-duration': 'never' } }));
    world.runTo(10);
    const restart = world.kubelets.kubeletCrash('a-1-1');
    world.delete('web', 0);
    world.runTo(20);
    expect(world.running()).toEqual(['web']);
    restart();
    world.runTo(24);
    expect(world.running()).toEqual([]);
  });

  test('admits its pods again by the labels the node has now', () => {
    const world = new NodeWorld();
    world.store.update({ ...world.node(), metadata: { ...world.node().metadata, labels: { disk: 'ssd' } } });
    world.runTo(1);
    world.create(pod('picky', { spec: { nodeSelector: { disk: 'ssd' } } }));
    world.runTo(10);
    expect(world.phase('picky')).toBe('Running');
    world.store.update({ ...world.node(), metadata: { ...world.node().metadata, labels: {} } });
    world.runTo(20);
    expect(world.phase('picky')).toBe('Running');
    world.kubelets.kubeletCrash('a-1-1')();
    world.runTo(30);
    expect(world.phase('picky')).toBe('Failed');
    expect(world.pod('picky')!.status.reason).toBe('NodeAffinity');
    expect(world.running()).toEqual([]);
  });

  test('a frozen kubelet does nothing, then catches up', () => {
    const world = new NodeWorld();
    world.create(pod('old'));
    world.runTo(10);
    const thaw = world.kubelets.freeze('a-1-1');
    world.create(pod('new'));
    world.delete('old');
    world.runTo(60);
    expect(world.running()).toEqual(['old']);
    expect(world.phase('new')).toBe('Pending');
    thaw();
    world.runTo(62);
    expect(world.running()).toEqual(['new']);
    expect(world.phase('old')).toBe('gone');
    expect(world.isReady('new')).toBe(true);
  });
});

describe('a node cut off', () => {
  test('goes on with what it knows and reports when the cut heals', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'crash-after': '30s' } }));
    world.create(pod('job', { behaviour: { 'run-duration': '40s' }, spec: { restartPolicy: 'Never' } }));
    world.runTo(10);
    const heal = world.datacenter.cut('node/a-1-1', 'control-plane');
    world.create(pod('late'));
    world.runTo(50);
    expect(world.running()).toEqual(['web']);
    expect(world.phase('job')).toBe('Running');
    expect(world.log.filter(([, what]) => what === 'web/main started').length).toBe(2);
    heal();
    world.runTo(120);
    expect(world.phase('job')).toBe('Succeeded');
    expect(world.phase('late')).toBe('Running');
  });

  test('learns of deletions when the cut heals and then stops the pods with their full grace', () => {
    const world = new NodeWorld();
    world.create(pod('web', { behaviour: { 'stop-duration': '5s' } }));
    world.create(pod('forced', { behaviour: { 'stop-duration': '5s' } }));
    world.runTo(10);
    const heal = world.datacenter.cut('node/a-1-1', 'control-plane');
    world.delete('web');
    world.delete('forced', 0);
    world.runTo(100);
    expect(world.running()).toEqual(['forced', 'web']);
    heal();
    world.runTo(200);
    expect(world.running()).toEqual([]);
    expect(world.phase('web')).toBe('gone');
  });

  test('writes its view back when others changed it: pods and node are Ready again within 10 s rounds', () => {
    const world = new NodeWorld();
    world.create(pod('web'));
    world.runTo(10);
    const web = world.pod('web')!;
    world.store.update(
      {
        ...web,
        status: {
          ...web.status,
          conditions: web.status.conditions.map((c) => (c.type === 'Ready' ? { ...c, status: 'False' as const } : c)),
        },
      },
      'status',
    );
    const node = world.node();
    world.store.update(
      {
        ...node,
        status: {
          ...node.status,
          conditions: node.status.conditions.map((c) => (c.type === 'Ready' ? { ...c, status: 'Unknown' as const } : c)),
        },
      },
      'status',
    );
    expect([world.isReady('web'), world.ready()]).toEqual([false, 'Unknown']);
    world.runTo(21);
    expect([world.isReady('web'), world.ready()]).toEqual([true, 'True']);
  });
});

describe('admission', () => {
  test.each([
    ['OutOfcpu', { cpu: '5' }],
    ['NodeAffinity', { spec: { nodeSelector: { zone: 'moon' } } }],
  ])('refuses with %s, for good', (reason, fields) => {
    const world = new NodeWorld();
    world.create(pod('p', fields));
    world.runTo(10);
    expect(world.phase('p')).toBe('Failed');
    expect(world.pod('p')!.status.reason).toBe(reason);
    expect(world.log).toEqual([]);
  });

  test('counts a deleting pod until its containers have stopped', () => {
    const world = new NodeWorld();
    world.create(pod('old', { cpu: '4', behaviour: { 'stop-duration': '5s' } }));
    world.runTo(1);
    world.delete('old');
    world.create(pod('early', { cpu: '1' }));
    world.runTo(8);
    world.create(pod('later', { cpu: '4' }));
    world.runTo(9);
    expect([world.phase('early'), world.phase('later')]).toEqual(['Failed', 'Running']);
  });

  test('still counts a finished pod for the release time', () => {
    const world = new NodeWorld({ overrides: { release: 1e6 } });
    world.create(pod('job', { cpu: '4', behaviour: { 'run-duration': '5s' }, spec: { restartPolicy: 'Never' } }));
    world.runTo(5.5);
    expect(world.phase('job')).toBe('Succeeded');
    world.create(pod('next', { cpu: '4' }));
    world.runTo(6.9);
    world.create(pod('after', { cpu: '4' }));
    world.runTo(8);
    expect([world.pod('next')!.status.reason, world.phase('after')]).toEqual(['OutOfcpu', 'Running']);
  });

  test('a critical pod pushes others off', () => {
    const world = new NodeWorld();
    world.create(pod('burst', { cpu: '3' }));
    world.create(pod('small', { cpu: '500m' }));
    world.runTo(1);
    world.create(pod('critical', { cpu: '3', spec: { priority: 2_000_000_000 } }));
    world.runTo(5);
    expect(world.phase('critical')).toBe('Running');
    expect(world.pod('burst')!.status).toMatchObject({ phase: 'Failed', reason: 'Preempting' });
    expect(world.phase('small')).toBe('Running');
  });

  test('host ports are used once', () => {
    const world = new NodeWorld();
    const container = { ports: [{ containerPort: 80, hostPort: 8080 }] };
    world.create(pod('one', { container }));
    world.create(pod('two', { container }));
    world.runTo(1);
    expect(world.pod('two')!.status.reason).toBe('NodePorts');
  });
});

describe('images', () => {
  const overrides = { imageBytes: 100e6, imageSpread: 0, nodeBandwidth: 50e6, unpackRate: 100e6, registryLatency: 1e6 };

  test('are pulled once per node and reported in its status', () => {
    const world = new NodeWorld({ overrides });
    world.create(pod('one'));
    world.create(pod('two'));
    world.runTo(3.9);
    expect(world.phase('one')).toBe('Pending');
    // 1 s registry, 2 s download, 1 s unpacking; the second asks the registry only.
    world.runTo(4.1);
    expect([world.phase('one'), world.phase('two')]).toEqual(['Running', 'Pending']);
    world.runTo(5.1);
    expect(world.phase('two')).toBe('Running');
    world.runTo(20);
    expect(world.node().status.images).toEqual([{ names: ['app:1'], sizeBytes: 100e6 }]);
    world.create(pod('three'));
    world.runTo(20.1);
    expect(world.phase('three')).toBe('Running');
  });

  test('an outage of the registry holds up pods until it is over', () => {
    const world = new NodeWorld({ overrides });
    const end = world.kubelets.registryOutage();
    world.create(pod('web'));
    world.runTo(2);
    expect(world.pod('web')!.status.containerStatuses[0]!.current).toMatchObject({ reason: 'ErrImagePull' });
    world.runTo(20);
    expect(world.pod('web')!.status.containerStatuses[0]!.current).toMatchObject({ reason: 'ErrImagePull' });
    world.runTo(60);
    end();
    world.runTo(200);
    expect(world.phase('web')).toBe('Running');
  });

  test('a node cut off from the world cannot pull, one cut off from the control plane can', () => {
    const world = new NodeWorld({ nodes: 2, overrides: { ...overrides, registryLatency: 5e6 } });
    world.create(pod('isolated'));
    world.create(pod('partitioned', { node: 'a-1-2' }));
    world.runTo(1);
    world.datacenter.cut('node/a-1-1', 'world');
    world.datacenter.cut('node/a-1-2', 'control-plane');
    world.runTo(30);
    expect([world.running('a-1-1'), world.running('a-1-2')]).toEqual([[], ['partitioned']]);
  });

  test('a pod that may not pull waits for ever', () => {
    const world = new NodeWorld({ overrides });
    world.create(pod('web', { container: { imagePullPolicy: 'Never' } }));
    world.runTo(300);
    expect(world.pod('web')!.status.containerStatuses[0]!.current).toMatchObject({ reason: 'ErrImageNeverPull' });
    world.delete('web');
    world.runTo(310);
    expect(world.phase('web')).toBe('gone');
  });
});

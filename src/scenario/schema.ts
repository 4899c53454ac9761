/**
 * The scenario file as a zod schema: every key, its type, its default and one sentence of help.
 *
 * Only the shape and the single values are checked here; what depends on two places at once (does the target exist, does this
 * fault have that parameter) is checked in lower.ts. Strict everywhere: an unknown key is a mistake, not an extension.
 */
import { z } from 'zod';
import { constant } from '../engine/distributions.ts';
import { QUIRKS } from '../objects/quirks.ts';
import { EVALUATOR_NAMES, type EvaluatorName } from '../scheduler/evaluators.ts';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS, type KubernetesVersion, readKubernetesVersion } from '../scheduler/versions.ts';
import type { Parsed } from './durations.ts';
import { parseExpectation } from './expect-parser.ts';
import * as f from './fields.ts';
import { RANDOM_SOURCES, SCENARIO_API_VERSION } from './scenario.ts';
import type { ParamInfo, Vocabulary } from './vocabulary.ts';

export type ScenarioSchema = ReturnType<typeof scenarioSchema>;
/** What a validated document gives: defaults filled in, durations in us, distributions as data. */
export type ScenarioDocument = z.output<ReturnType<typeof scenarioSchema>>;
export type EventDocument = ScenarioDocument['spec']['events'][number];
export type ClusterDocument = ScenarioDocument['spec']['cluster'];
export type WorkloadDocument = ScenarioDocument['spec']['workload'][number];
export type SchedulerDocument = NonNullable<ScenarioDocument['spec']['scheduler']>;

export function scenarioSchema(words: Vocabulary) {
  return f.map(
    {
      apiVersion: z.literal(SCENARIO_API_VERSION),
      kind: z.literal('Scenario'),
      metadata: f.map({
        name: f.name('Names the output folder and the report'),
      }),
      spec: f.map(
        {
          description: f.text('A paragraph for the report: what is tried, and what it should show').default(''),
          seed: z
            .union([z.int(), z.string().min(1)], { error: 'expected a whole number or a text' })
            .describe('Everything random in a run follows from it; the command line option --seed replaces it')
            .default(1),
          shuffleTies: z
            .union([z.int(), z.string().min(1)], { error: 'expected a whole number or a text' })
            .describe(
              'Simultaneous events run in an order drawn from this seed, and not in the order they were planned; part of the digest',
            )
            .optional(),
          random: f.choice(RANDOM_SOURCES, 'The generator behind every random stream').default('sfc32'),
          duration: f
            .written(durationOrIdle, 'a duration such as 2h, or idle', 'Simulated time, or `idle`: until nothing is left to do')
            .default('idle'),
          idleLimit: f.positiveDuration('With `duration: idle`: end here even when there is work left').optional(),
          kubernetesVersion: f
            .written(parseVersion, `one of ${VERSION_NAMES}`, 'The release whose scheduler is modelled: 1.34 or 1.32')
            .default(DEFAULT_KUBERNETES_VERSION),
          quirks: f.list(enumOf(QUIRKS, 'A known upstream bug'), 'Known upstream bugs to reproduce').prefault([]),
          cluster: clusterSchema(words).prefault({}),
          scheduler: schedulerSchema().optional(),
          schedulers: f.list(schedulerSchema(), 'Several schedulers side by side, each with its own configuration').optional(),
          controllers: controllersSchema(words).prefault({}),
          kubelet: kubeletSchema(words).prefault({}),
          manifests: f.list(manifestField(), 'Kubernetes objects that are created at time 0').prefault([]),
          workload: f.list(workloadSchema(words), 'What arrives while the run goes on').prefault([]),
          events: f.list(eventSchema(words), 'What is done to the cluster, and what breaks').prefault([]),
          expect: f.list(expectField(), 'Claims that the run must prove; any that fails makes the exit code 1').prefault([]),
          converge: convergeSchema().optional(),
          metrics: metricsSchema().prefault({}),
        },
        'What is simulated',
      ),
    },
    'A simulated cluster, its workload, what happens to it and what should come of that',
  );
}

function clusterSchema(words: Vocabulary) {
  const labels = () => f.textMap('Labels of the Node objects, beside the well-known ones').optional();
  const taints = () =>
    f
      .list(
        f.map({
          key: f.text('Taint key'),
          value: f.text('Taint value').default(''),
          effect: f.choice(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], 'Taint effect'),
        }),
        'Taints of the Node objects',
      )
      .optional();
  const rack = f.map({
    nodes: f.wholeNumber(0, 'Machines in this rack'),
    machine: f.text('Machine kind; the zone’s when left out').optional(),
    count: f.wholeNumber(1, 'So many racks like this').default(1),
  });
  const zone = f.map({
    name: f.name('Zone name, unique in the cluster'),
    racks: z
      .union([f.wholeNumber(0, 'Number of racks'), f.list(rack, 'Racks one by one, or groups of them')], {
        error: 'expected a number of racks or a list of racks',
      })
      .describe('Number of equal racks, or a list of racks')
      .default(1),
    nodesPerRack: f.wholeNumber(0, 'Machines in each rack').optional(),
    machine: f.text('Machine kind of every node of the zone').optional(),
    powerFeeds: f.wholeNumber(1, 'Power feeds of the zone; racks are divided among them in blocks').default(1),
    labels: labels(),
    taints: taints(),
  });
  return f.map(
    {
      regions: f
        .list(f.map({ name: f.name('Region name'), zones: f.list(zone, 'Zones of the region') }), 'Regions with their zones')
        .optional(),
      zones: f.list(zone, 'Zones of the one region `region-1`').optional(),
      nodes: f
        .list(
          f.map({
            name: f.name('Node name; with `count` a prefix: worker gives worker-1, worker-2, …'),
            count: f.wholeNumber(1, 'So many nodes like this').optional(),
            machine: f.text('Machine kind'),
            region: f.name('Region it stands in').optional(),
            zone: f.name('Zone it stands in').optional(),
            power: f.name('Power feed it hangs on').optional(),
            rack: f.name('Rack it stands in').optional(),
            labels: labels(),
            taints: taints(),
          }),
          'Single nodes, or groups of equal ones',
        )
        .optional(),
      manifests: f.list(manifestField(), 'Files of Node objects, as kubectl get nodes -o yaml writes them').optional(),
      trace: traceNodesSchema(words).optional(),
      machines: z
        .record(f.text('Machine kind'), machineSchema(), { error: 'expected a map of machine kinds' })
        .describe('Machine kinds by name; they come before built-in ones of the same name')
        .prefault({}),
      network: f
        .map(
          {
            profile: enumOf(words.networkProfiles, 'Latencies and loss by distance').default(words.defaults.networkProfile),
            latency: f
              .map(
                Object.fromEntries(
                  words.networkDistances.map((distance) => [distance, f.distribution('duration', `One way, ${distance}`).optional()]),
                ),
                'One-way latencies that replace the profile’s',
              )
              .prefault({}),
          },
          'Links between machines',
        )
        .prefault({}),
      controlPlane: f
        .map(
          {
            at: f.text('A region or zone it stands in and falls with, such as zone/a; a place of its own when left out').optional(),
            apiServers: f.wholeNumber(1, 'API server replicas over one store', 9).default(1),
            watchCacheLag: f
              .distribution('duration', 'How far the watch caches of the API servers are behind the store')
              .default(constant(0)),
            controllerManagers: f.wholeNumber(1, 'Controller managers; with 2 or more one leads', 5).default(1),
          },
          'Where the control plane is and how much of it there is',
        )
        .prefault({}),
    },
    'The machines, and how they hang together',
  );
}

function machineSchema() {
  return f.map(
    {
      cpu: f.quantity('Cores, such as 16 or 15800m'),
      memory: f.quantity('Memory, such as 64Gi'),
      pods: f.wholeNumber(0, 'Most pods it takes').default(110),
      resources: f.quantityMap('Further resources, such as nvidia.com/gpu: 4').prefault({}),
      reserved: f.quantityMap('What system and kubelet keep for themselves; allocatable is the rest (default memory: 100Mi)').optional(),
      price: f.amount('Currency units per hour').default(0),
      idleWatts: f.amount('Power with nothing running').default(0),
      busyWatts: f.amount('Power with all cores busy').default(0),
    },
    'A machine kind',
  );
}

function schedulerSchema() {
  return f.map(
    {
      name: f.name('Name of the component').default('kube-scheduler'),
      config: z
        .union([z.string(), z.looseObject({})], { error: 'expected a path, or a KubeSchedulerConfiguration in place' })
        .describe('A KubeSchedulerConfiguration: the path of a file, or the document itself')
        .optional(),
      plugins: f
        .list(
          f.text('A path such as ./my-score.ts, or a package'),
          'Scheduler plugins of your own: files of TypeScript or JavaScript, or npm packages',
        )
        .prefault([]),
      evaluator: z
        .enum(EVALUATOR_NAMES as readonly [EvaluatorName, ...EvaluatorName[]])
        .describe('How decisions are computed; all ways decide alike')
        .default(EVALUATOR_NAMES[0]!),
      tieBreak: f.choice(['random', 'first'], 'Among equally good nodes: as upstream, or the first').default('random'),
      cycleCost: f
        .distribution('duration', 'Simulated time of one scheduling cycle; grows with the nodes looked at when left out')
        .optional(),
      replicas: f.wholeNumber(1, 'Schedulers of this configuration; with 2 or more one leads', 5).default(1),
    },
    'The scheduler',
  );
}

function controllersSchema(words: Vocabulary) {
  const shape = Object.fromEntries(
    words.controllers.map((controller) => [
      controller.name,
      f
        .map(
          { enabled: f.flag('Whether it runs').default(controller.isEnabledByDefault), ...optionalParams(controller.params) },
          controller.summary,
        )
        .optional(),
    ]),
  );
  return f.map(shape, 'Controllers to switch off or to set differently; all others run with their defaults');
}

function kubeletSchema(words: Vocabulary) {
  return f.map(
    {
      profile: enumOf(words.kubeletProfiles, 'How long everything on a node takes').default(words.defaults.kubeletProfile),
      ...optionalParams(words.kubeletParams),
    },
    'The nodes’ agents',
  );
}

function manifestField() {
  return z
    .union([z.string(), z.looseObject({})], { error: 'expected a path or an object' })
    .describe('The path of a file, or the object itself');
}

/** A path, or several that are read one after the other. */
function pathsField(description: string) {
  return z
    .union([z.string(), z.array(z.string())], { error: 'expected a path or a list of paths' })
    .describe(description)
    .transform((paths): readonly string[] => (typeof paths === 'string' ? [paths] : paths));
}

/** Keys of every trace format: file roles and options; lower.ts refuses those of other formats. */
function traceShape(words: Vocabulary) {
  const shape: Record<string, z.ZodOptional<z.ZodType>> = {};
  for (const format of words.traceFormats) {
    for (const file of format.files) shape[file.role] ??= pathsField(file.summary).optional();
    for (const option of format.options) shape[option.name] ??= f.paramField(option).optional();
  }
  return shape;
}

function traceNodesSchema(words: Vocabulary) {
  return f.map(
    {
      format: enumOf(words.traceFormats, 'Trace format'),
      skipBadRows: f.flag('Leave out malformed rows instead of refusing the file').default(false),
      maxNodes: f.wholeNumber(0, 'Take only the first so many machines').optional(),
      ...traceShape(words),
    },
    'Machines from a production trace',
  );
}

function workloadSchema(words: Vocabulary) {
  const common = {
    name: f.name('Names it in tables and random streams').optional(),
    start: f.duration('Simulated time of the first possible arrival').default(0),
    maxPods: f.wholeNumber(0, 'Stop after so many pods').optional(),
    namespace: f.name('Namespace of the pods').default('default'),
    schedulerName: f.name('Scheduler profile of the pods').default('default-scheduler'),
  };
  return f.map({
    trace: f
      .map(
        {
          ...common,
          format: enumOf(words.traceFormats, 'Trace format'),
          from: f.duration('Leave out what the trace has before this trace time').default(0),
          until: f.duration('Leave out what the trace has from this trace time on').optional(),
          speedup: f.amount('Divide the time between arrivals by this; run times stay').default(1),
          skipBadRows: f.flag('Leave out malformed rows (and count them) instead of refusing the file').default(false),
          ...traceShape(words),
        },
        'Arrivals from a production trace',
      )
      .optional(),
    synthetic: f
      .map(
        {
          ...common,
          every: f.distribution('duration', 'Time between two arrivals'),
          batch: f.distribution('number', 'Pods per arrival').default(constant(1)),
          until: f.duration('No arrival from this simulated time on').optional(),
          pod: podShapeSchema().optional(),
          shapes: f.list(podShapeSchema(), 'Kinds of pods, drawn by weight').optional(),
        },
        'Arrivals drawn from distributions',
      )
      .optional(),
  });
}

function podShapeSchema() {
  return f.map(
    {
      name: f.name('Names the kind in tables').optional(),
      weight: f.amount('Relative frequency').default(1),
      cpu: f.distribution('cpu-milli', 'CPU request').default(constant(100)),
      memory: f.distribution('bytes', 'Memory request').default(constant(134217728)),
      resources: f.quantityMap('Further requests, such as nvidia.com/gpu: 1').prefault({}),
      runTime: f.distribution('duration', 'How long it runs; for ever when left out').optional(),
      labels: f.textMap('Labels of the pods').prefault({}),
      nodeSelector: f.textMap('Labels a node must have').prefault({}),
      priorityClassName: f.text('A PriorityClass of the manifests').default(''),
      image: f.text('Image of its container').default('app:1'),
    },
    'A kind of pod',
  );
}

function eventSchema(words: Vocabulary) {
  const faultParams: Record<string, z.ZodOptional<z.ZodType>> = {};
  // Faults that share a parameter name may differ in its type: lower.ts applies the right one, here anything passes.
  for (const fault of words.faults) {
    for (const param of fault.params) {
      if (!EVENT_KEYS.includes(param.name)) faultParams[param.name] ??= z.unknown().describe(`${fault.name}: ${param.summary}`).optional();
    }
  }
  const target = z
    .union([z.string(), z.array(z.string())], { error: 'expected a target such as zone/b, or a list of targets' })
    .transform((targets): readonly string[] => (typeof targets === 'string' ? [targets] : targets));
  return f.map(
    {
      name: f.name('Names it in tables and in expectations: fault/<name>').optional(),
      at: f.duration('When it happens').optional(),
      every: f.distribution('duration', 'Time between two occurrences').optional(),
      from: f.duration('With `every`: the first interval starts here').optional(),
      until: f.duration('With `every`: nothing happens after this').optional(),
      times: f.wholeNumber(1, 'With `every`: at most so often').optional(),
      fault: enumOf(words.faults, 'What breaks').optional(),
      target: target.describe('What it strikes: zone/b, rack/c-*, node/*, component/kube-scheduler').optional(),
      between: f.list(z.string(), 'The two ends of a link').length(2, { error: 'expected two ends' }).optional(),
      for: f.distribution('duration', 'How long it lasts; for ever when left out').optional(),
      pick: f.wholeNumber(1, 'Strike so many of the matching targets, chosen by the seed').optional(),
      apply: z
        .union([manifestField(), f.list(manifestField(), 'Files or objects')])
        .describe('Create or update objects, as kubectl apply does')
        .optional(),
      delete: f.text('Delete an object, such as deployment/web').optional(),
      gracePeriod: f.duration('With `delete`: whole seconds; 0s deletes at once, whatever still runs').optional(),
      scale: f.text('Change the replicas of deployment/…, replicaset/… or statefulset/…').optional(),
      replicas: f.wholeNumber(0, 'With `scale`: so many').optional(),
      setImage: f.text('Change the image of a workload’s pod template').optional(),
      image: f.text('With `setImage`: the new image').optional(),
      container: f.text('With `setImage`: only this container').optional(),
      restart: f.text('Roll out a workload anew, as kubectl rollout restart does').optional(),
      cordon: f.text('Mark node/… unschedulable').optional(),
      uncordon: f.text('Mark node/… schedulable again').optional(),
      drain: f.text('Cordon node/… and evict its pods, as kubectl drain --force does').optional(),
      timeout: f.duration('With `drain`: how long pods that may not go are tried again; 5m when left out').optional(),
      label: f.text('Change the labels of an object').optional(),
      labels: z
        .record(z.string(), z.union([z.string(), z.null()]), { error: 'expected a map of texts' })
        .describe('With `label`: labels to set; null removes one')
        .optional(),
      ...faultParams,
    },
    'Something that happens at a time, or again and again',
  );
}

const EVENT_KEYS: readonly string[] = [
  ...['name', 'at', 'every', 'from', 'until', 'times', 'fault', 'target', 'between', 'for', 'pick', 'apply', 'delete', 'gracePeriod'],
  ...['scale', 'replicas'],
  ...['setImage', 'image', 'container', 'restart', 'cordon', 'uncordon', 'drain', 'timeout', 'label', 'labels'],
];

function expectField() {
  return z
    .string({ error: f.wrongType('text such as p99(pod.startup) <= 5s') })
    .describe('measure(arguments) comparator value, such as availability(deployment/web) >= 99.9%')
    .transform((raw, context) => {
      const parsed = parseExpectation(raw);
      if (parsed.ok) return parsed.value;
      context.issues.push({ code: 'custom', message: parsed.problem, input: raw, params: { hint: parsed.hint, offset: parsed.offset } });
      return z.NEVER;
    });
}

function convergeSchema() {
  return f.map(
    {
      after: f
        .duration('From here on the cluster is left in peace and every fault mended; when the last event is over when left out')
        .optional(),
      within: f.positiveDuration('So long after that the desired state must be reached for good').default(1_200_000_000),
      quiet: f.positiveDuration('Reached means: nothing was written for so long').default(120_000_000),
      invariants: f
        .list(f.text('Name of an invariant'), 'Invariants to hold, whatever they assume; all whose assumptions hold when left out')
        .optional(),
    },
    'The cluster must settle after the storm, and invariants hold all the while; the run ends when it has',
  );
}

function metricsSchema() {
  return f.map(
    {
      interval: f.positiveDuration('Time between two samples of the time series').default(10_000_000),
      keepEvents: f.flag('Store Event objects in the API server, as a real cluster does').default(false),
      keepPods: f.flag('One row per pod in the tables; switch off for millions of pods').default(true),
      warmup: f.duration('Statistics leave out what happened before').default(0),
    },
    'What is measured, and how finely',
  );
}

function optionalParams(params: readonly ParamInfo[]): Record<string, z.ZodOptional<z.ZodType>> {
  return Object.fromEntries(params.map((param) => [param.name, f.paramField(param).optional()]));
}

/** One of the names; of an empty family nothing is valid. */
function enumOf(members: readonly { readonly name: string }[], description: string) {
  return z.enum(members.map((member) => member.name) as [string, ...string[]]).describe(description);
}

function durationOrIdle(raw: string): Parsed<number | 'idle'> {
  return raw.trim() === 'idle' ? { ok: true, value: 'idle' } : f.parsePositiveDuration(raw);
}

const VERSION_NAMES = KUBERNETES_VERSIONS.map((version) => `v${version}`).join(', ');

/** `v1.34`, `1.34`, or a patch release of it. */
function parseVersion(raw: string): Parsed<KubernetesVersion> {
  const version = readKubernetesVersion(raw);
  return version === undefined ? { ok: false, problem: `expected one of ${VERSION_NAMES}, found "${raw}"` } : { ok: true, value: version };
}

/**
 * Arbitrary manifests of every kind, as people and dumps write them: fields left out, given, or given in another notation.
 */
import * as fc from 'fast-check';

type Raw = Record<string, unknown>;

/** Fields that may be absent. */
function sparse(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Raw> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Raw>;
}

/** Fields that are always there, and fields that may be absent. */
function mixed(required: Record<string, fc.Arbitrary<unknown>>, optional: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Raw> {
  return fc.tuple(fc.record(required), sparse(optional)).map(([a, b]) => ({ ...a, ...b }));
}

const name = fc.constantFrom('a', 'web-1', 'x.y');
const label = fc.constantFrom('a', 'b', 'long_value.1', '');
const key = fc.constantFrom('app', 'tier', 'example.com/key');
const labels = fc.dictionary(key, label, { maxKeys: 3, noNullPrototype: true });
const count = fc.nat(20);
const flag = fc.boolean();
const seconds = fc.integer({ min: 1, max: 600 });
const text = fc.constantFrom('', 'why', 'some longer words');
const time = fc.constantFrom('2024-06-01T12:00:00Z', '2025-01-01T00:00:00Z', '2025-03-04T05:06:07.123456Z', '2025-01-01T02:00:00+01:00');
const quantity = fc.constantFrom('1', '500m', '1.5', '2Gi', '0.1Gi', '1e3', '0', 3, 0.25);
const list = fc.dictionary(fc.constantFrom('cpu', 'memory', 'nvidia.com/gpu', 'hugepages-2Mi'), quantity, {
  maxKeys: 3,
  noNullPrototype: true,
});
const percent = fc.oneof(count, fc.constantFrom('25%', '0%', '100%')).filter((value) => value !== 0 && value !== '0%');

const metadata = mixed(
  { name },
  {
    namespace: fc.constantFrom('shop', 'kube-system'),
    uid: fc.constantFrom('u-1', 'u-2'),
    resourceVersion: fc.constantFrom('1', '123456'),
    generation: count,
    creationTimestamp: fc.oneof(time, fc.constant(null)),
    deletionTimestamp: time,
    deletionGracePeriodSeconds: count,
    labels,
    annotations: fc.dictionary(key, text, { maxKeys: 2, noNullPrototype: true }),
    ownerReferences: fc.array(
      mixed(
        { apiVersion: fc.constant('apps/v1'), kind: fc.constant('ReplicaSet'), name, uid: fc.constant('u') },
        { controller: flag, blockOwnerDeletion: flag },
      ),
      { maxLength: 2 },
    ),
    finalizers: fc.array(fc.constantFrom('example.com/keep', 'foregroundDeletion'), { maxLength: 2 }),
  },
);

const requirement = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In', 'NotIn'), values: fc.array(label, { minLength: 1, maxLength: 2 }) }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector = sparse({ matchLabels: labels, matchExpressions: fc.array(requirement, { maxLength: 2 }) });
const nodeTerm = sparse({
  matchExpressions: fc.array(fc.oneof(requirement, fc.record({ key, operator: fc.constantFrom('Gt', 'Lt'), values: fc.constant(['5']) })), {
    maxLength: 2,
  }),
  matchFields: fc.array(fc.constant({ key: 'metadata.name', operator: 'In', values: ['n'] }), { maxLength: 1 }),
});
const nodeSelector = fc.record({ nodeSelectorTerms: fc.array(nodeTerm, { minLength: 1, maxLength: 2 }) });

const podTerm = mixed(
  { topologyKey: key },
  {
    labelSelector: selector,
    namespaces: fc.array(name, { maxLength: 2 }),
    namespaceSelector: selector,
    matchLabelKeys: fc.array(key, { maxLength: 1 }),
    mismatchLabelKeys: fc.array(key, { maxLength: 1 }),
  },
);
const weight = fc.integer({ min: 1, max: 100 });
const podAffinity = sparse({
  requiredDuringSchedulingIgnoredDuringExecution: fc.array(podTerm, { maxLength: 2 }),
  preferredDuringSchedulingIgnoredDuringExecution: fc.array(fc.record({ weight, podAffinityTerm: podTerm }), { maxLength: 2 }),
});
const affinity = sparse({
  nodeAffinity: sparse({
    requiredDuringSchedulingIgnoredDuringExecution: nodeSelector,
    preferredDuringSchedulingIgnoredDuringExecution: fc.array(fc.record({ weight, preference: nodeTerm }), { maxLength: 2 }),
  }),
  podAffinity,
  podAntiAffinity: podAffinity,
});

const probe = sparse({
  httpGet: fc.constant({ path: '/', port: 80 }),
  initialDelaySeconds: count,
  timeoutSeconds: seconds,
  periodSeconds: seconds,
  successThreshold: seconds,
  failureThreshold: seconds,
  terminationGracePeriodSeconds: seconds,
});
const port = mixed(
  { containerPort: fc.integer({ min: 1, max: 65_535 }) },
  {
    name: fc.constant('http'),
    hostPort: fc.constantFrom(80, 8080),
    protocol: fc.constantFrom('TCP', 'UDP'),
    hostIP: fc.constant('10.0.0.1'),
  },
);
const resources = fc
  .record({ requests: list, limits: list })
  // Limits below requests are refused, so one of the two is enough.
  .chain(({ requests, limits }) => fc.constantFrom<Raw>({ requests }, { limits }, { requests, limits: requests }, {}));

function container(containerName: string, extra: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<Raw> {
  return mixed(
    { name: fc.constant(containerName) },
    {
      image: fc.constantFrom('nginx', 'nginx:1.27', 'r.example.com:5000/x:latest', 'x@sha256:abc'),
      imagePullPolicy: fc.constantFrom('Always', 'Never'),
      resources,
      ports: fc.array(port, { maxLength: 2 }),
      readinessProbe: probe,
      livenessProbe: probe,
      startupProbe: probe,
      lifecycle: fc.constantFrom({ preStop: { sleep: { seconds: 5 } } }, { preStop: { exec: { command: ['x'] } } }, { postStart: {} }),
      env: fc.constant([{ name: 'A', value: 'b' }]),
      ...extra,
    },
  );
}

const volume = fc.constantFrom<Raw>(
  { name: 'v', emptyDir: {} },
  { name: 'v' },
  { name: 'v', configMap: { name: 'c' } },
  { name: 'v', hostPath: { path: '/x' } },
  { name: 'v', persistentVolumeClaim: { claimName: 'c', readOnly: true } },
  {
    name: 'v',
    ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } },
  },
  { name: 'v', csi: { driver: 'd.example.com' } },
  { name: 'v', gcePersistentDisk: { pdName: 'p' } },
  { name: 'v', awsElasticBlockStore: { volumeID: 'vol', readOnly: true } },
  { name: 'v', iscsi: { iqn: 'iqn.x', targetPortal: 't', lun: 1 } },
  { name: 'v', rbd: { monitors: ['m'], image: 'i' } },
  { name: 'v', azureDisk: { diskName: 'd', diskURI: 'u' } },
  { name: 'v', cinder: { volumeID: 'c' } },
);

const podSpec = mixed(
  { containers: fc.tuple(container('main'), container('other')).chain((all) => fc.constantFrom<Raw[]>(all, all.slice(0, 1))) },
  {
    initContainers: fc.array(container('setup', { restartPolicy: fc.constant('Always') }), { maxLength: 1 }),
    nodeName: name,
    schedulerName: name,
    terminationGracePeriodSeconds: count,
    activeDeadlineSeconds: seconds,
    nodeSelector: labels,
    affinity,
    tolerations: fc.array(
      fc.oneof(
        mixed({ key, operator: fc.constantFrom('Exists') }, { effect: fc.constant('NoSchedule') }),
        mixed({ key, value: label }, { operator: fc.constant('Equal') }),
        fc.record({ key, operator: fc.constant('Exists'), effect: fc.constant('NoExecute'), tolerationSeconds: count }),
      ),
      { maxLength: 2 },
    ),
    topologySpreadConstraints: fc.array(
      mixed(
        { maxSkew: seconds, topologyKey: key, whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway') },
        {
          labelSelector: selector,
          nodeAffinityPolicy: fc.constantFrom('Honor', 'Ignore'),
          nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
          matchLabelKeys: fc.array(key, { maxLength: 1 }),
        },
      ),
      { maxLength: 2 },
    ),
    priorityClassName: name,
    priority: fc.integer({ min: -10, max: 1000 }),
    preemptionPolicy: fc.constantFrom('Never', 'PreemptLowerPriority'),
    overhead: list,
    resources: resources,
    schedulingGates: fc.array(fc.record({ name }), { maxLength: 1 }),
    volumes: fc.array(volume, { maxLength: 1 }),
    hostNetwork: flag,
    serviceAccountName: name,
    hostname: name,
    subdomain: name,
    readinessGates: fc.array(fc.record({ conditionType: key }), { maxLength: 1 }),
    resourceClaims: fc.array(mixed({ name }, { resourceClaimName: name }), { maxLength: 1 }),
    dnsPolicy: fc.constant('Default'),
  },
);

const conditionStatus = fc.constantFrom('True', 'False', 'Unknown');
const conditions = fc.array(
  mixed(
    { type: fc.constantFrom('Ready', 'Available'), status: conditionStatus },
    { reason: text, message: text, lastTransitionTime: time },
  ),
  { maxLength: 2 },
);
const state = fc.oneof(
  fc.record({ running: fc.record({ startedAt: time }) }),
  fc.record({ waiting: sparse({ reason: text, message: text }) }),
  fc.record({ terminated: mixed({ exitCode: count }, { reason: text, startedAt: time, finishedAt: time }) }),
);
const containerStatuses = fc.array(
  mixed(
    { name: fc.constant('main'), ready: flag, restartCount: count, image: fc.constant('nginx') },
    {
      started: flag,
      state,
      lastState: fc.oneof(state, fc.constant({})),
      resources: fc.record({ requests: list }),
      allocatedResources: list,
    },
  ),
  { maxLength: 1 },
);
const podStatus = sparse({
  phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
  conditions,
  reason: text,
  message: text,
  startTime: time,
  nominatedNodeName: name,
  podIP: fc.constant('10.1.2.3'),
  qosClass: fc.constantFrom('BestEffort', 'Burstable', 'Guaranteed'),
  containerStatuses,
  initContainerStatuses: containerStatuses,
  observedGeneration: count,
});

const template = podSpec.map((spec) => ({ metadata: { labels: { app: 'a' } }, spec }));
const jobTemplate = template.chain((value) =>
  fc.constantFrom('Never', 'OnFailure').map((restartPolicy) => ({ ...value, spec: { ...value.spec, restartPolicy } })),
);
const appSelector = fc.constant({ matchLabels: { app: 'a' } });
const counts = (...names: string[]) => Object.fromEntries(names.map((field) => [field, count]));

function object(
  apiVersion: string,
  kind: string,
  fields: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>> = {},
) {
  return mixed({ apiVersion: fc.constant(apiVersion), kind: fc.constant(kind), ...fields }, optional);
}

/** Kind to arbitrary valid manifests of it. */
export const anyManifest: Readonly<Record<string, fc.Arbitrary<Raw>>> = {
  Pod: object('v1', 'Pod', { metadata, spec: podSpec }, { status: podStatus }),
  Node: object(
    'v1',
    'Node',
    { metadata },
    {
      spec: sparse({
        unschedulable: flag,
        taints: fc.array(mixed({ key, effect: fc.constantFrom('NoSchedule', 'NoExecute') }, { value: label, timeAdded: time }), {
          maxLength: 2,
        }),
        providerID: text,
      }),
      status: sparse({
        capacity: list,
        allocatable: list,
        conditions: fc.array(
          mixed(
            { type: fc.constant('Ready'), status: conditionStatus },
            { reason: text, message: text, lastHeartbeatTime: time, lastTransitionTime: time },
          ),
          { maxLength: 1 },
        ),
        images: fc.array(fc.record({ names: fc.array(name, { maxLength: 2 }), sizeBytes: count }), { maxLength: 2 }),
        volumesAttached: fc.array(fc.record({ name }), { maxLength: 1 }),
      }),
    },
  ),
  Namespace: object(
    'v1',
    'Namespace',
    { metadata: fc.constant({ name: 'shop', labels: { a: 'b' } }) },
    { status: fc.constant({ phase: 'Terminating' }) },
  ),
  Service: object(
    'v1',
    'Service',
    { metadata: fc.constant({ name: 's' }) },
    {
      spec: sparse({
        type: fc.constantFrom('ClusterIP', 'LoadBalancer'),
        selector: labels,
        ports: fc.array(
          mixed({ port: seconds }, { name, targetPort: fc.oneof(seconds, fc.constant('http')), protocol: fc.constant('UDP') }),
          {
            maxLength: 2,
          },
        ),
      }),
    },
  ),
  ReplicaSet: object(
    'apps/v1',
    'ReplicaSet',
    { metadata, spec: mixed({ selector: appSelector, template }, { replicas: count, minReadySeconds: count }) },
    {
      status: sparse({
        ...counts('replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'),
        conditions,
      }),
    },
  ),
  Deployment: object(
    'apps/v1',
    'Deployment',
    {
      metadata,
      spec: mixed(
        { selector: appSelector, template },
        {
          replicas: count,
          strategy: fc.oneof(
            fc.constant({ type: 'Recreate' }),
            fc.record({ type: fc.constant('RollingUpdate'), rollingUpdate: sparse({ maxSurge: percent, maxUnavailable: percent }) }),
          ),
          minReadySeconds: count,
          revisionHistoryLimit: count,
          paused: flag,
          progressDeadlineSeconds: fc.integer({ min: 30, max: 900 }),
        },
      ),
    },
    {
      status: sparse({
        ...counts(
          'observedGeneration',
          'replicas',
          'updatedReplicas',
          'readyReplicas',
          'availableReplicas',
          'unavailableReplicas',
          'collisionCount',
        ),
        conditions,
      }),
    },
  ),
  StatefulSet: object(
    'apps/v1',
    'StatefulSet',
    {
      metadata,
      spec: mixed(
        { selector: appSelector, template },
        {
          replicas: count,
          serviceName: name,
          podManagementPolicy: fc.constantFrom('Parallel', 'OrderedReady'),
          minReadySeconds: count,
          revisionHistoryLimit: count,
          ordinals: fc.record({ start: count }),
          updateStrategy: fc.constantFrom({ type: 'OnDelete' }, { type: 'RollingUpdate', rollingUpdate: { partition: 2 } }),
        },
      ),
    },
    {
      status: sparse({
        ...counts(
          'replicas',
          'readyReplicas',
          'availableReplicas',
          'currentReplicas',
          'updatedReplicas',
          'collisionCount',
          'observedGeneration',
        ),
        currentRevision: name,
        updateRevision: name,
      }),
    },
  ),
  Job: object(
    'batch/v1',
    'Job',
    {
      metadata,
      spec: mixed(
        { template: jobTemplate },
        {
          parallelism: count,
          completions: count,
          backoffLimit: count,
          activeDeadlineSeconds: fc.integer({ min: 1, max: 900 }),
          ttlSecondsAfterFinished: count,
          suspend: fc.boolean(),
          podReplacementPolicy: fc.constantFrom('TerminatingOrFailed', 'Failed'),
        },
      ),
    },
    {
      status: sparse({
        ...counts('active', 'ready', 'terminating', 'succeeded', 'failed'),
        startTime: time,
        completionTime: time,
        completedIndexes: fc.constant('0-3,7'),
        uncountedTerminatedPods: sparse({ succeeded: fc.array(name, { maxLength: 2 }), failed: fc.array(name, { maxLength: 2 }) }),
        conditions,
      }),
    },
  ),
  ReplicationController: object(
    'v1',
    'ReplicationController',
    { metadata },
    { spec: sparse({ replicas: count, selector: labels, template }) },
  ),
  Lease: object(
    'coordination.k8s.io/v1',
    'Lease',
    { metadata },
    {
      spec: sparse({
        holderIdentity: name,
        leaseDurationSeconds: seconds,
        acquireTime: time,
        renewTime: time,
        leaseTransitions: count,
      }),
    },
  ),
  PriorityClass: object(
    'scheduling.k8s.io/v1',
    'PriorityClass',
    { metadata, value: fc.integer({ min: -10, max: 1000 }) },
    {
      globalDefault: flag,
      preemptionPolicy: fc.constant('Never'),
      description: text,
    },
  ),
  PodDisruptionBudget: object(
    'policy/v1',
    'PodDisruptionBudget',
    { metadata },
    {
      spec: fc
        .tuple(
          sparse({ selector, unhealthyPodEvictionPolicy: fc.constant('AlwaysAllow') }),
          fc.constantFrom('minAvailable', 'maxUnavailable'),
          percent,
        )
        .map(([spec, field, value]) => ({ ...spec, [field]: value })),
      status: sparse({
        ...counts('disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods', 'observedGeneration'),
        disruptedPods: fc.dictionary(name, time, { maxKeys: 2, noNullPrototype: true }),
        conditions,
      }),
    },
  ),
  PersistentVolume: object(
    'v1',
    'PersistentVolume',
    { metadata },
    {
      spec: sparse({
        capacity: fc.constant({ storage: '10Gi' }),
        accessModes: fc.constant(['ReadWriteOnce']),
        storageClassName: name,
        volumeMode: fc.constantFrom('Block', 'Filesystem'),
        volumeAttributesClassName: name,
        persistentVolumeReclaimPolicy: fc.constant('Delete'),
        claimRef: fc.constant({ namespace: 'shop', name: 'c', uid: 'u' }),
        nodeAffinity: fc.record({ required: nodeSelector }),
        csi: fc.constant({ driver: 'd', volumeHandle: 'h' }),
        local: fc.constant({ path: '/x' }),
      }),
      status: fc.constant({ phase: 'Bound' }),
    },
  ),
  PersistentVolumeClaim: object(
    'v1',
    'PersistentVolumeClaim',
    { metadata },
    {
      spec: sparse({
        accessModes: fc.constant(['ReadWriteMany']),
        resources: fc.constant({ requests: { storage: '1Gi' } }),
        storageClassName: fc.constantFrom('', 'fast'),
        volumeName: name,
        volumeMode: fc.constant('Block'),
        volumeAttributesClassName: name,
        selector,
      }),
      status: fc.constant({ phase: 'Bound' }),
    },
  ),
  StorageClass: object(
    'storage.k8s.io/v1',
    'StorageClass',
    { metadata, provisioner: name },
    {
      volumeBindingMode: fc.constantFrom('Immediate', 'WaitForFirstConsumer'),
      reclaimPolicy: fc.constant('Retain'),
      allowedTopologies: fc.constant([{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }]),
    },
  ),
  CSINode: object(
    'storage.k8s.io/v1',
    'CSINode',
    { metadata },
    {
      spec: fc.constant({
        drivers: [
          { name: 'd', nodeID: 'n', topologyKeys: ['zone'], allocatable: { count: 8 } },
          { name: 'e', nodeID: 'n' },
        ],
      }),
    },
  ),
  CSIDriver: object('storage.k8s.io/v1', 'CSIDriver', { metadata }, { spec: fc.record({ storageCapacity: flag }) }),
  CSIStorageCapacity: object(
    'storage.k8s.io/v1',
    'CSIStorageCapacity',
    { metadata, storageClassName: name },
    {
      nodeTopology: selector,
      capacity: quantity,
      maximumVolumeSize: quantity,
    },
  ),
  VolumeAttachment: object(
    'storage.k8s.io/v1',
    'VolumeAttachment',
    {
      metadata,
      spec: fc.constant({ attacher: 'd', nodeName: 'n', source: { persistentVolumeName: 'p' } }),
    },
    { status: fc.record({ attached: flag }) },
  ),
  Event: object(
    'v1',
    'Event',
    { metadata },
    {
      type: fc.constantFrom('Normal', 'Warning'),
      reason: text,
      message: text,
      count,
      firstTimestamp: time,
      lastTimestamp: time,
      involvedObject: fc.constant({ kind: 'Pod', namespace: 'shop', name: 'a', uid: 'u' }),
      source: fc.constant({ component: 'kubelet' }),
    },
  ),
  Widget: object(
    'example.com/v1',
    'Widget',
    { metadata },
    { spec: fc.constant({ size: 3, parts: [{ a: null }] }), status: fc.constant({ ok: true }) },
  ),
};

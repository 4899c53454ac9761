/** Claims, volumes and classes for the tests of the volume plugins. */
import type { RawObject } from '../../../src/objects/decode-reader.ts';
import { rawPod } from '../decisions.ts';

export function rawClaim(
  name: string,
  fields: { spec?: object; status?: object; annotations?: object; metadata?: object } = {},
): RawObject {
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}`, annotations: fields.annotations ?? {}, ...fields.metadata },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'late', ...fields.spec },
    status: { phase: 'Pending', ...fields.status },
  };
}

/** A claim bound to `volume`. */
export function boundClaim(name: string, volume: string, fields: { spec?: object } = {}): RawObject {
  return rawClaim(name, {
    spec: { volumeName: volume, ...fields.spec },
    status: { phase: 'Bound' },
    annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
  });
}

export function rawVolume(name: string, fields: { spec?: object; labels?: object; status?: object; metadata?: object } = {}): RawObject {
  return {
    metadata: { name, labels: fields.labels ?? {}, ...fields.metadata },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'late', ...fields.spec },
    status: { phase: 'Available', ...fields.status },
  };
}

export function onlyOn(...nodes: readonly string[]): object {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: nodes }];
  return { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } };
}

export const classes: readonly RawObject[] = [
  { metadata: { name: 'late' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' },
  { metadata: { name: 'now' }, provisioner: 'csi.example.com', volumeBindingMode: 'Immediate' },
  { metadata: { name: 'made' }, provisioner: 'csi.example.com', volumeBindingMode: 'WaitForFirstConsumer' },
];

/** A pod with a claim per name. */
export function claiming(name: string, claims: readonly string[], on?: string): RawObject {
  const volumes = claims.map((claimName, i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName } }));
  return rawPod(name, { ...(on === undefined ? {} : { on }), spec: { volumes } });
}

/**
 * Decoding of pod volumes: the sources that scheduling looks at in full, the others by name.
 */
import type { DecodeReader, RawObject } from './decode-reader.ts';
import { childPath } from './document-path.ts';
import { checkDnsLabel } from './names.ts';
import type { Volume } from './pod.ts';

export function decodeVolume(reader: DecodeReader, raw: RawObject, path: string): Volume {
  reader.knownFields(raw, path, ['name', ...VOLUME_SOURCES]);
  const name = reader.string(raw, 'name', path);
  if (reader.validate) {
    const wrong = checkDnsLabel(name);
    if (name === '') reader.missing(path, 'name');
    else if (wrong !== undefined) reader.problems.add(childPath(path, 'name'), `"${name}" ${wrong}`);
  }
  const sources = VOLUME_SOURCES.filter((source) => raw[source] !== undefined && raw[source] !== null);
  if (reader.validate && sources.length > 1) reader.problems.add(path, `has more than one source: ${sources.join(', ')}`);
  const source = sources[0] ?? 'emptyDir';
  const at = childPath(path, source);
  const fields = reader.object(raw, source, path) ?? {};
  const string = (key: string) => reader.string(fields, key, at);
  const readOnly = () => reader.boolean(fields, 'readOnly', at);
  return {
    name,
    persistentVolumeClaim:
      source === 'persistentVolumeClaim' ? { claimName: reader.requiredString(fields, 'claimName', at), readOnly: readOnly() } : undefined,
    ephemeral: source === 'ephemeral' ? decodeEphemeral(reader, fields, at) : undefined,
    csi: source === 'csi' ? { driver: reader.requiredString(fields, 'driver', at) } : undefined,
    gcePersistentDisk: source === 'gcePersistentDisk' ? { pdName: string('pdName'), readOnly: readOnly() } : undefined,
    awsElasticBlockStore: source === 'awsElasticBlockStore' ? { volumeID: string('volumeID'), readOnly: readOnly() } : undefined,
    iscsi: source === 'iscsi' ? { iqn: string('iqn'), readOnly: readOnly() } : undefined,
    rbd:
      source === 'rbd'
        ? { monitors: reader.names(fields, 'monitors', at), pool: string('pool') || 'rbd', image: string('image'), readOnly: readOnly() }
        : undefined,
    azureDisk: source === 'azureDisk' ? { diskName: string('diskName') } : undefined,
    cinder: source === 'cinder' ? { volumeID: string('volumeID') } : undefined,
    other: MODELLED_SOURCES.includes(source) ? '' : source,
  };
}

function decodeEphemeral(reader: DecodeReader, fields: RawObject, path: string): Volume['ephemeral'] {
  const template = reader.object(fields, 'volumeClaimTemplate', path) ?? {};
  const templatePath = childPath(path, 'volumeClaimTemplate');
  const spec = reader.object(template, 'spec', templatePath) ?? {};
  const at = childPath(templatePath, 'spec');
  const resources = reader.object(spec, 'resources', at) ?? {};
  return {
    storageClassName: reader.optionalString(spec, 'storageClassName', at),
    accessModes: reader.names(spec, 'accessModes', at),
    request: reader.resources(resources, 'requests', childPath(at, 'resources'))['storage'] ?? '0',
  };
}

const MODELLED_SOURCES: readonly string[] = [
  'persistentVolumeClaim',
  'ephemeral',
  'csi',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'iscsi',
  'rbd',
  'azureDisk',
  'cinder',
];

/** All volume sources of core/v1, v1.34. */
const VOLUME_SOURCES: readonly string[] = [
  ...MODELLED_SOURCES,
  'azureFile',
  'cephfs',
  'configMap',
  'downwardAPI',
  'emptyDir',
  'fc',
  'flexVolume',
  'flocker',
  'gitRepo',
  'glusterfs',
  'hostPath',
  'image',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'scaleIO',
  'secret',
  'storageos',
  'vsphereVolume',
];

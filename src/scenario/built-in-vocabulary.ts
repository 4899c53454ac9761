/**
 * The vocabulary of this release, collected from the registries.
 */
import type { ParameterDef } from '../base/parameters.ts';
import type { ControllerDef } from '../controllers/controller.ts';
import { controllers } from '../controllers/registry.ts';
import { MACHINE_KINDS } from '../datacenter/machine-kinds.ts';
import { DEFAULT_NETWORK_PROFILE, DISTANCES, NETWORK_PROFILES } from '../datacenter/network-profiles.ts';
import type { FaultDef } from '../faults/fault.ts';
import { faults } from '../faults/registry.ts';
import { acceptedForms } from '../faults/targets.ts';
import { DEFAULT_KUBELET_PROFILE, KUBELET_PROFILES, PROFILE_PARAMETERS } from '../kubelet/profiles.ts';
import { traceFormats } from '../traces/registry.ts';
import type { FaultInfo, ParamInfo, Vocabulary } from './vocabulary.ts';

/** Members of one's own, beside the built-in ones. */
export interface OwnMembers {
  readonly controllers?: readonly ControllerDef[];
}

export function builtInVocabulary(own: OwnMembers = {}): Vocabulary {
  return {
    machines: MACHINE_KINDS,
    networkProfiles: NETWORK_PROFILES.map((profile) => ({ name: profile.name, summary: profile.description })),
    networkDistances: DISTANCES,
    faults: faults.map(faultInfo),
    controllers: [...controllers, ...(own.controllers ?? [])].map((def) => ({
      name: def.name,
      summary: def.summary,
      isEnabledByDefault: def.isEnabledByDefault,
      params: def.parameters.map(paramInfo),
    })),
    customKinds: (own.controllers ?? []).flatMap((def) => def.kinds),
    kubeletProfiles: KUBELET_PROFILES.map((profile) => ({ name: profile.name, summary: profile.description })),
    kubeletParams: PROFILE_PARAMETERS.map(kubeletParam),
    traceFormats: traceFormats.map((def) => ({
      name: def.name,
      summary: def.summary,
      files: def.files,
      options: def.parameters.map(paramInfo),
      nodesRole: def.nodesRole,
    })),
    defaults: { networkProfile: DEFAULT_NETWORK_PROFILE, kubeletProfile: DEFAULT_KUBELET_PROFILE },
  };
}

function faultInfo(def: FaultDef): FaultInfo {
  const { name, summary, place, heals } = def;
  // A fault of machines may be given a larger domain, which stands for all machines in it.
  const domains = def.targetKinds.includes('node') ? ['rack/<name>', 'power/<name>', 'zone/<name>', 'region/<name>', 'world'] : [];
  const targets = [...new Set([...acceptedForms(def), ...domains])];
  return { name, summary, place, heals, targets: def.targetKinds.length > 0 ? targets : [], params: def.parameters.map(paramInfo) };
}

/** Names of the profile carry their unit; in a scenario the value does. */
function kubeletParam({ name, type }: (typeof PROFILE_PARAMETERS)[number]): ParamInfo {
  const summary = 'replaces the value of the profile';
  if (type === 'duration') return { name: name.replace(/Us$/, ''), type, summary, storedAs: name };
  if (name === 'imageBytes') return { name: 'imageSize', type: 'bytes', summary, storedAs: name };
  if (name.endsWith('Bandwidth') || name.endsWith('Rate')) return { name, type: 'bytes', summary: `${summary}, per second`, min: 1000 };
  return { name, type, summary };
}

/** A described parameter of a registry as the scenario sees it. */
export function paramInfo(def: ParameterDef): ParamInfo {
  const type = def.type === 'text' && def.choices !== undefined ? 'choice' : def.type;
  return {
    name: def.name,
    type,
    summary: def.summary,
    default: def.default,
    ...(def.choices === undefined ? {} : { choices: def.choices }),
    ...(def.min === undefined ? {} : { min: def.min }),
    ...(def.max === undefined ? {} : { max: def.max }),
  };
}

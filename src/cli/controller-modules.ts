/**
 * ControllerModules: controllers, invariants and storms of one's own, from TypeScript or JavaScript files.
 *
 * A file may export, under any names or as default, alone or in lists:
 *   controllers   made by defineController or defineAsyncController
 *   invariants    made by defineInvariant
 * and under the name `world` the storms they are tested in: StormOptions, or an arbitrary of storms.
 */
import * as fc from 'fast-check';
import { InputError } from '../base/input-error.ts';
import type { ControllerDef } from '../controllers/controller.ts';
import { controllers as builtIn } from '../controllers/registry.ts';
import type { FileSource } from '../scenario/scenario.ts';
import type { ConvergenceOptions } from '../testing/check.ts';
import * as testing from '../testing/index.ts';
import type { InvariantDef } from '../testing/invariants/invariant.ts';
import { diskFiles } from './disk-files.ts';
import { PluginModules } from './plugin-modules.ts';

export interface OwnParts {
  readonly controllers: readonly ControllerDef[];
  readonly invariants: readonly InvariantDef[];
  /** The storms they are made for; undefined: the built-in ones. */
  readonly world: ConvergenceOptions['world'];
}

export const NO_OWN_PARTS: OwnParts = { controllers: [], invariants: [], world: undefined };

/** What `files` bring along. Throws an InputError with file and place. */
export function loadControllers(files: readonly string[], source: FileSource = diskFiles): OwnParts {
  if (files.length === 0) return NO_OWN_PARTS;
  const modules = new PluginModules(source, { 'seatrial/testing': testing, 'fast-check': fc });
  const controllers: ControllerDef[] = [];
  const invariants: InvariantDef[] = [];
  let world: ConvergenceOptions['world'];
  for (const file of files) {
    const exported = modules.load(file);
    if (typeof exported !== 'object' || exported === null) refuse(file, 'exports nothing');
    const found = collect(exported as Readonly<Record<string, unknown>>);
    if (found.controllers.length === 0 && found.invariants.length === 0) {
      const names = Object.keys(exported as object);
      refuse(file, names.length === 0 ? 'exports nothing' : `exports ${names.join(', ')}, and none of these is a controller`);
    }
    for (const def of found.controllers) {
      const isTaken = builtIn.some(({ name }) => name === def.name) || controllers.some(({ name }) => name === def.name);
      if (isTaken) refuse(file, `a controller is called "${def.name}" already`);
      controllers.push(def);
    }
    invariants.push(...found.invariants);
    const own = (exported as { readonly world?: unknown }).world;
    if (own !== undefined) world = own as ConvergenceOptions['world'];
  }
  return { controllers, invariants, world };
}

function collect(exported: Readonly<Record<string, unknown>>): Pick<OwnParts, 'controllers' | 'invariants'> {
  const controllers: ControllerDef[] = [];
  const invariants: InvariantDef[] = [];
  // A CommonJS default export may be there under two names.
  const seen = new Set<unknown>();
  for (const value of Object.values(exported).flat()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isController(value)) controllers.push(value);
    else if (isInvariant(value)) invariants.push(value);
  }
  return { controllers, invariants };
}

function isController(value: object): value is ControllerDef {
  const { name, create, parameters, kinds } = value as Partial<ControllerDef>;
  return typeof name === 'string' && typeof create === 'function' && Array.isArray(parameters) && Array.isArray(kinds);
}

function isInvariant(value: object): value is InvariantDef {
  const { name, create, summary, id } = value as Partial<InvariantDef>;
  return typeof name === 'string' && typeof create === 'function' && typeof summary === 'string' && typeof id === 'string';
}

function refuse(file: string, what: string): never {
  const hint = 'write: export const mine = defineController({ ... })';
  throw new InputError([{ path: '', file, message: `expected a controller, but the file ${what}`, hint }]);
}

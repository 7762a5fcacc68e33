import { describe, expect, it } from 'vitest';
import { inOrder } from './strict-order.ts';

const unknown = (path: string) => `unknown field "${path}"`;
const duplicate = (path: string) => `duplicate field "${path}"`;

describe('strict errors', () => {
  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    [
      '{"a":1,"x":1,"spec":{"b":1,"b":2,"y":1},"a":2}',
      [duplicate('spec.b'), duplicate('a')],
      [unknown('x'), unknown('spec.y')],
      [unknown('x'), duplicate('spec.b'), unknown('spec.y'), duplicate('a')],
    ],
    // What is within an unknown field is not looked at.
    [
      '{"x":{"a":1,"a":2},"b":1,"b":1}',
      [duplicate('x.a'), duplicate('b')],
      [unknown('x')],
      [unknown('x'), duplicate('b')],
    ],
    // An unknown field that stands twice is unknown, and is told of once.
    ['{"x":1,"x":2}', [duplicate('x')], [unknown('x')], [unknown('x')]],
    [
      '{"l":[{"a":1,"a":2},{"z":1}],"m":{"a.b/c":"1","a.b/c":"2"}}',
      [duplicate('l[0].a'), duplicate('m.a.b/c')],
      [unknown('l[1].z')],
      [duplicate('l[0].a'), unknown('l[1].z'), duplicate('m.a.b/c')],
    ],
  ])('of %s', (text, duplicates, unknowns, expected) => {
    expect(inOrder(text, duplicates, unknowns)).toEqual(expected);
  });
});

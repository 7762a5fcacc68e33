import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getOwn, ownOr, setOwn, unsafeNameIn } from './own.ts';

const dangerous = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  'valueOf',
];
const name = fc.oneof(fc.constantFrom(...dangerous), fc.string({ maxLength: 3 }));

describe('an object whose names are data', () => {
  it.each(dangerous)('has nothing called %s until that is set', (each) => {
    const object: Record<string, number> = {};
    expect(getOwn(object, each)).toBeUndefined();
    setOwn(object, each, 1);
    expect(getOwn(object, each)).toBe(1);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(JSON.stringify(object)).toBe(`{"${each}":1}`);
  });

  it('has nothing of what all objects and lists inherit', () => {
    for (const each of Object.getOwnPropertyNames(Object.prototype)) expect(getOwn({}, each)).toBeUndefined();
    for (const each of Object.getOwnPropertyNames(Array.prototype))
      expect(getOwn([], each)).toBe(each === 'length' ? 0 : undefined);
  });

  it('keeps what a Map keeps', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.integer())), (entries) => {
        const object: Record<string, number> = {};
        for (const [key, value] of entries) setOwn(object, key, value);
        const map = new Map(entries);
        expect(new Map(Object.entries(object))).toEqual(map);
        for (const key of [...dangerous, ...map.keys()]) expect(getOwn(object, key)).toBe(map.get(key));
      }),
    );
  });

  it('is asked where there is none', () => {
    expect(getOwn(undefined, 'a')).toBeUndefined();
    expect(getOwn(null, 'constructor')).toBeUndefined();
  });

  it('gets what it lacks', () => {
    const object: Record<string, number[]> = {};
    ownOr(object, 'constructor', () => []).push(1);
    ownOr(object, 'constructor', () => []).push(2);
    expect(Object.entries(object)).toEqual([['constructor', [1, 2]]]);
  });
});

describe('a path', () => {
  it('leads out of data by names that all objects inherit', () => {
    expect(unsafeNameIn(['spec', 'constructor', 'prototype'])).toBe('constructor');
    expect(unsafeNameIn(['spec', '__proto__'])).toBe('__proto__');
    expect(unsafeNameIn(['spec', 'toString'])).toBeUndefined();
  });
});

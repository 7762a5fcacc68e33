import { describe, expect, it } from 'vitest';
import './frozen-intrinsics.ts';

const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  'valueOf',
  '__lookupSetter__',
];

/** As code without strict mode and without types would: at run time, by names. */
function write(target: object, name: string, value: unknown): void {
  (target as Record<string, unknown>)[name] = value;
}

describe('frozen intrinsics', () => {
  it.each([{}, [], '', 0, true, 0n, () => 0, new Map(), new Set(), new Date(0), new TypeError(), new Uint8Array(1)])(
    'take nothing through %s',
    (value) => {
      const prototype: object = Object.getPrototypeOf(value);
      // V8's quick paths of arrays rest on that of theirs.
      const closed = Array.isArray(value) ? names.filter((name) => name !== 'constructor') : names;
      for (const name of [...closed, 'resources']) expect(() => write(prototype, name, ['*']), name).toThrow(TypeError);
      expect(Object.isExtensible(prototype)).toBe(false);
      if (!Array.isArray(value)) expect(Object.isFrozen(prototype)).toBe(true);
    },
  );

  it.each([Object, Function, Array, String, Number, Boolean])('take nothing in the place of what %s has', (each) => {
    expect(() => write(each, 'prototype', {})).toThrow(TypeError);
    expect(() => write(each, 'isArray', () => true)).toThrow(TypeError);
    expect(() => write(each.prototype.toString, 'call', 1)).toThrow(TypeError);
  });

  it('close every method of arrays, and nothing but their length, constructor and iterator stays', () => {
    const open = Reflect.ownKeys(Array.prototype).filter((name) => {
      const { writable, configurable } = Object.getOwnPropertyDescriptor(Array.prototype, name) ?? {};
      return writable || configurable;
    });
    expect(open).toEqual(['length', 'constructor', Symbol.iterator]);
  });

  it('let every object have fields of its own with inherited names', () => {
    for (const name of names) {
      const object = {};
      write(object, name, 'x');
      expect(Object.getOwnPropertyDescriptor(object, name)).toEqual({
        value: 'x',
        writable: true,
        enumerable: true,
        configurable: true,
      });
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    }
    expect(Object.entries(Object.assign({}, JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')))).toEqual([
      ['__proto__', { a: 1 }],
      ['constructor', 2],
    ]);
  });

  it('let errors and functions be named and described', () => {
    class Failure extends Error {
      constructor(message: string) {
        super(message);
        this.name = 'Failure';
      }
    }
    expect(String(new Failure('x'))).toBe('Failure: x');
    const named = () => 1;
    named.toString = () => 'y';
    expect(String(named)).toBe('y');
    expect(() => write('text' as never, 'toString', 1)).toThrow(TypeError);
  });
});

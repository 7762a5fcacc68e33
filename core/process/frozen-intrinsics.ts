// Imported first by every program, for what it does: before a statement of the program runs, nobody can change any more what all
// objects inherit. Should a name from a user ever reach `constructor.prototype`, the write fails, and no rule or check elsewhere learns of it.
//
// `__proto__` is deleted, so that it is a name as any other: `table[name] = value` sets a field then, whatever the name.
//
// On a frozen prototype an inherited field cannot be assigned on the objects below it either: `labels['constructor'] = 'x'`
// would throw. Object.prototype and others that libraries assign over have accessors therefore, which set a field of the object at hand.
//
// RegExp and Promise stay as they are: V8 runs them ten times slower on changed prototypes, and no walk down the fields of data
// gets to them. Constructors that tests and tracers wrap (Date, Math) stay open themselves; what they make is closed.
//
// Object.prototype and Array.prototype are closed name by name: once Object.freeze was there, V8 stores into every array that has holes or
// grows seven times slower, and Node's queue of ticks is one (5 % of a write). Of Array.prototype the names that V8's quick paths of map,
// splice and spread rest on keep their attributes; nothing inherits its length.

import { teachBigInts } from '../machinery/bigint-json.ts';

/** Reached from any data by names alone: `({}).constructor`, `[].constructor.prototype`, `''.constructor.constructor`. */
const constructors = [Object, Function, Array, String, Number, Boolean, BigInt, Symbol];
const others = [Map, Set, WeakMap, WeakSet, Date, ArrayBuffer, DataView, Uint8Array];
const errors = [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
const typedArray: { readonly prototype: object } = Object.getPrototypeOf(Uint8Array);
/** Of Array.prototype. */
const leftOfArrays: readonly (string | symbol)[] = ['length', 'constructor', Symbol.iterator];

freezeIntrinsics();

function freezeIntrinsics(): void {
  if (Object.isFrozen(Object.prototype)) return;
  teachBigInts();
  Reflect.deleteProperty(Object.prototype, '__proto__');
  assignable(Object.prototype, Object.getOwnPropertyNames(Object.prototype));
  assignable(Function.prototype, ['constructor', 'toString']);
  for (const { prototype } of errors) assignable(prototype, ['constructor', 'message', 'name', 'toString']);
  for (const each of [...constructors, ...others, ...errors, typedArray]) {
    const { prototype } = each;
    for (const name of Reflect.ownKeys(prototype)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
      for (const part of [value, get, set]) {
        // Functions of prototypes are reached as well; constructors are judged one by one.
        if (typeof part === 'function' && name !== 'constructor') Object.freeze(part);
      }
    }
    if (prototype === Object.prototype || prototype === Array.prototype) close(prototype);
    else Object.freeze(prototype);
  }
  for (const each of constructors) Object.freeze(each);
}

/** As Object.freeze, without its effect on the elements of arrays. */
function close(prototype: object): void {
  Object.preventExtensions(prototype);
  for (const name of Reflect.ownKeys(prototype)) {
    if (prototype === Array.prototype && leftOfArrays.includes(name)) continue;
    const isData = Object.getOwnPropertyDescriptor(prototype, name)?.writable !== undefined;
    Object.defineProperty(prototype, name, isData ? { writable: false, configurable: false } : { configurable: false });
  }
  // V8 lays out an object that becomes a prototype for quick lookups again.
  Object.create(prototype);
}

/** What `prototype` holds under `names` can be assigned on the objects that inherit it, as if it were not frozen. */
function assignable(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    const found = Object.getOwnPropertyDescriptor(prototype, name);
    if (!found?.writable || !found.configurable) continue;
    const inherited: unknown = found.value;
    Object.defineProperty(prototype, name, {
      get: () => inherited,
      set(this: unknown, value: unknown) {
        const assigned = (typeof this === 'object' && this !== null) || typeof this === 'function';
        if (this === prototype || !assigned) throw new TypeError(`what all objects inherit as ${name} is frozen`);
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: false,
      configurable: true,
    });
  }
}

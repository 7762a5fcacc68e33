// JSON.stringify writes bigints as numbers. Imported for what it does, by who makes bigints of bodies (json.ts) and before the prototypes are
// frozen: so no JSON.stringify can meet one that it does not know how to write.

declare global {
  interface JSON {
    rawJSON(text: string): unknown;
    isRawJSON(value: unknown): boolean;
  }
  interface BigInt {
    toJSON(): unknown;
  }
}

teachBigInts();

/** Who freezes the prototypes calls it first, wherever a bundler puts the modules. */
export function teachBigInts(): void {
  if (Object.hasOwn(BigInt.prototype, 'toJSON')) return;
  Object.defineProperty(BigInt.prototype, 'toJSON', {
    value(this: bigint): unknown {
      return JSON.rawJSON(String(this));
    },
    configurable: true,
  });
}

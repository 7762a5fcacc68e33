// The corpus of the CEL specification, as far as the suite reads it. Its own declarations ask for a library of protocol buffers.

interface CorpusSuite {
  readonly name: string;
  readonly suites?: readonly CorpusSuite[];
  readonly tests?: readonly CorpusTest[];
}

interface CorpusTest {
  readonly original: {
    readonly name?: string;
    readonly expr: string;
    readonly container?: string;
    readonly disableCheck?: boolean;
    readonly checkOnly?: boolean;
    readonly typeEnv?: readonly {
      readonly name: string;
      readonly ident?: { readonly type: object };
      readonly function?: object;
    }[];
    readonly bindings?: Readonly<Record<string, { readonly value: object }>>;
    readonly value?: object;
    readonly typedResult?: { readonly result?: object };
    readonly evalError?: object;
  };
  readonly type?: string;
  readonly error?: string;
}

declare module '@bufbuild/cel-spec/testdata/conformance.js' {
  export const tests: CorpusSuite;
}
declare module '@bufbuild/cel-spec/testdata/parsing.js' {
  export const tests: CorpusSuite;
}
declare module '@bufbuild/cel-spec/testdata/checking.js' {
  export const tests: CorpusSuite;
}
declare module '@bufbuild/cel-spec/testdata/comprehension.js' {
  export const tests: CorpusSuite;
}

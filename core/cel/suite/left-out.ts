// What of CEL's corpus does not apply to Kubernetes' environment, each with its reason. Nothing is left out because it fails.

/** undefined: it applies. */
export function reasonLeftOut(path: string, { original, error }: CorpusTest): string | undefined {
  const { expr, typeEnv = [], container, disableCheck, evalError } = original;
  if (/^(?:parsing|checking)/.test(path) && /unsupported syntax|undeclared reference to 'existsOne'/.test(error ?? ''))
    return 'expects that optional types or existsOne() are not there, which Kubernetes has';
  // cel-go's test of these knows which hold; the corpus has kept only their texts.
  if (
    path.startsWith('comprehensions') &&
    (!expr.includes(' == ') || /reverse\(\)/.test(expr) || notTrue.some((each) => expr.startsWith(each)))
  )
    return 'does not say what it should be';
  if (path.startsWith('comprehensions') && /\b[mxy]\b/.test(expr)) return 'names what the corpus does not declare';
  if (path.startsWith('checking') && undeclaredThere.test(expr)) return 'names what the corpus does not declare';
  if (
    path.startsWith('checking') &&
    /no matching overload for '_[<>]=?_' applied to '\((?:u?int|double), /.test(error ?? '')
  )
    return 'expects that numbers of two types cannot be compared, which they can in Kubernetes';
  for (const [pattern, reason] of byPath) if (pattern.test(path)) return reason;
  if (container) return 'names are looked up in a container, of which Kubernetes has none';
  for (const [pattern, reason] of byText) if (pattern.test(expr)) return reason;
  if (/messageType|wrapper|"ANY"|type"?:\s*\{"type"/.test(JSON.stringify(original)))
    return 'protocol buffers: Kubernetes has no message types';
  if (disableCheck && !evalError) return 'is evaluated without being checked, which Kubernetes never does';
  if (typeEnv.some((each) => each.function)) return 'declares functions of its own';
  return undefined;
}

/** Variables and functions of cel-go's own test. */
const undeclaredThere = /(?<![\w."'])(?:is|ii|iu|iz|id|ix|ib|fg_s|lists|args|a\.b)\b|^size\(x\)|^x\./;

/** They fail or are no bool where cel-go tests them. */
const notTrue = [
  '[1, 2].transformList(i, v, v % 2 == 0 ? [v] : v)',
  "{'hello': 'world', 'greetings': 'tacocat'}.transformMapEntry(k, v, [])",
  "{'a': 'world', 'b': 'hello'}.transformMap(i, v, i == 'a'",
  '[1.0, 2.0, 2.0].transformList(i, v, i / 2.0',
];

const byPath: readonly (readonly [RegExp, string])[] = [
  [
    /^conformance\/string_ext\/format\/.*(?:scientific notation|infinity support for|NaN support for decimal|NaN\/infinity|(?:list|map) support|support for (?:lists|maps))/,
    "writes numbers as later versions of the strings extension do than Kubernetes' (2)",
  ],
  [
    /^conformance\/string_ext\/value_errors\/(?:last)?indexof_out_of_range/,
    'is -1 in cel-go, which leaves it out as well',
  ],
  [
    /^parsing\/.*recursion|^parsing\/(?:\[{20}|1 \+ 2 \+ 3|a\.b\.c\.d|a\[1\]\[2\]|a < 1 < 2|y!=y|-\[-1)/,
    'is for a parser with limits of its own',
  ],
  [
    /^conformance\/(?:bindings_ext|block_ext|encoders_ext|math_ext|proto2_ext)\//,
    'an extension that Kubernetes does not have',
  ],
  [/^conformance\/(?:proto2|proto3|dynamic|enums|wrappers)\//, 'protocol buffers: Kubernetes has no message types'],
];

const byText: readonly (readonly [RegExp, string])[] = [
  [
    /TestAllTypes|google\.protobuf\.(?!Timestamp\b|Duration\b)|google\.protobuf\.\w+\s*\{|google\.api/,
    'protocol buffers: Kubernetes has no message types',
  ],
  [/`/, 'names in backquotes, which Kubernetes does not enable'],
  [/\bcel\.bind\(|\bmath\.|\bbase64\./, 'an extension that Kubernetes does not have'],
];

// Protobuf field numbers of the built-in types, one row a message: `field=number:type`, apart by spaces, in order of number.
// Source: the generated.proto files of k8s.io/api, apimachinery, apiextensions-apiserver and kube-aggregator v0.36. Numbers
// never change; a field that is new in Kubernetes is added to its row.
//
// After the field's JSON name: `!` = JSON always has it (no omitempty). No name = a message whose fields stand in the outer one.
// `*` = may be absent, so that zero means zero; what has no `*` is on the wire even when it is zero. `[]` = a list, `{}` = a map
// by string. Types: string, bool, int, double, bytes, strings (a list of strings in a message of its own), time, microtime,
// quantity, intstr, json, schemaOrBool, schemaOrArray, schemaOrStrings, or a message (`core.` and `meta.` where it is of those).
// A list kind has no row: it is always `metadata=1:meta.ListMeta items=2:[]Kind`.

/** Message -> its fields. */
export type MessageRows = Readonly<Record<string, string>>;

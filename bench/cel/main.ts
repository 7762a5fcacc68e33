// What an evaluation of a rule costs: nanoseconds of typical rules of custom resources and policies, the values of an object made anew
// each time as a validation does, and how long it takes to compile one.

import { withVariables } from '../../core/cel/check/environment.ts';
import { kubernetes } from '../../core/cel/kubernetes/environment.ts';
import { compileCel } from '../../core/cel/kubernetes/programs.ts';
import { plainValue } from '../../core/cel/kubernetes/values.ts';
import { dyn } from '../../core/cel/types/types.ts';

const containers = Array.from({ length: 5 }, (_, index) => ({
  name: `container-${index}`,
  image: `registry.example.com/team/image-${index}:v1.2.3`,
  ports: [{ name: 'http', containerPort: 8080 }],
  resources: { limits: { cpu: '1', memory: '1Gi' } },
}));
const object = {
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', tier: 'front' } },
  spec: { replicas: 3, maxReplicas: 10, mode: 'Rolling', host: 'shop.example.com', containers },
};

const rules: readonly string[] = [
  'self.spec.replicas <= self.spec.maxReplicas',
  'has(self.spec.mode) && self.spec.mode in ["Rolling", "Recreate"]',
  'self.metadata.name.startsWith("web") && size(self.metadata.name) <= 63',
  'self.spec.host.matches("^[a-z0-9.-]+$")',
  '"app" in self.metadata.labels && self.metadata.labels["app"] != ""',
  'self.spec.containers.all(c, c.image.startsWith("registry.example.com/"))',
  'self.spec.containers.exists(c, has(c.ports) && c.ports.exists(p, p.containerPort == 8080))',
  'self.spec.containers.map(c, c.name).isSorted()',
  'self.spec.containers.filter(c, c.name != "x").size() == 5',
  'quantity(self.spec.containers[0].resources.limits.memory).isLessThan(quantity("2Gi"))',
  'self.?spec.missing.orValue("x") == "x"',
  '(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.spec))',
];

const rounds = 20_000;

export async function run(): Promise<
  readonly { readonly rule: string; readonly nanoseconds: number; readonly compile: number }[]
> {
  const environment = withVariables(kubernetes, [['self', dyn]]);
  const rows = rules.map((rule) => {
    const compile = timed(200, () => compileCel(rule, environment)) / 1000;
    const compiled = compileCel(rule, environment);
    if (!compiled.ok) throw new Error(compiled.error.message);
    const evaluate = () => {
      const result = compiled.value.run(new Map([['self', plainValue(object)]]));
      if (!result.ok || result.value !== true) throw new Error(`${rule}: ${JSON.stringify(result)}`);
    };
    timed(rounds, evaluate);
    const nanoseconds = Math.min(timed(rounds, evaluate), timed(rounds, evaluate), timed(rounds, evaluate));
    return { rule, nanoseconds: Math.round(nanoseconds), compile: Math.round(compile) };
  });
  for (const { rule, nanoseconds, compile } of rows)
    console.log(`${String(nanoseconds).padStart(7)} ns  ${String(compile).padStart(5)} µs to compile  ${rule}`);
  return rows;
}

/** Nanoseconds of processor time a call. */
function timed(count: number, work: () => unknown): number {
  const before = process.cpuUsage();
  for (let round = 0; round < count; round += 1) work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

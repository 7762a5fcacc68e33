// Imports run downwards only: core <- functions, agent <- infra, local <- cli. Only the named adapters know AWS.
const aws = '^(core/store/dynamodb|core/queue/sqs|functions/[^/]+/lambda\\.ts|agent/ec2|agent/queue|infra|test|bench)';
module.exports = {
  forbidden: [
    {
      name: 'core-imports-only-core',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: '^(functions|agent|infra|local|cli|test|bench)/' },
    },
    {
      name: 'functions-import-core',
      severity: 'error',
      from: { path: '^functions/' },
      to: { path: '^(agent|infra|local|cli|bench)/' },
    },
    {
      name: 'functions-are-apart',
      severity: 'error',
      from: { path: '^functions/([^/]+)/' },
      to: { path: '^functions/', pathNot: '^functions/$1/' },
    },
    {
      name: 'agent-imports-core',
      severity: 'error',
      from: { path: '^agent/' },
      to: { path: '^(functions|infra|local|cli|bench)/' },
    },
    { name: 'local-is-below-cli', severity: 'error', from: { path: '^local/' }, to: { path: '^(infra|cli|bench)/' } },
    { name: 'aws-at-the-edge', severity: 'error', from: { pathNot: aws }, to: { path: '@aws-sdk|@middy|aws-cdk-lib' } },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.test\\.ts$|^generated/' },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: false,
  },
};

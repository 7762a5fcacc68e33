// `npx cdk synth`, `npx cdk deploy`: one cluster, in whatever account and region the caller's credentials are of.

import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readAuditPolicy } from '../functions/apiserver/audit/policy.ts';
import { readAuthenticationConfiguration } from '../functions/apiserver/authentication/jwt/configuration.ts';
import { bundleAgent, bundleFunctions } from './bundles.ts';
import { ClusterStack } from './cluster-stack.ts';
import { lookAtDynamo, lookUpKeptTable } from './kept-table.ts';
import { checkWithNag } from './nag.ts';
import { readOptions } from './options.ts';

const app = new App();
const options = readOptions(app.node);
if (options.authenticationConfig !== undefined) await readAuthenticationConfiguration(options.authenticationConfig);
if (options.auditPolicy !== undefined) await readAuditPolicy(options.auditPolicy);
const bundleDirectory = join(import.meta.dirname, '../.zeroplane/functions');
await bundleFunctions(bundleDirectory);
if (options.workers > 0) await bundleAgent(join(bundleDirectory, 'agent'));
const kept =
  options.tableName === ''
    ? undefined
    : await lookUpKeptTable(options.tableName, await lookAtDynamo(process.env['CDK_DEFAULT_REGION']));
const stack = new ClusterStack(app, `zeroplane-${options.name}`, {
  options,
  bundleDirectory,
  kept,
});
checkWithNag(app, stack, options);
app.synth();

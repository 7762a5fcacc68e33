// The WebSocket API by which edges hear that logs have moved, and over which streams run. Who they are is asked where a ticket for it is given: by the API itself.

import { Stack } from 'aws-cdk-lib';
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { ClusterOptions } from './options.ts';

const stageName = 'prod';

export function createChannel(scope: Construct, { name, throttle }: ClusterOptions, functions: Functions): void {
  const integration = new WebSocketLambdaIntegration('Wishes', functions.channel);
  const api = new WebSocketApi(scope, 'ChannelApi', {
    apiName: `${name}-channel`,
    description: `Tells edges of the Zeroplane cluster ${name} which logs have moved, carries streams to pods`,
    connectRouteOptions: { integration },
    disconnectRouteOptions: { integration },
    defaultRouteOptions: { integration, returnResponse: true },
  });
  const stage = new WebSocketStage(scope, 'ChannelStage', {
    webSocketApi: api,
    stageName,
    autoDeploy: true,
    throttle: { rateLimit: throttle.rate, burstLimit: throttle.burst },
  });
  // Streams are asked for by GET and by POST.
  for (const each of [functions.api.read, functions.api.write]) each.addEnvironment('ZEROPLANE_CHANNEL_URL', stage.url);
  for (const each of [functions.channel, functions.announce]) {
    each.addEnvironment('ZEROPLANE_CONNECTIONS_URL', stage.callbackUrl);
    each.addToRolePolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['execute-api:ManageConnections'],
        resources: [
          Stack.of(scope).formatArn({
            service: 'execute-api',
            resource: api.apiId,
            resourceName: `${stageName}/POST/@connections/*`,
          }),
        ],
      }),
    );
  }
}

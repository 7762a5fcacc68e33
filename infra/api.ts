// The regional REST API: the routes of routes.ts, as streaming or buffered integrations. Who may do what is decided behind it.

import { Duration } from 'aws-cdk-lib';
import {
  type CfnRestApi,
  EndpointType,
  type IResource,
  LambdaIntegration,
  ResponseTransferMode,
  ResponseType,
  RestApi,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import { answerOf, type GatewayAnswer, gatewayAnswers } from './gateway-answers.ts';
import type { ClusterOptions } from './options.ts';
import { type Route, routes } from './routes.ts';

const stageName = 'prod';

export function createApi(
  scope: Construct,
  { name, throttle }: ClusterOptions,
  { api: functions }: Functions,
): RestApi {
  const api = new RestApi(scope, 'Api', {
    restApiName: name,
    description: `Kubernetes API of the Zeroplane cluster ${name}`,
    endpointTypes: [EndpointType.REGIONAL],
    // Bodies are passed on as they are: protobuf and compressed JSON are no text.
    binaryMediaTypes: ['*/*'],
    cloudWatchRole: false,
    deployOptions: {
      stageName,
      throttlingRateLimit: throttle.rate,
      throttlingBurstLimit: throttle.burst,
    },
  });
  // as: what the construct makes, always. TLS 1.2 at least, with forward secrecy; by default API Gateway takes TLS 1.0, too.
  const made = api.node.defaultChild as CfnRestApi;
  made.securityPolicy = SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09;
  made.endpointAccessMode = 'BASIC';
  const integration = ({ target, streams }: Route) =>
    new LambdaIntegration(functions[target], {
      proxy: true,
      allowTestInvoke: false,
      ...(streams
        ? { responseTransferMode: ResponseTransferMode.STREAM, timeout: Duration.minutes(15) }
        : { timeout: Duration.seconds(29) }),
    });
  for (const type of Object.keys(gatewayAnswers) as GatewayAnswer[]) addAnswer(api, type); // as: its own keys
  for (const route of routes) resourceAt(api.root, route.path).addMethod(route.method, integration(route));
  return api;
}

function addAnswer(api: RestApi, type: GatewayAnswer): void {
  const { statusCode, headers, body } = answerOf(type);
  api.addGatewayResponse(`Answer${type}`, {
    type: ResponseType.of(type),
    statusCode: String(statusCode),
    // Quoted: a text, and no expression.
    responseHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`])),
    templates: { 'application/json': body },
  });
}

function resourceAt(root: IResource, path: string): IResource {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .reduce((parent, segment) => parent.getResource(segment) ?? parent.addResource(segment), root);
}

// Field numbers of the messages of admissionregistration.k8s.io/v1; the notation is explained in ../message-rows.ts.

import type { MessageRows } from '../message-rows.ts';

export const admissionregistration: MessageRows = {
  ApplyConfiguration: 'expression=1:string',
  AuditAnnotation: 'key!=1:string valueExpression!=2:string',
  ExpressionWarning: 'fieldRef!=2:string warning!=3:string',
  JSONPatch: 'expression=1:string',
  MatchCondition: 'name!=1:string expression!=2:string',
  MatchResources:
    'namespaceSelector=1:*meta.LabelSelector objectSelector=2:*meta.LabelSelector resourceRules=3:[]NamedRuleWithOperations excludeResourceRules=4:[]NamedRuleWithOperations matchPolicy=7:*string',
  MutatingAdmissionPolicy: 'metadata=1:meta.ObjectMeta spec=2:MutatingAdmissionPolicySpec',
  MutatingAdmissionPolicyBinding: 'metadata=1:meta.ObjectMeta spec=2:MutatingAdmissionPolicyBindingSpec',
  MutatingAdmissionPolicyBindingSpec: 'policyName=1:string paramRef=2:*ParamRef matchResources=3:*MatchResources',
  MutatingAdmissionPolicySpec:
    'paramKind=1:*ParamKind matchConstraints=2:*MatchResources variables=3:[]Variable mutations=4:[]Mutation failurePolicy=5:*string matchConditions=6:[]MatchCondition reinvocationPolicy=7:string',
  MutatingWebhook:
    'name!=1:string clientConfig!=2:WebhookClientConfig rules=3:[]RuleWithOperations failurePolicy=4:*string namespaceSelector=5:*meta.LabelSelector sideEffects!=6:*string timeoutSeconds=7:*int admissionReviewVersions!=8:[]string matchPolicy=9:*string reinvocationPolicy=10:*string objectSelector=11:*meta.LabelSelector matchConditions=12:[]MatchCondition',
  MutatingWebhookConfiguration: 'metadata=1:meta.ObjectMeta webhooks=2:[]MutatingWebhook',
  Mutation: 'patchType!=2:string applyConfiguration=3:*ApplyConfiguration jsonPatch=4:*JSONPatch',
  NamedRuleWithOperations: 'resourceNames=1:[]string =2:RuleWithOperations',
  ParamKind: 'apiVersion=1:string kind=2:string',
  ParamRef: 'name=1:string namespace=2:string selector=3:*meta.LabelSelector parameterNotFoundAction=4:*string',
  Rule: 'apiGroups=1:[]string apiVersions=2:[]string resources=3:[]string scope=4:*string',
  RuleWithOperations: 'operations=1:[]string =2:Rule',
  ServiceReference: 'namespace!=1:string name!=2:string path=3:*string port=4:*int',
  TypeChecking: 'expressionWarnings=1:[]ExpressionWarning',
  ValidatingAdmissionPolicy:
    'metadata=1:meta.ObjectMeta spec=2:ValidatingAdmissionPolicySpec status=3:ValidatingAdmissionPolicyStatus',
  ValidatingAdmissionPolicyBinding: 'metadata=1:meta.ObjectMeta spec=2:ValidatingAdmissionPolicyBindingSpec',
  ValidatingAdmissionPolicyBindingSpec:
    'policyName=1:string paramRef=2:*ParamRef matchResources=3:*MatchResources validationActions=4:[]string',
  ValidatingAdmissionPolicySpec:
    'paramKind=1:*ParamKind matchConstraints=2:*MatchResources validations=3:[]Validation failurePolicy=4:*string auditAnnotations=5:[]AuditAnnotation matchConditions=6:[]MatchCondition variables=7:[]Variable',
  ValidatingAdmissionPolicyStatus:
    'observedGeneration=1:int typeChecking=2:*TypeChecking conditions=3:[]meta.Condition',
  ValidatingWebhook:
    'name!=1:string clientConfig!=2:WebhookClientConfig rules=3:[]RuleWithOperations failurePolicy=4:*string namespaceSelector=5:*meta.LabelSelector sideEffects!=6:*string timeoutSeconds=7:*int admissionReviewVersions!=8:[]string matchPolicy=9:*string objectSelector=10:*meta.LabelSelector matchConditions=11:[]MatchCondition',
  ValidatingWebhookConfiguration: 'metadata=1:meta.ObjectMeta webhooks=2:[]ValidatingWebhook',
  Validation: 'expression!=1:string message=2:string reason=3:*string messageExpression=4:string',
  Variable: 'name!=1:string expression!=2:string',
  WebhookClientConfig: 'service=1:*ServiceReference caBundle=2:bytes url=3:*string',
};

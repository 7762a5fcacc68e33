// AWS' prices that the cost model uses, in US dollars, us-east-1. Check them against the price lists before you rely on a sum.

export const prices = {
  /** Lambda on arm64, a gigabyte for a second. */
  lambdaGigabyteSecond: 0.0000133334,
  lambdaRequest: 0.2e-6,
  /** A metric of one's own that is sent in every hour. */
  metricMonth: 0.3,
  /** A metric that an alarm looks at. */
  alarmMonth: 0.1,
  logGigabyte: 0.5,
  restRequest: 3.5e-6,
  sqsRequest: 0.4e-6,
  /** WebSocket APIs: a message, and a minute of a connection. */
  socketMessage: 1e-6,
  socketMinute: 0.25e-6,
  /** On demand, a unit. */
  dynamoWrite: 0.625e-6,
  dynamoRead: 0.125e-6,
  dynamoGigabyteMonth: 0.25,
  pointInTimeGigabyteMonth: 0.2,
  eksMonth: 73,
  /** ECS Anywhere, an instance for an hour. */
  ecsAnywhereHour: 0.01025,
} as const;

export const hoursAMonth = 730;

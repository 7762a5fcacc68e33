// Any other issuer, with the claims that its trusted tokens have.

import { literal, type Provider, TrustError } from './trusted.ts';

/** They sign for everybody, and their presets know what tells their users apart. */
const shared: ReadonlyMap<string, string> = new Map([
  ['token.actions.githubusercontent.com', 'github:'],
  ['gitlab.com', 'gitlab:'],
  ['agent.buildkite.com', 'buildkite:'],
  ['oidc.circleci.com', 'circleci:'],
]);
/** Of a pattern: less says nothing. */
const shortestPrefix = 3;

export const generic: Provider = {
  form: 'https://ISSUER#CLAIM=VALUE',
  trust({ text, subject, host, withPullRequests }) {
    const [issuer = '', claims = ''] = subject.split(/#(.*)/s);
    if (host !== undefined || withPullRequests)
      throw new TrustError(
        text,
        'the issuer says its host, and claims say what is let in: write generic:https://ISSUER#CLAIM=VALUE',
      );
    if (!/^https:\/\/[^\s?*]+$/.test(issuer) || !URL.canParse(issuer))
      throw new TrustError(text, `${JSON.stringify(issuer)} is no issuer: write generic:https://ISSUER#CLAIM=VALUE`);
    const preset = shared.get(new URL(issuer).hostname);
    if (preset) throw new TrustError(text, `this issuer signs for everybody: write ${preset}… for it`);
    const conditions = claims.split('&').map((each) => {
      const [claim = '', value = ''] = each.split(/=(.*)/s);
      const prefix = value.endsWith('*') ? value.slice(0, -1) : undefined;
      if (!/^[\w./:-]+$/.test(claim) || value === '' || /["\\\p{Cc}]/u.test(value))
        throw new TrustError(
          text,
          'name a claim that tells whose a token is, and its value, behind "#": #sub=deployer, or #sub=team-a:*',
        );
      if ((prefix ?? '').includes('*') || (prefix === undefined && value.includes('*')))
        throw new TrustError(text, `${JSON.stringify(value)}: a "*" may stand at the end alone`);
      if (prefix !== undefined && prefix.length < shortestPrefix)
        throw new TrustError(
          text,
          `${JSON.stringify(value)} would trust too many: give ${shortestPrefix} characters or more before the "*"`,
        );
      const read = `claims[${literal(claim)}]`;
      return prefix === undefined ? `${read} == ${literal(value)}` : `string(${read}).startsWith(${literal(prefix)})`;
    });
    return {
      text,
      issuer,
      condition: conditions.join(' && '),
      username: `${literal(`${issuer}#`)} + claims.sub`,
    };
  },
};

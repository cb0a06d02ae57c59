// One flow of openid-client. Standard input says which, as JSON; what came of it, or the library's
// error, goes out as JSON. The CA comes by NODE_EXTRA_CA_CERTS.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import * as oauth from "openid-client";
import { Agent, fetch } from "undici";

globalThis.crypto ??= webcrypto; // Node 18

const plan = JSON.parse(readFileSync(0, "utf8"));
const { certificate } = plan;
const dispatcher = new Agent({
  connect: certificate && {
    cert: readFileSync(certificate.cert),
    key: readFileSync(certificate.key),
  },
});

const twoWay = (url, options) => fetch(url, { ...options, dispatcher });

// The cure of docs/clients.md
async function asBearer(url, options) {
  const answer = await twoWay(url, options);
  if (!answer.ok || !new URL(url).pathname.endsWith("/oauthtoken")) return answer;
  const token = { ...(await answer.json()), token_type: "Bearer" };
  return Response.json(token, { status: answer.status });
}

const authentication = {
  basic: oauth.ClientSecretBasic,
  post: oauth.ClientSecretPost,
  none: oauth.None,
}[plan.authentication](plan.secret);

const config = await oauth.discovery(
  new URL(plan.issuer),
  plan.key,
  { use_mtls_endpoint_aliases: Boolean(certificate) },
  authentication,
  { algorithm: "oauth2", [oauth.customFetch]: plan.cured ? asBearer : twoWay },
);

async function redirectOf(url) {
  const answer = await twoWay(url, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ ...plan.user, decision: "allow" }),
  });
  return new URL(answer.headers.get("location"));
}

const grants = {
  client_credentials: () => oauth.clientCredentialsGrant(config, plan.form),
  password: () => oauth.genericGrantRequest(config, "password", plan.form),
  authorization_code: async () => {
    const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
    const expectedState = oauth.randomState();
    const url = oauth.buildAuthorizationUrl(config, {
      redirect_uri: plan.redirect,
      state: expectedState,
      code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
    });
    const redirect = await redirectOf(url);
    for (const [name, value] of Object.entries(plan.tampered)) {
      redirect.searchParams.set(name, value);
    }
    return oauth.authorizationCodeGrant(config, redirect, { pkceCodeVerifier, expectedState });
  },
};

async function call(token) {
  const headers = new Headers({ AppKey: plan.key });
  try {
    const url = new URL(plan.functional);
    return (await oauth.fetchProtectedResource(config, token, url, "GET", null, headers)).status;
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.status;
    throw error;
  }
}

async function walk() {
  const first = await grants[plan.grant]();
  const outcome = { token: first, call: await call(first.access_token) };
  if (!first.refresh_token) return outcome;
  const second = await oauth.refreshTokenGrant(config, first.refresh_token);
  outcome.refreshed = second.access_token !== first.access_token;
  outcome.callAfterRefresh = await call(second.access_token);
  await oauth.tokenRevocation(config, second.refresh_token);
  outcome.callAfterRevocation = await call(second.access_token);
  return outcome;
}

function told(error) {
  const { name, message, code, error: answer } = error;
  const because = error.cause instanceof Error ? told(error.cause) : undefined;
  return { name, message, code, answer, because };
}

const outcome = await walk().catch((error) => ({ error: told(error) }));
process.stdout.write(JSON.stringify(outcome));
await dispatcher.close();

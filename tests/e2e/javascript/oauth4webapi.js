// One flow of oauth4webapi, configured by the platform's metadata: see walk.js.
import * as oauth from "oauth4webapi";
import { plan, redirectOf, twoWay, walk } from "./walk.js";

const options = { [oauth.customFetch]: twoWay };

// The cure of docs/clients.md
const cure = plan.cured ? { recognizedTokenTypes: { bearertoken: () => {} } } : {};

const issuer = new URL(plan.issuer);
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" }),
);
const client = { client_id: plan.key, use_mtls_endpoint_aliases: Boolean(plan.certificate) };
const authentication = plan.secret ? oauth.ClientSecretBasic(plan.secret) : oauth.None();

async function clientCredentials() {
  const answer = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    plan.form,
    options,
  );
  return oauth.processClientCredentialsResponse(server, client, answer, cure);
}

async function password() {
  const answer = await oauth.genericTokenEndpointRequest(
    server,
    client,
    authentication,
    "password",
    plan.form,
    options,
  );
  return oauth.processGenericTokenEndpointResponse(server, client, answer, cure);
}

async function redeem() {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: plan.key,
    response_type: "code",
    redirect_uri: plan.redirect,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    oauth.validateAuthResponse(server, client, await redirectOf(url), state),
    plan.redirect,
    verifier,
    options,
  );
  return oauth.processAuthorizationCodeResponse(server, client, answer, cure);
}

async function refresh({ refresh_token: token }) {
  const answer = await oauth.refreshTokenGrantRequest(
    server,
    client,
    authentication,
    token,
    options,
  );
  return oauth.processRefreshTokenResponse(server, client, answer, cure);
}

async function revoke({ refresh_token: token }) {
  const answer = await oauth.revocationRequest(server, client, authentication, token, options);
  await oauth.processRevocationResponse(answer);
}

async function call({ access_token: token }) {
  const headers = new Headers({ AppKey: plan.key });
  const url = new URL(plan.functional);
  try {
    return (await oauth.protectedResourceRequest(token, "GET", url, headers, null, options)).status;
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.status;
    throw error;
  }
}

await walk({
  grants: { client_credentials: clientCredentials, password, authorization_code: redeem },
  fields: (token) => token,
  call,
  refresh,
  revoke,
});

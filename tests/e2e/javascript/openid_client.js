// One flow of openid-client, configured by the platform's metadata: see walk.js.
import * as oauth from "openid-client";
import { plan, redirectOf, twoWay, walk } from "./walk.js";

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
  { use_mtls_endpoint_aliases: Boolean(plan.certificate) },
  authentication,
  { algorithm: "oauth2", [oauth.customFetch]: plan.cured ? asBearer : twoWay },
);

async function redeem() {
  const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
  const expectedState = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: plan.redirect,
    state: expectedState,
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const redirect = await redirectOf(url);
  return oauth.authorizationCodeGrant(config, redirect, { pkceCodeVerifier, expectedState });
}

async function call({ access_token: token }) {
  const headers = new Headers({ AppKey: plan.key });
  try {
    const url = new URL(plan.functional);
    return (await oauth.fetchProtectedResource(config, token, url, "GET", null, headers)).status;
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.status;
    throw error;
  }
}

await walk({
  grants: {
    client_credentials: () => oauth.clientCredentialsGrant(config, plan.form),
    password: () => oauth.genericGrantRequest(config, "password", plan.form),
    authorization_code: redeem,
  },
  fields: (token) => token,
  call,
  refresh: (token) => oauth.refreshTokenGrant(config, token.refresh_token),
  revoke: (token) => oauth.tokenRevocation(config, token.refresh_token),
});

// One flow of simple-oauth2: see walk.js.
import https from "node:https";
import { AuthorizationCode, ClientCredentials, ResourceOwnerPassword } from "simple-oauth2";
import { identity, plan, proofKey, redirectOf, twoWay, walk } from "./walk.js";

const { origin: tokenHost, pathname: tokenPath } = new URL(plan.token);
const { origin: authorizeHost, pathname: authorizePath } = new URL(plan.authorize);
const { pathname: revokePath } = new URL(plan.revoke);
const config = {
  client: { id: plan.key, secret: plan.secret ?? "" },
  auth: { tokenHost, tokenPath, revokePath },
  http: { agent: new https.Agent(identity) },
  options: plan.secret ? {} : { authorizationMethod: "body" },
};

async function redeem() {
  const auth = { ...config.auth, authorizeHost, authorizePath };
  const client = new AuthorizationCode({ ...config, auth });
  const { verifier, query } = proofKey();
  const url = client.authorizeURL({ redirect_uri: plan.redirect, state: "of-this", ...query });
  return client.getToken({
    code: (await redirectOf(url)).searchParams.get("code"),
    redirect_uri: plan.redirect,
    code_verifier: verifier,
  });
}

// The library leaves the header to its user; docs/clients.md says how to write it
async function call({ token: { access_token: token, token_type: type } }) {
  const Authorization = `${plan.cured ? "Bearer" : type} ${token}`;
  return (await twoWay(plan.functional, { headers: { AppKey: plan.key, Authorization } })).status;
}

await walk({
  grants: {
    client_credentials: () => new ClientCredentials(config).getToken(plan.form),
    password: () => new ResourceOwnerPassword(config).getToken(plan.form),
    authorization_code: redeem,
  },
  fields: ({ token }) => token,
  call,
  refresh: (token) => token.refresh(),
  revoke: (token) => token.revoke("refresh_token"),
});

// One flow of passport-oauth2, without the framework it stands in: see walk.js.
import https from "node:https";
import OAuth2Strategy from "passport-oauth2";
import { identity, plan, redirectOf, walk } from "./walk.js";

const agent = new https.Agent(identity);
const strategy = new OAuth2Strategy(
  {
    authorizationURL: plan.authorize,
    tokenURL: plan.token,
    clientID: plan.key,
    clientSecret: plan.secret ?? "",
    callbackURL: plan.redirect,
    customHeaders: { AppKey: plan.key },
    state: true,
    pkce: true,
    skipUserProfile: true,
  },
  (access_token, refresh_token, fields, profile, done) => done(null, { ...fields, refresh_token }),
);
strategy._oauth2.setAgent(agent);

// The cure of docs/clients.md
if (plan.cured) strategy._oauth2.useAuthorizationHeaderforGET(true);

/** What passport makes of a request: where it sends the browser, or the user. */
function authenticate(session, query) {
  return new Promise((resolve, reject) => {
    const told = { redirect: resolve, success: resolve, error: reject, fail: reject };
    Object.assign(Object.create(strategy), told).authenticate({ session, query });
  });
}

async function redeem() {
  const session = {};
  const redirect = await redirectOf(await authenticate(session, {}));
  return authenticate(session, Object.fromEntries(redirect.searchParams));
}

const call = ({ access_token: token }) =>
  new Promise((resolve) => {
    strategy._oauth2.get(plan.functional, token, (refused, body, answer) =>
      resolve(refused ? refused.statusCode : answer.statusCode),
    );
  });

const refresh = ({ refresh_token: token }) =>
  new Promise((resolve, reject) => {
    const grant = { grant_type: "refresh_token" };
    strategy._oauth2.getOAuthAccessToken(token, grant, (refused, access, next, fields) =>
      refused ? reject(refused) : resolve(fields),
    );
  });

await walk({ grants: { authorization_code: redeem }, fields: (token) => token, call, refresh });

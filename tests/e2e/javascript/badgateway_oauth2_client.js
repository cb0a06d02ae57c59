// One flow of @badgateway/oauth2-client: see walk.js.
import { OAuth2Client, OAuth2Fetch, generateCodeVerifier } from "@badgateway/oauth2-client";
import { plan, redirectOf, twoWay, walk } from "./walk.js";

const client = new OAuth2Client({
  clientId: plan.key,
  clientSecret: plan.secret ?? undefined,
  tokenEndpoint: plan.token,
  authorizationEndpoint: plan.authorize,
  fetch: twoWay,
});

async function redeem() {
  const known = {
    redirectUri: plan.redirect,
    state: "of-this-client",
    codeVerifier: await generateCodeVerifier(),
  };
  const redirect = await redirectOf(await client.authorizationCode.getAuthorizeUri(known));
  return client.authorizationCode.getTokenFromCodeRedirect(redirect, known);
}

async function call(token) {
  const signing = new OAuth2Fetch({ client, getNewToken: () => token, scheduleRefresh: false });
  const send = ({ url, headers }) => twoWay(url, { headers: Object.fromEntries(headers) });
  const request = new Request(plan.functional, { headers: { AppKey: plan.key } });
  return (await signing.mw()(request, send)).status;
}

await walk({
  grants: {
    client_credentials: () => client.clientCredentials({ extraParams: plan.form }),
    password: () => client.password(plan.form),
    authorization_code: redeem,
  },
  fields: ({ accessToken, refreshToken }) => ({
    access_token: accessToken,
    refresh_token: refreshToken,
  }),
  call,
  refresh: (token) => client.refreshToken(token),
});

// One flow of client-oauth2: see walk.js.
import ClientOAuth2 from "client-oauth2";
import { plan, proofKey, redirectOf, twoWay, walk } from "./walk.js";

// The cure of docs/clients.md
class SeiOAuth2 extends ClientOAuth2 {
  createToken(access, refresh, type, data) {
    return super.createToken(access, refresh, "bearer", data);
  }
}

async function request(method, url, body, headers) {
  const answer = await twoWay(url, { method, body, headers });
  return { status: answer.status, body: await answer.text() };
}

const client = new (plan.cured ? SeiOAuth2 : ClientOAuth2)(
  {
    clientId: plan.key,
    clientSecret: plan.secret ?? undefined,
    accessTokenUri: plan.token,
    authorizationUri: plan.authorize,
    redirectUri: plan.redirect ?? undefined,
    state: "of-this-client",
  },
  request,
);

async function redeem() {
  const { verifier, query } = proofKey();
  const redirect = await redirectOf(client.code.getUri({ query }));
  return client.code.getToken(redirect.href, { body: { code_verifier: verifier } });
}

async function call(token) {
  const { url, headers } = token.sign({ url: plan.functional, headers: { AppKey: plan.key } });
  return (await twoWay(url, { headers })).status;
}

await walk({
  grants: {
    client_credentials: () => client.credentials.getToken({ body: plan.form }),
    password: () => client.owner.getToken(plan.form.username, plan.form.password),
    authorization_code: redeem,
    implicit: async () => client.token.getToken((await redirectOf(client.token.getUri())).href),
  },
  fields: (token) => token.data,
  call,
  refresh: (token) => token.refresh(),
});

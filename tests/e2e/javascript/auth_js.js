// Auth.js logs a user in, by the provider of docs/clients.md in the file SEI_PROVIDER: see walk.js.
import { Auth, skipCSRFCheck } from "@auth/core";
import { plan, redirectOf, twoWay, walk } from "./walk.js";

const { sei } = await import(process.env.SEI_PROVIDER);
const signIn = new URL(plan.redirect.replace("/callback/", "/signin/"));

async function logIn() {
  let account;
  let failure;
  const config = {
    providers: [sei],
    secret: "of no importance",
    trustHost: true,
    basePath: "/auth",
    skipCSRFCheck, // the framework's task
    logger: { error: (error) => (failure ??= error) },
    events: { signIn: (event) => ({ account } = event) },
  };
  const started = await Auth(new Request(signIn, { method: "POST" }), config);
  const cookies = started.headers.getSetCookie().map((each) => each.split(";")[0]);
  const redirect = await redirectOf(started.headers.get("location"));
  await Auth(new Request(redirect, { headers: { Cookie: cookies.join("; ") } }), config);
  if (!account) throw failure.cause?.err ?? failure;
  return account;
}

async function call({ access_token: token }) {
  const headers = { AppKey: plan.key, Authorization: `Bearer ${token}` };
  return (await twoWay(plan.functional, { headers })).status;
}

await walk({ grants: { authorization_code: logIn }, fields: (account) => account, call });

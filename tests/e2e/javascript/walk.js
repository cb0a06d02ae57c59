// What the drivers of OAuth libraries share. A driver walks one flow of its library: standard input
// says which flow, as JSON; what came of it, or the library's error, goes out as JSON. The CA comes by
// NODE_EXTRA_CA_CERTS. What a driver tells of its library:
//   grants   by name: a function that obtains the library's token
//   fields   of such a token: { access_token, refresh_token }
//   call     the status of a functional call, by the library's own means where it has any
//   refresh, revoke: where the library can
import { readFileSync } from "node:fs";
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { Agent, fetch } from "undici";

globalThis.crypto ??= webcrypto; // Node 18

export const plan = JSON.parse(readFileSync(0, "utf8"));

export const identity = plan.certificate && {
  cert: readFileSync(plan.certificate.cert),
  key: readFileSync(plan.certificate.key),
};

const dispatcher = new Agent({ connect: identity });

export const twoWay = (url, options) => fetch(url, { ...options, dispatcher });

/** Where the authorization endpoint sends the browser of the user who logs in and allows. */
export async function redirectOf(url) {
  const answer = await twoWay(url, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ ...plan.user, decision: "allow" }),
  });
  const redirect = new URL(answer.headers.get("location"));
  for (const [name, value] of Object.entries(plan.tampered)) {
    redirect.searchParams.set(name, value);
  }
  return redirect;
}

/** For a library that leaves PKCE to its user. */
export function proofKey() {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  return { verifier, query: { code_challenge: challenge, code_challenge_method: "S256" } };
}

async function steps({ grants, fields, call, refresh, revoke }) {
  const first = await grants[plan.grant]();
  const token = fields(first);
  const outcome = { token, call: await call(first) };
  if (!token.refresh_token || !refresh) return outcome;
  const second = await refresh(first);
  outcome.refreshed = fields(second).access_token !== token.access_token;
  outcome.callAfterRefresh = await call(second);
  if (!revoke) return outcome;
  await revoke(second);
  outcome.callAfterRevocation = await call(second);
  return outcome;
}

function told(error) {
  const { name, message, code } = error;
  const answer = error.error ?? (error.body ?? error.data?.payload)?.error;
  const because = error.cause instanceof Error ? told(error.cause) : undefined;
  return { name, message, code, answer, because };
}

export async function walk(library) {
  const outcome = await steps(library).catch((error) => ({ error: told(error) }));
  process.stdout.write(JSON.stringify(outcome));
  await dispatcher.close();
}
